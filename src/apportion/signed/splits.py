"""Training, validation and test parts of a network by time, and which users training has seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.signed.events import Events
from apportion.signed.gathering import counted

TRAIN, VALIDATION = 0.70, 0.85  # time quantiles at which training and validation end


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Events cut in three by time; events of equal times are on one side.

    Training is `events[:train_end]`, validation `events[train_end:validation_end]`, test the rest.
    """

    events: Events
    train_end: int
    validation_end: int

    @classmethod
    def by_quantiles(cls, events: Events, train: float = TRAIN, validation: float = VALIDATION) -> "Split":
        """Return the split at quantiles of the events' times; an event exactly at a border is before it."""
        if not len(events):
            raise _too_few(events)
        first, second = np.quantile(events.time, [train, validation])
        return cls.at_times(events, float(first), float(second))

    @classmethod
    def at_times(cls, events: Events, train_until: float, validation_until: float) -> "Split":
        """Return the split where training holds the times up to the first, validation those up to the second."""
        train, validation = np.searchsorted(events.time, [train_until, validation_until], side="right")
        if not 0 < train < validation < len(events):
            raise _too_few(events)
        return cls(events, int(train), int(validation))

    def with_first(self, n_training: int) -> "Split":
        """Return the split that trains on the first `n_training` training events; later ones never happened.

        Rounded up so that equal times stay together.
        """
        time = self.events.time
        n = int(np.searchsorted(time[: self.train_end], time[n_training - 1], side="right"))
        kept = np.r_[:n, self.train_end : len(self.events)]
        e = self.events
        events = Events(e.source[kept], e.target[kept], e.time[kept], e.weight[kept], e.users)
        return Split(events, n, n + self.validation_end - self.train_end)

    @property
    def train(self) -> Events:
        """Return the training events."""
        return self.events[: self.train_end]

    @property
    def validation(self) -> Events:
        """Return the validation events."""
        return self.events[self.train_end : self.validation_end]

    @property
    def test(self) -> Events:
        """Return the test events."""
        return self.events[self.validation_end :]

    def seen_in_training(self) -> NDArray[np.bool_]:
        """Return whether each user takes part in a training event, in either role, bool [n_users]."""
        seen = np.zeros(self.events.n_users, dtype=bool)
        seen[self.train.source] = seen[self.train.target] = True
        return seen

    def transductive(self) -> NDArray[np.bool_]:
        """Return whether training has seen both ends of each event, bool [n]."""
        seen = self.seen_in_training()
        return seen[self.events.source] & seen[self.events.target]

    def inductive(self) -> NDArray[np.bool_]:
        """Return whether training has seen neither end of each event, bool [n]."""
        seen = self.seen_in_training()
        return ~seen[self.events.source] & ~seen[self.events.target]


def _too_few(events: Events) -> UserError:
    instants = len(np.unique(events.time))
    return UserError(
        "events",
        f"{counted(len(events), 'event')} at {counted(instants, 'distinct time')}",
        "enough distinct times for a training, a validation and a test part",
        "Give a longer record of the network.",
    )
