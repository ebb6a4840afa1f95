"""A surface and how sure one may be of it: score or loss at any (demonstrations, pairs), given a few runs."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from apportion.identity import generator
from apportion.laws.evidence import Evidence
from apportion.laws.level import LEVEL_VARIANCE, scatter_evidence
from apportion.laws.runs import Kind
from apportion.laws.surface_kernel import Features, Floats, covariances, noise_variance
from apportion.laws.surface_prior import LOWEST_SHARE, SurfacePrior

SCORE_SCALES = np.exp(np.linspace(-0.8, 0.8, 5))
LOSS_SCALES = np.exp(np.linspace(-4.5, 0.75, 8))
"""By how much larger than published ones a surface's gains may be; losses in log, with no opinion beforehand."""
NOISES = np.array([1.0, 4.0, 16.0, 64.0])
NOISE_WEIGHTS = np.array([0.6, 0.25, 0.1, 0.05])
"""By how much more than the published runs these may scatter."""
OWNS = np.array([1.0, 3.0])
OWN_WEIGHTS = np.array([0.5, 0.5])
"""By how much more, in variance, this surface may depart from the published ones than they from each other."""
JITTER = 1e-7
"""As a share of the mean variance: added before a root is taken, ten times as much until there is one."""


@dataclass(frozen=True, slots=True)
class SurfacePosterior:
    """Joint draws of a surface at Q places.

    `draws` (D, Q) are scores or losses without the noise of a single run; `latent` (D, Q) the same in logits;
    `noise` (D,) is the standard deviation in logits of a run of 1,000 examples. `law` is the probability that
    the runs follow a surface at all, rather than one level and scatter. `scale` and `noise_factor` are
    posterior means.
    """

    draws: Floats
    latent: Floats
    noise: Floats
    law: float
    scale: float
    noise_factor: float


def surface_posterior(
    evidence: Evidence,
    prior: SurfacePrior,
    n_demonstrations: ArrayLike,
    n_pairs: ArrayLike,
    draws: int = 400,
) -> SurfacePosterior:
    """Return joint draws of the surface at the places (n_demonstrations, n_pairs), each of shape (Q,).

    The gain is scale x (g + d) with g the Gaussian process that all surfaces share, known through the prior's
    published ones, and d one of its own; `surface_kernel` has the covariances. Scale and noise are summed over
    a grid, weighted by the probability of the runs. The draws are the same for the same numbers.
    """
    mixture = surface_mixture(evidence, prior, draws)
    places = Features.of(n_demonstrations, n_pairs, evidence.lowest_share)
    model = _Model(evidence, prior, places)
    normal = standard_normals(draws * (len(places.size) + 1)).reshape(draws, -1)
    latent, noise, start = [], [], 0
    for point in mixture.points:
        mean, root = model.conditional(point.scale, point.noise_factor, point.own)
        latent.append(mean + normal[start : start + point.draws, :-1] @ root.T)
        noise.append(np.full(point.draws, np.sqrt(model.noise * point.noise_factor)))
        start += point.draws
    z = np.concatenate(latent) + evidence.reference
    y = 1 / (1 + np.exp(-np.clip(z, -50, 50))) if evidence.kind == "score" else np.exp(np.clip(-z, -50, 50))
    return SurfacePosterior(y, z, np.concatenate(noise), mixture.law, mixture.scale, mixture.noise_factor)


def standard_normals(count: int) -> Floats:
    """Return the first `count` of the normal numbers that all posterior draws are made of, row by row."""
    return generator("surface", "posterior draws").standard_normal(count)


class MixturePoint(NamedTuple):
    """One scale, noise factor and own variance of the grid, and how many of the draws are made under them."""

    scale: float
    noise_factor: float
    own: float
    draws: int


@dataclass(frozen=True, slots=True)
class Mixture:
    """The points of the grid that the runs leave probable; `law`, `scale`, `noise_factor` as in SurfacePosterior."""

    points: tuple[MixturePoint, ...]
    law: float
    scale: float
    noise_factor: float


def surface_mixture(evidence: Evidence, prior: SurfacePrior, draws: int = 400) -> Mixture:
    """Return which scales and noises the draws come from: no place is needed to know that."""
    scales = SCORE_SCALES if evidence.kind == "score" else LOSS_SCALES
    model = _Model(evidence, prior, Features.of([], [], evidence.lowest_share))
    grid = [(float(s), float(f), float(o)) for s in scales for f in NOISES for o in OWNS]
    log_weight = np.array(
        [
            np.log(NOISE_WEIGHTS[factor == NOISES][0])
            - (0.5 * (np.log(scale) / 0.4) ** 2 if evidence.kind == "score" else 0.0)
            + model.log_evidence(scale, factor, own)
            for scale, factor, own in grid
        ]
    )
    law = _law_probability(evidence, log_weight, evidence.kind)
    weight = np.exp(log_weight - log_weight.max())
    weight[weight < 0.01] = 0
    weight /= weight.sum()
    share = np.floor(np.cumsum(weight) * draws + 0.5).astype(int)
    counts = np.diff(np.concatenate([[0], share]))
    points = tuple(MixturePoint(*at, int(n)) for at, n in zip(grid, counts, strict=True) if n)
    means = [float(weight @ [point[i] for point in grid]) for i in (0, 1)]
    return Mixture(points, law, means[0], means[1])


class _Model:
    """The covariances of one problem, computed once for all scales and noises."""

    def __init__(self, evidence: Evidence, prior: SurfacePrior, places: Features) -> None:
        hyper = prior.hyper
        columns = [
            np.array([v for s in prior.surfaces for v in getattr(s, name)], float)
            for name in ("n_demonstrations", "n_pairs", "gain")
        ]
        known = Features.of(columns[0], columns[1], LOWEST_SHARE)
        own = Features.of(evidence.n_demonstrations, evidence.n_pairs, evidence.lowest_share)
        owner = np.repeat(np.arange(len(prior.surfaces)), [len(s.gain) for s in prior.surfaces])
        shared, single = covariances(known, known, hyper)
        k = shared + (owner[:, None] == owner) * single + np.diag(noise_variance(known, hyper))
        # What the published surfaces say about g, at the own cells and at the places: mean and covariance
        cells = _joined(own, places)
        g, d = covariances(cells, cells, hyper)
        if len(columns[2]):
            cross = covariances(known, cells, hyper)[0]
            root = np.linalg.cholesky(k)
            half = np.linalg.solve(root, np.column_stack([cross, columns[2]]))
            self.mean = half[:, :-1].T @ half[:, -1]
            self.shared, self.single = g - half[:, :-1].T @ half[:, :-1], d
        else:
            self.mean, self.shared, self.single = np.zeros(len(g)), g, d
        self.m = len(evidence.gain)
        self.gain = evidence.gain
        self.level = 0.0 if evidence.base_known else LEVEL_VARIANCE
        self.items = evidence.item_variance / np.maximum(evidence.count, 1)
        self.runs = noise_variance(own, hyper) / np.maximum(evidence.count, 1)
        self.noise = float(hyper["noise"] * (1 + hyper["small_run_noise"]))

    def _noise(self, factor: float) -> Floats:
        """Return the variance of the cells: half of the published runs' is theirs alone where items are known."""
        return np.where(self.items > 0, self.runs / 2, self.runs) * factor + self.items

    def _covariance(self, own: float) -> Floats:
        return self.shared + own * self.single

    def _root(self, scale: float, factor: float, own: float) -> tuple[Floats, Floats]:
        m = self.m
        k = scale**2 * self._covariance(own)[:m, :m] + self.level + np.diag(self._noise(scale**2 * factor))
        return np.linalg.cholesky(k + 1e-9 * np.eye(m)), self.gain - scale * self.mean[:m]

    def log_evidence(self, scale: float, factor: float, own: float) -> float:
        """Return the log density of the cells, up to a constant."""
        if not self.m:
            return 0.0
        root, off = self._root(scale, factor, own)
        white = np.linalg.solve(root, off)
        return float(-0.5 * white @ white - np.log(np.diag(root)).sum())

    def conditional(self, scale: float, factor: float, own: float) -> tuple[Floats, Floats]:
        """Return the mean (Q,) and a square root (Q, Q) of the covariance at the places."""
        m = self.m
        mean = scale * self.mean[m:]
        covariance = scale**2 * self._covariance(own) + self.level
        cov = covariance[m:, m:]
        if m:
            root, off = self._root(scale, factor, own)
            half = np.linalg.solve(root, covariance[:m, m:])
            mean = mean + half.T @ np.linalg.solve(root, off)
            cov = cov - half.T @ half
        jitter = JITTER * max(float(np.trace(cov)) / len(cov), 1e-12)
        for _ in range(8):
            try:
                return mean, np.linalg.cholesky(cov + jitter * np.eye(len(cov)))
            except np.linalg.LinAlgError:
                jitter *= 10
        values, vectors = np.linalg.eigh(cov)
        return mean, vectors * np.sqrt(np.maximum(values, 0))


def _joined(left: Features, right: Features) -> Features:
    names = ("size", "share", "zero", "demonstrations", "pairs", "examples")
    return Features(*(np.concatenate([getattr(left, n), getattr(right, n)]) for n in names))


def _law_probability(evidence: Evidence, log_weight: Floats, kind: Kind) -> float:
    """Return how probable a surface is against one level and scatter (`level`), even odds beforehand."""
    if not len(evidence.gain):
        return 0.0
    rival = scatter_evidence(evidence)[1]
    scales = SCORE_SCALES if kind == "score" else LOSS_SCALES
    prior = (
        np.log(np.exp(-0.5 * (np.log(scales) / 0.4) ** 2).sum()) if kind == "score" else np.log(len(scales))
    )
    surface = np.logaddexp.reduce(log_weight) - prior
    other = np.logaddexp.reduce(rival) - np.log(len(rival))
    return float(1 / (1 + np.exp(np.clip(other - surface, -50, 50))))
