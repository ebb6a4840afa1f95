"""Measured runs: what was bought and what score or loss came of it, one value per (model, task)."""

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.laws.tables import Table, read_table

Kind = Literal["score", "loss"]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST = 10**15
"""No size and no loss is above this; more is a slip of the pen, and squares of it still are finite."""
ALIASES = {"n_sft": "n_demonstrations", "n_pref": "n_pairs", "draw": "data_seed"}
CONTROL = "sft-on-chosen"
MEASURES: dict[str, Kind] = {"accuracy": "score", "preference_accuracy": "score", "nll": "loss"}
"""What a study's outcomes are fitted by: the first of these that a curve has."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one model on one task, sorted by size; every array has the shape (N,).

    `y` is a score in [0, 1] (higher is better) or a loss (lower is better). `items` is how many graded items
    a score is the mean of, NaN where unknown; `seed` is -1 where unknown. A row at (0, 0) is the model before
    any training. `data_seed` names the draw of the data, -1 where unknown, None if it is everywhere.
    `identical` rows of the table repeated others, `left_out` ones had another metric or method.
    """

    model: str | None
    task: str | None
    kind: Kind
    n_demonstrations: Integers
    n_pairs: Integers
    y: Floats
    items: Floats
    seed: Integers
    data_seed: Integers | None = None
    identical: int = 0
    left_out: int = 0

    @property
    def item_variance(self) -> Floats:
        """The variance of each score's logit that its graded items alone make, 1 / (items y (1 - y)); 0 if unknown."""
        if self.kind == "loss":
            return np.zeros(len(self.y))
        held = np.clip(self.y, 0.02, 0.98)
        variance = 1 / (self.items * held * (1 - held))
        return np.where(np.isfinite(variance), variance, 0.0)


def read_runs(path: Path) -> tuple[tuple[Runs, ...], tuple[str, ...]]:
    """Return the runs of a table or a study folder, one value per distinct (model, task), and warnings.

    A table is CSV or Parquet with the columns `n_demonstrations` (or `n_sft`) and one of `score` and `loss`;
    optional are `n_pairs` (or `n_pref`; 0 if absent), `model, task, metric, seed, items` and `data_seed` (or
    `draw`: which sample of the examples a run was trained on). Other columns are not read. Rows that agree in all
    of these count once, with a warning. Of a study folder, or of its outcomes.parquet, the graded items of each
    cell are averaged, without the control trained on chosen answers.

    Curves stand in the order in which the table first names them. Raises UserError, with file, row and
    column, for anything that cannot be read as runs, and where no curve has two different points.
    """
    file = path / "outcomes.parquet" if path.is_dir() else path
    if path.is_dir() and not file.exists():
        raise UserError(
            str(path),
            "a folder without outcomes.parquet",
            "a study folder or a table",
            "Run the study first.",
        )
    table = read_table(file)
    graded = {"cell", "item", "metric", "score"} <= table.columns.keys()
    rows, warnings, all_rows = _graded(table) if graded else _plain(table)
    if graded and path.is_dir():
        rows = _drawn(rows, path)
    curves: dict[tuple[str | None, str | None], list[_Row]] = {}
    for row in rows:
        curves.setdefault((row.model, row.task), []).append(row)
    runs = tuple(_runs(curve, all_rows[name]) for name, curve in curves.items())
    if all(len(np.unique([r.n_demonstrations, r.n_pairs], axis=1).T) < 2 for r in runs):
        raise UserError(
            str(file), "one point only", "runs of at least two different sizes", "Add another run."
        )
    return runs, warnings


@dataclass(frozen=True, slots=True)
class _Row:
    model: str | None
    task: str | None
    metric: str | None
    kind: Kind
    n_demonstrations: int
    n_pairs: int
    y: float
    items: float
    seed: int
    data_seed: int = -1


class _Counted(NamedTuple):
    """How many rows of a curve repeat others, and how many are of another metric or method."""

    identical: int
    left_out: int


_Curve = tuple[str | None, str | None]


def _drawn(rows: list[_Row], folder: Path) -> list[_Row]:
    """Return a study's rows with the seed of their data: the study file's `data_seed`, or else their own seed."""
    try:
        fixed = tomllib.loads((folder / "study.toml").read_text("utf-8")).get("data_seed")
    except (OSError, ValueError):  # a folder that somebody has cut down
        return rows
    return [replace(r, data_seed=fixed if isinstance(fixed, int) else r.seed) for r in rows]


def _runs(rows: list[_Row], counted: _Counted) -> Runs:
    ordered = sorted(
        rows,
        key=lambda r: (r.n_demonstrations, r.n_pairs, r.seed, r.y, math.isnan(r.items), r.items, r.data_seed),
    )
    return Runs(
        rows[0].model,
        rows[0].task,
        rows[0].kind,
        np.array([r.n_demonstrations for r in ordered], np.int64),
        np.array([r.n_pairs for r in ordered], np.int64),
        np.array([r.y for r in ordered], np.float64),
        np.array([r.items for r in ordered], np.float64),
        np.array([r.seed for r in ordered], np.int64),
        np.array([r.data_seed for r in ordered], np.int64),
        *counted,
    )


def _plain(table: Table) -> tuple[list[_Row], tuple[str, ...], dict[_Curve, _Counted]]:
    """Return the rows of a table of runs, warnings, and what each curve's rows come to."""
    columns = _renamed(table)
    kinds: list[Kind] = [kind for kind in ("score", "loss") if kind in columns]
    _require(table, columns, "n_demonstrations (or n_sft)", "n_demonstrations")
    if len(kinds) != 1:
        raise UserError(
            f"{table.path}, its header",
            "both score and loss" if kinds else f"no column score or loss among {_listed(columns)}",
            "one of score (in [0, 1], higher is better) and loss (lower is better)",
            "Drop one of them." if kinds else "Name the column of results.",
        )
    (kind,) = kinds
    blank = [None] * len(table.places)
    cells = {
        name: columns.get(name, blank)
        for name in ("model", "task", "metric", "n_pairs", "items", "seed", "data_seed")
    }
    rows = [
        _Row(
            _label(cells["model"][i]),
            _label(cells["task"][i]),
            _label(cells["metric"][i]),
            kind,
            _size(table, i, "n_demonstrations", columns["n_demonstrations"][i]),
            _size(table, i, "n_pairs", _default(cells["n_pairs"][i], 0)),
            _result(table, i, kind, columns[kind][i]),
            _items(table, i, cells["items"][i]),
            _seed(table, i, "seed", cells["seed"][i]),
            _seed(table, i, "data_seed", cells["data_seed"][i]),
        )
        for i in range(len(table.places))
    ]
    warnings = []
    distinct = _distinct(rows)
    if len(distinct) < len(rows):
        warnings.append(f"{table.path}: {len(rows) - len(distinct)} identical rows count once")
    kept, more = _one_metric(distinct, table.path)
    before, apart, after = (Counter((r.model, r.task) for r in some) for some in (rows, distinct, kept))
    counted = {c: _Counted(before[c] - apart[c], apart[c] - after[c]) for c in before}
    return kept, (*warnings, *more), counted


def _distinct(rows: list[_Row]) -> list[_Row]:
    """Return each row once, an unknown number of items being equal to itself, as NaN is not."""
    seen: dict[tuple[object, ...], _Row] = {}
    for r in rows:
        known = None if math.isnan(r.items) else r.items
        key = (r.model, r.task, r.metric, r.n_demonstrations, r.n_pairs, r.y, known, r.seed, r.data_seed)
        seen.setdefault(key, r)
    return list(seen.values())


def _one_metric(rows: list[_Row], path: Path) -> tuple[list[_Row], list[str]]:
    """Return the rows of each curve's most frequent metric, the first named where two are as frequent."""
    counts: dict[tuple[str | None, str | None], Counter[str | None]] = {}
    for row in rows:
        counts.setdefault((row.model, row.task), Counter())[row.metric] += 1
    warnings = [
        f"{path}: {_called(*curve)} has {len(count)} metrics; fitted by {count.most_common(1)[0][0]}"
        for curve, count in counts.items()
        if len(count) > 1
    ]
    best = {curve: count.most_common(1)[0][0] for curve, count in counts.items()}
    return [row for row in rows if row.metric == best[row.model, row.task]], warnings


def _graded(table: Table) -> tuple[list[_Row], tuple[str, ...], dict[_Curve, _Counted]]:
    """Return one row per cell of a study's outcomes: the mean of its items by the metric of its curve."""
    columns = _renamed(table)
    for name in ("n_demonstrations", "n_pairs", "method", "seed"):
        _require(table, columns, name, name)
    blank = [None] * len(table.places)
    models, tasks = columns.get("model", blank), columns.get("task", blank)
    use = [
        i
        for i in range(len(table.places))
        if columns["metric"][i] in MEASURES
        and columns["method"][i] != CONTROL
        and _default(columns["score"][i], None) is not None
    ]
    if not use:
        raise UserError(
            str(table.path),
            "no graded items",
            f"outcomes by {', '.join(MEASURES)}",
            "Let the study finish some cells first.",
        )
    curves: dict[tuple[str | None, str | None], list[int]] = {}
    for i in use:
        curves.setdefault((_label(models[i]), _label(tasks[i])), []).append(i)
    every: dict[_Curve, set[str | None]] = {}
    for i in range(len(table.places)):
        every.setdefault((_label(models[i]), _label(tasks[i])), set()).add(_label(columns["cell"][i]))
    rows, warnings, counted = [], [], {}
    for (model, task), indices in curves.items():
        measured = {columns["metric"][i] for i in indices}
        metric = next(name for name in MEASURES if name in measured)
        kept = [i for i in indices if columns["metric"][i] == metric]
        kept, warned = _one_method(table, columns, kept, _called(model, task))
        warnings.extend(warned)
        cells: dict[object, list[int]] = {}
        for i in kept:
            cells.setdefault(_label(columns["cell"][i]), []).append(i)
        counted[model, task] = _Counted(0, len(every[model, task]) - len(cells))
        for members in cells.values():
            scores = [_result(table, i, MEASURES[metric], columns["score"][i]) for i in members]
            rows.append(
                _Row(
                    model,
                    task,
                    metric,
                    MEASURES[metric],
                    _size(table, members[0], "n_demonstrations", columns["n_demonstrations"][members[0]]),
                    _size(table, members[0], "n_pairs", columns["n_pairs"][members[0]]),
                    math.fsum(scores) / len(scores),
                    float(len(scores)),
                    _seed(table, members[0], "seed", columns["seed"][members[0]]),
                )
            )
    return rows, tuple(warnings), counted


def _one_method(
    table: Table, columns: dict[str, Sequence[Any]], indices: list[int], called: str
) -> tuple[list[int], list[str]]:
    """Return the rows without pairs and those of the preference method that the most rows have."""
    paired = [i for i in indices if _size(table, i, "n_pairs", columns["n_pairs"][i]) > 0]
    count = Counter(str(columns["method"][i]) for i in paired)
    if len(count) < 2:
        return indices, []
    best = max(sorted(count), key=count.__getitem__)
    others = {i for i in paired if str(columns["method"][i]) != best}
    left_out = ", ".join(sorted(count.keys() - {best}))
    return [i for i in indices if i not in others], [f"{called}: fitted by {best}; left out: {left_out}"]


def _renamed(table: Table) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {}
    for name, cells in table.columns.items():
        known = ALIASES.get(name, name)
        if known in columns:
            raise UserError(
                f"{table.path}, its header", f"{known} under two names", "it once", "Drop one of them."
            )
        columns[known] = cells
    return columns


def _require(table: Table, columns: Iterable[str], shown: str, name: str) -> None:
    if name not in columns:
        raise UserError(
            f"{table.path}, its header",
            f"no column {shown} among {_listed(columns)}",
            "n_demonstrations and score or loss; optionally n_pairs, model, task, metric, seed, data_seed, items",
            f"Name the column {shown}.",
        )


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(name[:40] or "(no name)" for name in list(columns)[:12]) or "none"


def _called(model: str | None, task: str | None) -> str:
    return f"{model or 'the model'} on {task or 'the task'}"


def _default(cell: Any, value: object) -> Any:
    return value if cell is None or (isinstance(cell, str) and not cell.strip()) else cell


def _label(cell: Any) -> str | None:
    given = _default(cell, None)
    return None if given is None else " ".join(str(given).split())


def _number(table: Table, row: int, column: str, cell: Any, expected: str) -> float:
    """Return a cell as a finite number of a size that can be computed with."""
    where = f"{table.path}, {table.places[row]}, column {column}"
    given = _default(cell, None)
    if given is None:
        raise UserError(where, "no value", expected, "Fill it in or leave the row out.")
    text = given.strip() if isinstance(given, str) else str(given)
    if isinstance(given, bool | bytes | list | dict) or not NUMBER.fullmatch(text):
        raise UserError(where, repr(text[:40]), expected, "Correct it or leave the row out.")
    value = float(text)
    if not abs(value) <= LARGEST:
        raise UserError(where, text[:40], f"{expected}, at most 1e15", "Correct it or leave the row out.")
    return value


def _size(table: Table, row: int, column: str, cell: Any) -> int:
    value = _number(table, row, column, cell, "a whole number of examples, 0 or more")
    if value < 0 or value != int(value):
        raise UserError(
            f"{table.path}, {table.places[row]}, column {column}",
            f"{value:g}",
            "a whole number of examples, 0 or more",
            "Correct it or leave the row out.",
        )
    return int(value)


def _result(table: Table, row: int, kind: Kind, cell: Any) -> float:
    expected = {"score": "a score in [0, 1]", "loss": "a loss, 0 or more"}[kind]
    value = _number(table, row, kind, cell, expected)
    if value < 0 or (kind == "score" and value > 1):
        cure = "Divide percentages by 100." if value > 1 else "Correct it or leave the row out."
        raise UserError(f"{table.path}, {table.places[row]}, column {kind}", f"{value:g}", expected, cure)
    return value


def _items(table: Table, row: int, cell: Any) -> float:
    given = _default(cell, None)
    if given is None:
        return math.nan
    value = _number(table, row, "items", given, "the number of graded items, 1 or more")
    if value < 1:
        raise UserError(
            f"{table.path}, {table.places[row]}, column items",
            f"{value:g}",
            "the number of graded items, 1 or more",
            "Correct it, or leave it blank where it is unknown.",
        )
    return value


def _seed(table: Table, row: int, column: str, cell: Any) -> int:
    given = _default(cell, None)
    if given is None:
        return -1
    value = _number(table, row, column, given, "a whole number")
    if value != int(value):
        raise UserError(
            f"{table.path}, {table.places[row]}, column {column}",
            f"{value:g}",
            "a whole number",
            "Correct it.",
        )
    return int(value)
