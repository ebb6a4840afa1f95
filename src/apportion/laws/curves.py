"""The laws of a table's curves: every family fitted, averaged by its evidence, and a prediction with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from apportion.identity import generator
from apportion.laws.confidence import status_of
from apportion.laws.draws import posterior_z
from apportion.laws.families import Kind, Name, families, is_cut, link, unlink
from apportion.laws.pooling import Batch, Pooled, batch_of, pool
from apportion.laws.prior import KindPrior, Prior, shipped_prior
from apportion.laws.repeats import asked_sizes, half_lives, trained_sizes
from apportion.laws.runs import Runs
from apportion.laws.status import Status

Floats = NDArray[np.float64]

SHARPNESS = 1.5
"""How much sharper than one curve's mean evidence the weights of the families are."""
INTERVAL_SHARPNESS = 0.75
"""The same for the intervals of several curves: those of a table err alike, so their evidence counts for less there."""
ALONE_SHARPNESS: dict[Kind, float] = {"score": 1.5, "loss": 1.0}
"""The same for the interval of a curve that is the table's only one."""
POOR = 1.1
"""How much wider an interval is where no law is confident."""
DRAWS = 400


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
    epochs: float | None = None,
) -> tuple[Curve, ...]:
    """Return one fitted law for each of a table's curves, in their order, with predictions at `sizes`.

    All curves of one kind are fitted together (`pooling.pool`). A family's weight is exp(SHARPNESS E), E a blend of
    its evidence on the curve and of its mean evidence over the table's curves (`_weights`). Draws of all families are
    mixed by weights of INTERVAL_SHARPNESS (of ALONE_SHARPNESS for one curve); where the family is not given (`only`),
    a normal deviation of `drift` times the change foretold beyond the largest measured size is added, and a poor
    status makes the interval POOR times as wide (in z). n is the total of demonstrations and pairs. `noise` is the
    run-to-run standard deviation in z where it is known. Without `sizes` each curve is predicted at 4 times its
    largest size. Where runs differ in epochs, families are laws of repeated data (`repeats`), summed over its R*, and
    foretell `epochs` passes over the examples; None is as most runs were trained. Such curves are fitted apart.
    """
    prior = shipped_prior() if prior is None else prior
    found: dict[int, Curve] = {}
    for kind in ("score", "loss"):
        for repeated in (False, True):
            places = [i for i, r in enumerate(runs) if r.kind == kind and (r.epochs is not None) == repeated]
            if places:
                group = [runs[i] for i in places]
                fitted = _fit(group, sizes, prior.of(kind), only, noise, draws, epochs)
                found |= dict(zip(places, fitted, strict=True))
    return tuple(found[i] for i in range(len(runs)))


class _Candidate(NamedTuple):
    """A family fitted to a table under one R*; `asked` (B, M) are the sizes to foretell, then each curve's largest."""

    fit: Pooled
    batch: Batch
    asked: Floats
    half_life: float
    log_prior: float


def _fit(
    runs: list[Runs],
    sizes: Sequence[float] | None,
    prior: KindPrior,
    only: Name | None,
    noise: float | None,
    draws: int,
    epochs: float | None,
) -> list[Curve]:
    largest = np.array([max(int((r.n_demonstrations + r.n_pairs).max()), 1) for r in runs], float)
    asked = 4 * largest[:, None] if sizes is None else np.tile(np.array(sizes, float), (len(runs), 1))
    candidates = _candidates(runs, np.maximum(asked, 1.0), prior, only, noise, epochs)
    weights = _weights(candidates, SHARPNESS)
    drawn = [posterior_z(c.fit, c.asked, draws) for c in candidates]
    sharpness = ALONE_SHARPNESS[runs[0].kind] if len(runs) == 1 else INTERVAL_SHARPNESS
    mixed = _mixture(drawn, _weights(candidates, sharpness))
    centre = np.einsum("fb,fbm->bm", weights, np.stack([np.median(d, 0) for d in drawn]))
    z, end = mixed[..., :-1], mixed[..., -1:]
    if only is None:
        rng = generator("laws", "drift")
        lead = candidates[int(weights.sum(1).argmax())].asked
        change = np.abs(np.median(z - end, 0)) * (lead[:, :-1] > lead[:, -1:])
        z = z + prior.drift * change * rng.standard_normal((draws, 1, 1))
    names: list[Name] = [f.name for f in families(runs[0].kind) if only in (None, f.name)]
    apart = weights.reshape(-1, len(names), len(runs))  # by R*, family and curve
    by_family = apart.sum(0)
    best: list[_Candidate] = []
    for i, f in enumerate(by_family.argmax(0)):
        best.append(candidates[int(apart[:, f, i].argmax()) * len(names) + int(f)])
    status: list[Status] = [status_of(c.fit, c.batch, i) for i, c in enumerate(best)]
    if only is None:
        wide = np.array([1.0 if s == "converged" else POOR for s in status])
        z = np.median(z, 0) + (z - np.median(z, 0)) * wide[:, None]
    curves = []
    for i, r in enumerate(runs):
        fit, batch = best[i].fit, best[i].batch
        curves.append(
            Curve(
                r.model,
                r.task,
                r.kind,
                fit.family.name,
                status[i],
                _natural(fit, batch, i) | ({} if r.epochs is None else {"R*": best[i].half_life}),
                {name: float(w) for name, w in zip(names, by_family[:, i], strict=True)},
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


def _candidates(
    runs: list[Runs],
    asked: Floats,
    prior: KindPrior,
    only: Name | None,
    noise: float | None,
    epochs: float | None,
) -> list[_Candidate]:
    """Return every family fitted to the table, under every R* where runs differ in epochs."""
    found = []
    for half_life, log_prior in zip(*half_lives(runs), strict=True):
        batch = batch_of(runs, [trained_sizes(r, half_life) for r in runs])
        largest = np.maximum(np.where(batch.known, batch.n, 0.0).max(1), 1.0)
        sizes = np.stack([asked_sizes(r, a, half_life, epochs) for r, a in zip(runs, asked, strict=True)])
        with_largest = np.concatenate([sizes, largest[:, None]], 1)
        for family in families(batch.kind):
            if only in (None, family.name):
                shape, guess = prior.shapes[family.name], prior.noise if noise is None else noise
                fit = pool(family, batch, shape, guess, noise_known=noise is not None)
                found.append(_Candidate(fit, batch, with_largest, float(half_life), float(log_prior)))
    return found


def _weights(candidates: list[_Candidate], sharpness: float) -> Floats:
    """Return weights (candidates, B): softmax of the table's mean evidence, moved a B-th of the way to the curve's own.

    Laws without a value at 0 leave that point out; it counts as explained at one standard deviation.
    """
    evidence = np.stack([c.fit.log_evidence + c.log_prior for c in candidates])
    batch = candidates[0].batch
    missing = (batch.known & (batch.n == 0)).sum(1)
    away = np.array([not c.fit.family.at_zero for c in candidates])
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
