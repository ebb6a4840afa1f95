"""What a model of signed networks is: something that scores pairs from the events that it has observed."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from apportion.signed.events import Events

SignedTask = Literal["existence", "sign", "signed-existence", "weight"]
CLASSES = ("negative", "none", "positive")  # the order of the columns of signed existence

Progress = Callable[[str, float], None]  # (what is being done, share of it that is done)


def no_scores(task: SignedTask) -> NDArray[np.float64]:
    """Return the scores of no queries, [0] or of signed existence [0, 3]."""
    return np.zeros((0, len(CLASSES)) if task == "signed-existence" else 0)


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """Pairs to be scored, m of them: would `source` give `target` a weight at `time`, and which?

    `source` and `target` are user numbers, int64 [m]; `time` is in seconds, float64 [m]; `features` are the
    history features of the pairs, float32 [m, F], each from events strictly earlier than its `time`, or None.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    time: NDArray[np.float64]
    features: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One step of a training stream: what is asked, the right answers, and the events to observe afterwards.

    `labels` [m] by task: existence 0 or 1; sign 0 (negative) or 1 (positive); signed existence 0, 1 or 2, the
    index in `CLASSES`; weight the weight itself.
    """

    queries: Queries
    labels: NDArray[np.float64]
    events: "Events"


class Scorer(ABC):
    """Scores pairs as of now, then observes what happened: the only order that the interface allows.

    `uses_features` says whether `Queries.features` must be given.
    """

    uses_features: bool = False

    @abstractmethod
    def fit(self, stream: "TrainingStream", seed: int, progress: Progress | None = None) -> None:
        """Learn from the training part of the stream, choosing by its validation part alone.

        Leaves the state just after the last validation event.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget every observed event, keep what was learned."""

    @abstractmethod
    def score(self, queries: Queries) -> NDArray[np.float64]:
        """Return a score for each query from the events observed so far; changes nothing.

        By task: existence, the probability of an event [m]; sign, the probability of a positive sign [m]; signed
        existence, probabilities in the order of `CLASSES` [m, 3]; weight, the expected weight [m].
        """

    @abstractmethod
    def observe(self, events: "Events") -> None:
        """Take in events; none may be earlier than one observed before."""


class TrainingStream(ABC):
    """The training and validation parts of a network, in groups that never split equal times."""

    task: SignedTask
    n_users: int
    n_features: int

    @abstractmethod
    def train(self, epoch: int) -> "list[Group]":
        """Return the groups of the training part, in time order; non-links are drawn anew for each epoch."""

    @abstractmethod
    def validation(self) -> "list[Group]":
        """Return the groups of the validation part, in time order; non-links are the same at every call."""

    @abstractmethod
    def validation_score(self, scores: NDArray[np.float64]) -> float:
        """Return the number to choose by, higher is better, of the scores of all validation queries in order."""
