"""What is known of each user in one role so far: running sums, and the latest events in rings, by user number."""

import numpy as np
from numpy.typing import NDArray

from apportion.signed.neighbours import grown
from apportion.signed.past import Floats, Ints
from apportion.signed.rings import Rings

LATEST = 10  # events of a user that its recent rates look at
NEIGHBOURS = 100  # latest events of a user in a role that triads go through


class UserTable:
    """Of the events observed so far, by user in one role: how many, how many positive ones, the sum of weights, the
    time of the first (infinite without one), the weight of the latest, and the latest ones in rings.

    The c-th event of a user, counted from 0, lies in slot c mod width of a ring. `times` float64 and `signs` bool (is
    it positive?) are [n, LATEST]; `others` holds as many as `neighbours` numbers of the users at the other end, as
    `signed_other` has them.

    Sums are added up event by event, so that they do not depend on how many events are observed at once. A table
    grows with users, not with events.
    """

    def __init__(self, neighbours: int = NEIGHBOURS) -> None:
        self.count = np.zeros(0, dtype=np.int64)
        self.positives = np.zeros(0, dtype=np.int64)
        self.total = np.zeros(0, dtype=np.float64)
        self.last = np.zeros(0, dtype=np.float64)
        self.first = np.zeros(0, dtype=np.float64)
        self.times = np.zeros((0, LATEST), dtype=np.float64)
        self.signs = np.zeros((0, LATEST), dtype=np.bool_)
        self.others = Rings(neighbours)

    def grow(self, n_users: int) -> None:
        """Make rows for users numbered up to `n_users`; what is there stays."""
        had = len(self.count)
        if n_users <= had:
            return
        self.count, self.positives, self.total, self.last, self.first = (
            grown(x, n_users) for x in (self.count, self.positives, self.total, self.last, self.first)
        )
        self.first[had:] = np.inf
        self.times, self.signs = grown(self.times, n_users), grown(self.signs, n_users)
        self.others.grow(n_users)

    def observe(self, user: Ints, other: Ints, time: Floats, weight: Floats) -> None:
        """Take in n events, [n] each, in time order, none earlier than one observed before."""
        order = np.argsort(user, kind="stable")
        sorted_user = user[order]
        start = np.flatnonzero(np.diff(sorted_user, prepend=-1))
        size = np.diff(start, append=len(user))
        users = sorted_user[start]
        before = self.count[users]
        is_new = before == 0
        self.first[users[is_new]] = time[order[start[is_new]]]
        self.last[users] = weight[order[start + size - 1]]
        self.positives[users] += np.add.reduceat(weight[order] > 0, start, dtype=np.int64)
        np.add.at(self.total, user, weight)
        rank = np.arange(len(user)) - np.repeat(start, size)
        left = np.repeat(size, size) - rank  # the event and those that come after it
        place = np.repeat(before, size) + rank
        stays = left <= LATEST  # the others would be overwritten by this very call
        slot = sorted_user[stays], place[stays] % LATEST
        self.times[slot], self.signs[slot] = time[order[stays]], weight[order[stays]] > 0
        stays = left <= self.others.width
        held = signed_other(other, weight)[order[stays]]
        self.others.write(sorted_user[stays], place[stays], held)
        self.count[users] += size


def signed_other(other: Ints, weight: Floats) -> NDArray[np.int32]:
    """Return what `others` holds of events: the other's number plus 1, negative where the weight is."""
    return np.where(weight > 0, other + 1, -other - 1).astype(np.int32)
