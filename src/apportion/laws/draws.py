"""Posterior draws of a fitted family's curve: Laplace's Gaussian as a proposal, corrected by importance."""

import numpy as np
from numpy.typing import NDArray

from apportion.identity import generator
from apportion.laws.pooling import Pooled
from apportion.laws.solver import Problem, objective

Floats = NDArray[np.float64]
WIDER = 1.3
"""How much wider than Laplace's Gaussian the proposal is: what is cut off can't be drawn."""
TAIL = 7.0
"""Degrees of freedom of the proposal, a multivariate t."""


def posterior_z(fit: Pooled, sizes: Floats, draws: int) -> Floats:
    """Return z of every curve at sizes (B, M) under posterior draws, (draws, B, M).

    Proposals are from a multivariate t around the fit; they are resampled in proportion to posterior over proposal
    with the weights cut at three times their mean, and spread around the fit by sqrt(k / chi2_k), k the degrees of
    freedom of the noise: the deviation of the runs is itself estimated.
    """
    curves, p = fit.theta.shape
    rng = generator("laws", f"draws of {fit.family.name}")
    normal = rng.standard_normal((draws, 1, p))
    heavy = np.sqrt(TAIL / rng.chisquare(TAIL, (draws, 1, 1)))
    wide = np.sqrt(fit.freedom / rng.chisquare(np.broadcast_to(fit.freedom, (draws, curves))))
    picks = (np.arange(draws) + rng.random()) / draws
    root = np.linalg.cholesky(fit.covariance + 1e-14 * np.eye(p))
    white = np.broadcast_to(normal * heavy, (draws, curves, p))
    theta = fit.theta + WIDER * np.einsum("bij,dbj->dbi", root, white)
    log_proposal = -0.5 * (TAIL + p) * np.log1p((white**2).sum(-1) / TAIL)
    log_weight = -_costs(fit.problem, theta) - log_proposal
    weight = np.exp(log_weight - log_weight.max(0))
    weight = np.minimum(weight, 3 * weight.mean(0))
    cumulative = np.cumsum(weight / weight.sum(0), 0)
    index = np.stack([np.searchsorted(cumulative[:, b], picks).clip(0, draws - 1) for b in range(curves)], 1)
    order = rng.permutation(draws)
    kept = theta[index[order], np.arange(curves)]
    z = fit.family(kept, sizes)
    centre = fit.family(fit.theta, sizes)
    return centre + (z - centre) * wide[..., None]


def _costs(problem: Problem, theta: Floats) -> Floats:
    residual = np.stack([(problem.z - problem.curve(t)) * problem.scale for t in theta])
    flat = np.stack([objective(problem, r, t) for r, t in zip(residual, theta, strict=True)])
    return np.where(np.isfinite(flat), flat, np.inf)
