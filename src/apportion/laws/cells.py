"""The cells of a table of runs as values: numbers within their range, labels, or one line that names the place."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from apportion.errors import UserError
from apportion.laws.tables import Table

Kind = Literal["score", "loss"]

LARGEST = 10**15
"""No size and no loss is above this; more is a slip of the pen, and squares of it still are finite."""
MOST_EPOCHS = 10_000
ALIASES = {"n_sft": "n_demonstrations", "n_pref": "n_pairs", "draw": "data_seed"}
THOUSANDS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One run of a table, with the (model, task) whose curve it belongs to; NaN and -1 where a cell is blank."""

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
    epochs: float = 1.0

    def of_untrained_once(self) -> "Row":
        """Return the row, that of an untrained model with 1 epoch: without examples nothing is gone through."""
        return self if self.n_demonstrations + self.n_pairs else replace(self, epochs=1.0)


class Counted(NamedTuple):
    """How many rows of a curve repeat others, and how many are of another metric or method."""

    identical: int
    left_out: int


CurveName = tuple[str | None, str | None]


def renamed_columns(table: Table) -> dict[str, Sequence[Any]]:
    """Return the columns under their own names. Raises UserError where one stands twice."""
    columns: dict[str, Sequence[Any]] = {}
    for name, cells in table.columns.items():
        known = ALIASES.get(name, name)
        if known in columns:
            raise UserError(
                f"{table.path}, its header", f"{known} under two names", "it once", "Drop one of them."
            )
        columns[known] = cells
    return columns


def require_column(table: Table, columns: Iterable[str], shown: str, name: str) -> None:
    """Raise UserError where a column is missing."""
    if name not in columns:
        raise UserError(
            f"{table.path}, its header",
            f"no column {shown} among {listed(columns)}",
            "n_demonstrations and score or loss; optionally n_pairs, model, task, metric, seed, data_seed, "
            "items, epochs",
            f"Name the column {shown}.",
        )


def listed(columns: Iterable[str]) -> str:
    """Return the first dozen names of a header."""
    return ", ".join(name[:40] or "(no name)" for name in list(columns)[:12]) or "none"


def curve_called(model: str | None, task: str | None) -> str:
    """Return how a message names a curve."""
    return f"{model or 'the model'} on {task or 'the task'}"


def given_or(cell: Any, value: object) -> Any:
    """Return a cell, or a value where it is blank."""
    return value if cell is None or (isinstance(cell, str) and not cell.strip()) else cell


def label_of(cell: Any) -> str | None:
    """Return a cell as a name, its white space as single spaces; None where it is blank."""
    given = given_or(cell, None)
    return None if given is None else " ".join(str(given).split())


def refuse_merged_labels(table: Table, column: str, cells: Iterable[Any]) -> None:
    """Raise UserError where two different names differ by white space inside alone, and would become one curve."""
    first: dict[str, str] = {}
    for row, cell in enumerate(cells):
        name = label_of(cell)
        if name is not None and first.setdefault(name, str(cell).strip()) != str(cell).strip():
            raise UserError(
                f"{table.path}, {table.places[row]}, column {column}",
                f"{str(cell).strip()[:60]!r} beside {first[name][:60]!r}",
                "names that differ by more than white space",
                "Give both the same name, or rename one of them.",
            )


def number_in(table: Table, row: int, column: str, cell: Any, expected: str) -> float:
    """Return a cell as a finite number of a size that can be computed with."""
    where = f"{table.path}, {table.places[row]}, column {column}"
    given = given_or(cell, None)
    if given is None:
        raise UserError(where, "no value", expected, "Fill it in or leave the row out.")
    text = given.strip() if isinstance(given, str) else str(given)
    if isinstance(given, bool | bytes | list | dict) or not NUMBER.fullmatch(text):
        raise UserError(where, repr(text[:40]), expected, "Correct it or leave the row out.")
    value = float(text)
    if not abs(value) <= LARGEST:
        raise UserError(where, text[:40], f"{expected}, at most 1e15", "Correct it or leave the row out.")
    return value


def refuse_thousands_point(table: Table, row: int, column: str, cell: Any) -> None:
    """Raise UserError for a count such as 1.000: a thousand to some, one to others."""
    if isinstance(cell, str) and THOUSANDS.fullmatch(cell.strip()):
        digits = cell.strip().replace(".", "")
        raise UserError(
            f"{table.path}, {table.places[row]}, column {column}",
            f"{cell.strip()[:40]}, which may be {digits} or a fraction",
            "a whole number without a point",
            f"Write {digits} if that is meant.",
        )


def size_in(table: Table, row: int, column: str, cell: Any) -> int:
    """Return a cell as a number of examples. Raises UserError."""
    refuse_thousands_point(table, row, column, cell)
    value = number_in(table, row, column, cell, "a whole number of examples, 0 or more")
    if value < 0 or value != int(value):
        raise UserError(
            f"{table.path}, {table.places[row]}, column {column}",
            f"{value:g}",
            "a whole number of examples, 0 or more",
            "Correct it or leave the row out.",
        )
    return int(value)


def result_in(table: Table, row: int, kind: Kind, cell: Any) -> float:
    """Return a cell as a score in [0, 1] or a loss of 0 or more. Raises UserError."""
    expected = {"score": "a score in [0, 1]", "loss": "a loss, 0 or more"}[kind]
    value = number_in(table, row, kind, cell, expected)
    if value < 0 or (kind == "score" and value > 1):
        cure = "Divide percentages by 100." if value > 1 else "Correct it or leave the row out."
        raise UserError(f"{table.path}, {table.places[row]}, column {kind}", f"{value:g}", expected, cure)
    return value


def items_in(table: Table, row: int, cell: Any) -> float:
    """Return a cell as a number of graded items, NaN where it is blank. Raises UserError."""
    given = given_or(cell, None)
    if given is None:
        return math.nan
    refuse_thousands_point(table, row, "items", given)
    value = number_in(table, row, "items", given, "the number of graded items, 1 or more")
    if value < 1:
        raise UserError(
            f"{table.path}, {table.places[row]}, column items",
            f"{value:g}",
            "the number of graded items, 1 or more",
            "Correct it, or leave it blank where it is unknown.",
        )
    return value


def epochs_in(table: Table, row: int, cell: Any) -> float:
    """Return a cell as a number of passes over the examples, 1 where it is blank. Raises UserError."""
    given = given_or(cell, None)
    if given is None:
        return 1.0
    value = number_in(table, row, "epochs", given, "the number of passes over the examples, above 0")
    if not 0 < value <= MOST_EPOCHS:
        raise UserError(
            f"{table.path}, {table.places[row]}, column epochs",
            f"{value:g}",
            f"the number of passes over the examples, above 0 and at most {MOST_EPOCHS:,}",
            "Correct it, or leave it blank for 1.",
        )
    return value


def seed_in(table: Table, row: int, column: str, cell: Any) -> int:
    """Return a cell as a seed, -1 where it is blank. Raises UserError."""
    given = given_or(cell, None)
    if given is None:
        return -1
    value = number_in(table, row, column, given, "a whole number")
    if value != int(value):
        raise UserError(
            f"{table.path}, {table.places[row]}, column {column}",
            f"{value:g}",
            "a whole number",
            "Correct it.",
        )
    return int(value)
