"""Fitting the curves of one table together: a Gaussian over shapes, learned from all curves, informs each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apportion.identity import generator
from apportion.laws.families import PRETENDED_ITEMS, Family, Kind, is_cut, link
from apportion.laws.repeats import trained_sizes
from apportion.laws.runs import Runs
from apportion.laws.solver import Problem, Rows, Solution, solve
from apportion.laws.variances import shared_draw_variance, variances

Floats = NDArray[np.float64]

SOURCES = 15.0
"""How many curves of the table at hand the mean of the prior is worth."""
SPREAD = 150.0
"""How many curves of the table at hand the covariance of the prior is worth."""
LEVELS = 0.4
"""Standard deviation of the levels of one table's losses, in z, beyond which they are brought together."""
JUMP = 0.6
"""Standard deviation, in z, of a result before any training around the law of the trained ones."""
NOISE_WORTH = 2.0
"""How many points the prior guess of the run-to-run deviation is worth."""


ROUNDS = 6
"""Of expectation-maximisation."""
MANY = 1e6
"""Degrees of freedom of what is known."""
DRAWN_STARTS = 4
"""Starts from the prior beside its mean."""


class Shape(NamedTuple):
    """A Gaussian over one family's parameters. mean: (p,); covariance: (p, p)."""

    mean: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True)
class Batch:
    """B curves padded to N points. n, z, known_variance, known: (B, N); a point that is not known has no weight.

    `known_variance` is that of z from graded items, and from a draw of the data that several runs share. `repeats`
    (B,) is the variance between runs of one cell, `repeat_freedom` (B,) its degrees of freedom.
    """

    kind: Kind
    n: Floats
    z: Floats
    known_variance: Floats
    known: NDArray[np.bool_]
    repeats: Floats
    repeat_freedom: Floats
    total: Floats
    """The numbers of examples, (B, N): n, but for runs that differ in epochs."""
    offset: Floats
    """What was taken off each curve's z, (B,), so that the unit of a loss does not matter; 0 for scores."""

    def until(self, largest: Floats) -> "Batch":
        """Return the batch without the points above a number of examples for each curve, (B,)."""
        return replace(self, known=self.known & (self.total <= largest[:, None]))


def batch_of(curves: Sequence[Runs], sizes: Sequence[Floats] | None = None) -> Batch:
    """Return curves of one kind as padded arrays; `sizes` replaces what their examples count for (`repeats`).

    The variance that a score of k items has from them is 1 / (k y (1 - y)) in the logit (the delta method). Where k
    is unknown there is none, but for scores of 0 and 1, whose logit is that of k = PRETENDED_ITEMS.
    """
    kind = curves[0].kind
    width = max(len(c.y) for c in curves)
    n, total, z, given, known = (np.zeros((len(curves), width)) for _ in range(5))
    repeats, freedom = np.zeros((2, len(curves)))
    n[:] = 1.0
    for i, c in enumerate(curves):
        m = len(c.y)
        n[i, :m] = trained_sizes(c) if sizes is None else sizes[i]
        total[i, :m] = c.n_demonstrations + c.n_pairs
        z[i, :m] = link(c.y, kind, c.items)
        if kind == "score":
            y = 1 / (1 + np.exp(-z[i, :m]))
            k = np.where(is_cut(c.y, c.items), PRETENDED_ITEMS, c.items)
            given[i, :m] = np.where(np.isnan(k), 0.0, 1 / (np.nan_to_num(k, nan=1.0) * y * (1 - y)))
        known[i, :m] = 1
        apart = variances(c)
        given[i, :m] += shared_draw_variance(c, apart)
        repeats[i], freedom[i] = apart.together or 0.0, apart.freedom
    offset = _offsets(z, n, known > 0) if kind == "loss" else np.zeros(len(curves))
    return Batch(kind, n, z - offset[:, None], given, known > 0, repeats, freedom, total, offset)


def _offsets(z: Floats, n: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return a level for each curve: the table's mean, moved so that levels spread by LEVELS at most."""
    trained = known & (n > 0)
    counted = np.where(trained.any(1, keepdims=True), trained, known)
    level = np.where(counted, z, 0.0).sum(1) / counted.sum(1)
    apart = level - level.mean()
    spread = float(np.sqrt((apart**2).mean()))
    return level - apart * min(1.0, LEVELS / max(spread, 1e-300))


@dataclass(frozen=True, slots=True)
class Pooled:
    """One family fitted to B curves. theta: (B, p); covariance: (B, p, p); noise: (B,) standard deviation in z."""

    family: Family
    theta: Floats
    covariance: Floats
    noise: Floats
    mean: Floats
    root: Floats
    converged: NDArray[np.bool_]
    freedom: Floats
    """(B,) degrees of freedom of the points' variance; large where it is known (`_freedom`)."""
    log_evidence: Floats
    problem: Problem

    def z(self, n: Floats) -> Floats:
        """Return the fitted z at sizes (B, M)."""
        return self.family(self.theta, n)


def pool(
    family: Family,
    batch: Batch,
    shape: Shape,
    noise: float,
    *,
    rounds: int = ROUNDS,
    sources: float = SOURCES,
    spread: float = SPREAD,
    noise_known: bool = False,
) -> Pooled:
    """Return a family fitted to every curve of a batch, by expectation-maximisation with Laplace's approximation.

    theta_i ~ N(mu, Sigma) for the curves i of a table; mu and Sigma start at the prior's, which counts as SOURCES
    and SPREAD curves. Each curve's own last fit takes mu from the *other* curves, with Sigma widened by what is not
    known of mu, so a curve is never evidence for itself. Run-to-run variances are estimated for each curve, with
    the prior's as NOISE_WORTH points and that between repeated runs as its degrees of freedom, unless `noise` is known.
    """
    curves, p = len(batch.n), len(shape.mean)
    use = batch.known & ((batch.n > 0) | family.at_zero)
    n = np.where(use, batch.n, 1.0)
    jump = np.where((batch.n > 0) | ~use, 0.0, JUMP**2)

    def curve(theta: Floats, rows: Rows) -> Floats:
        return family(theta, n[rows])

    worth = NOISE_WORTH + batch.repeat_freedom
    guess = np.sqrt((NOISE_WORTH * noise**2 + batch.repeat_freedom * batch.repeats) / worth)
    sigma = np.full(curves, noise) if noise_known else np.where(batch.repeat_freedom > 0, guess, 2.0 * noise)
    mean, covariance = np.tile(shape.mean, (curves, 1)), shape.covariance * (1 + 1 / max(sources, 1.0))
    starts = _starts(shape, batch, family)
    found: Solution | None = None
    problem: Problem | None = None
    for turn in range(rounds):
        variance = batch.known_variance + (sigma**2)[:, None] + jump
        root = np.asarray(np.linalg.cholesky(np.linalg.inv(covariance)), np.float64)
        scale = np.where(use, 1 / np.sqrt(variance), 0.0)
        problem = Problem(curve, batch.z, scale, mean, np.broadcast_to(root, (curves, p, p)))
        if found is None:
            found = _best([solve(problem, start, steps=50) for start in starts])
        else:
            steps = 60 if turn == rounds - 1 else 12
            found = solve(problem, found.theta, steps=steps)
        if turn == rounds - 1:
            break
        inner = _inverse(found.normal)
        if not noise_known:
            sigma = _noise(family, found, inner, batch, n, use, sigma, guess, worth, jump)
        mean, covariance = _mixed(found.theta, inner, shape, sources, spread)
    assert found is not None and problem is not None
    inner = _inverse(found.normal)
    evidence = (
        -found.cost
        + np.where(use, np.log(np.maximum(problem.scale, 1e-300)), 0.0).sum(1)
        + np.log(np.diagonal(problem.root, axis1=1, axis2=2)).sum(1)
        - 0.5 * np.linalg.slogdet(found.normal)[1]
    )
    return Pooled(
        family,
        found.theta,
        inner,
        sigma,
        problem.mean,
        problem.root,
        found.converged,
        np.full(curves, MANY) if noise_known else _freedom(batch, use, sigma, p),
        evidence,
        problem,
    )


def _freedom(batch: Batch, use: NDArray[np.bool_], sigma: Floats, parameters: int) -> Floats:
    """Return the degrees of freedom of the points' variance, (B,), by Satterthwaite's rule.

    The runs' part has those of the points, less the parameters, and what the prior's guess is worth; the items' part
    is known: k (total / runs' part)^2.
    """
    run = np.maximum(sigma**2, 1e-12)
    known = np.where(use, batch.known_variance, 0.0).sum(1) / np.maximum(use.sum(1), 1)
    told = np.maximum(use.sum(1) - parameters, 1.0) + NOISE_WORTH
    return np.minimum(told * ((known + run) / run) ** 2, MANY)


def _inverse(normal: Floats) -> Floats:
    return np.asarray(np.linalg.inv(normal), np.float64)


def _mixed(
    theta: Floats, inner: Floats, shape: Shape, sources: float, spread: float
) -> tuple[Floats, Floats]:
    """Return each curve's mean from the other curves and the prior, and the covariance around it."""
    curves = len(theta)
    total = sources * shape.mean + theta.sum(0)
    centre = total / (sources + curves)
    apart = theta - centre
    around = spread * shape.covariance + apart.T @ apart + inner.sum(0)
    others = (total - theta) / max(sources + curves - 1, 1e-9)
    return others, around / (spread + curves) * (1 + 1 / max(sources + curves - 1, 1.0))


def _noise(
    family: Family,
    found: Solution,
    inner: Floats,
    batch: Batch,
    n: Floats,
    use: NDArray[np.bool_],
    sigma: Floats,
    guess: Floats,
    worth: Floats,
    jump: Floats,
) -> Floats:
    """Return the run-to-run deviations: the expectation of each residual's run part, given its size."""
    residual = np.where(use, batch.z - family(found.theta, n), 0.0)
    p = found.theta.shape[1]
    slope = np.stack(
        [(family(found.theta + s, n) - family(found.theta - s, n)) / 2e-4 for s in 1e-4 * np.eye(p)], -1
    )
    leverage = np.einsum("bni,bij,bnj->bn", slope, inner, slope)
    run = (sigma**2)[:, None]
    rest = batch.known_variance + jump
    part = run / (run + rest)
    expected = part * rest + part**2 * np.minimum(residual**2 + leverage, 9 * (run + rest) + leverage)
    count = use.sum(1)
    return np.sqrt((worth * guess**2 + np.where(use, expected, 0.0).sum(1)) / (worth + count))


def _starts(shape: Shape, batch: Batch, family: Family) -> list[Floats]:
    """Return starts: the prior's mean at each curve's level, and draws from the prior; the same for every curve."""
    curves, p = len(batch.n), len(shape.mean)
    level = np.where(batch.known, batch.z, 0.0).sum(1) / np.maximum(batch.known.sum(1), 1)
    centred = np.tile(shape.mean, (curves, 1))
    if batch.kind == "loss":
        centred[:, 0] = level
    root = np.linalg.cholesky(shape.covariance)
    draws = generator("laws", f"starts of {family.name}").standard_normal((DRAWN_STARTS, p)) @ root.T
    return [centred, *(centred + draw for draw in draws)]


def _best(found: list[Solution]) -> Solution:
    cost = np.stack([s.cost for s in found])
    pick = np.argmin(np.where(np.isfinite(cost), cost, np.inf), 0)
    index = np.arange(cost.shape[1])
    return Solution(
        np.stack([s.theta for s in found])[pick, index],
        cost[pick, index],
        np.stack([s.normal for s in found])[pick, index],
        np.stack([s.converged for s in found])[pick, index],
    )
