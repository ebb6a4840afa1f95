"""File formats: from the bytes of one file to its rows; a broken file is told with its row and byte."""

import csv
import io
import json
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.parquet

from apportion.errors import UserError
from apportion.judgements.findings import Row, described

OBJECT = 'an object such as {"prompt": "...", "response": "..."}'
TOO_MUCH = "JSON nested too deeply or with a number of thousands of digits"
PARQUET_MAGIC = b"PAR1"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def parse_jsonl(data: bytes, file: str) -> list[Row]:
    """Return the rows of JSON Lines: one object a line; blank lines are passed over but counted."""
    lines = data.removeprefix(BYTE_ORDER_MARK).split(b"\n")
    return [_json_row(line, file, number) for number, line in enumerate(lines, 1) if line.strip()]


def parse_json(data: bytes, file: str) -> list[Row]:
    """Return the rows of a JSON document that is a list of objects."""
    text = _decoded(data.removeprefix(BYTE_ORDER_MARK), file)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        found = f"broken JSON at line {error.lineno}, column {error.colno} ({error.msg})"
        cure = "Mend it; a file with one object a line must be named .jsonl."
        raise UserError(file, found, "one JSON list of objects", cure) from None
    except (RecursionError, ValueError):
        raise UserError(file, TOO_MUCH, "a list of flat objects", "Flatten or shorten it.") from None
    if not isinstance(document, list):
        cure = "Put the rows in a list, or name a file with one object a line .jsonl."
        raise UserError(file, described(document), "one JSON list of objects", cure)
    return [_object_row(value, file, number) for number, value in enumerate(document, 1)]


def parse_csv(data: bytes, file: str) -> list[Row]:
    """Return the rows of comma-separated values with a header (RFC 4180); the header is not counted."""
    text = _decoded(data.removeprefix(BYTE_ORDER_MARK), file)
    usual = csv.field_size_limit()  # 128 kB, for everybody in this process
    records = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    header: list[str] | None = None
    try:
        csv.field_size_limit(max(usual, len(text)))
        for record in records:
            if not record:
                continue
            if header is None:
                header = _header(record, file)
                continue
            if len(record) != len(header):
                where = f"{file}, row {len(rows) + 1} (line {records.line_num})"
                found = f"{_count(len(record), 'field')}"
                cure = "Quote texts that hold commas or line breaks."
                raise UserError(where, found, f"{len(header)}, as in the header", cure)
            rows.append(Row(file, len(rows) + 1, dict(zip(header, record, strict=True))))
    except csv.Error as error:
        where = f"{file}, row {len(rows) + 1} (line {records.line_num})"
        cure = "Double the quotes inside a quoted text, close every quote, or write JSONL."
        raise UserError(where, f"broken CSV ({error})", "comma-separated values", cure) from None
    finally:
        csv.field_size_limit(usual)
    return rows


def parse_parquet(data: bytes, file: str) -> list[Row]:
    """Return the rows of a Parquet file."""
    cure = "Write or download it again."
    if not (data.startswith(PARQUET_MAGIC) and data.endswith(PARQUET_MAGIC)):
        raise UserError(file, "bytes that are not Parquet, or not all of it", "a whole Parquet file", cure)
    try:
        # In this thread alone: one of Arrow's own that lets go of Python's bytes as the interpreter ends aborts it
        table = pyarrow.parquet.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        found = (
            f"a Parquet file that cannot be read ({next(iter(str(error).splitlines()), 'no reason given')})"
        )
        raise UserError(file, found, "a whole Parquet file", cure) from None
    return table_rows([table], file)


def table_rows(tables: Iterable[pa.Table], file: str) -> list[Row]:
    """Return the rows of Arrow tables that follow one another, numbered through."""
    values = (row for table in tables for row in table.to_pylist())
    return [Row(file, number, row) for number, row in enumerate(values, 1)]


PARSERS: dict[str, Callable[[bytes, str], list[Row]]] = {
    ".jsonl": parse_jsonl,
    ".json": parse_json,
    ".csv": parse_csv,
    ".parquet": parse_parquet,
}
"""The parser of each file-name extension; .jsonl, .json and .csv may carry .gz as well."""


def _json_row(line: bytes, file: str, number: int) -> Row:
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise _not_utf8(line, error, f"{file}, row {number}") from None
    except json.JSONDecodeError as error:
        found = f"broken JSON at character {error.pos + 1} ({error.msg})"
        cure = "Mend the row: one whole object on one line."
        raise UserError(f"{file}, row {number}", found, OBJECT, cure) from None
    except (RecursionError, ValueError):
        raise UserError(f"{file}, row {number}", TOO_MUCH, OBJECT, "Flatten or shorten it.") from None
    return _object_row(value, file, number)


def _object_row(value: object, file: str, number: int) -> Row:
    if not isinstance(value, dict):
        raise UserError(f"{file}, row {number}", described(value), OBJECT, "Give the fields names.")
    return Row(file, number, value)


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        start = data.rfind(b"\n", 0, error.start) + 1
        raise _not_utf8(data[start:], error, f"{file}, line {line}", offset=start) from None


def _not_utf8(data: bytes, error: UnicodeDecodeError, where: str, offset: int = 0) -> UserError:
    position = error.start - offset
    found = f"byte 0x{data[position]:02x} at byte {position + 1}, which is not UTF-8"
    encoding = "utf-16" if data.startswith(UTF16_MARKS) else "latin1"
    return UserError(where, found, "UTF-8 text", f"Save it as UTF-8: iconv -f {encoding} -t utf-8 OLD > NEW.")


def _header(record: list[str], file: str) -> list[str]:
    twice = sorted({name for name in record if record.count(name) > 1})
    if twice:
        found = f"the column {twice[0]!r} twice"
        raise UserError(f"{file}, header", found, "every column once", "Rename one of them.")
    between = next((mark for mark in (";", "\t") if len(record) == 1 and mark in record[0]), None)
    if between is not None:
        cure = "Save it with commas, as comma-separated values."
        raise UserError(f"{file}, header", f"columns divided by {between!r}", "commas between columns", cure)
    return record


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
