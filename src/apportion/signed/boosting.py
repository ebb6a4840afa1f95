"""Boosted trees as a second opinion on the hand-made inputs: flat arrays that are saved with a network."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, logit, softmax
from torch import Tensor, nn

from apportion.identity import seed_for
from apportion.signed.heads import OUTPUTS
from apportion.signed.scorer import SignedTask

FORESTS = (  # steps, leaves, share of the features that a split may look at, least events in a leaf
    (150, 15, 0.5, 20),
    (250, 7, 0.5, 20),
    (120, 31, 0.3, 40),
)
RATE = 0.05
SHARES = (0.0, 0.25, 0.5, 0.75)  # of the trees in the answer; what is left is the network's
ROWS = 2_000  # that walk down the trees at a time, so that memory does not grow with their number
SURE = 1e-12  # probabilities are kept away from 0 and 1 by this


class Forests(nn.Module):
    """Forests grown by scikit-learn's histogram boosting, their mean held as buffers, and its `share` in the answer.

    Trees are [trees, outputs, nodes]; a leaf is its own child, so that all rows walk down all trees in `depth` steps of
    index arithmetic. Without trees, share is 0.
    """

    feature: Tensor
    threshold: Tensor
    left: Tensor
    right: Tensor
    value: Tensor
    start: Tensor
    share: Tensor

    def __init__(self, task: SignedTask, shape: tuple[int, int, int] = (0, 1, 1)) -> None:
        super().__init__()
        self.task: SignedTask = task
        for name in ("feature", "left", "right"):
            self.register_buffer(name, torch.zeros(shape, dtype=torch.long))
        for name in ("threshold", "value"):
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("start", torch.zeros(shape[1], dtype=torch.float64))
        self.register_buffer("share", torch.zeros((), dtype=torch.float64))

    def grow(self, features: NDArray[np.float32], labels: NDArray[np.float64], seed: int) -> bool:
        """Grow trees on the training queries, [n, F] and [n]; return whether labels differ (of signed existence,
        whether all three are there): without, there are none."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        outputs = OUTPUTS[self.task]
        if len(np.unique(labels)) < max(2, outputs):
            return False
        kind = HistGradientBoostingRegressor if self.task == "weight" else HistGradientBoostingClassifier
        grown: list[list[NDArray]] = []
        start = np.zeros(outputs)
        for i, (steps, leaves, share, least) in enumerate(FORESTS):
            model = kind(
                learning_rate=RATE,
                max_iter=steps,
                max_leaf_nodes=leaves,
                min_samples_leaf=least,
                l2_regularization=1.0,
                max_features=share,
                random_state=seed_for(f"boosting {seed}", "columns", i),
            )
            model.set_params(early_stopping=False)
            with threadpool_limits(1):
                model.fit(features, labels)
            grown += [[tree.nodes for tree in step] for step in model._predictors]
            start += np.ravel(model._baseline_prediction)
        self._hold(grown, start / len(FORESTS))
        return True

    def _hold(self, grown: list[list[NDArray]], start: NDArray[np.float64]) -> None:
        shape = (len(grown), len(grown[0]), max(len(nodes) for step in grown for nodes in step))
        self.__init__(self.task, shape)
        self.start.copy_(torch.from_numpy(start))
        for i, step in enumerate(grown):
            for j, nodes in enumerate(step):
                n = len(nodes)
                leaf, itself = nodes["is_leaf"].astype(bool), np.arange(n)
                columns = {
                    "feature": np.where(leaf, 0, nodes["feature_idx"]),
                    "threshold": np.where(leaf, 0.0, nodes["num_threshold"]),
                    "left": np.where(leaf, itself, nodes["left"]),
                    "right": np.where(leaf, itself, nodes["right"]),
                    "value": nodes["value"] / len(FORESTS),
                }
                for name, column in columns.items():
                    getattr(self, name)[i, j, :n] = torch.from_numpy(column)

    def raw(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the trees' answers before any link, [m, outputs]."""
        starts = range(0, max(1, len(features)), ROWS)
        return np.concatenate([self._walked(features[start : start + ROWS]) for start in starts])

    def _walked(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        trees, outputs, nodes = self.feature.shape
        feature, threshold, left, right, value = (
            x.reshape(-1).numpy() for x in (self.feature, self.threshold, self.left, self.right, self.value)
        )
        root = np.arange(trees * outputs) * nodes
        rows = np.arange(len(features))[:, None]
        at = np.tile(root, (len(features), 1))  # [m, trees * outputs], places in the flat arrays
        while True:
            goes_left = features[rows, feature[at]] <= threshold[at]
            below = root + np.where(goes_left, left[at], right[at])
            if np.array_equal(below, at):
                break
            at = below
        return value[at].reshape(len(features), trees, outputs).sum(axis=1) + self.start.numpy()

    def blend(
        self, network: NDArray[np.float64], raw: NDArray[np.float64], share: float
    ) -> NDArray[np.float64]:
        """Return a network's scores with the trees' `raw` answers at some share: means of logits, or of weights."""
        if self.task == "weight":
            return (1 - share) * network + share * raw[:, 0]
        if self.task == "signed-existence":
            mixed = (1 - share) * np.log(network + SURE) + share * log_softmax(raw, axis=1)
            return softmax(mixed, axis=1)
        return expit((1 - share) * logit(np.clip(network, SURE, 1 - SURE)) + share * raw[:, 0])
