"""One run's outcome as a row, and the table of them that `fit` and `plan` read."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from apportion.errors import UserError

Kind = Literal["score", "loss"]

COLUMNS = ("model", "task", "metric", "n_demonstrations", "n_pairs", "method", "seed", "data_seed", "items")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run scored: `value` is a score in [0, 1] or a loss, over `items` graded items (None: not told)."""

    task: str
    metric: str
    kind: Kind
    value: float
    items: int | None = None
    model: str | None = None
    n_demonstrations: int = 0
    n_pairs: int = 0
    method: str | None = None
    seed: int | None = None
    data_seed: int | None = None
    file: str | None = None


def write_outcomes(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write outcomes as a table of runs, CSV or Parquet by the ending of `path`; `apportion fit` reads it.

    Raises UserError for another ending, for no outcomes, and for scores and losses together.
    """
    ending = path.suffix.lower()
    if ending not in (".csv", ".parquet"):
        raise UserError(f"--out {path}", "no .csv or .parquet", "a file of either kind", "Change its name.")
    kinds = sorted({outcome.kind for outcome in outcomes})
    if len(kinds) != 1:
        raise UserError(
            "the outcomes",
            "both scores and losses" if kinds else "none",
            "outcomes of one kind",
            "Choose one with --metric." if kinds else "Name files that hold results.",
        )
    names = [*COLUMNS, kinds[0], *(["file"] if any(o.file for o in outcomes) else [])]
    rows = [[o.value if name == kinds[0] else getattr(o, name) for name in names] for o in outcomes]
    path.parent.mkdir(parents=True, exist_ok=True)
    if ending == ".csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
        path.write_text(text.getvalue(), encoding="utf-8")
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole, texts = pa.int64(), pa.string()
    numbers = {"n_demonstrations", "n_pairs", "seed", "data_seed", "items"}
    types = {name: whole if name in numbers else texts for name in names} | {kinds[0]: pa.float64()}
    columns = {name: pa.array([row[i] for row in rows], types[name]) for i, name in enumerate(names)}
    pq.write_table(pa.table(columns), path, compression="zstd")
