"""Families of learning curves in one variable, written so that a Gaussian prior over their parameters makes sense.

A family maps unconstrained parameters and a number of examples n to z, the transformed result: z = log(loss), or
z = log(score / (1 - score)). Parameters may have any leading shape, (..., p); n has the shape (..., N); z is (..., N).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["score", "loss"]
Name = Literal["power", "floor", "rectified", "saturating", "broken"]

REFERENCE = 1_000.0
"""Levels of unbounded laws are those at this many examples, which decorrelates level and slope."""
HIGHEST = 30.0
"""No |z| is above this: a score 1e-13 from its end, a loss of 1e13."""
PRETENDED_ITEMS = 500.0
"""How many graded items a score of 0 or 1 is taken to be of where that is unknown."""


@dataclass(frozen=True, slots=True)
class Family:
    """One law for one kind of result; `at_zero` says whether it has a value at no examples."""

    name: Name
    kind: Kind
    parameters: tuple[str, ...]
    at_zero: bool
    curve: Callable[[Floats, Floats], Floats]
    natural: Callable[[Floats], dict[str, float]]

    def __call__(self, theta: Floats, n: Floats) -> Floats:
        """Return z of the shape (..., N) for parameters (..., p) and sizes (..., N) or (N,)."""
        with np.errstate(divide="ignore", over="ignore", under="ignore"):
            u = np.log(np.asarray(n, np.float64))
            return np.clip(self.curve(theta[..., None, :], u), -HIGHEST, HIGHEST)


def link(y: Floats, kind: Kind, items: Floats | None = None) -> Floats:
    """Return z = log(loss) or the logit of a score; a score of 0 or 1 counts as half an item from the end.

    >>> link(np.array([0.5]), "score").tolist()
    [0.0]
    """
    if kind == "loss":
        return np.clip(np.log(np.maximum(y, 1e-12)), -HIGHEST, HIGHEST)
    edge = _edge(np.full_like(y, np.nan) if items is None else items)
    inside = np.clip(y, edge, 1 - edge)
    return np.log(inside / (1 - inside))


def is_cut(y: Floats, items: Floats) -> NDArray[np.bool_]:
    """Return which scores of an unknown number of items are so near 0 or 1 that `link` moves them."""
    return np.isnan(items) & (np.minimum(y, 1 - y) < _edge(items))


def _edge(items: Floats) -> Floats:
    """Return half an item, as a share of the items and one."""
    return 0.5 / (np.where(np.isnan(items), PRETENDED_ITEMS, items) + 1)


def unlink(z: Floats, kind: Kind) -> Floats:
    """Return the loss or the score of z."""
    return np.exp(z) if kind == "loss" else 1 / (1 + np.exp(-z))


def _softplus(x: Floats) -> Floats:
    return np.logaddexp(0.0, x)


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def _z_of_log_error(log_e: Floats, kind: Kind) -> Floats:
    """Return z where a law gives the log of the loss, or of one minus the score."""
    if kind == "loss":
        return log_e
    e = np.exp(np.minimum(log_e, -1e-13))
    return np.log1p(-e) - np.log(e)


def _log_top(a: Floats, kind: Kind) -> Floats:
    """Return the log of the error before any example, from its z with the sign turned for scores."""
    return a if kind == "loss" else -_softplus(a)


def _power(kind: Kind) -> Family:
    """Return L = A n^-alpha, or P2's P = a n^(1/b) (arXiv 2410.03717), P in percent; not defined at n = 0."""

    def curve(t: Floats, u: Floats) -> Floats:
        line = t[..., 0] - t[..., 1] * (u - np.log(REFERENCE))
        if kind == "loss":
            return line
        y = np.minimum(line, -1e-6)  # log of the score; the form itself has no end at 1
        return y - np.log(-np.expm1(y))

    def natural(t: Floats) -> dict[str, float]:
        slope = float(t[1])
        amount = float(np.exp(np.clip(t[0] + slope * np.log(REFERENCE), -700, 700)))
        if kind == "loss":
            return {"A": amount, "alpha": slope}
        return {"a": 100 * amount, "b": -1 / slope if abs(slope) > 1e-9 else 1e9}

    return Family("power", kind, ("level", "slope"), False, curve, natural)


def _floor(kind: Kind) -> Family:
    """Return e = E + (T - E) (1 + n/n0)^-alpha, e the loss or one minus the score (after Hoffmann 2022)."""

    def curve(t: Floats, u: Floats) -> Floats:
        share = _sigmoid(t[..., 1])
        decay = np.exp(-np.exp(t[..., 3]) * _softplus(u - t[..., 2]))
        return _z_of_log_error(_log_top(t[..., 0], kind) + np.log(share + (1 - share) * decay), kind)

    def natural(t: Floats) -> dict[str, float]:
        top, share = float(np.exp(_log_top(t[0], kind))), float(_sigmoid(t[1]))
        n0, alpha = float(np.exp(np.clip(t[2], -300, 300))), float(np.exp(t[3]))
        return {"E": top * share, "T": top, "n0": n0, "alpha": alpha}

    return Family("floor", kind, ("top", "share", "knee", "log_alpha"), True, curve, natural)


def _rectified(kind: Kind) -> Family:
    """Return e = E + B / (D_l + n^beta), e the loss or one minus the score (Lin 2024, arXiv 2402.02314)."""

    def curve(t: Floats, u: Floats) -> Floats:
        share = _sigmoid(t[..., 1])
        decay = np.exp(-_softplus(np.exp(t[..., 3]) * (u - t[..., 2])))
        return _z_of_log_error(_log_top(t[..., 0], kind) + np.log(share + (1 - share) * decay), kind)

    def natural(t: Floats) -> dict[str, float]:
        top, share, beta = float(np.exp(_log_top(t[0], kind))), float(_sigmoid(t[1])), float(np.exp(t[3]))
        d_l = float(np.exp(np.clip(beta * t[2], -300, 300)))
        return {"B": top * (1 - share) * d_l, "D_l": d_l, "beta": beta, "E": top * share}

    return Family("rectified", kind, ("top", "share", "knee", "log_beta"), True, curve, natural)


def _saturating(kind: Kind) -> Family:
    """Return z = z0 -+ d n^beta / (n^beta + n0^beta): saturating in the log of a loss or the logit of a score."""
    sign = -1.0 if kind == "loss" else 1.0

    def curve(t: Floats, u: Floats) -> Floats:
        rise = np.exp(-_softplus(-np.exp(t[..., 3]) * (u - t[..., 2])))
        return t[..., 0] + sign * np.exp(t[..., 1]) * rise

    def natural(t: Floats) -> dict[str, float]:
        n0 = float(np.exp(np.clip(t[2], -300, 300)))
        return {"z0": float(t[0]), "d": float(np.exp(t[1])), "n0": n0, "beta": float(np.exp(t[3]))}

    return Family("saturating", kind, ("start", "log_gain", "middle", "log_beta"), True, curve, natural)


def _broken(kind: Kind) -> Family:
    """Return b n^-c0 (1 + (n/d)^(1/f))^(-c1 f) for the loss or for the odds of failure; not defined at n = 0.

    One break and no floor: Caballero 2023 (arXiv 2210.14891) with a = 0. Odds instead of one minus the score keep
    scores in [0, 1].
    """
    sign = -1.0 if kind == "loss" else 1.0

    def curve(t: Floats, u: Floats) -> Floats:
        width = np.exp(t[..., 4])
        bend = t[..., 2] * width * _softplus((u - t[..., 3]) / width)
        return t[..., 0] + sign * (t[..., 1] * (u - np.log(REFERENCE)) + bend)

    def natural(t: Floats) -> dict[str, float]:
        d = float(np.exp(np.clip(t[3], -300, 300)))
        b = float(np.exp(np.clip(-sign * t[0] + t[1] * np.log(REFERENCE), -300, 300)))
        return {"b": b, "c0": float(t[1]), "c1": float(t[2]), "d": d, "f": float(np.exp(t[4]))}

    return Family("broken", kind, ("level", "slope", "bend", "break", "log_width"), False, curve, natural)


BUILDERS: dict[Name, Callable[[Kind], Family]] = {
    "power": _power,
    "floor": _floor,
    "rectified": _rectified,
    "saturating": _saturating,
    "broken": _broken,
}


def families(kind: Kind) -> tuple[Family, ...]:
    """Return all families for a kind of result."""
    return tuple(build(kind) for build in BUILDERS.values())


def family(name: Name, kind: Kind) -> Family:
    """Return one family.

    >>> family("power", "loss").parameters
    ('level', 'slope')
    """
    return BUILDERS[name](kind)
