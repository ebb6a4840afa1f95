"""The mean of scores that are crossed, every seed graded on the same items, with an interval over both."""

from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from apportion.statistics.estimate import Basis, Estimate
from apportion.statistics.wilson import wilson

Scores = NDArray[np.floating]
"""Scores of shape [seeds, items]."""


class MeanVariance(NamedTuple):
    """The estimated variance of a crossed mean, with Satterthwaite's degrees of freedom."""

    variance: float
    degrees: float


def variance_of_mean(scores: Scores) -> MeanVariance:
    """Return the variance of the mean of scores [seeds, items] under random seeds and random items.

    With y_si = mu + a_s + b_i + e_si the unbiased estimate is V_s + V_i - V_e, where V_s = s^2(seed means)
    / S, V_i = s^2(item means) / I and V_e = s^2(residual) / (S I) (Searle, Casella, McCulloch 1992, ch. 4;
    the same numbers as two-way clustering, Cameron, Gelbach, Miller 2011). Departure: it is not allowed
    below V_s or V_i, which negative component estimates would give, so it errs to the wide side. Degrees of
    freedom are Satterthwaite's (1946), V^2 / (V_s^2 / (S-1) + V_i^2 / (I-1) + V_e^2 / ((S-1)(I-1))). With
    one seed it is V_i, I-1.

    Raises ValueError for fewer than two items.
    """
    seeds, items = scores.shape
    if items < 2:
        raise ValueError(f"{items} items have no variance between items")
    item_means = scores.mean(axis=0)
    over_items = float(item_means.var(ddof=1)) / items
    if seeds == 1:
        return MeanVariance(over_items, items - 1)
    seed_means = scores.mean(axis=1)
    over_seeds = float(seed_means.var(ddof=1)) / seeds
    residual = scores - seed_means[:, None] - item_means[None, :] + scores.mean()
    rest = float((residual**2).sum()) / ((seeds - 1) * (items - 1)) / (seeds * items)
    variance = max(over_seeds + over_items - rest, over_seeds, over_items)
    if variance == 0:
        return MeanVariance(0.0, items - 1)
    spread = over_seeds**2 / (seeds - 1) + over_items**2 / (items - 1)
    spread += rest**2 / ((seeds - 1) * (items - 1))
    return MeanVariance(variance, max(variance**2 / spread, min(seeds, items) - 1))


def mean_over_seeds_and_items(scores: Scores, *, bounded: bool, level: float = 0.95) -> Estimate:
    """Return the mean of scores [seeds, items] with an interval for other seeds and other items.

    `bounded` says that scores lie in [0, 1]. Their interval is Wilson's with n = p (1-p) / Var(mean) trials
    and Student's t in place of z (Kott, Carr 1997; Dean, Pagano 2015), which has a width at 0 and 1 and is
    nearly mean +- t sd in between; n is the number of items where nothing varies. With one seed and scores
    of 0 and 1 it is Wilson's own. Unbounded scores get mean +- t sd. Variance and degrees of freedom:
    `variance_of_mean`.

    >>> estimate = mean_over_seeds_and_items(np.array([[1.0, 0.0, 1.0, 1.0]]), bounded=True)
    >>> round(estimate.low, 3), round(estimate.high, 3), estimate.basis
    (0.301, 0.954, 'items')
    """
    scores = _checked(scores)
    seeds, items = scores.shape
    mean = float(scores.mean())
    basis: Basis = "items" if seeds == 1 else "seeds and items"

    def estimate(low: float, high: float) -> Estimate:
        return Estimate(mean, low, high, seeds, items, basis, level)

    if bounded and not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(f"scores from {scores.min()} to {scores.max()} are not in [0, 1]")
    if bounded and (items == 1 or (seeds == 1 and np.isin(scores, (0.0, 1.0)).all())):
        return estimate(*wilson(mean, items, level=level))
    if items == 1:
        return estimate(-inf, inf)
    variance, degrees = variance_of_mean(scores)
    quantile = float(student.ppf((1 + level) / 2, degrees))
    if not bounded:
        half = quantile * sqrt(variance)
        return estimate(mean - half, mean + half)
    if variance == 0:
        return estimate(*wilson(mean, items, level=level, quantile=float(norm.ppf((1 + level) / 2))))
    trials = max(mean * (1 - mean) / variance, 1e-9)
    return estimate(*wilson(mean, trials, quantile=quantile))


def _checked(scores: Scores) -> Scores:
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"scores of shape {scores.shape}; expected [seeds, items], at least one of each")
    if not np.isfinite(scores).all():
        raise ValueError("scores that are not finite have no mean")
    return scores
