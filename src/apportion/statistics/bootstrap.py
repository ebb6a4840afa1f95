"""A bootstrap over prompts and over seeds, for scores whose items come in clusters."""

from collections.abc import Sequence
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from apportion.statistics.crossed import Scores
from apportion.statistics.estimate import Basis, Estimate
from apportion.statistics.paired import pairable


def paired_cluster_bootstrap(
    left: Scores,
    right: Scores,
    clusters: Sequence[object],
    *,
    bounded: bool,
    draw: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
) -> Estimate:
    """Return the mean of left - right [seeds, items] with an interval for other seeds and other prompts.

    See `cluster_bootstrap`. An arm that no seed can change may have one row. For scores in [0, 1] (`bounded`) two
    prompts of one item are added to the interval, not to the mean, one at -1 and one at 1, as in `contrast`,
    which also says what arms are refused.
    """
    first, second = pairable((left, right), bounded=bounded)
    values = first - second
    return cluster_bootstrap(
        values,
        clusters,
        ends=(-1.0, 1.0) if bounded else None,
        draw=draw,
        resamples=resamples,
        level=level,
    )


def cluster_bootstrap(
    values: Scores,
    clusters: Sequence[object],
    *,
    draw: np.random.Generator,
    ends: tuple[float, float] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
) -> Estimate:
    """Return the mean of values [seeds, items] with an interval for other seeds and other clusters.

    Clusters (the prompt of each item) are drawn with replacement, whole, for all seeds at once; seeds are drawn
    with replacement for all items at once; and both together. Each variance of the resampled means, times n / (n - 1)
    of what was drawn, gives Var = V_clusters + V_seeds - V_rest with V_rest = V_both - V_clusters - V_seeds, not
    below V_clusters or V_seeds: the estimate of `variance_of_mean`, for clusters and by resampling (Owen 2007, "The
    pigeonhole bootstrap", on what V_both counts too much). The interval is mean +- t sd with the degrees of freedom
    of Satterthwaite; percentiles of a handful of seeds would be too narrow. `items` counts the clusters. One
    cluster says nothing of others: its interval reaches to infinity.

    Raises ValueError for fewer than two resamples, which have no variance.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.size == 0 or len(clusters) != values.shape[1]:
        raise ValueError(
            f"values of shape {values.shape} with {len(clusters)} clusters; expected one an item"
        )
    if not np.isfinite(values).all():
        raise ValueError("values that are not finite have no mean")
    if resamples < 2:
        raise ValueError(f"{resamples} resamples have no variance; expected at least 2, better 1000")
    seeds, mean = len(values), float(values.mean())
    sums, sizes = _by_cluster(values, clusters)
    count = len(sizes)
    basis: Basis = "items" if seeds == 1 else "seeds and items"
    if count == 1:
        return Estimate(mean, -inf, inf, seeds, 1, basis, level)
    centre = mean
    if ends is not None:
        sums = np.concatenate([sums, np.broadcast_to(np.array(ends), (seeds, 2))], axis=1)
        sizes = np.concatenate([sizes, np.ones(2)])
        centre = float(sums.sum() / (seeds * sizes.sum()))
    drawn = draw.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), resamples)
    of_seeds = draw.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds
    even = np.full((resamples, seeds), 1 / seeds)
    by_clusters = _variance(sums, sizes, even, drawn) * len(sizes) / (len(sizes) - 1)
    by_seeds = rest = 0.0
    if seeds > 1:
        whole = np.ones_like(drawn)
        by_seeds = _variance(sums, sizes, of_seeds, whole) * seeds / (seeds - 1)
        both = _variance(sums, sizes, of_seeds, drawn)
        rest = (
            max(0.0, both - by_clusters * (1 - 1 / len(sizes)) - by_seeds * (1 - 1 / seeds))
            * seeds
            / (seeds - 1)
        )
    variance = max(by_clusters + by_seeds - rest, by_clusters, by_seeds)
    half = 0.0
    if variance > 0:
        spread = by_clusters**2 / (len(sizes) - 1) + (by_seeds**2 / (seeds - 1) if seeds > 1 else 0.0)
        half = float(student.ppf((1 + level) / 2, variance**2 / spread)) * sqrt(variance)
    bottom, top = ends if ends is not None else (-inf, inf)
    low, high = max(bottom, centre - half), min(top, centre + half)
    return Estimate(mean, min(low, mean), max(high, mean), seeds, count, basis, level)


def _by_cluster(
    values: Scores, clusters: Sequence[object]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sums of each seed over each cluster, [seeds, clusters], and the clusters' sizes."""
    numbers: dict[object, int] = {}
    places = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters])
    sums = np.stack([np.bincount(places, weights=row, minlength=len(numbers)) for row in values]).astype(
        float
    )
    return sums, np.bincount(places, minlength=len(numbers)).astype(float)


def _variance(
    sums: NDArray[np.float64],
    sizes: NDArray[np.float64],
    seeds: NDArray[np.float64],
    drawn: NDArray[np.integer],
) -> float:
    """The variance of the mean over resamples: weights of seeds [resamples, seeds], counts of clusters."""
    means = np.einsum("rs,sc,rc->r", seeds, sums, drawn, optimize=True) / (drawn @ sizes)
    return float(means.var(ddof=1))
