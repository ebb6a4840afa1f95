"""How far the fitted law of a curve can be trusted: its status."""

import math

import numpy as np
from numpy.typing import NDArray

from apportion.laws.pooling import Batch, Pooled
from apportion.laws.status import Status

Floats = NDArray[np.float64]

MARGIN = 6.0
"""By how much, in BIC, a law has to beat a straight line and a constant."""
CHANCE = 0.01
"""How probable a trend may be in runs that have none: Kendall's test, one-sided, over the means of each size."""
LEAST_SIZES = 5
"""With fewer different sizes of trained models no law is determined: even in perfect order they may be chance."""


def status_of(fit: Pooled, batch: Batch, i: int) -> Status:
    """Return how far the fit of curve i of a batch can be trusted.

    A law has to beat a straight line in n and a constant in z, and the sizes have to be in an order that is no chance.
    """
    use = batch.known[i] & ((batch.n[i] > 0) | fit.family.at_zero)
    trained = batch.known[i] & (batch.n[i] > 0)
    n, z = batch.n[i, use], batch.z[i, use]
    if len(np.unique(batch.total[i, trained])) < LEAST_SIZES:
        return "underdetermined"
    residual = z - fit.family(fit.theta[i], n)
    floor = float(batch.known_variance[i, use].mean()) + 1e-8
    lines = np.stack([np.ones_like(n), n / n.max()], 1)
    off = z - lines @ np.linalg.lstsq(lines, z, rcond=None)[0]
    flat = z - z.mean()

    def bic(error: Floats, parameters: int) -> float:
        return len(error) * float(np.log((error**2).mean() + floor)) + parameters * float(np.log(len(error)))

    p = min(len(fit.family.parameters), 3)  # the prior takes a part of the freedom
    improves = batch.z[i, trained] if batch.kind == "score" else -batch.z[i, trained]
    if (
        bic(residual, p) + MARGIN > min(bic(off, 2), bic(flat, 1))
        or _by_chance(batch.n[i, trained], improves) > CHANCE
    ):
        return "no-law"
    if np.abs(fit.family(fit.theta[i], n)).max() > 25:
        return "at-bound"
    if not fit.converged[i]:
        return "underdetermined"
    return "converged"


def _by_chance(n: Floats, improves: Floats) -> float:
    """Return how probable it is that results in random order rise as much with size (Kendall's S, ties half).

    The number of permutations of k by inversions is the convolution of 1, 11, 111, ... (Mahonian numbers); beyond 60
    sizes S is taken as normal.
    """
    sizes, group = np.unique(n, return_inverse=True)
    means = np.bincount(group.ravel(), improves) / np.bincount(group.ravel())
    k = len(sizes)
    signs = np.sign(means[None, :] - means[:, None])
    score = float(np.triu(signs).sum())
    if k > 60:
        return 0.5 * math.erfc(score / math.sqrt(k * (k - 1) * (2 * k + 5) / 9))
    in_order = (score + k * (k - 1) / 2) / 2
    share = np.ones(1)
    for width in range(2, k + 1):
        share = np.convolve(share, np.full(width, 1 / width))
    return float(share[int(np.ceil(in_order - 1e-9)) :].sum())
