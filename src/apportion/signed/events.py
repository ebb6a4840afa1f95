"""Events of a signed network: an immutable store, sorted by time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Events (source, target, time, weight), n of them, in time order.

    `source` and `target` are user numbers, int64 [n], positions in `users`; `time` is in seconds, float64 [n],
    never decreasing; `weight` is finite and never 0, float64 [n]; `users` are the ids as text, str [n_users].
    Both roles of a user have one number.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    time: NDArray[np.float64]
    weight: NDArray[np.float64]
    users: NDArray[np.str_]

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

    def groups(self, size: int) -> NDArray[np.int64]:
        """Return the borders of groups of about `size` events, int64 [g + 1]; equal times are never split.

        Group i is `self[borders[i]:borders[i + 1]]`. A border that falls among equal times moves to their end.
        """
        ends = np.searchsorted(self.time, self.time[np.arange(size - 1, len(self), size)], side="right")
        return np.unique(np.concatenate([[0], ends, [len(self)]])).astype(np.int64)
