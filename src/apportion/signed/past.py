"""Events sorted by user and by pair, so that "the events of this user among the first p" is a span of an array."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Role:
    """Events sorted by the user in one role, then by position.

    `order` [n] are event numbers; the events of a user among the first p are `order[start:end]` with the `span` of
    (user, p). `positives` [n + 1] counts the positive ones so far, over all users.
    """

    def __init__(self, user: Ints, weight: Floats) -> None:
        keys = _key(user, np.arange(len(user)))
        self.order = np.argsort(keys, kind="stable")
        self._keys = keys[self.order]
        self.positives = np.concatenate([[0], np.cumsum(weight[self.order] > 0)])

    def span(self, user: Ints, before: Ints) -> tuple[Ints, Ints]:
        """Return start and end of the events of users among the first `before` events, int64 [m] each."""
        return np.searchsorted(self._keys, _key(user, np.zeros_like(before))), self.end(user, before)

    def end(self, user: Ints, before: Ints) -> Ints:
        """Return the end of the span alone, for who knows the start."""
        return np.searchsorted(self._keys, _key(user, before))


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


class Past:
    """Events in time order with the three ways to look them up, each made when it is first needed."""

    def __init__(self, source: Ints, target: Ints, time: Floats, weight: Floats) -> None:
        self.source, self.target, self.time, self.weight = source, target, time, weight

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
