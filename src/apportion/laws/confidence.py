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
COMMON_VARIANCES = np.exp(np.linspace(np.log(1e-8), np.log(100.0), 64))
"""What runs may scatter by beside their items; the likeliest is taken for each of law, line and constant."""
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
    p = min(len(fit.family.parameters), 3)  # the prior takes a part of the freedom
    known = batch.known_variance[i, use]
    level = np.ones_like(n)[:, None]
    law = _bic(z - fit.family(fit.theta[i], n), known, np.empty((len(n), 0)), p)
    line = _bic(z, known, np.column_stack([level, n / n.max()]), 2)
    flat = _bic(z, known, level, 1)
    improves = batch.z[i, trained] if batch.kind == "score" else -batch.z[i, trained]
    if law + MARGIN > min(line, flat) or _by_chance(batch.n[i, trained], improves) > CHANCE:
        return "no-law"
    if np.abs(fit.family(fit.theta[i], n)).max() > 25:
        return "at-bound"
    if not fit.converged[i]:
        return "underdetermined"
    return "converged"


def _bic(z: Floats, known: Floats, columns: Floats, parameters: int) -> float:
    """Return the information criterion of Gaussian results z [n] around the best sum of `columns` [n, c].

    A result has its own `known` variance [n] (that of its graded items) and one in common, which is profiled out. So a
    score next to 1, known to a logit or two, does not hide what the others say.
    """
    variance = COMMON_VARIANCES[:, None] + known
    weighted = columns / variance[:, :, None]
    theta = np.linalg.solve(
        np.einsum("gnc,nd->gcd", weighted, columns), np.einsum("gnc,n->gc", weighted, z)[..., None]
    )
    residual = z - (columns @ theta)[..., 0]
    deviance = (np.log(variance) + residual**2 / variance).sum(1)
    return float(deviance.min()) + parameters * float(np.log(len(z)))


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
