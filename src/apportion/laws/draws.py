"""Posterior draws of a fitted family's curve: proposals around many refits, corrected by importance."""

import numpy as np

from apportion.identity import generator
from apportion.laws.pooling import Pooled
from apportion.laws.solver import ALL, Floats, Problem, Rows, objective, solve

ANCHORS = 32
"""Refits of perturbed runs beside the fit: a posterior of few runs is a curved ridge, which no one Gaussian covers."""
ANCHOR_STEPS = 12
"""Of the solver for each refit; one that has not arrived is an anchor, too."""
WIDER = 1.3
"""How much wider than Laplace's Gaussians the proposals are: what is cut off can't be drawn."""
TAIL = 7.0
"""Degrees of freedom of the proposals, multivariate t's."""
PROPOSALS = 10
"""Proposals for each draw that is kept: intervals are made of the tails, where few proposals fall."""
GOLDEN = (np.sqrt(5.0) - 1) / 2
BLOCK = 2_000_000
"""Points of curves that are computed at once."""


def posterior_z(fit: Pooled, sizes: Floats, draws: int) -> Floats:
    """Return z of every curve at sizes (B, M) under posterior draws, (draws, B, M).

    Proposals are from a mixture of multivariate t's, one around the fit and one around each of its `_anchors`; they
    are resampled in proportion to the posterior over the mixture's density (Owen and Zhou 2000), the weights cut at
    sqrt(proposals) times their mean (truncated importance sampling, Ionides 2008), evenly along what they foretell
    at the largest size, so that few draws have the quantiles of many. They are spread around the fit by
    sqrt(k / chi2_k), k the degrees of freedom of the noise: the deviation of the runs is itself estimated. Any
    stretch of the draws is as even as the whole.
    """
    curves = len(fit.theta)
    rng = generator("laws", f"draws of {fit.family.name}")
    centre, root = _anchors(fit)
    theta, log_proposal = _proposals(centre, root, PROPOSALS * draws, rng)
    wide = np.stack([_widths(fit.family.name, float(k), draws) for k in fit.freedom], 1)
    picks = (np.arange(draws) + rng.random()) / draws
    log_weight = -_costs(fit.problem, theta) - log_proposal
    weight = np.exp(log_weight - log_weight.max(0))
    weight = np.minimum(weight, np.sqrt(len(theta)) * weight.mean(0))
    far = np.take_along_axis(sizes, sizes.argmax(1)[:, None], 1)
    along = np.argsort(fit.family(theta, far)[..., 0], 0, kind="stable")
    cumulative = np.cumsum(np.take_along_axis(weight / weight.sum(0), along, 0), 0)
    index = np.stack(
        [np.searchsorted(cumulative[:, b], picks).clip(0, len(theta) - 1) for b in range(curves)], 1
    )
    order = np.argsort(np.argsort(np.arange(draws) * GOLDEN % 1.0))
    kept = theta[np.take_along_axis(along, index[order], 0), np.arange(curves)]
    z = fit.family(kept, sizes)
    middle = fit.family(fit.theta, sizes)
    return middle + (z - middle) * wide[..., None]


def _widths(name: str, freedom: float, draws: int) -> Floats:
    """Return draws (D,) of sqrt(k / chi2_k), the same for a curve wherever it stands in a table."""
    return np.sqrt(freedom / generator("laws", f"widths of {name}").chisquare(freedom, draws))


def _anchors(fit: Pooled) -> tuple[Floats, Floats]:
    """Return points (K, B, p) all over the posterior, the fit first, and roots of their covariances, (K, B, p, p).

    Randomised maximum a posteriori: runs and prior means are both perturbed by their own deviations, and refitted
    from the fit. Covariances are Laplace's.
    """
    curves, p = fit.theta.shape
    points = fit.problem.z.shape[1]
    rng = generator("laws", f"anchors of {fit.family.name}")
    off = rng.standard_normal((ANCHORS, 1, p, 1))
    noise = rng.standard_normal((points, ANCHORS)).T[:, None]  # a point's do not depend on how many follow
    centre, covariance = np.empty((1 + ANCHORS, curves, p)), np.empty((1 + ANCHORS, curves, p, p))
    centre[0], covariance[0] = fit.theta, fit.covariance
    step = max(1, BLOCK // (ANCHORS * points * p))
    for start in range(0, curves, step):
        block = slice(start, start + step)
        theta, normal = _refits(fit, block, noise, off)
        centre[1:, block], covariance[1:, block] = theta, np.linalg.inv(normal)
    return centre, WIDER * np.linalg.cholesky(covariance + 1e-14 * np.eye(p))


def _refits(fit: Pooled, block: slice, noise: Floats, off: Floats) -> tuple[Floats, Floats]:
    """Return a block's refits (ANCHORS, b, p) and normal matrices; standard normal numbers are the same for all."""
    given = fit.problem
    scale, root = given.scale[block], given.root[block]
    curves, p = fit.theta[block].shape
    deviation = np.where(scale > 0, 1 / np.maximum(scale, 1e-300), 0.0)
    mean = given.mean[block] + (np.linalg.inv(np.swapaxes(root, 1, 2)) @ off)[..., 0]

    def curve(theta: Floats, rows: Rows) -> Floats:
        return given.curve(theta, block.start + np.arange(ANCHORS * curves)[rows] % curves)

    def tiled(values: Floats) -> Floats:
        return np.tile(values, (ANCHORS, *(1,) * (values.ndim - 1)))

    problem = given._replace(
        curve=curve,
        z=(given.z[block] + deviation * noise).reshape(-1, noise.shape[-1]),
        scale=tiled(scale),
        mean=mean.reshape(-1, p),
        root=tiled(root),
    )
    found = solve(problem, tiled(fit.theta[block]), steps=ANCHOR_STEPS)
    return found.theta.reshape(ANCHORS, curves, p), found.normal.reshape(ANCHORS, curves, p, p)


def _proposals(centre: Floats, root: Floats, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return some `count` proposals (D, B, p), as many around each centre, and the log density of all, (D, B)."""
    parts, curves, p = centre.shape
    each = -(-count // parts)
    heavy = np.sqrt(TAIL / rng.chisquare(TAIL, (parts, each, 1, 1, 1)))
    white = rng.standard_normal((parts, each, 1, p, 1)) * heavy  # the same for every curve
    theta = (centre[:, None] + (root[:, None] @ white)[..., 0]).reshape(-1, curves, p)
    by_curve = np.swapaxes(theta, 0, 1)
    density = np.full((curves, len(theta)), -np.inf)
    inverse = np.linalg.inv(root)
    log_size = np.log(np.diagonal(root, axis1=2, axis2=3)).sum(-1)
    for k in range(parts):
        apart = (by_curve - centre[k][:, None]) @ np.swapaxes(inverse[k], 1, 2)
        log_t = -0.5 * (TAIL + p) * np.log1p((apart**2).sum(-1) / TAIL)
        density = np.logaddexp(density, log_t - log_size[k][:, None])
    return theta, density.T


def _costs(problem: Problem, theta: Floats) -> Floats:
    """Return half the objective (D, B) at theta (D, B, p)."""
    step = max(1, BLOCK // problem.z.size)
    parts = []
    for start in range(0, len(theta), step):
        part = theta[start : start + step]
        parts.append(objective(problem, (problem.z - problem.curve(part, ALL)) * problem.scale, part))
    cost = np.concatenate(parts)
    return np.where(np.isfinite(cost), cost, np.inf)
