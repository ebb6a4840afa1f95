"""A table of printed scores, read: a row a cell, each with the place that a message can name."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from apportion.errors import UserError
from apportion.laws.cells import label_of, listed, number_in, result_in, seed_in, size_in
from apportion.laws.tables import Table, read_table

COLUMNS = ("task", "metric", "budget_examples", "sft_fraction", "n_sft", "n_pref", "score")
"""The columns of such a table; `model`, `reading`, `seed` and `method` may stand beside them, others are not read."""


class Printed(NamedTuple):
    """One printed score; `seed` is -1 where the table names none."""

    model: str | None
    task: str | None
    metric: str | None
    budget: float
    share: float
    n_demonstrations: int
    n_pairs: int
    score: float
    reading: str | None
    seed: int
    method: str | None


def read_printed(path: Path) -> tuple[dict[str, list[Printed]], list[str]]:
    """Return the rows of a table by curve (the task, with its model where there are several), and warnings.

    Rows that agree in all that is read count once, with a warning. Raises `UserError`, with file, row and column, for
    anything that is no such row, and for a curve with several metrics, or methods of training on pairs.
    """
    try:
        table = read_table(path)
    except UserError as error:
        if error.found not in ("an empty file", "a header without rows"):
            raise
        cure = f"Write {','.join(COLUMNS)} there, and the rows."
        raise UserError(error.where, error.found, "a header and a row a cell", cure) from None
    lacking = [name for name in COLUMNS if name not in table.columns]
    if lacking:
        found = f"no column {lacking[0]} (columns: {listed(table.columns)})"
        raise UserError(str(path), found, ", ".join(COLUMNS), "Name the columns so, one row a cell.")
    rows = [_row(table, place) for place in range(len(table.places))]
    distinct = list(dict.fromkeys(rows))
    warnings = []
    if len(distinct) < len(rows):
        warnings.append(f"{path}: {len(rows) - len(distinct)} identical rows count once")
    names = curve_names((row.model, row.task) for row in distinct)
    curves: dict[str, list[Printed]] = {}
    for row in distinct:
        curves.setdefault(names[row.model, row.task], []).append(row)
    for name, some in curves.items():
        metrics = {row.metric or "none" for row in some}
        methods = {row.method or "none" for row in some if row.n_pairs}
        for column, values in (("metric", metrics), ("method", methods)):
            if len(values) > 1:
                found = f"{listed(sorted(values))} for {name or 'one task'}"
                raise UserError(f"{path}, column {column}", found, "one", "Leave the rows of the others out.")
    return curves, warnings


def curve_names(
    curves: Iterable[tuple[str | None, str | None]],
) -> Mapping[tuple[str | None, str | None], str]:
    """Return how each (model, task) is called: by its task, and by its model too where there are several."""
    distinct = list(dict.fromkeys(curves))
    several = len({model for model, _ in distinct}) > 1
    return {
        (model, task): f"{task or ''} on {model or 'a model without a name'}".strip()
        if several
        else task or ""
        for model, task in distinct
    }


def _row(table: Table, place: int) -> Printed:
    def cell(column: str) -> object:
        return table.columns[column][place] if column in table.columns else None

    def number(column: str, expected: str, most: float = float("inf")) -> float:
        value = number_in(table, place, column, cell(column), expected)
        if not 0 <= value <= most:
            where = f"{table.path}, {table.places[place]}, column {column}"
            raise UserError(where, f"{value:g}", expected, "Correct it or leave the row out.")
        return value

    return Printed(
        label_of(cell("model")),
        label_of(cell("task")),
        label_of(cell("metric")),
        number("budget_examples", "a number of examples, 0 or more"),
        number("sft_fraction", "a share from 0 to 1", 1.0),
        size_in(table, place, "n_sft", cell("n_sft")),
        size_in(table, place, "n_pref", cell("n_pref")),
        result_in(table, place, "score", cell("score")),
        label_of(cell("reading")),
        seed_in(table, place, "seed", cell("seed")),
        label_of(cell("method")),
    )
