"""The rival of two lines: how positive u is as a rater, and how positively v has been rated."""

import numpy as np
from numpy.typing import NDArray

from apportion.signed.events import Events
from apportion.signed.history import HISTORY_FEATURES
from apportion.signed.scorer import Progress, Queries, Scorer, SignedTask, TrainingStream

_RATES = [HISTORY_FEATURES.index(name) for name in ("u_gave_rate", "v_got_rate")]


class Reputation(Scorer):
    """Smoothed reputation: half of rate(u as rater) + rate(v as ratee), each (positives + 9) / (all + 10).

    From events strictly earlier than the query, whatever the size of the groups. No learning on sign. On weight
    the reputation is rescaled by the least-squares line through the training part. What two users think of each
    other's ratings says nothing of whether they meet, so it has no answer on existence.
    """

    uses_features = True

    def __init__(self, task: SignedTask) -> None:
        if task not in ("sign", "weight"):
            raise ValueError(f"reputation has no answer on {task}")
        self.task: SignedTask = task
        self._line = np.array([1.0, 0.0])  # slope, intercept

    def fit(self, stream: TrainingStream, seed: int, progress: Progress | None = None) -> None:
        """Rescale to weights; on sign nothing."""
        if self.task == "weight":
            groups = [group for group in stream.train(0) if len(group.queries)]
            x = np.concatenate([_reputation(group.queries) for group in groups])
            y = np.concatenate([group.labels for group in groups])
            slope = np.cov(x, y)[0, 1] / max(float(x.var(ddof=1)), 1e-12) if len(x) > 1 else 0.0
            self._line = np.array([slope, y.mean() - slope * x.mean()])

    def reset(self) -> None:
        """Forget nothing: the past comes with each query."""

    def score(self, queries: Queries) -> NDArray[np.float64]:
        """Return the reputations, between 0 and 1, or the weights that they stand for."""
        return self._line[0] * _reputation(queries) + self._line[1]

    def observe(self, events: Events) -> None:
        """Take in events, to no effect."""


def _reputation(queries: Queries) -> NDArray[np.float64]:
    if queries.features is None:
        raise ValueError("reputation needs the history features of its queries")
    return queries.features[:, _RATES].astype(np.float64).mean(axis=1)
