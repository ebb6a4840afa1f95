"""Events sorted by user and by pair, so that "the events of this user among the first p" is a span of an array."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Role:
    """Events sorted by the user in one role, then by position.

    `order` [n] are event numbers; the events of a user among the first p are `order[start:end]` with the `span` of
    (user, p). `positives` [n + 1] counts the positive ones so far, over all users; `running` [n] sums each user's
    weights so far, in an order that depends on the user's own events alone, so that the events of others never
    move a bit of it.
    """

    def __init__(self, user: Ints, weight: Floats) -> None:
        keys = _key(user, np.arange(len(user)))
        self.order = np.argsort(keys, kind="stable")
        self._keys = keys[self.order]
        sorted_weight = weight[self.order]
        self.positives = np.concatenate([[0], np.cumsum(sorted_weight > 0)])
        self.running = _running_sums(user[self.order], sorted_weight)

    def span(self, user: Ints, before: Ints) -> tuple[Ints, Ints]:
        """Return start and end of the events of users among the first `before` events, int64 [m] each."""
        start = np.searchsorted(self._keys, _key(user, np.zeros_like(before)))
        return start, np.searchsorted(self._keys, _key(user, before))

    def counts(self, user: Ints, before: Ints) -> tuple[Ints, Ints]:
        """Return the numbers of positive events and of all events of users among the first `before`."""
        start, end = self.span(user, before)
        return self.positives[end] - self.positives[start], end - start

    def latest(self, user: Ints, before: Ints, most: int) -> tuple[Ints, Ints]:
        """Return the latest events, at most `most`, of each user: (place in `user`, event number), flat."""
        start, end = self.span(user, before)
        start = np.maximum(start, end - most)
        length = end - start
        query = np.repeat(np.arange(len(user)), length)
        offset = np.arange(len(query)) - np.repeat(np.cumsum(length) - length, length)
        return query, self.order[start[query] + offset]


class Pairs:
    """Events sorted by the pair (source, target), then by position."""

    def __init__(self, source: Ints, target: Ints) -> None:
        codes = _key(source, target)
        self.order = np.argsort(codes, kind="stable")  # stable: by position within a pair
        self._codes, first = np.unique(codes[self.order], return_index=True)
        self._starts = np.append(first, len(codes))
        number = np.repeat(np.arange(len(self._codes)), np.diff(self._starts))
        self._keys = _key(number, self.order)

    def span(self, source: Ints, target: Ints, before: Ints) -> tuple[Ints, Ints]:
        """Return start and end of the events of pairs among the first `before` events, int64 [m] each."""
        start, end = np.zeros(len(source), dtype=np.int64), np.zeros(len(source), dtype=np.int64)
        if len(self._codes):
            codes = _key(source, target)
            number = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
            known = np.flatnonzero(self._codes[number] == codes)
            start[known] = self._starts[number[known]]
            end[known] = np.searchsorted(self._keys, _key(number[known], before[known]))
        return start, end

    def latest_sign(self, source: Ints, target: Ints, before: Ints, weight: Floats) -> Floats:
        """Return the sign of the latest event of each pair among the first `before`, 0 without one."""
        start, end = self.span(source, target, before)
        sign, has = np.zeros(len(source)), np.flatnonzero(end > start)
        sign[has] = np.sign(weight[self.order[end[has] - 1]])
        return sign


class Past:
    """Events in time order with the three ways to look them up, each made when it is first needed."""

    def __init__(self, source: Ints, target: Ints, time: Floats, weight: Floats) -> None:
        self.source, self.target, self.time, self.weight = source, target, time, weight

    def followed_by(self, source: Ints, target: Ints, time: Floats, weight: Floats) -> "Past":
        """Return this past with later events behind it."""
        if len(time) and len(self.time) and time[0] < self.time[-1]:
            raise ValueError(f"an event at {time[0]} cannot follow one at {self.time[-1]}")
        return Past(
            np.concatenate([self.source, source]),
            np.concatenate([self.target, target]),
            np.concatenate([self.time, time]),
            np.concatenate([self.weight, weight]),
        )

    @cached_property
    def gave(self) -> Role:
        """Return the events by rater."""
        return Role(self.source, self.weight)

    @cached_property
    def got(self) -> Role:
        """Return the events by ratee."""
        return Role(self.target, self.weight)

    @cached_property
    def pairs(self) -> Pairs:
        """Return the events by pair."""
        return Pairs(self.source, self.target)


def _key(high: Ints, low: Ints) -> Ints:
    """Return one number that sorts as (high, low); both below 2^31."""
    return (high.astype(np.int64) << 32) | low


def _running_sums(user: Ints, values: Floats) -> Floats:
    """Return sums from the first value of each user up to each place, where `user` is sorted.

    By doubling: after the step with reach r, a place holds the sum of its r latest values. What is added to what
    depends on the distance from the user's first value alone.
    """
    sums = values.astype(np.float64)
    if not len(user):
        return sums
    starts = np.flatnonzero(np.append(True, user[1:] != user[:-1]))
    lengths = np.diff(np.append(starts, len(user)))
    offset = np.arange(len(user)) - np.repeat(starts, lengths)
    reach = 1
    while reach <= offset.max():
        place = np.flatnonzero(offset >= reach)
        sums[place] = sums[place] + sums[place - reach]
        reach *= 2
    return sums
