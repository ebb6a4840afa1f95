"""The report's part on signed networks: models side by side, and a picture of the users."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from apportion.errors import UserError
from apportion.reports.drawing import Picture
from apportion.reports.users_figure import users_figure
from apportion.signed.picture import user_map
from apportion.signed.readers import read_events

COMPARISON, NETWORK, USERS, TRUTH = "compare.json", "network.parquet", "users.parquet", "truth.parquet"
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
BESIDE = ("model", "seeds", "seconds")


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
    seeds: int
    picture: Picture | None
    shows_factions: bool


def signed_section(folder: Path, figures: Path) -> SignedSection | None:
    """Return what a study's folder `signed` holds, None where it holds no comparison.

    Reads compare.json and network.parquet, and for the picture users.parquet (embeddings) and truth.parquet
    (factions) where they are; writes FIGURES/users.png.
    """
    path = folder / COMPARISON
    if not path.is_file() or not path.stat().st_size:
        return None
    try:
        document = json.loads(path.read_text())
        rows = document["rows"]
        metrics = tuple(name for name in rows[0] if name in HEADINGS) if rows else ()
        table = tuple((row["model"], tuple(_estimate(row[name]) for name in metrics)) for row in rows)
        task, seeds = str(document["task"]), max((int(row["seeds"]) for row in rows), default=0)
    except (ValueError, KeyError, TypeError) as error:
        found = f"no comparison ({type(error).__name__}: {error})"
        cure = "Remove it and type the command again."
        raise UserError(str(path), found, "what signed compare --json prints", cure) from None
    events = read_events(folder / NETWORK).events
    picture, shows_factions = None, False
    if (folder / USERS).is_file():
        frame = pl.read_parquet(folder / USERS)
        place = {user: number for number, user in enumerate(frame["user"].to_list())}
        order = [place[user] for user in events.users.tolist()]
        vectors = np.stack([np.array(frame[name].to_list()) for name in ("as_source", "as_target")], axis=1)
        factions = _factions(folder / TRUTH, events.users.tolist())
        picture = users_figure(user_map(vectors[order], events, factions), figures)
        shows_factions = factions is not None
    return SignedSection(
        task,
        events.n_users,
        len(events),
        float((events.sign < 0).mean()),
        tuple(HEADINGS[name] for name in metrics),
        table,
        seeds,
        picture,
        shows_factions,
    )


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
