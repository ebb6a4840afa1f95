"""The report's part on signed networks: models side by side, and a picture of the users."""

import json
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from apportion.errors import UserError
from apportion.reports.picture import Numbers, Picture
from apportion.reports.signed_figures import calibration_figure, leak_figure, precision_recall_figure
from apportion.reports.users_figure import users_figure
from apportion.signed.picture import user_map
from apportion.signed.readers import read_events

COMPARISON, LEAKING = "compare.json", "as-published.json"
NETWORK, USERS, TRUTH = "network.parquet", "users.parquet", "truth.parquet"
HEADINGS = {
    "auroc": "AUROC",
    "ap_negative": "AP of the negatives",
    "ap": "AP",
    "mrr": "MRR",
    "f1_macro": "macro F1",
    "f1_negative": "F1 of the negatives",
    "mcc": "MCC",
    "f1_weighted": "weighted F1",
    "f1_positive": "F1 of the positives",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
}
BESIDE = ("model", "seeds", "users", "seconds")


@dataclass(frozen=True, slots=True)
class SignedSection:
    """A comparison on one network, as `signed compare --json` gives it, and the users as a model sees them.

    `metrics` are names for the headings; `rows` a model and for each metric mean, low and high, or None.
    """

    task: str
    users: int
    events: int
    negatives: float
    metrics: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[float, float, float] | None, ...]], ...]
    numbers: Numbers
    seeds: int
    curves: tuple[Picture, ...]
    picture: Picture | None
    shows_factions: bool


def signed_section(folder: Path) -> SignedSection | None:
    """Return what a study's folder `signed` holds, None where it holds no comparison.

    Reads compare.json and network.parquet; for what a leak does as-published.json, and for the picture users.parquet
    (embeddings) and truth.parquet (factions), where they are.
    """
    found = _compared(folder / COMPARISON)
    if found is None:
        return None
    document, names, table = found
    metrics = tuple(HEADINGS[name] for name in names)
    events = read_events(folder / NETWORK).events
    picture, shows_factions = None, False
    if (folder / USERS).is_file():
        frame = pl.read_parquet(folder / USERS)
        place = {user: number for number, user in enumerate(frame["user"].to_list())}
        order = [place[user] for user in events.users.tolist()]
        vectors = np.stack([np.array(frame[name].to_list()) for name in ("as_source", "as_target")], axis=1)
        factions = _factions(folder / TRUTH, events.users.tolist())
        picture = users_figure(user_map(vectors[order], events, factions))
        shows_factions = factions is not None
    rows = document["rows"]
    curves = [precision_recall_figure(rows), calibration_figure(rows)]
    leaking = _compared(folder / LEAKING)
    if leaking is not None and leaking[0]["task"] == document["task"] and names:
        metric = "ap_negative" if "ap_negative" in names else names[0]
        curves.append(leak_figure(rows, leaking[0]["rows"], metric, HEADINGS[metric]))
    headings = ["model", *(f"{name}_{end}" for name in names for end in ("mean", "low", "high"))]
    numbers = [
        [model, *(None if v is None or isnan(v) else v for e in values for v in (e or (None,) * 3))]
        for model, values in table
    ]
    return SignedSection(
        str(document["task"]),
        events.n_users,
        len(events),
        float((events.sign < 0).mean()),
        metrics,
        table,
        Numbers(headings, numbers),
        max((int(row["seeds"]) for row in rows), default=0),
        tuple(curve for curve in curves if curve is not None),
        picture,
        shows_factions,
    )


def _compared(path: Path) -> tuple[dict[str, Any], tuple[str, ...], tuple] | None:
    """Return a comparison's document, the metrics it has, and its table; None where there is no such file."""
    if not path.is_file() or not path.stat().st_size:
        return None
    try:
        document = json.loads(path.read_text())
        rows = document["rows"]
        names = tuple(name for name in rows[0] if name in HEADINGS) if rows else ()
        table = tuple((str(row["model"]), tuple(_estimate(row[name]) for name in names)) for row in rows)
        _ = str(document["task"]), [int(row["seeds"]) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        found = f"no comparison ({type(error).__name__}: {error})"
        cure = "Remove it and type the command again."
        raise UserError(str(path), found, "what signed compare --json prints", cure) from None
    return document, names, table


def _estimate(found: dict[str, Any] | None) -> tuple[float, float, float] | None:
    if found is None or found["mean"] is None:
        return None
    mean, low, high = (
        float("nan") if found[end] is None else float(found[end]) for end in ("mean", "low", "high")
    )
    return mean, low, high


def _factions(path: Path, users: list[str]) -> np.ndarray | None:
    """Return the faction of each user at the end, None where it is not known."""
    if not path.is_file():
        return None
    frame = pl.read_parquet(path)
    known = dict(zip(frame["user"].to_list(), frame["last_faction"].to_list(), strict=True))
    return np.array([known[user] for user in users])
