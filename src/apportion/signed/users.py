"""Users: ids of any type in two columns become one set of user numbers, sorted, whatever the order of the rows."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from apportion.errors import UserError

Ids = ArrayLike | pl.Series | Sequence[object]

LONGEST_ID = 200  # characters; the table of users has room for the longest id in every row
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # what UTF-8 has no bytes for
DENSE = 4  # a table over the range of whole-number ids is used up to so many places for each id


class Numbered(NamedTuple):
    """Two columns of user numbers, int64 [n], positions in `users`, the ids as text, str [n_users]."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    users: NDArray[np.str_]


def numbered(source: Ids, target: Ids) -> Numbered:
    """Return the user numbers of two columns of ids, whole numbers or text, and the ids in the numbers' order.

    Whole numbers sort as numbers, also where they are written as text ("9" before "10") if all are; anything else
    sorts as text. So the numbers depend on the set of ids alone. Raises `UserError` for an id that is missing,
    empty, too long, or neither text nor a whole number.
    """
    columns = id_column(source, "source"), id_column(target, "target")
    if columns[0].dtype == columns[1].dtype == pl.Int64:
        return _numbered_whole(columns[0].to_numpy(), columns[1].to_numpy())
    return _numbered_text(*(column.cast(pl.String) for column in columns))


def id_column(ids: Ids, role: str) -> pl.Series:
    """Return a column of ids as Int64 where all are whole numbers below 2**63 (not as text), else as String."""
    if isinstance(ids, pl.Series) and (ids.dtype == pl.String or ids.dtype.is_integer()):
        column = ids
    else:
        values = np.asarray(ids)
        if values.dtype.kind in "fU" and isinstance(
            ids, Sequence
        ):  # mixed types, or numbers of more than 64 bits
            values = np.array(ids, dtype=object)
        column = _series(values, role)
    if column.null_count():
        row = int(column.is_null().arg_max() or 0) + 1
        raise _bad_id(role, row, "no id", "an id in every row", "Fill it in, or leave the event out.")
    if column.dtype.is_integer():
        fits = column.cast(pl.Int64, strict=False)
        return fits if not fits.null_count() else column.cast(pl.String)
    return column


def whole_numbers(texts: pl.Series) -> pl.Series | None:
    """Return texts as Int64 if every one is a whole number as Python writes it, else None.

    "007", "+7" and "-0" are names: who reads them as 7 and 0 may join two users into one.
    """
    numbers = texts.cast(pl.Int64, strict=False)
    if numbers.null_count():
        return None
    first = texts.str.slice(0, 1)
    suspects = texts.filter((first == "0") | (first == "-") | (first == "+") | (first == " "))
    if len(suspects) and not bool((suspects.cast(pl.Int64).cast(pl.String) == suspects).all()):
        return None
    return numbers


def sorted_ids(users: pl.Series) -> pl.Series:
    """Return different ids in the order of their user numbers: as numbers if all are whole, else as text.

    >>> sorted_ids(pl.Series(["10", "9"])).to_list(), sorted_ids(pl.Series(["10", "9", "x"])).to_list()
    (['9', '10'], ['10', '9', 'x'])
    """
    whole = whole_numbers(users)
    return users.sort() if whole is None else users.gather(whole.arg_sort())


def id_fault(user: str) -> tuple[str, str, str] | None:
    """Return what is wrong with an id, what was expected and the cure; None if nothing is."""
    if not user:
        return "an empty id", "an id in every row", "Fill it in, or leave the event out."
    cure = "Name the user otherwise, or leave the event out."
    if len(user) > LONGEST_ID:
        return f"an id of {len(user):,} characters", f"at most {LONGEST_ID}", cure
    if LONE_SURROGATE.search(user):
        return "an id with half a character (a lone surrogate)", "whole characters", cure
    return ("an id with a zero byte", "printable text", cure) if "\0" in user else None


class Interner:
    """Numbers texts chunk by chunk, so that a column of them takes 4 bytes a row; `ranks` makes them user numbers.

    A text that is in several chunks has a number in each: to look every text up in one table that grows would take
    most of the time of reading.
    """

    def __init__(self) -> None:
        self._texts: list[pl.Series] = []
        self._count = 0

    def numbers(self, texts: pl.Series) -> NDArray[np.int32]:
        """Return a number for each text of a chunk, int32 [n]."""
        different = texts.unique()
        numbers = texts.cast(pl.Enum(different)).to_physical().to_numpy().astype(np.int32) + np.int32(
            self._count
        )
        self._texts.append(different)
        self._count += len(different)
        return numbers

    def ranks(self) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
        """Return the user number of each number given so far, int64, and the ids in the order of user numbers."""
        texts = pl.concat(self._texts)
        ordered = sorted_ids(texts.unique())
        ranks = texts.cast(pl.Enum(ordered)).to_physical().to_numpy().astype(np.int64)
        return ranks, np.array(ordered.to_list(), dtype=np.str_)


def _series(values: NDArray[Any], role: str) -> pl.Series:
    if values.ndim != 1:
        found = f"an array of shape {values.shape}"
        raise UserError(f"the ids of {role}", found, "one id an event", "Hand over one column.")
    match values.dtype.kind:
        case "i" | "u":
            return pl.Series(values)
        case "f":
            whole = np.isfinite(values) & (values == np.round(values)) & (np.abs(values) < 2**53)
            if not whole.all():
                row = int(np.argmin(whole))
                found = f"the id {values[row]}"
                cure = "Give ids as whole numbers or text."
                raise _bad_id(role, row + 1, found, "a whole number or text", cure)
            return pl.Series(values.astype(np.int64))
        case "U" | "S" | "O" | "T":
            texts = [id_text(value, role, row) for row, value in enumerate(values.tolist(), 1)]
            return text_series(texts, f"event {{}}, {role}")
        case _:
            found = f"ids of type {values.dtype}"
            cure = "Give ids as whole numbers or text."
            raise UserError(f"the ids of {role}", found, "whole numbers or text", cure)


def text_series(texts: Sequence[str | None], where: str) -> pl.Series:
    """Return texts as a column; `UserError` for half a character, the place of the text filling the {} of `where`."""
    try:
        return pl.Series(texts, dtype=pl.String)
    except UnicodeEncodeError:
        row = next(row for row, text in enumerate(texts, 1) if text and LONE_SURROGATE.search(text))
        found, expected = "text with half a character (a lone surrogate)", "whole characters"
        cure = "Write it otherwise, or leave the event out."
        raise UserError(where.replace("{}", str(row), 1), found, expected, cure) from None


def id_texts(ids: object, role: str) -> list[str]:
    """Return ids as text, whole numbers among them; `UserError`, naming the first, where one is none."""
    if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable):
        cure = "Hand over a list of ids, one a pair."
        raise UserError(f"the ids of {role}", f"one value ({str(ids)[:40]!r})", "a column of ids", cure)
    return [id_text(value, role, row) for row, value in enumerate(ids, 1)]


def id_text(value: object, role: str, row: int) -> str:
    """Return an id as text; `UserError`, naming the event by its place, for what is neither text nor whole."""
    match value:
        case str():
            return value
        case bytes():
            return value.decode(errors="backslashreplace")
        case bool() | None:
            pass
        case int() | np.integer():
            return str(int(value))
        case float() if value.is_integer():
            return str(int(value))
    raise _bad_id(
        role, row, f"the id {value!r}", "a whole number or text", "Fill it in, or leave the event out."
    )


def _numbered_whole(source: NDArray[np.int64], target: NDArray[np.int64]) -> Numbered:
    if not len(source) or not len(target):
        return Numbered(source, target, np.array([], dtype=np.str_))
    low = min(int(source.min()), int(target.min()))
    spread = max(int(source.max()), int(target.max())) - low + 1
    if spread <= DENSE * (len(source) + len(target)):
        is_used = np.zeros(spread, dtype=bool)
        is_used[source - low] = True
        is_used[target - low] = True
        number = np.cumsum(is_used) - 1
        users = np.flatnonzero(is_used) + low
        return Numbered(number[source - low], number[target - low], _as_texts(users))
    users = pl.concat([pl.Series(source), pl.Series(target)]).unique().sort().to_numpy()
    return Numbered(np.searchsorted(users, source), np.searchsorted(users, target), _as_texts(users))


def _as_texts(ids: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return sorted whole numbers as text, in rows as wide as the longest needs."""
    width = max(len(str(ids[0])), len(str(ids[-1])))
    return ids.astype(f"<U{width}")


def _numbered_text(source: pl.Series, target: pl.Series) -> Numbered:
    users = pl.concat([source, target]).unique()
    faulty = users.filter(~_is_sound(users))
    if len(faulty):
        role, column = ("source", source) if bool(source.is_in(faulty).any()) else ("target", target)
        row = int(column.is_in(faulty).arg_max() or 0)
        found, expected, cure = id_fault(str(column[row])) or ("", "", "")
        raise _bad_id(role, row + 1, found, expected, cure)
    ordered = sorted_ids(users)
    kind = pl.Enum(ordered)
    numbers = [c.cast(kind).to_physical().to_numpy().astype(np.int64) for c in (source, target)]
    return Numbered(numbers[0], numbers[1], np.array(ordered.to_list(), dtype=np.str_))


def _is_sound(users: pl.Series) -> pl.Series:
    lengths = users.str.len_chars()
    return (lengths > 0) & (lengths <= LONGEST_ID) & ~users.str.contains("\0", literal=True)


def _bad_id(role: str, row: int, found: str, expected: str, cure: str) -> UserError:
    return UserError(f"event {row}, {role}", found, expected, cure)
