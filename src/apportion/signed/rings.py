"""The latest neighbours of each user, in rows that are short until a user has many."""

import numpy as np
from numpy.typing import NDArray

from apportion.signed.neighbours import grown
from apportion.signed.past import Ints

FEW = 8  # slots that every user has


class Rings:
    """Values of the latest `width` events of each user; that of the c-th, counted from 0, lies in slot c mod `width`.

    A user has a row of `FEW` slots and, from one event more than that on, one of `width`. So memory goes with the
    users and with the busy ones among them, not with all users times `width`. Where no event is, 0 is.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        few = min(FEW, width)
        self._few = np.zeros((0, few), dtype=np.int32)
        self._many = np.zeros((0, width), dtype=np.int32)
        self._row = np.zeros(0, dtype=np.int32)  # by user: the row in `_many` plus 1, 0 without one
        self._n_many = 0

    def grow(self, n_users: int) -> None:
        """Make rows for users numbered up to `n_users`; what is there stays."""
        self._few, self._row = grown(self._few, n_users), grown(self._row, n_users)

    def rows(self, user: Ints) -> NDArray[np.int32]:
        """Return a copy of the rows of m users, [m, width]."""
        few = self._few.shape[1]
        row = self._row[user]
        out = np.zeros((len(user), self.width), dtype=np.int32)
        out[:, :few] = self._few[user]
        busy = np.flatnonzero(row)
        out[busy] = self._many[row[busy] - 1]
        return out

    def write(self, user: Ints, place: Ints, value: NDArray[np.int32]) -> None:
        """Write values as the `place`-th of users, [n] each; no two of one user may belong in one slot."""
        few = self._few.shape[1]
        busy = np.unique(user[(place >= few) & (self._row[user] == 0)])
        if len(busy):
            first = self._n_many
            self._n_many += len(busy)
            self._many = grown(self._many, self._n_many)
            self._many[first : self._n_many, :few] = self._few[busy]
            self._row[busy] = np.arange(first, self._n_many) + 1
        row = self._row[user]
        is_busy = row > 0
        self._many[row[is_busy] - 1, place[is_busy] % self.width] = value[is_busy]
        self._few[user[~is_busy], place[~is_busy]] = value[~is_busy]
