"""Events of a signed network: an immutable store, sorted by time."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from apportion.errors import UserError
from apportion.signed.users import Ids, numbered

LARGEST_WEIGHT = 1e15  # in size: its square, summed over a hundred million events, fits float32
LARGEST_TIME = 1e20  # seconds in size: nanoseconds of three thousand years; sums and differences stay finite
COLUMNS = ("source", "target", "time", "weight")


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Events (source, target, time, weight), n of them, in time order.

    `source` and `target` are user numbers, int64 [n], positions in `users`; `time` is in seconds, float64 [n],
    never decreasing, at most `LARGEST_TIME` in size; `weight` is never 0 and at most `LARGEST_WEIGHT` in size,
    float64 [n]; `users` are the ids as text, str [n_users]. Both roles of a user have one number. The arrays that
    `of` makes cannot be written to.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    time: NDArray[np.float64]
    weight: NDArray[np.float64]
    users: NDArray[np.str_]

    @classmethod
    def of(cls, source: Ids, target: Ids, time: ArrayLike, weight: ArrayLike) -> "Events":
        """Return the store of events given as four columns in any order, ids of any type.

        The order is time, then source, target (as user numbers) and weight, so the order of the rows does not
        matter, not even among equal times. Drops nothing: raises `UserError`, naming the event by its place from
        1, for columns of other lengths, an id that is missing, a time or weight that is no finite number, a time
        beyond `LARGEST_TIME`, a weight of 0 or beyond `LARGEST_WEIGHT`, a user's event with itself, and
        where there is no event.

        >>> Events.of(["b", "a"], ["a", "c"], [20.0, 10.0], [-1, 1]).source.tolist()
        [0, 1]
        """
        times, weights = number_column(time, "time"), number_column(weight, "weight")
        users = numbered(source, target)
        lengths = {len(column) for column in (users.source, users.target, times, weights)}
        if len(lengths) > 1:
            each = zip(COLUMNS, (users.source, users.target, times, weights), strict=True)
            found = ", ".join(f"{len(column):,} of {name}" for name, column in each)
            raise UserError("the events", found, "columns of one length", "Hand over four values an event.")
        if not len(times):
            raise UserError("the events", "none", "at least one event", "Hand over events between two users.")
        _refuse(weights == 0, "a weight of 0, which has no sign", "a positive or negative weight")
        is_huge = np.abs(weights) > LARGEST_WEIGHT
        _refuse(is_huge, "a huge weight", f"a weight of at most {LARGEST_WEIGHT:g} in size")
        is_far = np.abs(times) > LARGEST_TIME
        _refuse(is_far, "a huge time", f"seconds, at most {LARGEST_TIME:g} in size")
        _refuse(users.source == users.target, "a user's event with itself", "two users")
        return in_order(users.source, users.target, times, weights, users.users)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, part: slice) -> "Events":
        return Events(self.source[part], self.target[part], self.time[part], self.weight[part], self.users)

    @property
    def n_users(self) -> int:
        """Return the number of users of the whole network, also of those that a slice does not hold."""
        return len(self.users)

    @property
    def sign(self) -> NDArray[np.int8]:
        """Return the signs, -1 or +1, int8 [n]."""
        return np.sign(self.weight).astype(np.int8)

    @property
    def digest(self) -> str:
        """Return 16 hex digits of the SHA-256 of what the store holds; equal for the same rows in any order."""
        text = hashlib.sha256()
        for column, kind in (
            (self.source, "<i8"),
            (self.target, "<i8"),
            (self.time, "<f8"),
            (self.weight, "<f8"),
        ):
            text.update(np.ascontiguousarray(column, dtype=kind).data)
        text.update("\0".join(self.users.tolist()).encode("utf-8", "surrogatepass"))
        return text.hexdigest()[:16]

    def groups(self, size: int) -> NDArray[np.int64]:
        """Return the borders of groups of about `size` events, int64 [g + 1]; equal times are never split.

        Group i is `self[borders[i]:borders[i + 1]]`. A border that falls among equal times moves to their end.
        """
        ends = np.searchsorted(self.time, self.time[np.arange(size - 1, len(self), size)], side="right")
        return np.unique(np.concatenate([[0], ends, [len(self)]])).astype(np.int64)

    def repeats(self) -> NDArray[np.bool_]:
        """Return which events are the same in all four columns as the one before, bool [n]."""
        found = np.zeros(len(self), dtype=bool)
        columns = (self.time, self.source, self.target, self.weight)
        found[1:] = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
        return found


def in_order(
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    time: NDArray[np.float64],
    weight: NDArray[np.float64],
    users: NDArray[np.str_],
) -> Events:
    """Return the store of sound columns in any order; sorts by time, and only equal times by the other three.

    The arrays are the store's from now on: where they are in order already, they are not copied.
    """
    order = None
    if (time[1:] < time[:-1]).any():
        order = np.argsort(time, kind="stable")
    sorted_time = time if order is None else time[order]
    is_tied = np.zeros(len(time), dtype=bool)
    is_tied[1:] = sorted_time[1:] == sorted_time[:-1]
    is_tied[:-1] |= is_tied[1:]
    tied = np.flatnonzero(is_tied)
    if len(tied):
        order = np.arange(len(time)) if order is None else order
        rows = order[tied]
        order[tied] = rows[np.lexsort((weight[rows], target[rows], source[rows], time[rows]))]
    if order is not None:
        source, target, time, weight = source[order], target[order], time[order], weight[order]
    for column in (source, target, time, weight, users):
        column.flags.writeable = False
    return Events(source, target, time, weight, users)


def number_column(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return a copy of a column of numbers, float64 [n]; `UserError`, naming the event, where one is not finite.

    Dates (datetime64, also of a data frame) become seconds since 1970 in the column "time".
    """
    found, cure = "values that are no numbers", "Times are seconds, weights are signed numbers."
    no_numbers = UserError(f"the column {name}", found, "a number an event", cure)
    try:
        given = np.asarray(values)
        if given.dtype.kind == "M" and name == "time":
            micros = given.astype("datetime64[us]").astype(np.int64)
            column = np.where(np.isnat(given), np.nan, micros / 1e6)
        elif given.dtype.kind in "mM":  # counts of some unit, which numpy would take for numbers
            raise no_numbers
        else:
            column = given.astype(np.float64)
    except (TypeError, ValueError):
        raise no_numbers from None
    if column.ndim != 1:
        found = f"an array of shape {column.shape}"
        raise UserError(f"the column {name}", found, "one number an event", "Hand over one column.")
    is_finite = np.isfinite(column)
    if not is_finite.all():
        row = int(np.argmin(is_finite))
        cure = "Fill it in, or leave the event out."
        raise UserError(f"event {row + 1}, {name}", f"{column[row]}", "a finite number", cure)
    return column + 0.0  # a copy, in which -0 is 0


def _refuse(faulty: NDArray[np.bool_], found: str, expected: str) -> None:
    if faulty.any():
        more = f" (and {int(faulty.sum()) - 1:,} more such events)" if faulty.sum() > 1 else ""
        where = f"event {int(np.argmax(faulty)) + 1}"
        raise UserError(
            where, found + more, expected, "Leave such events out; the readers of files count them."
        )
