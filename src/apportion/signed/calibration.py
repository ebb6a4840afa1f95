"""Scores that mean what they say: recalibrated on validation, and how far they still are from it on test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit, softmax

from apportion.signed.scored import Scored
from apportion.signed.scorer import CLASSES, SignedTask

Floats = NDArray[np.float64]
BINS = 10


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is done to a model's scores: x becomes slope x + shift, on the scale where that makes sense.

    Sign and existence: of the logit (Platt 2000). Signed existence: of the log-probabilities, one slope (a temperature,
    Guo 2017) and a shift for each class. Weight: of the weight itself. A slope is never negative, so the order of
    scores stays, and with it every metric of order; not so in signed existence, where a class's probability hangs
    on how the others share the rest.
    """

    slope: float = 1.0
    shift: tuple[float, ...] = (0.0,)

    def apply(self, task: SignedTask, score: Floats) -> Floats:
        """Return the recalibrated scores, of the same shape."""
        if task == "weight":
            return self.slope * score + self.shift[0]
        if task == "signed-existence":
            return softmax(self.slope * _logs(score) + np.array(self.shift), axis=1)
        return expit(self.slope * _logits(score) + self.shift[0])


def calibrate(task: SignedTask, validation: Scored) -> Calibration:
    """Return the calibration of the least log loss on validation, squared error for weights; itself without data.

    Slope and shift are held near 1 and 0 by a penalty that counts as much as one query.
    """
    start = Calibration(1.0, (0.0,) * (len(CLASSES) if task == "signed-existence" else 1))
    if len(validation) < 2:
        return start
    label, score = validation.label, validation.score
    if task == "weight":
        slope = max(0.0, float(np.cov(score, label, bias=True)[0, 1] / max(score.var(), 1e-12)))
        return Calibration(slope, (float(label.mean() - slope * score.mean()),))
    x = _logs(score) if task == "signed-existence" else _logits(score)

    def loss(parameters: Floats) -> float:
        slope, shift = np.exp(parameters[0]), parameters[1:]
        if task == "signed-existence":
            each = -log_softmax(slope * x + shift, axis=1)[np.arange(len(x)), label.astype(int)]
        else:
            each = np.logaddexp(0, -np.where(label == 1, 1, -1) * (slope * x + shift[0]))
        return float(each.sum() + 0.5 * (parameters**2).sum())

    found = minimize(
        loss, np.zeros(1 + len(start.shift)), method="L-BFGS-B", bounds=[(-5, 5)] * (1 + len(start.shift))
    )
    return Calibration(float(np.exp(found.x[0])), tuple(float(b) for b in found.x[1:]))


@dataclass(frozen=True, slots=True)
class Reliability:
    """What was said against what was so, in bins of equally many queries.

    `said` and `was` are the means of score and label in each bin, `error` the mean distance between them (expected
    calibration error; for weights in units of weight). In signed existence each class is a query of its own.
    """

    said: tuple[float, ...]
    was: tuple[float, ...]
    error: float


def reliability(task: SignedTask, scored: Scored) -> Reliability:
    """Return how reliable scores are; an empty one without queries."""
    said, was = scored.score, scored.label
    if task == "signed-existence":
        said, was = said.ravel(), np.eye(len(CLASSES))[was.astype(int)].ravel()
    if not len(said):
        return Reliability((), (), 0.0)
    order = np.argsort(said, kind="stable")
    pieces = [piece for piece in np.array_split(order, BINS) if len(piece)]
    means = [
        (float(said[piece].mean()), float(was[piece].mean()), len(piece) / len(said)) for piece in pieces
    ]
    error = sum(share * abs(a - b) for a, b, share in means)
    return Reliability(tuple(a for a, _, _ in means), tuple(b for _, b, _ in means), error)


def _logits(score: Floats) -> Floats:
    return logit(np.clip(score, 1e-6, 1 - 1e-6))


def _logs(score: Floats) -> Floats:
    return np.log(np.maximum(score, 1e-9))
