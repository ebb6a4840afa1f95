"""Delimited text: blocks of lines with a separator become chunks, fast where all is well, line by line where not."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from apportion.errors import UserError
from apportion.signed.events import LARGEST_TIME, LARGEST_WEIGHT
from apportion.signed.gathering import Chunk
from apportion.signed.opening import Block
from apportion.signed.users import LONGEST_ID, id_fault

ROLES = ("source", "target", "weight", "time")
SHOWN = 40  # characters of a line that a message repeats
CURE = "Mend the line or take it out."


@dataclass(frozen=True, slots=True)
class Layout:
    """Which separator, and which of `columns` is which role; the others are passed over.

    `columns` holds one of "source", "target", "weight", "time" for the four that count and other names for the
    rest. A comma may stand inside a quoted id. Lines that are blank or begin with `comment` are passed over.
    """

    columns: tuple[str, ...]
    separator: str
    comment: str | None = None

    @property
    def example(self) -> str:
        """Return what a line looks like, for messages."""
        return self.separator.join(self.columns)


def chunks(blocks: Iterable[Block], layout: Layout, file: str) -> Iterator[Chunk]:
    """Yield the rows of blocks of lines; raises `UserError` naming the first line that cannot be used."""
    for block in blocks:
        frame = _fast(block.text, layout)
        if frame is None:
            frame = _line_by_line(block, layout, file)
        yield Chunk(frame["source"], frame["target"], frame["time"].to_numpy(), frame["weight"].to_numpy())


def number(text: str) -> float:
    """Return a finite number, else raise ValueError; what only Python reads as one ("1_000") is none."""
    if "_" in text:
        raise ValueError(text)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


A_WEIGHT = f"a finite number, at most {LARGEST_WEIGHT:g} in size"
A_TIME = f"a finite number of seconds, at most {LARGEST_TIME:g} in size, or YYYY-MM-DD"


def weight_of(text: str) -> float:
    """Return a weight; raises ValueError for what is no finite number or larger than models can take."""
    value = number(text)
    if abs(value) > LARGEST_WEIGHT:
        raise ValueError(text)
    return value


def seconds(text: str) -> float:
    """Return a time in seconds: a number as it is, an ISO 8601 date as seconds since 1970 (UTC if it has no zone).

    Raises ValueError for what is neither, or beyond `LARGEST_TIME` in size.

    >>> seconds("12.5"), seconds("1970-01-02")
    (12.5, 86400.0)
    """
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        value = number(text)
        if abs(value) > LARGEST_TIME:
            raise ValueError(text)
        return value
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def excerpt(text: str) -> str:
    """Return a text quoted and cut to a line's worth, control characters escaped."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")


def _fast(text: bytes, layout: Layout) -> pl.DataFrame | None:
    """Return the rows of a block in which every line is sound, else None."""
    if b"\0" in text:
        return None
    if layout.separator == " ":
        if b"\t" in text:
            text = text.replace(b"\t", b" ")
        if b"  " in text or b" \n" in text:
            text = re.sub(rb" *\n *", b"\n", re.sub(rb"  +", b" ", text))
    lines = text.count(b"\n") + (not text.endswith(b"\n"))
    schema = {name: pl.Float64() if name in ("weight", "time") else pl.String() for name in layout.columns}
    try:
        frame = pl.read_csv(
            io.BytesIO(text),
            has_header=False,
            schema=schema,
            separator=layout.separator,
            raise_if_empty=False,
        ).select(ROLES)
    except pl.exceptions.PolarsError:
        return None
    is_sound = frame.height == lines and not any(frame.null_count().row(0))
    limits = {"weight": LARGEST_WEIGHT, "time": LARGEST_TIME}
    if is_sound and all(bool((frame[name].abs() <= most).all()) for name, most in limits.items()):
        frame = frame.with_columns(frame[role].str.strip_chars() for role in ("source", "target"))
        sizes = [frame[role].str.len_bytes() for role in ("source", "target")]
        if all(size.min() != 0 and not (size > LONGEST_ID).any() for size in sizes):
            return frame
    return None


def _line_by_line(block: Block, layout: Layout, file: str) -> pl.DataFrame:
    """Return the rows of a block, or raise `UserError` for its first faulty line."""
    rows: dict[str, list[str | float]] = {role: [] for role in ROLES}
    places = {role: layout.columns.index(role) for role in ROLES}
    for line_number, line in enumerate(block.text.split(b"\n"), block.line):
        where = f"{file}, line {line_number:,}"
        text = _decoded(line, where).strip("\r")
        if not text.strip() or (layout.comment and text.lstrip().startswith(layout.comment)):
            continue
        fields = _fields(text, layout, where)
        for role, convert in (("source", str), ("target", str), ("weight", weight_of), ("time", seconds)):
            field = fields[places[role]].strip()
            try:
                rows[role].append(convert(field))
            except ValueError:
                found = f"the {role} {excerpt(field)}" if field else f"no {role}"
                expected = A_WEIGHT if role == "weight" else A_TIME
                raise UserError(where, found, expected, _cure_of(field)) from None
        for role in ("source", "target"):
            fault = id_fault(str(rows[role][-1]))
            if fault is not None:
                raise UserError(f"{where}, {role}", *fault)
    kinds = {role: pl.Float64() if role in ("weight", "time") else pl.String() for role in ROLES}
    return pl.DataFrame(rows, schema=kinds)


def _cure_of(field: str) -> str:
    """Return what to do about a field that is no number."""
    if re.fullmatch(r"[-+]?\d+,\d+", field):
        return f"Write a decimal point: {field.replace(',', '.')}."
    return CURE


def _decoded(line: bytes, where: str) -> str:
    if b"\0" in line:
        raise UserError(where, "a zero byte", "text", CURE)
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        found = f"byte 0x{line[error.start]:02x}, which is not UTF-8"
        raise UserError(
            where, found, "UTF-8 text", "Save it as UTF-8: iconv -f latin1 -t utf-8 OLD > NEW."
        ) from None


def _fields(text: str, layout: Layout, where: str) -> list[str]:
    if layout.separator == " ":
        fields = text.split()
    else:
        try:
            fields = next(csv.reader([text], delimiter=layout.separator, strict=True))
        except csv.Error as error:
            raise UserError(where, *row_fault(text, error), CURE) from None
    if len(fields) != len(layout.columns):
        found = f"{len(fields)} field{'s' * (len(fields) != 1)} ({excerpt(text)})"
        expected = f"{len(layout.columns)}: {layout.example}"
        raise UserError(where, found, expected, CURE)
    return fields


def row_fault(text: str, error: csv.Error) -> tuple[str, str]:
    """Return what is wrong with a line that the csv module refuses, and what was expected."""
    longest = csv.field_size_limit()
    if len(text) > longest:
        return f"a line of {len(text):,} characters", f"fields of at most {longest:,}"
    return f"broken quotes ({error})", "quotes that close on the same line"


def is_number(text: str) -> bool:
    """Return whether a field is a number, nan and inf among them, or an ISO date."""
    try:
        float(text)
    except ValueError:
        return bool(re.match(r"\d{4}-\d\d-\d\d", text))
    return True


def check_roles(source: str, weight: np.ndarray, time: np.ndarray) -> None:
    """Raise `UserError` where what was read as weights looks like times and the other way round."""
    if len(time) and np.abs(weight).min() > 1e6 and np.abs(time).max() <= 1e3:
        found = f"weights such as {weight[0]:.10g} and times such as {time[0]:.10g}"
        cure = "If the third column is the time, begin the file with the line source,target,time,weight."
        raise UserError(source, found, "the columns source, target, rating, time", cure)
