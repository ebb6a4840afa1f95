"""Measured runs: what was bought and what score or loss came of it, one value per (model, task)."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.laws.cells import (
    Counted,
    CurveName,
    Kind,
    Row,
    curve_called,
    epochs_in,
    given_or,
    items_in,
    label_of,
    listed,
    refuse_merged_labels,
    renamed_columns,
    require_column,
    result_in,
    seed_in,
    size_in,
)
from apportion.laws.graded import NOT_BOUGHT, graded_rows, one_method, with_data_seeds
from apportion.laws.outliers import far_from_their_cell
from apportion.laws.tables import Table, read_table

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one model on one task, sorted by size; every array has the shape (N,).

    `y` is a score in [0, 1] (higher is better) or a loss (lower is better). `items` is how many graded items
    a score is the mean of, NaN where unknown; `seed` is -1 where unknown. A row at (0, 0) is the model before
    any training. `data_seed` names the draw of the data, -1 where unknown, None if it is everywhere.
    `epochs` is how often each run's examples were gone through, None where that does not differ.
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
    epochs: Floats | None = None

    @property
    def cell(self) -> Integers:
        """The number of each run's combination of sizes and epochs, (N,): runs of one cell are repeats."""
        columns = [self.n_demonstrations, self.n_pairs, *([] if self.epochs is None else [self.epochs])]
        rows = np.unique(np.stack(columns, 1), axis=0, return_inverse=True)[1]
        return rows.ravel().astype(np.int64)

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
    optional are `n_pairs` (or `n_pref`; 0 if absent), `model, task, metric, seed, items`, `data_seed` (or
    `draw`: which sample of the examples a run was trained on) and `epochs` (passes over the examples; 1 if absent).
    Other columns are not read. Rows that agree in all of these count once, with a warning. Of a study folder, or of
    its outcomes.parquet, the graded items of each cell are averaged, without the control trained on chosen answers.

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
    rows, warnings, all_rows = graded_rows(table) if graded else _plain(table)
    if graded and path.is_dir():
        rows = with_data_seeds(rows, path)
    curves: dict[tuple[str | None, str | None], list[Row]] = {}
    for row in rows:
        curves.setdefault((row.model, row.task), []).append(row)
    runs = tuple(_runs(curve, all_rows[name]) for name, curve in curves.items())
    warnings = (*warnings, *(w for rows in curves.values() for w in _warned_of_epochs(rows)))
    warnings = (*warnings, *(w for one in runs for w in far_from_their_cell(one)))
    if all(len(np.unique([r.n_demonstrations, r.n_pairs], axis=1).T) < 2 for r in runs):
        raise UserError(
            str(file), "one size only", "runs of at least two different sizes", "Add a run of another size."
        )
    return runs, warnings


def _runs(rows: list[Row], counted: Counted) -> Runs:
    ordered = sorted(
        rows,
        key=lambda r: (
            r.n_demonstrations,
            r.n_pairs,
            r.seed,
            r.y,
            math.isnan(r.items),
            r.items,
            r.data_seed,
            r.epochs,
        ),
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
        _epochs(ordered),
    )


def _epochs(rows: list[Row]) -> Floats | None:
    """Return the epochs of each run; None where those of all trained ones are the same, and with pairs."""
    if not _epochs_differ(rows) or any(r.n_pairs for r in rows):
        return None
    return np.array([r.epochs for r in rows])


def _epochs_differ(rows: list[Row]) -> bool:
    return len({r.epochs for r in rows if r.n_demonstrations + r.n_pairs}) > 1


def _warned_of_epochs(rows: list[Row]) -> list[str]:
    called = curve_called(rows[0].model, rows[0].task)
    if _epochs_differ(rows) and any(r.n_pairs for r in rows):
        return [f"{called}: epochs differ, which no law of pairs knows of; they count for nothing"]
    return []


def _plain(table: Table) -> tuple[list[Row], tuple[str, ...], dict[CurveName, Counted]]:
    """Return the rows of a table of runs, warnings, and what each curve's rows come to."""
    columns = renamed_columns(table)
    kinds: list[Kind] = [kind for kind in ("score", "loss") if kind in columns]
    require_column(table, columns, "n_demonstrations (or n_sft)", "n_demonstrations")
    if len(kinds) != 1:
        raise UserError(
            f"{table.path}, its header",
            "both score and loss" if kinds else f"no column score or loss among {listed(columns)}",
            "one of score (in [0, 1], higher is better) and loss (lower is better)",
            "Drop one of them." if kinds else "Name the column of results.",
        )
    (kind,) = kinds
    for name in ("model", "task"):
        refuse_merged_labels(table, name, columns.get(name, ()))
    use, others, warnings = _of_one_method(table, columns)
    blank = [None] * len(table.places)
    cells = {
        name: columns.get(name, blank)
        for name in ("model", "task", "metric", "n_pairs", "items", "seed", "data_seed", "epochs")
    }
    rows = [
        Row(
            label_of(cells["model"][i]),
            label_of(cells["task"][i]),
            label_of(cells["metric"][i]),
            kind,
            size_in(table, i, "n_demonstrations", columns["n_demonstrations"][i]),
            size_in(table, i, "n_pairs", given_or(cells["n_pairs"][i], 0)),
            result_in(table, i, kind, columns[kind][i]),
            items_in(table, i, cells["items"][i]),
            seed_in(table, i, "seed", cells["seed"][i]),
            seed_in(table, i, "data_seed", cells["data_seed"][i]),
            epochs_in(table, i, cells["epochs"][i]),
        ).of_untrained_once()
        for i in use
    ]
    distinct = _distinct(rows)
    if len(distinct) < len(rows):
        warnings.append(f"{table.path}: {len(rows) - len(distinct)} identical rows count once")
    kept, more = _one_metric(distinct, table.path)
    before, apart, after = (Counter((r.model, r.task) for r in some) for some in (rows, distinct, kept))
    counted = {c: Counted(before[c] - apart[c], apart[c] - after[c] + others[c]) for c in before}
    return kept, (*warnings, *more), counted


def _of_one_method(
    table: Table, columns: dict[str, Sequence[Any]]
) -> tuple[list[int], Counter[CurveName], list[str]]:
    """Return the rows of a table that one law is for, where it has a column `method`: no control, one method; and how
    many of each curve are left out.
    """
    everything = list(range(len(table.places)))
    if "method" not in columns:
        return everything, Counter(), []
    blank = [None] * len(table.places)
    models, tasks = columns.get("model", blank), columns.get("task", blank)
    curves: dict[CurveName, list[int]] = {}
    for i in everything:
        curves.setdefault((label_of(models[i]), label_of(tasks[i])), []).append(i)
    known = {"n_pairs": blank, **columns}
    known["n_pairs"] = [given_or(cell, 0) for cell in known["n_pairs"]]
    kept, warnings, others = [], [], Counter[CurveName]()
    for curve, indices in curves.items():
        bought = [i for i in indices if known["method"][i] not in NOT_BOUGHT]
        rest, warned = one_method(table, known, bought, curve_called(*curve))
        kept += rest
        others[curve] = len(indices) - len(rest)
        warnings += warned
    return sorted(kept), others, warnings


def _distinct(rows: list[Row]) -> list[Row]:
    """Return each row once, an unknown number of items being equal to itself, as NaN is not."""
    seen: dict[tuple[object, ...], Row] = {}
    for r in rows:
        known = None if math.isnan(r.items) else r.items
        key = (
            r.model,
            r.task,
            r.metric,
            r.n_demonstrations,
            r.n_pairs,
            r.y,
            known,
            r.seed,
            r.data_seed,
            r.epochs,
        )
        seen.setdefault(key, r)
    return list(seen.values())


def _one_metric(rows: list[Row], path: Path) -> tuple[list[Row], list[str]]:
    """Return the rows of each curve's most frequent metric, the first named where two are as frequent."""
    counts: dict[tuple[str | None, str | None], Counter[str | None]] = {}
    for row in rows:
        counts.setdefault((row.model, row.task), Counter())[row.metric] += 1
    warnings = [
        f"{path}: {curve_called(*curve)} has {len(count)} metrics; fitted by {count.most_common(1)[0][0]}"
        for curve, count in counts.items()
        if len(count) > 1
    ]
    best = {curve: count.most_common(1)[0][0] for curve, count in counts.items()}
    return [row for row in rows if row.metric == best[row.model, row.task]], warnings
