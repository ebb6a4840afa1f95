"""Posterior draws of a fitted family's curve: Laplace's Gaussian as a proposal, corrected by importance."""

import numpy as np
from numpy.typing import NDArray

from apportion.identity import generator
from apportion.laws.pooling import Pooled
from apportion.laws.solver import ALL, Problem, objective

Floats = NDArray[np.float64]
WIDER = 1.3
"""How much wider than Laplace's Gaussian the proposal is: what is cut off can't be drawn."""
TAIL = 7.0
"""Degrees of freedom of the proposal, a multivariate t."""
PROPOSALS = 10
"""Proposals for each draw that is kept: intervals are made of the tails, where few proposals fall."""
GOLDEN = (np.sqrt(5.0) - 1) / 2
BLOCK = 2_000_000
"""Points of curves that are computed at once."""


def posterior_z(fit: Pooled, sizes: Floats, draws: int) -> Floats:
    """Return z of every curve at sizes (B, M) under posterior draws, (draws, B, M).

    Proposals are from a multivariate t around the fit; they are resampled in proportion to posterior over proposal,
    the weights cut at sqrt(proposals) times their mean (truncated importance sampling, Ionides 2008), evenly along
    what they foretell at the largest size, so that few draws have the quantiles of many. They are spread
    around the fit by sqrt(k / chi2_k), k the degrees of freedom of the noise: the deviation of the runs is itself
    estimated. Any stretch of the draws is as even as the whole.
    """
    curves, p = fit.theta.shape
    count = PROPOSALS * draws
    rng = generator("laws", f"draws of {fit.family.name}")
    normal = rng.standard_normal((count, 1, p))
    heavy = np.sqrt(TAIL / rng.chisquare(TAIL, (count, 1, 1)))
    wide = np.sqrt(fit.freedom / rng.chisquare(np.broadcast_to(fit.freedom, (draws, curves))))
    picks = (np.arange(draws) + rng.random()) / draws
    root = np.linalg.cholesky(fit.covariance + 1e-14 * np.eye(p))
    white = np.broadcast_to(normal * heavy, (count, curves, p))
    theta = fit.theta + WIDER * np.einsum("bij,dbj->dbi", root, white)
    log_proposal = -0.5 * (TAIL + p) * np.log1p((white**2).sum(-1) / TAIL)
    log_weight = -_costs(fit.problem, theta) - log_proposal
    weight = np.exp(log_weight - log_weight.max(0))
    weight = np.minimum(weight, np.sqrt(count) * weight.mean(0))
    far = np.take_along_axis(sizes, sizes.argmax(1)[:, None], 1)
    along = np.argsort(fit.family(theta, far)[..., 0], 0, kind="stable")
    cumulative = np.cumsum(np.take_along_axis(weight / weight.sum(0), along, 0), 0)
    index = np.stack([np.searchsorted(cumulative[:, b], picks).clip(0, count - 1) for b in range(curves)], 1)
    order = np.argsort(np.argsort(np.arange(draws) * GOLDEN % 1.0))
    kept = theta[np.take_along_axis(along, index[order], 0), np.arange(curves)]
    z = fit.family(kept, sizes)
    centre = fit.family(fit.theta, sizes)
    return centre + (z - centre) * wide[..., None]


def _costs(problem: Problem, theta: Floats) -> Floats:
    """Return half the objective (D, B) at theta (D, B, p)."""
    step = max(1, BLOCK // problem.z.size)
    parts = []
    for start in range(0, len(theta), step):
        part = theta[start : start + step]
        parts.append(objective(problem, (problem.z - problem.curve(part, ALL)) * problem.scale, part))
    cost = np.concatenate(parts)
    return np.where(np.isfinite(cost), cost, np.inf)
