"""Events that are appended one group after the other, in columns that double when they are full."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from apportion.signed.events import Events
from apportion.signed.neighbours import grown

COLUMNS = ("source", "target", "time", "weight")
NOBODY = np.array([], dtype=np.str_)  # the users of rows that only the model sees


class EventLog:
    """Events in the order in which they came; an event costs the same to append whatever is there."""

    def __init__(self, events: Events) -> None:
        self._columns = {name: getattr(events, name) for name in COLUMNS}
        self._n = len(events)

    def __len__(self) -> int:
        return self._n

    def append(self, events: Events) -> None:
        """Take in events behind those that are there."""
        if not len(events):
            return
        end = self._n + len(events)
        for name in COLUMNS:
            self._columns[name] = grown(self._columns[name], end)
            self._columns[name][self._n : end] = getattr(events, name)
        self._n = end

    def events(self, users: NDArray[np.str_] = NOBODY) -> Events:
        """Return what is there now."""
        source, target, time, weight = (self._columns[name][: self._n] for name in COLUMNS)
        return Events(source, target, time, weight, users)


def joined(parts: Sequence[Events], users: NDArray[np.str_] = NOBODY) -> Events:
    """Return events one after the other; of no parts, no events."""
    nobody, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Events(
        np.concatenate([nobody, *(part.source for part in parts)]),
        np.concatenate([nobody, *(part.target for part in parts)]),
        np.concatenate([nothing, *(part.time for part in parts)]),
        np.concatenate([nothing, *(part.weight for part in parts)]),
        users,
    )
