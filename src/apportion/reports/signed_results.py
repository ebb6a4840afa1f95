"""What the signed part of a study's folder holds: comparisons of models, and a picture of the users."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from apportion.errors import UserError

FOLDER = "signed"
PICTURE = "users.png"
HEADINGS = {
    "auroc": "AUROC",
    "ap": "AP",
    "mrr": "MRR",
    "ap_negative": "AP of negatives",
    "f1_macro": "macro F1",
    "f1_negative": "F1 of negatives",
    "mcc": "MCC",
    "f1_weighted": "weighted F1",
    "f1_positive": "F1 of positives",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "pearson": "Pearson",
    "spearman": "Spearman",
    "kl": "KL",
}


@dataclass(frozen=True, slots=True)
class SignedTable:
    """One comparison: `rows` are (model, its seeds, [(mean, low, high) or None by heading])."""

    task: str
    protocol: str
    headings: list[str]
    rows: list[tuple[str, int, list[tuple[float, float, float] | None]]]


@dataclass(frozen=True, slots=True)
class SignedResults:
    """The tables, in the order of the files' names, and the picture as a data URI or None."""

    tables: list[SignedTable]
    picture: str | None


def signed_results(root: Path) -> SignedResults | None:
    """Return what ROOT/signed holds, or None where there is nothing.

    A table is a file as `apportion signed compare --out ROOT/signed/NAME.json` writes it, the picture users.png, as
    `apportion signed predict --picture` draws it. Raises UserError for a file that is no comparison.
    """
    folder = root / FOLDER
    tables = [_table(path) for path in sorted(folder.glob("*.json"))]
    picture = folder / PICTURE
    drawn = None
    if picture.is_file():
        drawn = f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"
    return SignedResults(tables, drawn) if tables or drawn else None


def _table(path: Path) -> SignedTable:
    try:
        found = json.loads(path.read_bytes())
        rows = found["rows"]
        names = [name for name in HEADINGS if any(name in row for row in rows)]
        return SignedTable(
            str(found["task"]),
            str(found["protocol"]),
            [HEADINGS[name] for name in names],
            [
                (str(row["model"]), int(row.get("seeds", 1)), [_estimate(row.get(name)) for name in names])
                for row in rows
            ],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        cure = f"Write it again: apportion signed compare EVENTS --out {path}, or move it away."
        raise UserError(
            str(path), "no comparison of models", "what signed compare --out writes", cure
        ) from error


def _estimate(found: dict[str, float] | None) -> tuple[float, float, float] | None:
    return None if found is None else (float(found["mean"]), float(found["low"]), float(found["high"]))
