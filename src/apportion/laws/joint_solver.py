"""Levenberg-Marquardt for many small problems of one shape at once: all starts and all draws together."""

from typing import NamedTuple

import numpy as np

from apportion.laws.joint_families import Floats, JointFamily

LEAST, MOST = 1e-3, 1 - 1e-3
HUBER = 2.5


class Solved(NamedTuple):
    """Solutions x (D, K), costs (D,) and whether each converged (D,)."""

    x: Floats
    cost: Floats
    converged: np.ndarray


def residuals(
    family: JointFamily,
    x: Floats,
    s: Floats,
    p: Floats,
    target: Floats,
    sigma: Floats,
    centre: Floats,
    is_loss: bool,
) -> tuple[Floats, Floats]:
    """Return residuals (D, N + K) and their derivatives (D, N + K, K).

    The first N are (z(e) - target) / sigma with z the logit (for losses the log) of the error, held within
    [.001, .999]; the last K are (x - centre) / spread, the prior's.
    """
    e, slope = family.curve(x, s, p)
    most = np.inf if is_loss else MOST
    held = np.clip(e, LEAST, most)
    z = np.log(held) if is_loss else np.log(held / (1 - held))
    by_e = 1 / held if is_loss else 1 / (held * (1 - held))
    by_e = np.where((e > LEAST) & (e < most), by_e, 0.05 * by_e)  # a way back from beyond the ends
    spread = np.array(family.spread)
    r = np.concatenate([(z - target) / sigma, (x - centre) / spread], -1)
    k = x.shape[-1]
    prior = np.broadcast_to(np.diag(1 / spread), (*x.shape[:-1], k, k))
    return r, np.concatenate([slope * (by_e / sigma)[..., None], prior], -2)


def _huber(r: Floats, n: int) -> tuple[Floats, Floats]:
    """Return the cost of each problem, and the weights of its residuals (the prior's are squared plainly)."""
    size = np.abs(r[..., :n])
    far = size > HUBER
    cost = np.where(far, HUBER * size - HUBER**2 / 2, size**2 / 2).sum(-1) + (r[..., n:] ** 2).sum(-1) / 2
    weight = np.ones_like(r)
    weight[..., :n] = np.where(far, HUBER / np.maximum(size, HUBER), 1.0)
    return cost, weight


def solve(
    family: JointFamily,
    start: Floats,
    s: Floats,
    p: Floats,
    target: Floats,
    sigma: Floats,
    centre: Floats,
    is_loss: bool,
    *,
    iterations: int = 60,
    tolerance: float = 1e-6,
) -> Solved:
    """Return the minimum of each problem's Huber cost, from `start` (D, K); target (D, N), centre (D, K).

    Marquardt's scaling of the damping; a problem leaves the batch when a step lowers its cost by less than
    `tolerance` of it (relative), or no step does.
    """
    x, n, k = start.copy(), target.shape[-1], start.shape[-1]
    cost = np.full(len(x), np.inf)
    converged = np.zeros(len(x), bool)
    alive = np.arange(len(x))
    damping = np.full(len(x), 1e-2)
    eye = np.eye(k)

    def state(i: np.ndarray, at: Floats) -> tuple[Floats, Floats, Floats]:
        r, slope = residuals(family, at, s, p, target[i], sigma, centre[i], is_loss)
        value, weight = _huber(r, n)
        weighted = slope * weight[..., None]
        return (
            value,
            (weighted.swapaxes(-1, -2) @ r[..., None])[..., 0],
            weighted.swapaxes(-1, -2) @ slope,
        )

    cost[alive], gradient, hessian = state(alive, x)
    for _ in range(iterations):
        scale = np.einsum("dii->di", hessian)
        system = hessian + (damping[alive, None] * scale)[..., None] * eye
        step = np.clip(np.linalg.solve(system, gradient[..., None])[..., 0], -2, 2)
        tried = x[alive] - step
        value, g, h = state(alive, tried)
        better = value <= cost[alive]
        gained = np.where(better, cost[alive] - value, np.inf)
        small = (gained <= tolerance * (1e-3 + cost[alive])) | (damping[alive] > 1e8)
        took = alive[better]
        x[took], cost[took] = tried[better], value[better]
        gradient[better], hessian[better] = g[better], h[better]
        damping[alive] = np.where(better, damping[alive] * 0.2, damping[alive] * 6)
        damping[alive] = np.maximum(damping[alive], 1e-9)
        converged[alive[small]] = True
        alive, gradient, hessian = alive[~small], gradient[~small], hessian[~small]
        if not len(alive):
            break
    return Solved(x, cost, converged)
