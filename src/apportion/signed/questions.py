"""Questions to a trained model: lines `source,target,time[,weight]` of a stream, and files of pairs."""

import csv
from pathlib import Path

import polars as pl

from apportion.errors import UserError
from apportion.signed.delimited import excerpt, number, seconds
from apportion.signed.opening import opened
from apportion.signed.stream import Asked

FORM = "source,target,time or source,target,time,weight"
CURE = "Mend the line or take it out."
HEADER = ("source", "src", "from", "rater")


def asked_of(line: str, where: str) -> Asked:
    """Return what a line `source,target,time[,weight]` says; raises `UserError` with `where` for another."""
    fields = _fields(line, where)
    if len(fields) not in (3, 4):
        found = f"{len(fields)} field{'s' * (len(fields) != 1)} ({excerpt(line)})"
        raise UserError(where, found, FORM, CURE)
    try:
        time = seconds(fields[2])
    except ValueError:
        found = f"the time {excerpt(fields[2])}"
        raise UserError(where, found, "a finite number of seconds, or YYYY-MM-DD", CURE) from None
    weight = None
    if len(fields) == 4 and fields[3]:
        try:
            weight = number(fields[3])
        except ValueError:
            found = f"the weight {excerpt(fields[3])}"
            raise UserError(where, found, "a finite number", CURE) from None
    return Asked(fields[0], fields[1], time, weight)


def is_header(line: str) -> bool:
    """Return whether a line is the header of a stream or of pairs."""
    return line.split(",", maxsplit=1)[0].strip().strip('"').lower() in HEADER


def read_pairs_file(path: Path) -> pl.DataFrame:
    """Return the pairs of a file of lines `source,target`, with or without a header, or of Parquet with these
    columns, as text; further columns are passed over. Raises `UserError` naming the line that is no pair."""
    with opened(path) as file:
        if file.head.startswith(b"PAR1"):
            return _from_parquet(path)
        pairs: list[tuple[str, str]] = []
        for number_, line in file.lines():
            where = f"{path}, line {number_:,}"
            try:
                text = line.decode()
            except UnicodeDecodeError:
                raise UserError(
                    where, "bytes that are not UTF-8", "UTF-8 text", "Save it as UTF-8."
                ) from None
            if not text.strip() or (not pairs and is_header(text)):
                continue
            fields = _fields(text, where)
            if len(fields) < 2 or not fields[0] or not fields[1]:
                raise UserError(where, excerpt(text), "source,target", CURE)
            pairs.append((fields[0], fields[1]))
    if not pairs:
        raise UserError(str(path), "no pairs", "lines source,target", "Give at least one pair.")
    return pl.DataFrame(pairs, schema={"source": pl.String, "target": pl.String}, orient="row")


def _from_parquet(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = next(iter(str(error).splitlines()), "no reason given")
        found = f"a Parquet file that cannot be read ({reason})"
        raise UserError(str(path), found, "a whole Parquet file", "Write or download it again.") from None
    if not {"source", "target"} <= set(frame.columns):
        found = f"the columns {', '.join(frame.columns)}"
        raise UserError(str(path), found, "source and target among them", "Rename the columns.")
    pairs = frame.select(pl.col("source", "target").cast(pl.String))
    if not len(pairs) or any(pairs.null_count().row(0)):
        found = "missing ids" if len(pairs) else "no pairs"
        raise UserError(str(path), found, "a source and a target in every row", "Fill them in.")
    return pairs


def _fields(line: str, where: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line.rstrip("\r\n")], strict=True), [])]
    except csv.Error as error:
        raise UserError(where, f"broken quotes ({error})", "quotes that close", CURE) from None
