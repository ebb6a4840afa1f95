"""The rival that knows nothing: every pair gets the same answer."""

import numpy as np
from numpy.typing import NDArray

from apportion.signed.events import Events
from apportion.signed.scorer import CLASSES, Progress, Queries, Scorer, SignedTask, TrainingStream


class AlwaysPositive(Scorer):
    """Answers with the training part's share of positives, of events, of each class, or with its mean weight.

    On sign its decision is "positive", always: F1 of the positives is high and proves nothing.
    """

    def __init__(self, task: SignedTask) -> None:
        self.task: SignedTask = task
        self._answer = np.zeros(())

    def fit(self, stream: TrainingStream, seed: int, progress: Progress | None = None) -> None:
        """Count the labels of the training part."""
        labels = np.concatenate([group.labels for group in stream.train(0)])
        if self.task == "signed-existence":
            shares = np.bincount(labels.astype(int), minlength=len(CLASSES)) / max(1, len(labels))
            self._answer = shares
        else:
            self._answer = np.asarray(labels.mean() if len(labels) else 0.5)

    def reset(self) -> None:
        """Forget nothing: there is nothing."""

    def score(self, queries: Queries) -> NDArray[np.float64]:
        """Return the one answer, for each query."""
        return np.broadcast_to(self._answer, (len(queries), *self._answer.shape)).astype(np.float64)

    def observe(self, events: Events) -> None:
        """Take in events, to no effect."""
