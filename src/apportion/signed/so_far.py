"""What is known of users and pairs at a moment: from the tables of what was observed, and from events that follow.

Events that follow are in an index of their own (`Past`), in which a moment is a number: "the first `before` of them".
What comes out is bit for bit what the tables would give had they observed these.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apportion.signed.pair_table import PairTable
from apportion.signed.past import Floats, Ints, Past
from apportion.signed.user_table import LATEST, UserTable, signed_other


class Standing(NamedTuple):
    """What is known of m users in one role, [m] each; times are infinite where there is no such event.

    `number` is that of events, `positives` that of positive ones, `total` the sum of weights, `last` the latest weight;
    `recent` is the number of positive ones of the latest `LATEST` events, `burst` the time of the first of these
    where there are so many.
    """

    number: Ints
    positives: Ints
    total: Floats
    last: Floats
    recent: Ints
    first: Floats
    latest: Floats
    burst: Floats


class Edge(NamedTuple):
    """What is known of m pairs, [m] each: number of events, weight (0 without) and time of the latest (infinite)."""

    number: Ints
    weight: Floats
    time: Floats


class RoleSoFar:
    """Users in one role: a table, and events that follow; `is_rater` says which of their ends is meant."""

    def __init__(self, table: UserTable, follows: Past, is_rater: bool) -> None:
        self._table, self._follows = table, follows
        self._user, self._other = follows.source, follows.target
        if not is_rater:
            self._user, self._other = self._other, self._user
        self._role = follows.gave if is_rater else follows.got
        self._first = np.zeros(
            len(table.count), dtype=np.int32
        )  # by user: place of the first that follows, plus 1
        self._first[self._user[self._role.order[::-1]]] = np.arange(len(self._user), 0, -1)

    def has_followers(self, user: Ints) -> NDArray[np.bool_]:
        """Return whether events of m users follow, at whatever time, [m]."""
        return self._first[user] > 0

    def counts(self, user: Ints, before: Ints) -> tuple[Ints, Ints]:
        """Return the numbers of positive events and of all events of m users, [m] each."""
        positives, count = self._table.positives[user], self._table.count[user]
        first = self._first[user]
        here = np.flatnonzero(first)
        if len(here):
            start, end = first[here] - 1, self._role.end(user[here], before[here])
            positives[here] += self._role.positives[end] - self._role.positives[start]
            count[here] += end - start
        return positives, count

    def standing(self, user: Ints, before: Ints) -> Standing:
        """Return what is known of m users."""
        table, role, order = self._table, self._role, self._role.order
        start, end = role.span(user, before)
        here = np.flatnonzero(end > start)
        count = table.count[user] + end - start
        positives = table.positives[user] + role.positives[end] - role.positives[start]
        total, last, first = table.total[user], table.last[user], table.first[user]
        total[here] = self._running[end[here] - 1]
        last[here] = self._follows.weight[order[end[here] - 1]]
        first[here] = np.minimum(first[here], self._follows.time[order[start[here]]])
        span = user, start, end
        times = self._with_what_follows(table.times[user], self._follows.time, *span)
        positive = self._with_what_follows(table.signs[user], self._follows.weight > 0, *span)
        row = np.arange(len(user))
        latest = np.where(count > 0, times[row, (count - 1) % LATEST], np.inf)
        burst = np.where(count >= LATEST, times[row, count % LATEST], np.inf)
        return Standing(count, positives, total, last, positive.sum(axis=1), first, latest, burst)

    def neighbours(self, user: Ints, before: Ints) -> NDArray[np.int32]:
        """Return the latest neighbours of m users as the table's `others` has them, [m, neighbours]."""
        column = signed_other(self._other, self._follows.weight)
        span = self._role.span(user, before)
        return self._with_what_follows(self._table.others.rows(user), column, user, *span)

    def _with_what_follows(
        self, rows: NDArray, column: NDArray, user: Ints, start: Ints, end: Ints
    ) -> NDArray:
        """Return rows of a ring, in place, as they would be after the events from `start` to `end` of the role's
        order."""
        here = np.flatnonzero(end > start)
        if not len(here):
            return rows
        width = rows.shape[1]
        first = np.maximum(start, end - width)[here]  # those before would be overwritten
        length = end[here] - first
        query = np.repeat(here, length)
        place = np.arange(len(query)) + np.repeat(first - np.cumsum(length) + length, length)
        slot = (self._table.count[user[query]] + place - start[query]) % width
        rows[query, slot] = column[self._role.order[place]]
        return rows

    @cached_property
    def _running(self) -> Floats:
        """Return the sum of each user's weights so far at each place of the role's order, added up one by one."""
        order = self._role.order
        sums = self._follows.weight[order]
        user = self._user[order]
        start = np.flatnonzero(np.diff(user, prepend=-1))
        size = np.diff(start, append=len(user))
        sums[start] = self._table.total[user[start]] + sums[start]
        largest = np.argsort(-size, kind="stable")
        start, size = start[largest], size[largest]
        for rank in range(1, size.max(initial=0)):
            place = start[: np.searchsorted(-size, -rank)] + rank
            sums[place] = sums[place - 1] + sums[place]
        return sums


class PairsSoFar:
    """Ordered pairs: a table, and events that follow."""

    def __init__(self, table: PairTable, follows: Past, gave: RoleSoFar, got: RoleSoFar) -> None:
        self._table, self._follows, self._gave, self._got = table, follows, gave, got

    def signs(self, u: Ints, w: Ints, before: Ints) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """Return the signs of the latest events from u to w and from w to u, 0 without one, [m] each."""
        place = self._table.places(u, w)
        had = np.flatnonzero(place >= 0)
        place = place[had]
        forth, back = np.zeros(len(u), dtype=np.int8), np.zeros(len(u), dtype=np.int8)
        forth[had], back[had] = (np.sign(self._table.weight[x]) for x in (place, place ^ 1))
        for sign, ends in ((forth, (u, w)), (back, (w, u))):
            here, _, end = self._following(*ends, before)
            sign[here] = np.sign(self._follows.weight[self._follows.pairs.order[end - 1]])
        return forth, back

    def edges(self, u: Ints, v: Ints, before: Ints) -> tuple[Edge, Edge]:
        """Return what is known of the pairs (u, v) and of (v, u), m each."""
        place = self._table.places(u, v)
        had = np.flatnonzero(place >= 0)
        place = place[had]
        return self._edge(u, v, before, had, place), self._edge(v, u, before, had, place ^ 1)

    def _edge(self, source: Ints, target: Ints, before: Ints, had: Ints, place: Ints) -> Edge:
        count, weight = np.zeros(len(source), dtype=np.int64), np.zeros(len(source))
        time = np.full(len(source), np.inf)
        count[had], weight[had] = self._table.count[place], self._table.weight[place]
        time[had] = np.where(count[had] > 0, self._table.time[place], np.inf)
        here, start, end = self._following(source, target, before)
        latest = self._follows.pairs.order[end - 1]
        count[here] += end - start
        weight[here], time[here] = self._follows.weight[latest], self._follows.time[latest]
        return Edge(count, weight, time)

    def _following(self, source: Ints, target: Ints, before: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the pairs of m with events among those that follow, and start and end of these."""
        here = np.flatnonzero(self._gave.has_followers(source) & self._got.has_followers(target))
        start, end = self._follows.pairs.span(source[here], target[here], before[here])
        has = end > start
        return here[has], start[has], end[has]
