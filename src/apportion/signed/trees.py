"""Gradient-boosted trees on the history features: every hand-made input that SEMBA gets, six settings tried a run."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from apportion.identity import seed_for
from apportion.signed.events import Events
from apportion.signed.scorer import CLASSES, Group, Progress, Queries, Scorer, SignedTask, TrainingStream

Trees = HistGradientBoostingClassifier | HistGradientBoostingRegressor


@dataclass(frozen=True, slots=True)
class TreesSettings:
    """What one trial tries; scikit-learn's words. The number of trees is chosen by validation within each trial."""

    learning_rate: float = 0.05
    max_leaf_nodes: int = 15
    min_samples_leaf: int = 20
    l2_regularization: float = 1.0
    max_features: float = 0.5
    max_iter: int = 300  # trees grown, of which the first so many are kept


TRIALS = (
    TreesSettings(),
    TreesSettings(max_leaf_nodes=7),
    TreesSettings(max_leaf_nodes=31, min_samples_leaf=40),
    TreesSettings(learning_rate=0.03, max_leaf_nodes=7, max_features=0.25),
    TreesSettings(learning_rate=0.1, max_leaf_nodes=4),
    TreesSettings(learning_rate=0.03, max_leaf_nodes=15, min_samples_leaf=100, l2_regularization=10.0),
)
EVERY = 10  # number of trees after which they are tried on validation


class BoostedTrees(Scorer):
    """scikit-learn's histogram boosting (after LightGBM, Ke 2017) on `Queries.features`; keeps no state.

    Settings and number of trees are those with the best validation score of this very network and seed, of six
    times 30; SEMBA chooses its epoch and the share of its forests by it, with settings that validation on Bitcoin
    OTC chose once and for all. In existence tasks it learns from the non-links of two epochs.
    """

    uses_features = True

    def __init__(self, task: SignedTask, trials: tuple[TreesSettings, ...] = TRIALS) -> None:
        self.task: SignedTask = task
        self.trials = trials
        self.settings: TreesSettings | None = None
        self.validation_score = -np.inf
        self._model: Trees | None = None
        self._constant = np.zeros(())

    def fit(self, stream: TrainingStream, seed: int, progress: Progress | None = None) -> None:
        """Grow trees for each trial, keep the best by validation."""
        epochs = 2 if self.task in ("existence", "signed-existence") else 1
        x, y = _gathered([group for epoch in range(epochs) for group in stream.train(epoch)])
        asked, _ = _gathered(stream.validation())
        self._model, self.settings, self.validation_score = None, None, -np.inf
        self._constant = _constant(self.task, y)
        if len(y) < 2 or len(np.unique(y)) < 2:
            return
        with threadpool_limits(1):
            for i, settings in enumerate(self.trials):
                if progress is not None:
                    progress(f"trial {i + 1} of {len(self.trials)}", i / len(self.trials))
                self._try(settings, seed, x, y, asked, stream)

    def _try(
        self,
        settings: TreesSettings,
        seed: int,
        x: NDArray[np.float32],
        y: NDArray[np.float64],
        asked: NDArray[np.float32],
        stream: TrainingStream,
    ) -> None:
        """Keep the trial's trees, as many as validation likes best, if they are better than what is kept."""
        random = seed_for(f"trees {seed}", "columns")
        kind = HistGradientBoostingRegressor if self.task == "weight" else HistGradientBoostingClassifier

        def grown(settings: TreesSettings) -> Trees:
            # early stopping would set aside a part at random, not the latest
            return kind(**asdict(settings), early_stopping=cast(str, False), random_state=random).fit(x, y)

        model = grown(settings)
        best_trees = 0
        for trees, raw in enumerate(_staged(model, asked), start=1):
            if trees % EVERY == 0 or trees == settings.max_iter:
                score = stream.validation_score(_answers(self.task, model, raw))
                if score > self.validation_score:
                    self.validation_score, best_trees = score, trees
        if best_trees:
            self.settings = settings
            self._model = grown(replace(settings, max_iter=best_trees))

    def reset(self) -> None:
        """Forget nothing: the past comes with each query."""

    def score(self, queries: Queries) -> NDArray[np.float64]:
        """Return the trees' answers."""
        if queries.features is None:
            raise ValueError("trees need the history features of their queries")
        if self._model is None:  # training had one class
            return np.broadcast_to(self._constant, (len(queries), *self._constant.shape)).astype(np.float64)
        with threadpool_limits(1):
            if isinstance(self._model, HistGradientBoostingRegressor):
                return self._model.predict(queries.features)
            return _answers(self.task, self._model, self._model.predict_proba(queries.features))

    def observe(self, events: Events) -> None:
        """Take in events, to no effect."""


def _gathered(groups: list[Group]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    asked = [group for group in groups if group.queries.features is not None]
    features = [group.queries.features for group in asked if group.queries.features is not None]
    return np.concatenate(features), np.concatenate([group.labels for group in asked])


def _constant(task: SignedTask, labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the answer where there is nothing to learn: the shares or the mean of the labels."""
    if task == "signed-existence":
        return np.bincount(labels.astype(int), minlength=len(CLASSES)) / max(1, len(labels))
    return np.asarray(labels.mean() if len(labels) else 0.5)


def _staged(model: Trees, x: NDArray[np.float32]) -> Iterator[NDArray]:
    if isinstance(model, HistGradientBoostingRegressor):
        return model.staged_predict(x)
    return model.staged_predict_proba(x)


def _answers(task: SignedTask, model: Trees, raw: NDArray) -> NDArray[np.float64]:
    """Return a score for each row, from the columns that the model has seen classes for."""
    if task == "weight":
        return raw
    if isinstance(model, HistGradientBoostingClassifier) and task == "signed-existence":
        out = np.zeros((len(raw), len(CLASSES)))
        out[:, np.asarray(model.classes_, dtype=int)] = raw
        return out
    return raw[:, 1]
