"""The joint laws: error as a function of demonstrations S and pairs P, with their derivatives, many at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class JointFamily:
    """A law e(S, P; x) and what is known of its parameters beforehand.

    `curve` takes x (..., K), S (N,) and P (N,) and returns e (..., N) and de/dx (..., N, K). All parameters
    but `cold` are logarithms in x (the gate a logit); `centre` and `spread` are their means and standard
    deviations beforehand, errors being scaled to at most about 1. The last, `cold`, is added to e where S is 0 and P is
    not: no demonstrations is its own case with its own level.
    """

    name: str
    parameters: tuple[str, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    curve: Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]


def _decay(size: Floats, log_onset: Floats, log_exponent: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return (1 + size/s0)^-a and its derivatives by log s0, by log a, and by size."""
    onset, exponent = np.exp(log_onset)[..., None], np.exp(log_exponent)[..., None]
    ratio = size / onset
    log_term = np.log1p(ratio)
    value = np.exp(-exponent * log_term)
    by_size = -exponent * value / (onset + size)
    return value, -by_size * size, -exponent * log_term * value, by_size


def _cold(s: Floats, p: Floats) -> Floats:
    return ((s == 0) & (p > 0)).astype(float)


def additive(x: Floats, s: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Return e = E + A (1 + S/s0)^-a + B (1 + P/p0)^-b (after Hoffmann et al. 2022), and its derivatives."""
    floor, a, b = (np.exp(x[..., i])[..., None] for i in (0, 1, 4))
    f, f_onset, f_exponent, _ = _decay(s, x[..., 2], x[..., 3])
    g, g_onset, g_exponent, _ = _decay(p, x[..., 5], x[..., 6])
    cold = np.broadcast_to(_cold(s, p), f.shape)
    e = floor + a * f + b * g + x[..., 7][..., None] * cold
    slope = [np.broadcast_to(floor, f.shape), a * f, a * f_onset, a * f_exponent]
    slope += [b * g, b * g_onset, b * g_exponent, cold]
    return e, np.stack(slope, -1)


def multiplicative(x: Floats, s: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Return e = E + A (1 + S/s0)^-a (1 + P/p0)^-b (after Zhang et al. 2024), and its derivatives."""
    floor, a = (np.exp(x[..., i])[..., None] for i in (0, 1))
    f, f_onset, f_exponent, _ = _decay(s, x[..., 2], x[..., 3])
    g, g_onset, g_exponent, _ = _decay(p, x[..., 4], x[..., 5])
    cold = np.broadcast_to(_cold(s, p), f.shape)
    e = floor + a * f * g + x[..., 6][..., None] * cold
    slope = [np.broadcast_to(floor, f.shape), a * f * g, a * f_onset * g, a * f_exponent * g]
    slope += [a * f * g_onset, a * f * g_exponent, cold]
    return e, np.stack(slope, -1)


def gated(x: Floats, s: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Return the multiplicative law with P discounted by g + (1 - g) S / (S + k), and its derivatives.

    Pairs help a model only so far as demonstrations have shown it the form of an answer: the cold start.
    """
    floor, a = (np.exp(x[..., i])[..., None] for i in (0, 1))
    gate = 1 / (1 + np.exp(-x[..., 6]))[..., None]
    half = np.exp(x[..., 7])[..., None]
    open_ = s / (s + half)
    counted = p * (gate + (1 - gate) * open_)
    f, f_onset, f_exponent, _ = _decay(s, x[..., 2], x[..., 3])
    g, g_onset, g_exponent, g_size = _decay(counted, x[..., 4], x[..., 5])
    cold = np.broadcast_to(_cold(s, p), f.shape)
    e = floor + a * f * g + x[..., 8][..., None] * cold
    af = a * f
    slope = [np.broadcast_to(floor, f.shape), af * g, a * f_onset * g, a * f_exponent * g]
    slope += [af * g_onset, af * g_exponent]
    slope += [af * g_size * p * (1 - open_) * gate * (1 - gate)]
    slope += [af * g_size * p * (1 - gate) * (-s * half / (s + half) ** 2), cold]
    return e, np.stack(slope, -1)


_FLOOR, _GAIN, _S0, _A = (-1.6, 1.0), (-0.5, 0.7), (4.6, 2.0), (-0.9, 0.7)
_P0, _B, _COLD = (5.7, 2.0), (-1.2, 0.7), (0.0, 0.2)


def _family(
    name: str,
    parameters: tuple[str, ...],
    beforehand: tuple[tuple[float, float], ...],
    curve: Callable[[Floats, Floats, Floats], tuple[Floats, Floats]],
) -> JointFamily:
    return JointFamily(
        name, parameters, tuple(c for c, _ in beforehand), tuple(s for _, s in beforehand), curve
    )


JOINT_FAMILIES: dict[str, JointFamily] = {
    "additive": _family(
        "additive",
        ("E", "A", "s0", "a", "B", "p0", "b", "cold"),
        (_FLOOR, _GAIN, _S0, _A, (-1.6, 1.2), _P0, _B, _COLD),
        additive,
    ),
    "multiplicative": _family(
        "multiplicative",
        ("E", "A", "s0", "a", "p0", "b", "cold"),
        (_FLOOR, _GAIN, _S0, _A, _P0, _B, _COLD),
        multiplicative,
    ),
    "gated": _family(
        "gated",
        ("E", "A", "s0", "a", "p0", "b", "g", "k", "cold"),
        (_FLOOR, _GAIN, _S0, _A, _P0, _B, (-1.0, 1.5), (4.6, 2.0), _COLD),
        gated,
    ),
}
