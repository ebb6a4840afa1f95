"""The laws of a table's curves: every family fitted, averaged by its evidence, and a prediction with an interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from apportion.identity import generator
from apportion.laws.draws import posterior_z
from apportion.laws.families import Name, families, is_cut, link, unlink
from apportion.laws.pooling import Batch, Pooled, batch_of, pool
from apportion.laws.prior import KindPrior, Prior, shipped_prior
from apportion.laws.runs import Runs
from apportion.laws.status import Status

Floats = NDArray[np.float64]

SHARPNESS = 1.5
"""How much sharper than one curve's mean evidence the weights of the families are."""
INTERVAL_SHARPNESS = 0.75
"""The same for the intervals of several curves: those of a table err alike, so their evidence counts for less there."""
ALONE_SHARPNESS = 1.25
"""The same for the interval of a curve that is the table's only one."""
POOR = 1.25
"""How much wider an interval is where no law is confident."""
DRAWS = 400
MARGIN = 6.0
"""By how much, in BIC, a law has to beat a straight line and a constant."""
CHANCE = 0.01
"""How probable a trend may be in runs that have none: Kendall's test, one-sided, over the means of each size."""
LEAST_SIZES = 5
"""With fewer different sizes of trained models no law is determined: even in perfect order they may be chance."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The result expected at n examples with a 95 % interval.

    For a score `mean` is the posterior's. For a loss, whose posterior has a long tail far out, it is the exponential
    of the families' median log losses, averaged by weight.
    """

    n: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The fitted law of one (model, task).

    `status` "no-law" says that no law fits better than a straight line or a constant. `family` is the one of most
    weight, `parameters` are its own. `weights` say how far each family counts in the predictions; `noise` is the
    run-to-run standard deviation in z, log(loss) or the logit of a score.
    """

    model: str | None
    task: str | None
    kind: Literal["score", "loss"]
    family: Name
    status: Status
    parameters: dict[str, float]
    weights: dict[Name, float]
    noise: float
    predictions: tuple[Prediction, ...]
    theta: tuple[float, ...]
    """The unconstrained parameters of `family`."""
    undetermined: tuple[str, ...]
    """Those of them that the runs say next to nothing about: nine tenths or more of the prior's deviation are left."""
    runs: Runs


def fit_curves(
    runs: Sequence[Runs],
    sizes: Sequence[float] | None = None,
    *,
    prior: Prior | None = None,
    only: Name | None = None,
    noise: float | None = None,
    draws: int = DRAWS,
) -> tuple[Curve, ...]:
    """Return one fitted law for each of a table's curves, in their order, with predictions at `sizes`.

    All curves of one kind are fitted together (`pooling.pool`). A family's weight is exp(SHARPNESS E), E a blend of
    its evidence on the curve and of its mean evidence over the table's curves (`_weights`). Draws of all families are
    mixed by weights of INTERVAL_SHARPNESS (of ALONE_SHARPNESS for one curve); where the family is not given (`only`),
    a normal deviation of `drift` times the change foretold beyond the largest measured size is added, and a poor
    status makes the interval POOR times as wide (in z). n is the total of demonstrations and pairs. `noise` is the
    run-to-run standard deviation in z where it is known. Without `sizes` each curve is predicted at 4 times its
    largest size.
    """
    prior = shipped_prior() if prior is None else prior
    found: dict[int, Curve] = {}
    for kind in ("score", "loss"):
        places = [i for i, r in enumerate(runs) if r.kind == kind]
        if places:
            group = [runs[i] for i in places]
            found |= dict(zip(places, _fit(group, sizes, prior.of(kind), only, noise, draws), strict=True))
    return tuple(found[i] for i in range(len(runs)))


def _fit(
    runs: list[Runs],
    sizes: Sequence[float] | None,
    prior: KindPrior,
    only: Name | None,
    noise: float | None,
    draws: int,
) -> list[Curve]:
    batch = batch_of(runs)
    largest = np.where(batch.known, batch.n, 0.0).max(1)
    asked = (
        np.maximum(4 * largest, 1.0)[:, None]
        if sizes is None
        else np.tile(np.array(sizes, float), (len(runs), 1))
    )
    fits = [
        pool(
            family,
            batch,
            prior.shapes[family.name],
            prior.noise if noise is None else noise,
            noise_known=noise is not None,
        )
        for family in families(batch.kind)
        if only in (None, family.name)
    ]
    weights = _weights(fits, batch, SHARPNESS)
    with_largest = np.concatenate([np.maximum(asked, 1.0), np.maximum(largest, 1.0)[:, None]], 1)
    drawn = [posterior_z(fit, with_largest, draws) for fit in fits]
    sharpness = ALONE_SHARPNESS if len(runs) == 1 else INTERVAL_SHARPNESS
    mixed = _mixture(drawn, _weights(fits, batch, sharpness))
    centre = np.einsum("fb,fbm->bm", weights, np.stack([np.median(d, 0) for d in drawn]))
    z, end = mixed[..., :-1], mixed[..., -1:]
    if only is None:
        rng = generator("laws", "drift")
        beyond = np.maximum(asked, 1.0) > largest[:, None]
        change = np.abs(np.median(z - end, 0)) * beyond
        z = z + prior.drift * change * rng.standard_normal((draws, 1, 1))
    best = weights.argmax(0)
    status: list[Status] = [_status(fits[best[i]], batch, i) for i in range(len(runs))]
    if only is None:
        wide = np.array([1.0 if s == "converged" else POOR for s in status])
        z = np.median(z, 0) + (z - np.median(z, 0)) * wide[:, None]
    curves = []
    for i, r in enumerate(runs):
        fit = fits[best[i]]
        curves.append(
            Curve(
                r.model,
                r.task,
                r.kind,
                fit.family.name,
                status[i],
                _natural(fit, batch, i),
                {f.family.name: float(w) for f, w in zip(fits, weights[:, i], strict=True)},
                float(fit.noise[i]),
                tuple(
                    _prediction(n, z[:, i, k] + batch.offset[i], float(centre[i, k] + batch.offset[i]), r)
                    for k, n in enumerate(asked[i])
                ),
                (float(fit.theta[i, 0] + batch.offset[i]), *(float(v) for v in fit.theta[i, 1:])),
                _undetermined(fit, i),
                r,
            )
        )
    return curves


def _weights(fits: list[Pooled], batch: Batch, sharpness: float) -> Floats:
    """Return weights (families, B): softmax of the table's mean evidence, moved a B-th of the way to the curve's own.

    Laws without a value at 0 leave that point out; it counts as explained at one standard deviation.
    """
    evidence = np.stack([fit.log_evidence for fit in fits])
    missing = (batch.known & (batch.n == 0)).sum(1)
    away = np.array([not fit.family.at_zero for fit in fits])
    zero = np.log(1 / 0.6) - 0.5
    evidence = evidence + away[:, None] * missing * zero
    curves = evidence.shape[1]
    blend = evidence.mean(1, keepdims=True) + (evidence - evidence.mean(1, keepdims=True)) / curves
    blend = sharpness * (blend - blend.max(0))
    return np.exp(blend) / np.exp(blend).sum(0)


def _mixture(draws: list[Floats], weights: Floats) -> Floats:
    """Return draws (D, B, M) of which each family gives its share, spread evenly over the draws."""
    count = len(draws[0])
    grid = (np.arange(count) + 0.5) / count
    stacked = np.stack(draws)
    pick = np.stack(
        [np.searchsorted(np.cumsum(w), grid * (1 - 1e-9)).clip(0, len(draws) - 1) for w in weights.T], 1
    )
    return stacked[pick, np.arange(count)[:, None], np.arange(pick.shape[1])]


def _prediction(n: float, z: Floats, centre: float, r: Runs) -> Prediction:
    low, high = (float(unlink(np.asarray(np.quantile(z, q)), r.kind)) for q in (0.025, 0.975))
    mean = float(np.exp(centre)) if r.kind == "loss" else float(unlink(z, r.kind).mean())
    low, high = _to_the_ends(low, high, r)
    return Prediction(int(n), min(max(mean, low), high), low, high)


def _to_the_ends(low: float, high: float, r: Runs) -> tuple[float, float]:
    """Return an interval as far as 0 or 1 where it is beyond the logit that stands for such a measured score."""
    cut = r.y[is_cut(r.y, r.items)] if r.kind == "score" else np.empty(0)
    least, most = unlink(link(np.array([0.0, 1.0]), "score"), "score")
    return (
        0.0 if (cut < 0.5).any() and low <= least else low,
        1.0 if (cut > 0.5).any() and high >= most else high,
    )


def _natural(fit: Pooled, batch: Batch, i: int) -> dict[str, float]:
    theta = fit.theta[i].copy()
    theta[0] += batch.offset[i]
    return {name: float(np.clip(v, -1e300, 1e300)) for name, v in fit.family.natural(theta).items()}


def _undetermined(fit: Pooled, i: int) -> tuple[str, ...]:
    prior = np.linalg.inv(fit.root[i] @ fit.root[i].T)
    left = np.sqrt(np.diagonal(fit.covariance[i]) / np.diagonal(prior))
    return tuple(name for name, share in zip(fit.family.parameters, left, strict=True) if share >= 0.9)


def _status(fit: Pooled, batch: Batch, i: int) -> Status:
    """Return how far a fit can be trusted.

    A law has to beat a straight line in n and a constant in z, and the sizes have to be in an order that is no chance.
    """
    use = batch.known[i] & ((batch.n[i] > 0) | fit.family.at_zero)
    trained = batch.known[i] & (batch.n[i] > 0)
    n, z = batch.n[i, use], batch.z[i, use]
    if len(np.unique(batch.n[i, trained])) < LEAST_SIZES:
        return "underdetermined"
    residual = z - fit.family(fit.theta[i], n)
    floor = float(batch.known_variance[i, use].mean()) + 1e-8
    lines = np.stack([np.ones_like(n), n / n.max()], 1)
    off = z - lines @ np.linalg.lstsq(lines, z, rcond=None)[0]
    flat = z - z.mean()

    def bic(error: Floats, parameters: int) -> float:
        return len(error) * float(np.log((error**2).mean() + floor)) + parameters * float(np.log(len(error)))

    p = min(len(fit.family.parameters), 3)  # the prior takes a part of the freedom
    improves = batch.z[i, trained] if batch.kind == "score" else -batch.z[i, trained]
    if (
        bic(residual, p) + MARGIN > min(bic(off, 2), bic(flat, 1))
        or _by_chance(batch.n[i, trained], improves) > CHANCE
    ):
        return "no-law"
    if np.abs(fit.family(fit.theta[i], n)).max() > 25:
        return "at-bound"
    if not fit.converged[i]:
        return "underdetermined"
    return "converged"


def _by_chance(n: Floats, improves: Floats) -> float:
    """Return how probable it is that results in random order rise as much with size (Kendall's S, ties half).

    The number of permutations of k by inversions is the convolution of 1, 11, 111, ... (Mahonian numbers); beyond 60
    sizes S is taken as normal.
    """
    sizes, group = np.unique(n, return_inverse=True)
    means = np.bincount(group.ravel(), improves) / np.bincount(group.ravel())
    k = len(sizes)
    signs = np.sign(means[None, :] - means[:, None])
    score = float(np.triu(signs).sum())
    if k > 60:
        return 0.5 * math.erfc(score / math.sqrt(k * (k - 1) * (2 * k + 5) / 9))
    in_order = (score + k * (k - 1) / 2) / 2
    share = np.ones(1)
    for width in range(2, k + 1):
        share = np.convolve(share, np.full(width, 1 / width))
    return float(share[int(np.ceil(in_order - 1e-9)) :].sum())
