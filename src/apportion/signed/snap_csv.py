"""SNAP's form of the Bitcoin networks: lines `source,target,rating,time`; other columns and orders with a header."""

import csv
from collections.abc import Iterator

from apportion.errors import UserError
from apportion.signed.delimited import Layout, check_roles, chunks, excerpt, is_number, row_fault
from apportion.signed.gathering import Gathering, ReadEvents
from apportion.signed.opening import Block, Opened

SNAP_ORDER = ("source", "target", "weight", "time")
NAMES: dict[str, tuple[str, ...]] = {
    "source": ("source", "src", "from", "rater", "u"),
    "target": ("target", "tgt", "dst", "to", "ratee", "v"),
    "weight": ("weight", "rating", "sign", "vote", "vot", "w"),
    "time": ("time", "timestamp", "t", "ts", "date", "datetime", "dat"),
}
CURE = "Begin the file with the line source,target,rating,time, or leave the header out and keep that order."


def read_delimited(file: Opened, separator: str) -> ReadEvents:
    """Return the events of a file of separated fields, with or without a header.

    Without one the columns are source, target, rating, time, as SNAP has them. With one they may stand in any
    order among others, under the names of `NAMES`, in upper or lower case.
    """
    blocks = file.blocks()
    first = next(blocks)
    while not first.text.strip():
        first = next(blocks)
    blank = len(first.text) - len(first.text.lstrip())
    first = Block(first.text[blank:], first.line + first.text.count(b"\n", 0, blank))
    line = first.text.split(b"\n", 1)[0].decode("utf-8", "replace").strip("\r")
    where = f"{file.file}, line {first.line:,}"
    try:
        fields = [field.strip() for field in next(csv.reader([line], delimiter=separator))]
    except csv.Error as error:
        found = f"a line that is no row ({error})" if "\r" in line else row_fault(line, error)[0]
        raise UserError(where, found, "source,target,rating,time", "Mend the line.") from None
    columns = columns_of(fields, where)
    gathering = Gathering(file.file, "comma-separated" if separator == "," else "separated")
    if columns is None:
        layout = Layout(SNAP_ORDER, separator)
    else:
        layout = Layout(columns, separator)
        rest = first.text[first.text.find(b"\n") + 1 :] if b"\n" in first.text else b""
        first = Block(rest, first.line + 1)
    for number, chunk in enumerate(chunks(_with(first, blocks), layout, file.file)):
        if number == 0 and columns is None:
            check_roles(where, chunk.weight, chunk.time)
        gathering.add(chunk)
    return gathering.finish()


def columns_of(fields: list[str], where: str) -> tuple[str, ...] | None:
    """Return the role or name of each column of a header, None where the fields are no header but a row.

    Raises `UserError` for a line that is neither: not four fields of which the last two are numbers, and not a
    header that names all four roles once.
    """
    named = roles_of(fields)
    if not any(named) or (len(fields) == 4 and is_number(fields[2]) and is_number(fields[3])):
        if len(fields) == 4 and (is_number(fields[2]) or is_number(fields[3])):
            return None
        found = f"{len(fields)} field{'s' * (len(fields) != 1)} ({excerpt(','.join(fields))})"
        raise UserError(where, found, "source,target,rating,time or a header with these names", CURE)
    return named_once(fields, tuple(NAMES), where, CURE)


def roles_of(fields: list[str]) -> list[str | None]:
    """Return the role that each field names, None for one that names none."""
    roles = {name: role for role, names in NAMES.items() for name in names}
    return [roles.get(field.strip().lower()) for field in fields]


def named_once(fields: list[str], needed: tuple[str, ...], where: str, cure: str) -> tuple[str, ...]:
    """Return the role or place of each column of a header; raises `UserError` unless it names each role that is
    needed once, and none twice."""
    named = roles_of(fields)
    for role, names in NAMES.items():
        if named.count(role) > 1 or (role in needed and role not in named):
            found = f"no column for the {role}" if role not in named else f"two columns for the {role}"
            expected = f"one of {', '.join(names)}"
            raise UserError(f"{where} ({excerpt(','.join(fields))})", found, expected, cure)
    return tuple(role or f"column {place}" for place, role in enumerate(named, 1))


def _with(first: Block, others: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from others
