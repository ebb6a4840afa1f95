"""Differences between arms that were graded on the same items with the same seeds."""

from collections.abc import Sequence
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from apportion.statistics.crossed import Scores, variance_of_mean
from apportion.statistics.estimate import Basis, Estimate


def paired_difference(left: Scores, right: Scores, *, bounded: bool, level: float = 0.95) -> Estimate:
    """Return the mean of left - right with an interval for other seeds and other items.

    Both are [seeds, items] in the same order of seeds and items. An arm that no seed can change (an
    untrained model) may have one row and is compared with every row of the other. See `contrast` for the
    interval.
    """
    return contrast((left, right), (1.0, -1.0), bounded=bounded, level=level)


def contrast(
    arms: Sequence[Scores], weights: Sequence[float], *, bounded: bool, level: float = 0.95
) -> Estimate:
    """Return the mean of a weighted sum of arms, taken within each seed and item, with its interval.

    What arms have in common (hard items, a lucky draw of data) cancels before the variance is taken, by
    `variance_of_mean`; the quantile is Student's t. For scores in [0, 1] (`bounded`) two items are added to
    the interval, not to the mean, one at each end of what the sum can be: Agresti and Min 2005 (Bonett and
    Price 2012) for differences of paired proportions, so that arms that agree on all items still get a
    width.

    Raises ValueError for no items, arms of other shapes, scores that are not finite and, of `bounded` ones, scores
    outside [0, 1].
    """
    if len(arms) != len(weights) or not arms:
        raise ValueError(f"{len(arms)} arms and {len(weights)} weights")
    arrays = pairable(arms, bounded=bounded)
    seeds, items = max(arm.shape[0] for arm in arrays), arrays[0].shape[1]
    summed = sum(weight * arm for weight, arm in zip(weights, arrays, strict=True))
    values = np.broadcast_to(np.asarray(summed), (seeds, items))
    mean = float(values.mean())
    basis: Basis = "items" if seeds == 1 else "seeds and items"
    centre, bottom, top = mean, -inf, inf
    if bounded:
        bottom, top = ends(weights)
        values = with_ends(values, weights)
        centre = float(values.mean())
    elif items == 1:
        return Estimate(mean, -inf, inf, seeds, items, basis, level)
    variance, degrees = variance_of_mean(values)
    half = float(student.ppf((1 + level) / 2, degrees)) * sqrt(variance)
    low, high = max(bottom, centre - half), min(top, centre + half)
    return Estimate(mean, min(low, mean), max(high, mean), seeds, items, basis, level)


def pairable(arms: Sequence[Scores], *, bounded: bool) -> list[NDArray[np.float64]]:
    """Return the arms as arrays [seeds or 1, items]; raises ValueError where they cannot be paired."""
    arrays = [np.asarray(arm, dtype=float) for arm in arms]
    for arm in arrays:
        if arm.ndim != 2 or arm.size == 0:
            raise ValueError(f"scores of shape {arm.shape}; expected [seeds, items], at least one of each")
    seeds, items = max(arm.shape[0] for arm in arrays), arrays[0].shape[1]
    for arm in arrays:
        if arm.shape not in ((seeds, items), (1, items)):
            raise ValueError(f"an arm of shape {arm.shape} cannot be paired with one of {(seeds, items)}")
        if not np.isfinite(arm).all():
            raise ValueError("scores that are not finite have no difference")
        if bounded and not ((arm >= 0) & (arm <= 1)).all():
            raise ValueError(f"scores from {arm.min()} to {arm.max()} are not in [0, 1]")
    return arrays


def ends(weights: Sequence[float]) -> tuple[float, float]:
    """Return the least and the most that a weighted sum of scores in [0, 1] can be."""
    return sum(min(weight, 0.0) for weight in weights), sum(max(weight, 0.0) for weight in weights)


def with_ends(values: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Return weighted sums [seeds, items] with two items more, one at each end (see `contrast`)."""
    return np.concatenate([values, np.broadcast_to(np.array(ends(weights)), (len(values), 2))], axis=1)
