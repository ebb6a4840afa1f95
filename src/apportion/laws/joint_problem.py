"""Joint laws as least-squares problems: errors in logits (losses in logs), with the derivatives of the law."""

import numpy as np

from apportion.laws.joint_families import Floats, JointFamily
from apportion.laws.solver import HUBER, Problem

LEAST, MOST = 1e-3, 1 - 1e-3
"""Errors are held within these, losses above the first, before the logit or the log is taken."""


def latent(e: Floats, is_loss: bool) -> Floats:
    """Return log e for losses, the logit of e for scores."""
    held = np.clip(e, LEAST, np.inf if is_loss else MOST)
    return np.log(held) if is_loss else np.log(held / (1 - held))


def latent_curve(
    family: JointFamily, x: Floats, s: Floats, p: Floats, is_loss: bool, beyond: float = 0.05
) -> tuple[Floats, Floats]:
    """Return the latent error (..., N) of a law and its derivatives by x (..., N, K).

    Where the error is beyond the ends, its derivative is taken as `beyond` times that of the end: a way back.
    """
    e, slope = family.curve(x, s, p)
    most = np.inf if is_loss else MOST
    held = np.clip(e, LEAST, most)
    by_e = 1 / held if is_loss else 1 / (held * (1 - held))
    by_e = np.where((e > LEAST) & (e < most), by_e, beyond * by_e)
    return latent(e, is_loss), slope * by_e[..., None]


def problem_of(
    family: JointFamily, s: Floats, p: Floats, target: Floats, sigma: Floats, centre: Floats, is_loss: bool
) -> Problem:
    """Return the problem of targets (D, N) with standard deviations (N,) and prior centres (D, K)."""
    count, k = centre.shape
    return Problem(
        lambda x, _: latent_curve(family, x, s, p, is_loss)[0],
        target,
        np.broadcast_to(1 / sigma, target.shape),
        centre,
        np.broadcast_to(np.diag(1 / np.array(family.spread)), (count, k, k)),
        HUBER,
        lambda x: latent_curve(family, x, s, p, is_loss),
    )


def residuals(problem: Problem, x: Floats, row: int) -> tuple[Floats, Floats]:
    """Return what one problem squares, and its derivatives, as scipy's solvers take them: (N + K,), (N + K, K).

    The first N are (z(e) - target) / sigma, the last K the prior's.
    """
    assert problem.slope is not None
    f, slope = problem.slope(x[None])
    scale, root = problem.scale[row], problem.root[row]
    r = np.concatenate([(f[0] - problem.z[row]) * scale, (x - problem.mean[row]) @ root])
    return r, np.concatenate([slope[0] * scale[:, None], root.T])
