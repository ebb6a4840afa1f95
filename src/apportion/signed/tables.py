"""Tables: events from Parquet files and from data frames of polars or pandas, by the names of their columns."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet

from apportion.errors import UserError
from apportion.signed.delimited import A_TIME, A_WEIGHT
from apportion.signed.events import COLUMNS, LARGEST_TIME, LARGEST_WEIGHT, Events
from apportion.signed.gathering import Chunk, Gathering, ReadEvents
from apportion.signed.snap_csv import columns_of
from apportion.signed.users import LONGEST_ID, text_series

if TYPE_CHECKING:
    import pandas as pd

ROWS = 500_000  # of one chunk


def read_parquet(whole: Path | IO[bytes], where: str) -> ReadEvents:
    """Return the events of a Parquet file; its columns are named as in a CSV file with a header."""
    try:
        with pyarrow.parquet.ParquetFile(whole) as file:
            frames = (pl.from_arrow(batch) for batch in file.iter_batches(ROWS))
            return _gathered(frames, list(file.schema_arrow.names), where, "Parquet")
    except (pa.ArrowException, OSError) as error:
        reason = next(iter(str(error).splitlines()), "no reason given")
        found = f"a Parquet file that cannot be read ({reason})"
        raise UserError(where, found, "a whole Parquet file", "Write or download it again.") from None


def read_frame(frame: "pl.DataFrame | pd.DataFrame") -> ReadEvents:
    """Return the events of a data frame of polars or pandas, its columns named as in a CSV file with a header."""
    table = (
        frame
        if isinstance(frame, pl.DataFrame)
        else pl.DataFrame({n: _column(n, frame[n]) for n in frame.columns})
    )
    return _gathered(table.iter_slices(ROWS), table.columns, "the data frame", "data frame")


def to_frame(events: Events) -> pl.DataFrame:
    """Return events as a data frame with the columns source, target, time, weight; ids as numbers if all are."""
    users = pl.Series(events.users.tolist(), dtype=pl.String)
    whole = users.cast(pl.Int64, strict=False)
    is_whole = not whole.null_count() and bool((whole.cast(pl.String) == users).all())
    ids = (whole if is_whole else users).gather
    columns = (ids(events.source), ids(events.target), pl.Series(events.time), pl.Series(events.weight))
    return pl.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def from_stored(frame: pl.DataFrame) -> Events:
    """Return the events of a data frame that `to_frame` made, as they are: nothing is dropped, no id is trimmed."""
    return Events.of(*(frame[name] for name in COLUMNS))


def read_stored(path: Path) -> Events:
    """Return the events of a Parquet file that `writing.write_events` wrote, as `from_stored` does."""
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            table = file.read(list(COLUMNS))
        frame = pl.DataFrame(pl.from_arrow(table)).select(COLUMNS)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        reason = next(iter(str(error).splitlines()), "no reason given")
        found = f"events that cannot be read ({reason})"
        raise UserError(str(path), found, "the Parquet file of a trained model", "Train again.") from None
    return from_stored(frame)


def _column(name: str, values: Any) -> pl.Series:
    """Return a column of pandas as one of polars: texts, whole numbers, numbers or dates."""
    if values.dtype.kind in "iufbM":
        return pl.Series(np.asarray(values))
    texts = [
        None if is_missing else str(value) for value, is_missing in zip(values, values.isna(), strict=True)
    ]
    return text_series(texts, f"the data frame, row {{}}, column {name}")


def _gathered(frames: Iterable[Any], names: list[str], where: str, layout: str) -> ReadEvents:
    roles = columns_of([*names], where)
    if roles is None:
        cure = "Rename the columns: source, target, time, weight."
        raise UserError(where, f"the columns {', '.join(names)}", "these four names among them", cure)
    columns = dict(zip(roles, names, strict=True))
    gathering = Gathering(where, layout)
    first = 1
    for frame in frames:
        ids = [id_values(frame[columns[role]], role, where, first) for role in ("source", "target")]
        numbers = [_numbers(frame[columns[role]], role, where, first) for role in ("time", "weight")]
        gathering.add(Chunk(ids[0], ids[1], numbers[0], numbers[1]))
        first += len(frame)
    return gathering.finish()


def id_values(column: pl.Series, role: str, where: str, first: int = 1) -> pl.Series:
    """Return the ids of a column as Int64 or text; raises `UserError` naming the first that is none, rows counted
    from `first`."""
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype.is_float():
        given = column.cast(pl.Float64)
        is_whole = given.is_finite() & (given == given.round()) & (given.abs() < 2**53)
        expected = "a whole number below 2**53, or text"
        column = _sound(given, ~is_whole.fill_null(False), column, where, first, expected).cast(pl.Int64)
    if not column.dtype.is_integer() and column.dtype != pl.String:
        cure = "Make them whole numbers or text."
        raise UserError(
            f"{where}, column {column.name}", f"ids of type {column.dtype}", f"ids of the {role}", cure
        )
    fits = column.cast(pl.Int64, strict=False) if column.dtype.is_integer() else column.str.strip_chars()
    if column.dtype == pl.UInt64 and fits.null_count() > column.null_count():
        fits = column.cast(pl.String)
    is_bad = fits.is_null()
    if fits.dtype == pl.String:
        lengths = fits.str.len_chars()
        is_bad = is_bad | (lengths == 0) | (lengths > LONGEST_ID) | fits.str.contains("\0", literal=True)
    return _sound(fits, is_bad, column, where, first, f"an id of 1 to {LONGEST_ID} characters")


def _numbers(column: pl.Series, role: str, where: str, first: int) -> np.ndarray:
    values = column
    if role == "time" and column.dtype in (pl.Date, pl.Datetime):
        values = column.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64) / 1e6
    elif not column.dtype.is_numeric():
        cure = "Make it a column of numbers, a time also of dates."
        raise UserError(f"{where}, column {column.name}", f"values of type {column.dtype}", "numbers", cure)
    values = values.cast(pl.Float64)
    most, expected = (LARGEST_WEIGHT, A_WEIGHT) if role == "weight" else (LARGEST_TIME, A_TIME)
    is_good = values.is_finite() & (values.abs() <= most)
    return _sound(values, ~is_good.fill_null(False), column, where, first, expected).to_numpy()


def _sound(
    values: pl.Series, is_bad: pl.Series, column: pl.Series, where: str, first: int, expected: str
) -> pl.Series:
    """Return the values if none is bad, else raise `UserError` naming the first row that is, from 1."""
    if bool(is_bad.fill_null(True).any()):
        row = int(is_bad.fill_null(True).arg_max() or 0)
        value = column[row]
        found = "no value" if value is None else f"the value {str(value)[:40]!r}"
        cure = "Fill it in, or leave the row out."
        raise UserError(f"{where}, row {first + row:,}, column {column.name}", found, expected, cure)
    return values
