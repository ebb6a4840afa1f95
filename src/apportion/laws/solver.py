"""Many small nonlinear least-squares problems at once: Levenberg-Marquardt over a batch, in NumPy."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Rows = NDArray[np.intp] | slice
ALL = slice(None)
HUBER = 2.5
"""Standard deviations beyond which a residual counts linearly."""


class Problem(NamedTuple):
    """B problems of one shape: minimise sum huber((z - f(theta)) * scale) + |(theta - mean) root|^2 / 2.

    z, scale: (B, N); a scale of 0 leaves a point out. mean: (B, p); root: (B, p, p), with root root' the
    precision of the Gaussian prior.
    """

    curve: Callable[[Floats, Rows], Floats]
    """From theta (..., R, p) of the problems in `rows` to f (..., R, N)."""
    z: Floats
    scale: Floats
    mean: Floats
    root: Floats
    huber: float = HUBER
    slope: Callable[[Floats], tuple[Floats, Floats]] | None = None
    """From theta (R, p) to f (R, N) and its derivatives (R, N, p), for a curve that is the same in every problem;
    without it they are central differences."""


class Solution(NamedTuple):
    """theta: (B, p); cost: (B,), half the objective; normal: (B, p, p), J'WJ plus the prior's precision."""

    theta: Floats
    cost: Floats
    normal: Floats
    converged: NDArray[np.bool_]


def solve(
    problem: Problem,
    start: Floats,
    *,
    steps: int = 60,
    tolerance: float = 1e-9,
    least: float = 1.0,
    reach: float = 3.0,
) -> Solution:
    """Return the minima that the starts (B, p) lead to.

    Marquardt's scaling of the damping, no parameter moving by more than `reach` in one step. Huber's loss enters by
    reweighting, its cost by its own formula, so a step is taken only where the true objective does not rise. A problem
    leaves the batch when a step lowers its cost by less than `tolerance` (least + cost), or when no step lowers it.
    """
    theta = np.array(start, np.float64)
    batch, p = theta.shape
    precision = problem.root @ np.swapaxes(problem.root, -1, -2)
    damping = np.full(batch, 1e-2)
    converged = np.zeros(batch, bool)
    alive = np.arange(batch)
    f, by_theta = _evaluated(problem, theta, ALL)
    residual = (problem.z - f) * problem.scale
    cost = objective(problem, residual, theta)
    normal, gradient = _quadratic(problem, theta, residual, by_theta, precision, ALL)
    diagonal = np.arange(p)
    for _ in range(steps):
        lifted = normal[alive]
        lifted[:, diagonal, diagonal] *= 1 + damping[alive, None]
        lifted[:, diagonal, diagonal] += 1e-12
        step = np.clip(np.linalg.solve(lifted, gradient[alive, :, None])[..., 0], -reach, reach)
        moved = theta[alive] + step
        f, by_theta = _evaluated(problem, moved, alive)
        residual = (problem.z[alive] - f) * problem.scale[alive]
        cost_moved = objective(problem, residual, moved, alive)
        better = cost_moved <= cost[alive]
        little = cost[alive] - cost_moved < tolerance * (least + cost[alive])
        done = (better & little) | (~better & (damping[alive] > 1e8))
        took = alive[better]
        theta[took], cost[took] = moved[better], cost_moved[better]
        if len(took):
            part = None if by_theta is None else by_theta[better]
            normal[took], gradient[took] = _quadratic(
                problem, moved[better], residual[better], part, precision, took
            )
        damping[alive] = np.where(better, np.maximum(damping[alive] * 0.2, 1e-9), damping[alive] * 6)
        converged[alive[done]] = True
        alive = alive[~done]
        if not len(alive):
            break
    return Solution(theta, cost, normal, converged)


def objective(problem: Problem, residual: Floats, theta: Floats, rows: Rows = ALL) -> Floats:
    """Return half the objective, (..., R), from scaled residuals (..., R, N) and parameters (..., R, p)."""
    size = np.abs(residual)
    h = problem.huber
    loss = np.where(size <= h, 0.5 * size**2, h * (size - 0.5 * h)).sum(-1)
    prior = ((theta - problem.mean[rows])[..., None, :] @ problem.root[rows])[..., 0, :]
    return loss + 0.5 * (prior**2).sum(-1)


def _evaluated(problem: Problem, theta: Floats, rows: Rows) -> tuple[Floats, Floats | None]:
    """Return f (R, N), and its derivatives where they come at once."""
    return (problem.curve(theta, rows), None) if problem.slope is None else problem.slope(theta)


def _quadratic(
    problem: Problem, theta: Floats, residual: Floats, by_theta: Floats | None, precision: Floats, rows: Rows
) -> tuple[Floats, Floats]:
    """Return J'WJ + precision and the downhill gradient, both of the reweighted problem."""
    if by_theta is None:
        by_theta = _differences(problem, theta, rows)
    jacobian = by_theta * problem.scale[rows][..., None]
    weight = np.minimum(1.0, problem.huber / np.maximum(np.abs(residual), 1e-300))
    weighted = np.swapaxes(jacobian * weight[..., None], -1, -2)
    normal = weighted @ jacobian + precision[rows]
    pull = (precision[rows] @ (theta - problem.mean[rows])[..., None])[..., 0]
    return normal, (weighted @ residual[..., None])[..., 0] - pull


def _differences(problem: Problem, theta: Floats, rows: Rows) -> Floats:
    step = 1e-5
    shifts = step * np.eye(theta.shape[1])
    return np.stack(
        [(problem.curve(theta + d, rows) - problem.curve(theta - d, rows)) / (2 * step) for d in shifts], -1
    )
