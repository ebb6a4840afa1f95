"""A CSV or Parquet file as named columns of plain cells, each with the place that a message can name."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from apportion.errors import UserError


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file under lower-case names, and the place of each row in the file."""

    path: Path
    columns: dict[str, Sequence[object]]
    places: Sequence[str]


def read_table(path: Path) -> Table:
    """Return the columns of a CSV or Parquet file; which of the two it is, its first bytes say.

    What separates the values, the header says: commas, or else semicolons or tabs, and then numbers may have a
    decimal comma. CSV cells stay text. Raises UserError where the file is missing, unreadable, empty, or no table.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            str(path),
            f"nothing readable ({error.strerror or error})",
            "a CSV or Parquet table, or a study folder",
            "Check its name. A study's folder comes from: apportion study run FILE.toml",
        ) from None
    except ValueError:  # a NUL in the path
        raise UserError(
            repr(str(path)), "no possible path", "a CSV or Parquet table, or a study folder", "Check it."
        ) from None
    if not content.strip():
        raise UserError(
            str(path), "an empty file", "a header and rows", "Write n_demonstrations,score there."
        )
    table = _parquet(path, content) if content[:4] == b"PAR1" else _csv(path, content)
    if not table.places:
        raise UserError(str(path), "a header without rows", "at least two runs", "Add the rows.")
    return table


SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
LABELS = ("model", "task", "metric", "method", "cell", "item")
"""Columns of names, in which a comma is a comma."""

FOREIGN = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "an Excel file or another zip archive",
    b"\x1f\x8b": "a gzip file",
}


def _csv(path: Path, content: bytes) -> Table:
    for mark, called in FOREIGN.items():
        if content.startswith(mark):
            raise UserError(str(path), called, "a CSV or Parquet table", "Export or unpack it as CSV.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path}, line {line}",
            f"byte 0x{content[error.start]:02x}, which is not UTF-8",
            "CSV in UTF-8, or Parquet",
            "Save the table as UTF-8.",
        ) from None
    if "\0" in text:
        raise UserError(str(path), "a NUL byte", "CSV in UTF-8, or Parquet", "Export the table as CSV.")
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    rows: list[list[str]] = []
    places: list[str] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                places.append(f"line {reader.line_num}")
    except csv.Error as error:
        raise UserError(
            f"{path}, line {reader.line_num}",
            f"no CSV ({error})",
            f"values separated by {SEPARATORS[separator]}",
            "Mend that line.",
        ) from None
    if not rows:
        raise UserError(str(path), "nothing but separators", "a header and rows", "Add them.")
    names = _names(path, rows[0])
    for row, place in zip(rows[1:], places[1:], strict=True):
        if len(row) != len(names):
            raise UserError(
                f"{path}, {place}",
                f"{len(row)} values",
                f"{len(names)}, as the header has",
                f"Mend that line (quote text that holds a {SEPARATORS[separator].removesuffix('s')}).",
            )
    columns: dict[str, Sequence[object]] = {
        name: [row[index] for row in rows[1:]] for index, name in enumerate(names)
    }
    if separator != ",":
        columns = {n: cells if n in LABELS else list(map(_with_point, cells)) for n, cells in columns.items()}
    return Table(path, columns, places[1:])


def _separator(text: str) -> str:
    """Return what separates the values of the header: a comma, unless semicolons or tabs alone are in it."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return "," if "," in header else ";" if ";" in header else "\t" if "\t" in header else ","


def _with_point(cell: object) -> object:
    """Return a number with a decimal comma as one with a point; other text as it is."""
    if isinstance(cell, str) and DECIMAL_COMMA.fullmatch(cell.strip()):
        return cell.replace(",", ".")
    return cell


def _parquet(path: Path, content: bytes) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # In this thread alone: one of Arrow's own that lets go of Python's bytes as the interpreter ends aborts it
        table = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        told = " ".join(str(error).split())[:100]
        raise UserError(
            str(path), f"a damaged Parquet file ({told})", "a Parquet table", "Write the file anew."
        ) from None
    names = _names(path, table.column_names)
    columns: dict[str, Sequence[object]] = {}
    for index, name in enumerate(names):
        try:
            columns[name] = table.column(index).to_pylist()
        except (pa.ArrowException, ValueError, OverflowError):  # dates beyond Python's, undecodable text
            columns[name] = ["?"] * len(table)
    return Table(path, columns, [f"row {row}" for row in range(1, len(table) + 1)])


def _names(path: Path, header: Sequence[str]) -> list[str]:
    names = [name.strip().lower() for name in header]
    for name in names:
        if name and names.count(name) > 1:
            raise UserError(
                f"{path}, its header", f"the column {name!r} twice", "each name once", "Rename one of them."
            )
    return names
