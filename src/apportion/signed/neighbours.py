"""The latest neighbours of users in the past: a table of rows by user, filled and read by index arithmetic."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Latest(NamedTuple):
    """The latest events of some users, latest first; every array is [m, k].

    `other` is the number of the user at the other end, `outgoing` says that the user asked about was the source.
    Where `known` is False there is no such event, and the other arrays hold 0.
    """

    other: NDArray[np.int64]
    time: NDArray[np.float64]
    weight: NDArray[np.float64]
    outgoing: NDArray[np.bool_]
    known: NDArray[np.bool_]


class Neighbours:
    """The `width` latest events of each user, in both roles, of the events observed so far.

    A compressed sparse row table whose rows have one length: only the `width` latest events of a user can be
    asked for, so its row holds these, in `width` slots; the c-th event of a user, counted from 0, lies in slot
    c mod `width`, where it overwrites the one that is no longer asked for. So an event costs the same however
    many came before it, and the table grows with users, not with events. An event of a user with itself is
    two events of that user, one in each role, the outgoing one first.
    """

    def __init__(self, n_users: int, width: int) -> None:
        self.width = width
        self._count = np.zeros(n_users, dtype=np.int64)
        self._other = np.zeros((n_users, width), dtype=np.int64)
        self._time = np.zeros((n_users, width), dtype=np.float64)
        self._weight = np.zeros((n_users, width), dtype=np.float64)
        self._outgoing = np.zeros((n_users, width), dtype=np.bool_)

    @property
    def n_users(self) -> int:
        """Return the number of users that the table has rows for."""
        return len(self._count)

    def count(self, users: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many events each of the users has had in either role, also those no longer held, [m]."""
        return self._count[users]

    def grow(self, n_users: int) -> None:
        """Make rows for users numbered up to `n_users`; what is there stays."""
        for name, table in self.tables().items():
            setattr(self, f"_{name}", grown(table, n_users))

    def clear(self) -> None:
        """Forget every event."""
        for table in self.tables().values():
            table[:] = 0

    def observe(
        self,
        source: NDArray[np.int64],
        target: NDArray[np.int64],
        time: NDArray[np.float64],
        weight: NDArray[np.float64],
    ) -> None:
        """Take in n events, [n] each, in time order, none earlier than one observed before."""
        user = np.stack([source, target], axis=1).ravel()  # [2n] in order of events, source before target
        order = np.argsort(user, kind="stable")
        user = user[order]
        first = np.flatnonzero(np.diff(user, prepend=-1))
        size = np.diff(first, append=len(user))  # events of each user that occurs
        rank = np.arange(len(user)) - np.repeat(first, size)
        stays = (
            rank >= np.repeat(size, size) - self.width
        )  # the others would be overwritten by this very call
        order, user = order[stays], user[stays]
        slot = (self._count[user] + rank[stays]) % self.width
        event, outgoing = order // 2, order % 2 == 0
        self._other[user, slot] = np.where(outgoing, target[event], source[event])
        self._time[user, slot] = time[event]
        self._weight[user, slot] = weight[event]
        self._outgoing[user, slot] = outgoing
        np.add.at(self._count, np.concatenate([source, target]), 1)

    def latest(self, users: NDArray[np.int64]) -> Latest:
        """Return the latest `width` events of each of m users, latest first."""
        back = np.arange(self.width)
        count = self._count[users][:, None]
        slot = (count - 1 - back) % self.width  # [m, k]; without a known event a slot not yet written, so 0
        at = (users[:, None], slot)
        return Latest(self._other[at], self._time[at], self._weight[at], self._outgoing[at], back < count)

    def tables(self) -> dict[str, NDArray]:
        """Return what the index holds, by name; the arrays are the index's own."""
        return {
            "count": self._count,
            "other": self._other,
            "time": self._time,
            "weight": self._weight,
            "outgoing": self._outgoing,
        }

    def restore(self, tables: dict[str, NDArray]) -> None:
        """Hold what another index of this width held, as `tables` gave it."""
        for name in self.tables():
            setattr(self, f"_{name}", tables[name].copy())


def grown(table: NDArray, n_rows: int) -> NDArray:
    """Return the table with at least `n_rows` rows, the new ones 0; at least doubled when it has to grow."""
    if n_rows <= len(table):
        return table
    out = np.zeros((max(n_rows, 2 * len(table)), *table.shape[1:]), dtype=table.dtype)
    out[: len(table)] = table
    return out
