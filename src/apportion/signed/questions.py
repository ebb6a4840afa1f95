"""Questions to a trained model: lines `source,target,time[,weight]` of a stream, and files of pairs."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import polars as pl

from apportion.errors import UserError
from apportion.signed.delimited import A_TIME, A_WEIGHT, excerpt, is_number, row_fault, seconds, weight_of
from apportion.signed.opening import opened
from apportion.signed.snap_csv import named_once, roles_of
from apportion.signed.stream import Asked, refuse
from apportion.signed.tables import id_values
from apportion.signed.users import whole_numbers

STREAM_ORDER = ("source", "target", "time", "weight")
PAIR = ("source", "target")
FORM = "source,target,time or source,target,time,weight"
CURE = "Mend the line or take it out."
HEADER_CURE = "Begin with the line source,target, if this is a pair, or rename the columns."


def stream_header(line: str, where: str) -> tuple[str, ...] | None:
    """Return the columns that the first line of a stream names, in their order; None where it is no header.

    Raises `UserError` for a header without source, target or time, or with two of one.
    """
    try:
        fields = _fields(line, where)
    except UserError:
        return None  # a row, which `asked_of` refuses
    if not any(roles_of(fields)) or (len(fields) > 2 and is_number(fields[2])):
        return None
    return named_once(fields, STREAM_ORDER[:3], where, f"Begin the stream with {FORM}, or leave it out.")


def asked_of(line: str, where: str, columns: tuple[str, ...] = STREAM_ORDER) -> Asked:
    """Return what a line of a stream says; raises `UserError` with `where` for one that is none.

    Without a header the columns are source, target, time and weight; the weight may be left out.
    """
    fields = _fields(line, where)
    places = {role: columns.index(role) for role in STREAM_ORDER if role in columns}
    if len(fields) > len(columns) or len(fields) <= max(places[role] for role in STREAM_ORDER[:3]):
        found = f"{len(fields)} field{'s' * (len(fields) != 1)} ({excerpt(line)})"
        raise UserError(where, found, FORM if columns == STREAM_ORDER else ",".join(columns), CURE)
    source, target, moment = (fields[places[role]] for role in STREAM_ORDER[:3])
    try:
        time = seconds(moment)
    except ValueError:
        found = f"the time {excerpt(moment)}"
        raise UserError(where, found, A_TIME, CURE) from None
    weight = None
    place = places.get("weight", len(fields))
    if place < len(fields) and fields[place]:
        try:
            weight = weight_of(fields[place])
        except ValueError:
            found = f"the weight {excerpt(fields[place])}"
            raise UserError(where, found, A_WEIGHT, CURE) from None
    return Asked(source, target, time, weight)


def read_pairs_file(path: Path, users: Sequence[str] = ()) -> pl.DataFrame:
    """Return the pairs of a file of lines `source,target`, or of Parquet with these columns, as text.

    A header may name the two columns as in a file of events, in any order among others; without one they are the
    first two. `users` are those that the model knows: a first line of two of them is a pair whatever their names.
    Raises `UserError` naming the line that is no pair of two users.
    """
    with opened(path, "a file of pairs") as file:
        if file.head.startswith(b"PAR1"):
            return _from_parquet(file.whole, path)
        columns = None
        pairs: list[tuple[str, str]] = []
        for number_, line in file.lines():
            where = f"{path}, line {number_:,}"
            try:
                text = line.decode()
            except UnicodeDecodeError:
                raise UserError(
                    where, "bytes that are not UTF-8", "UTF-8 text", "Save it as UTF-8."
                ) from None
            if not text.strip():
                continue
            fields = _fields(text, where)
            if columns is None:
                columns = _pairs_header(fields, where, users)
                if columns is not None:
                    continue
                columns = PAIR
            places = [columns.index(role) for role in PAIR]
            if len(fields) <= max(places) or not all(fields[place] for place in places):
                raise UserError(where, excerpt(text), ",".join(columns), CURE)
            source, target = (fields[place] for place in places)
            refuse(Asked(source, target, 0.0), 0.0, where)
            pairs.append((source, target))
    if not pairs:
        raise UserError(str(path), "no pairs", "lines source,target", "Give at least one pair.")
    return pl.DataFrame(pairs, schema=dict.fromkeys(PAIR, pl.String()), orient="row")


def _pairs_header(fields: list[str], where: str, users: Sequence[str]) -> tuple[str, ...] | None:
    """Return the columns that a first line names, None where it is a pair."""
    named, known = roles_of(fields), sum(field in users for field in fields[:2])
    if known == 2 or (known == 1 and not set(PAIR) <= set(named)):
        return None
    if any(named):
        return named_once(fields, PAIR, where, HEADER_CURE)
    are_numbers = len(users) > 0 and whole_numbers(pl.Series(list(users), dtype=pl.String)) is not None
    if are_numbers and len(fields) > 1 and not any(any(map(str.isdigit, field)) for field in fields):
        found = f"the names {excerpt(','.join(fields))}, where users are numbers"
        raise UserError(where, found, "a pair, or a header with source and target", HEADER_CURE)
    return None


def _from_parquet(whole: Path | IO[bytes], path: Path) -> pl.DataFrame:
    if not isinstance(whole, Path):
        whole.seek(0)
    try:
        frame = pl.read_parquet(whole)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = next(iter(str(error).splitlines()), "no reason given")
        found = f"a Parquet file that cannot be read ({reason})"
        raise UserError(str(path), found, "a whole Parquet file", "Write or download it again.") from None
    if not len(frame):
        raise UserError(str(path), "no pairs", "a source and a target in every row", "Give at least one.")
    roles = named_once(list(frame.columns), PAIR, str(path), "Rename the columns.")
    columns = [id_values(frame[:, roles.index(role)], role, str(path)).cast(pl.String) for role in PAIR]
    for row, (source, target) in enumerate(zip(*columns, strict=True), 1):
        refuse(Asked(source, target, 0.0), 0.0, f"{path}, row {row:,}")
    return pl.DataFrame([column.alias(role) for role, column in zip(PAIR, columns, strict=True)])


def _fields(line: str, where: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line.rstrip("\r\n")], strict=True), [])]
    except csv.Error as error:
        raise UserError(where, *row_fault(line, error), CURE) from None
