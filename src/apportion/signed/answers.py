"""From a network's outputs to losses and scores, for each task."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from apportion.signed.scorer import SignedTask

Scale = tuple[float, float]  # mean and standard deviation of training's weights


def loss_of(task: SignedTask, outputs: Tensor, labels: Tensor, scale: Scale) -> Tensor:
    """Return the mean cross-entropy, or for weights the mean squared error in standard deviations."""
    if task == "signed-existence":
        return functional.cross_entropy(outputs, labels.long())
    if task == "weight":
        return functional.mse_loss(outputs[:, 0], ((labels - scale[0]) / scale[1]).float())
    return functional.binary_cross_entropy_with_logits(outputs[:, 0], labels.float())


def scores_of(task: SignedTask, outputs: Tensor, scale: Scale) -> NDArray[np.float64]:
    """Return probabilities [m] or [m, 3], or weights [m], as `Scorer.score` gives them."""
    outputs = outputs.double()
    if task == "signed-existence":
        return torch.softmax(outputs, dim=1).numpy()
    if task == "weight":
        return (scale[0] + scale[1] * outputs[:, 0]).numpy()
    return torch.sigmoid(outputs[:, 0]).numpy()
