"""The mean of scores that come in clusters: pairs of one prompt, rows of one document, edges of one node."""

from collections.abc import Sequence
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from apportion.statistics.estimate import Estimate


def clustered_mean(
    scores: NDArray[np.floating], clusters: Sequence[object] | NDArray, *, level: float = 0.95
) -> Estimate:
    """Return the mean of scores [n] with an interval for other clusters; `items` counts the clusters.

    Var = C/(C-1) sum_c (sum over the cluster of (y - mean))^2 / n^2, Student's t with C-1 degrees of
    freedom (Liang, Zeger 1986; Cameron, Miller 2015). With clusters of one it is the plain standard error
    of a mean. One cluster says nothing of others: its interval reaches to infinity.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 1 or scores.size == 0 or len(clusters) != scores.size:
        raise ValueError(f"scores of shape {scores.shape} with {len(clusters)} clusters; expected one each")
    numbers: dict[object, int] = {}
    places = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters])
    count, mean = len(numbers), float(scores.mean())
    if count == 1:
        return Estimate(mean, -inf, inf, 1, 1, "items", level)
    sums = np.bincount(places, weights=scores - mean, minlength=count)
    variance = count / (count - 1) * float((sums**2).sum()) / scores.size**2
    half = float(student.ppf((1 + level) / 2, count - 1)) * sqrt(variance)
    return Estimate(mean, mean - half, mean + half, 1, count, "items", level)
