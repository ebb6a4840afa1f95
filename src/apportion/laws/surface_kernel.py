"""How far two cells of a surface vary together: the covariance of gains at (demonstrations, pairs)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]

ONSET = 30.0
"""Examples at which a gain starts to count: sizes enter as log(1 + n / 30)."""

NEUTRAL: Mapping[str, float] = {
    "shared_level": 0.5,
    "shared_share": 0.3,
    "shared_zero": 0.3,
    "shared_demonstrations": 0.3,
    "shared_pairs": 0.3,
    "own_level": 0.5,
    "own_share": 0.3,
    "own_zero": 0.3,
    "own_demonstrations": 0.3,
    "own_pairs": 0.3,
    "shared_reach": 2.0,
    "own_reach": 2.0,
    "shared_reach_each": 2.0,
    "own_reach_each": 2.0,
    "share_reach": 0.5,
    "noise": 0.006,
    "small_run_noise": 0.5,
}
"""Medians of the hyperparameters before any surface was seen: variances in squared logits, reaches in nats."""

SPREAD: Mapping[str, float] = {
    name: 0.4
    if name == "share_reach"
    else 0.5
    if "reach" in name
    else {"noise": 0.7, "small_run_noise": 1.0}.get(name, 1.5)
    for name in NEUTRAL
}
"""Standard deviations of the logarithms around NEUTRAL."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the covariance sees of N cells: sizes on log axes, the share, and how near it is to no demonstrations.

    Every array has the shape (N,). `zero` is 1 at a share of 0 and falls in a straight line to 0 at the lowest
    share that anyone has measured: between the two nothing is known, and the cold start is assumed to linger.
    """

    size: Floats
    share: Floats
    zero: Floats
    demonstrations: Floats
    pairs: Floats
    examples: Floats

    @classmethod
    def of(cls, n_demonstrations: ArrayLike, n_pairs: ArrayLike, lowest_share: float) -> "Features":
        """Return the features of cells; a cell without any examples has all of them 0."""
        s, p = np.asarray(n_demonstrations, float), np.asarray(n_pairs, float)
        n = s + p
        share = np.divide(s, n, out=np.full_like(n, 0.5), where=n > 0)
        zero = np.where(n > 0, np.clip(1 - share / lowest_share, 0, 1), 0.0)
        return cls(np.log1p(n / ONSET), share, zero, np.log1p(s / ONSET), np.log1p(p / ONSET), n)


def covariances(left: Features, right: Features, hyper: Mapping[str, float]) -> tuple[Floats, Floats]:
    """Return the covariances (L, R) of what all surfaces share and of what is one surface's own.

    Each is the sum of a level that grows with log n, a part that depends on the share, a part of its own at
    a share of 0, and one of each size alone (a learning curve of either kind). The shared parts grow with
    log n; of its own, a surface's dependence on the share keeps its size: an odd small run is no reason to
    expect ever odder large ones.
    """

    def outer(name: str) -> Floats:
        return getattr(left, name)[:, None] * getattr(right, name)

    def near(name: str, reach: float) -> Floats:
        return np.exp(-0.5 * ((getattr(left, name)[:, None] - getattr(right, name)) / reach) ** 2)

    growth, zero = outer("size") / 10, outer("zero")
    each = {name: outer(name) / 10 for name in ("demonstrations", "pairs")}
    by_share = near("share", hyper["share_reach"])
    parts = []
    for owner in ("shared", "own"):
        reach = near("size", hyper[f"{owner}_reach"])
        of_share = growth * reach if owner == "shared" else reach
        part = hyper[f"{owner}_level"] * growth * reach
        part += of_share * (hyper[f"{owner}_share"] * by_share + hyper[f"{owner}_zero"] * zero)
        for name, product in each.items():
            part += hyper[f"{owner}_{name}"] * product * near(name, hyper[f"{owner}_reach_each"])
        parts.append(part)
    return parts[0], parts[1]


def noise_variance(cells: Features, hyper: Mapping[str, float]) -> Floats:
    """Return the variance of single runs: noise (1 + small_run_noise 1,000 / n), in squared logits."""
    return hyper["noise"] * (1 + hyper["small_run_noise"] * 1000 / np.maximum(cells.examples, 1))
