"""Many small nonlinear least-squares problems at once: Levenberg-Marquardt over a batch, in NumPy."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Problem(NamedTuple):
    """B problems of one shape: minimise sum huber((z - f(theta)) * scale) + |(theta - mean) root|^2.

    z, scale: (B, N); a scale of 0 leaves a point out. mean: (B, p); root: (B, p, p), with root root' the
    precision of the Gaussian prior.
    """

    curve: Callable[[Floats], Floats]
    """From theta (B, p) to f (B, N)."""
    z: Floats
    scale: Floats
    mean: Floats
    root: Floats
    huber: float = 2.5


class Solution(NamedTuple):
    """theta: (B, p); cost: (B,), half the objective; normal: (B, p, p), J'WJ plus the prior's precision."""

    theta: Floats
    cost: Floats
    normal: Floats
    residual: Floats
    converged: NDArray[np.bool_]


def solve(problem: Problem, start: Floats, *, steps: int = 60, tolerance: float = 1e-9) -> Solution:
    """Return the minima that the starts (B, p) lead to.

    The Jacobian is by central differences; Huber's loss enters by reweighting, its cost by its own formula, so a
    step is taken only where the true objective falls. A problem stops when a step changes its cost by less than
    `tolerance` relative, and costs nothing further once all have.
    """
    theta = start.copy()
    batch, p = theta.shape
    damping = np.full(batch, 1e-2)
    precision = problem.root @ np.swapaxes(problem.root, -1, -2)
    residual = (problem.z - problem.curve(theta)) * problem.scale
    cost = objective(problem, residual, theta)
    still = np.ones(batch, bool)
    normal = np.zeros((batch, p, p))
    diagonal = np.arange(p)
    fresh = True
    gradient = np.zeros((batch, p))
    for _ in range(steps):
        if fresh:
            normal, gradient = _quadratic(problem, theta, residual, precision)
        lifted = normal.copy()
        lifted[:, diagonal, diagonal] *= 1 + damping[:, None]
        lifted[:, diagonal, diagonal] += 1e-12
        step = np.linalg.solve(lifted, gradient[..., None])[..., 0]
        step = np.clip(step, -3.0, 3.0)
        moved = theta + np.where(still[:, None], step, 0.0)
        residual_moved = (problem.z - problem.curve(moved)) * problem.scale
        cost_moved = objective(problem, residual_moved, moved)
        better = still & (cost_moved < cost)
        little = cost - cost_moved < tolerance * (1 + cost)
        still &= ~(better & little) & ~(~better & (damping > 1e8))
        theta = np.where(better[:, None], moved, theta)
        residual = np.where(better[:, None], residual_moved, residual)
        cost = np.where(better, cost_moved, cost)
        damping = np.where(better, damping * 0.2, np.minimum(damping * 6, 1e9))
        fresh = bool(better.any())
        if not still.any():
            break
    normal, _ = _quadratic(problem, theta, residual, precision)
    return Solution(theta, cost, normal, residual, ~still)


def objective(problem: Problem, residual: Floats, theta: Floats) -> Floats:
    """Return half the objective, (B,), from scaled residuals (B, N) and parameters (B, p)."""
    size = np.abs(residual)
    h = problem.huber
    loss = np.where(size <= h, 0.5 * size**2, h * (size - 0.5 * h)).sum(-1)
    prior = ((theta - problem.mean)[:, None, :] @ problem.root)[:, 0]
    return loss + 0.5 * (prior**2).sum(-1)


def _quadratic(problem: Problem, theta: Floats, residual: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """Return J'WJ + precision and the downhill gradient, both of the reweighted problem."""
    p = theta.shape[1]
    step = 1e-5
    columns = []
    for k in range(p):
        shift = np.zeros(p)
        shift[k] = step
        columns.append((problem.curve(theta + shift) - problem.curve(theta - shift)) / (2 * step))
    jacobian = np.stack(columns, -1) * problem.scale[..., None]
    weight = np.minimum(1.0, problem.huber / np.maximum(np.abs(residual), 1e-300))
    weighted = jacobian * weight[..., None]
    normal = np.swapaxes(weighted, -1, -2) @ jacobian + precision
    pull = (precision @ (theta - problem.mean)[..., None])[..., 0]
    return normal, (np.swapaxes(weighted, -1, -2) @ residual[..., None])[..., 0] - pull
