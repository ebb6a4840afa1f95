"""Joint laws fitted to runs with both kinds of labels: parameters, draws of them, and predictions."""

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from apportion.identity import generator
from apportion.laws.joint_families import JOINT_FAMILIES, Floats, JointFamily
from apportion.laws.joint_problem import LEAST, MOST, latent, latent_curve, problem_of
from apportion.laws.runs import Runs
from apportion.laws.solver import Solution, solve
from apportion.laws.status import Status
from apportion.laws.variances import shared_draw_variance, variances

STARTS = 24
FIRST_STEPS, STEPS = 80, 400
"""Steps of the search for good starts, and of the last solution: many cells at a score of 0 take some 200, and a law
that has not converged is no ground for a forecast."""
DRAWS = 300
REACH, NEGLIGIBLE = 2.0, 1e-3
"""How far a parameter moves in one step, and how the solver's tolerance counts small costs."""
LEAST_SIGMA = 0.01


class Prediction(NamedTuple):
    """A prediction with its 95 % interval, that of one run: the law's uncertainty and a run's own scatter."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class JointLaw:
    """One family fitted: its mode `x` (K,), draws of x (D, K), the scatter of runs, and its weight.

    `sigma` is in logits of the error (logs, for losses), and `widths` (D,) how many times as wide it is in each
    draw. `weight` is the family's share in averages.
    """

    family: str
    x: Floats
    draws: Floats
    sigma: float
    widths: Floats
    cost: float
    converged: bool
    weight: float

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name, on the scale of the law's formula (errors relative to `JointFit.scale`)."""
        names = JOINT_FAMILIES[self.family].parameters
        return dict(zip(names, _natural(names, self.x), strict=True))

    @property
    def undetermined(self) -> tuple[str, ...]:
        """The parameters of which the draws keep nine tenths or more of the deviation beforehand."""
        family = JOINT_FAMILIES[self.family]
        left = self.draws.std(0) / np.array(family.spread)
        return tuple(name for name, share in zip(family.parameters, left, strict=True) if share >= 0.9)


@dataclass(frozen=True, slots=True)
class JointFit:
    """The joint laws of one model and task, the best first. Errors are 1 - score, or loss / `scale`."""

    kind: Literal["score", "loss"]
    scale: float
    laws: tuple[JointLaw, ...]
    status: Status
    level: float
    level_sigma: float

    @property
    def family(self) -> str:
        """The name of the family with the largest weight."""
        return self.laws[0].family

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters of that family; E, A, B and cold in the units of the error."""
        found = self.laws[0].parameters
        return {k: v * (self.scale if k in ("E", "A", "B", "cold") else 1) for k, v in found.items()}

    def draws(self, n_demonstrations: float, n_pairs: float) -> Floats:
        """Return draws of the score or loss of one run at a size, families mixed by weight."""
        s, p = np.array([float(n_demonstrations)]), np.array([float(n_pairs)])
        parts = []
        for law in self.laws:
            count = round(law.weight * len(law.draws))
            if count:
                e = JOINT_FAMILIES[law.family].curve(law.draws[:count], s, p)[0][:, 0]
                parts.append(
                    latent(e, self.kind == "loss")
                    + law.sigma * law.widths[:count] * _normal(count, law.family)
                )
        if self.status in ("underdetermined", "no-law"):
            spread = 2 * self.level_sigma if self.status == "no-law" else 1.0
            parts.append(self.level + spread * _normal(sum(map(len, parts)), "a level only"))
        z = np.concatenate(parts)
        if self.kind == "loss":
            return self.scale * np.exp(np.clip(z, -50, 50))
        return 1 / (1 + np.exp(np.clip(z, -50, 50)))

    def predict(self, n_demonstrations: float, n_pairs: float) -> Prediction:
        """Return the mean and the 95 % interval of one run at (n_demonstrations, n_pairs).

        For a loss, whose draws have a long tail, the mean is the median.
        """
        values = self.draws(n_demonstrations, n_pairs)
        # Independent draws: rank q (D + 1), which a further draw falls below with probability q
        low, middle, high = np.quantile(values, [0.025, 0.5, 0.975], method="weibull")
        mean = float(np.clip(middle if self.kind == "loss" else values.mean(), low, high))
        return Prediction(mean, float(low), float(high))


def fit_joint(
    runs: Runs, *, families: tuple[str, ...] = tuple(JOINT_FAMILIES), draws: int = DRAWS
) -> JointFit:
    """Return the joint laws of some runs, fitted by a Huber loss with weak priors, and averaged.

    Each family is fitted from STARTS starts at once; its draws are those of randomised maximum a posteriori
    (runs and prior centres are both perturbed, every draw refitted from the mode), so scatter between runs and
    between graded items enters. Weights are by BIC. A family's floor is E; no demonstrations has its own level.
    """
    s, p = runs.n_demonstrations.astype(float), runs.n_pairs.astype(float)
    is_loss = runs.kind == "loss"
    z, scale = latent_errors(runs)
    known = runs.item_variance + shared_draw_variance(runs, variances(runs))
    fitted = [
        fit_family(JOINT_FAMILIES[name], s, p, z, known, is_loss=is_loss, draws=draws) for name in families
    ]
    n = len(z)
    bic = np.array([n * math.log(max(law.sigma, 1e-9) ** 2) + len(law.x) * math.log(n) for law in fitted])
    weight = np.exp(-0.5 * (bic - bic.min()))
    weight /= weight.sum()
    laws = sorted(
        (replace(law, weight=float(w)) for law, w in zip(fitted, weight, strict=True)),
        key=lambda law: -law.weight,
    )
    level_sigma = float(max(z.std(), LEAST_SIGMA))
    flat = n * math.log(level_sigma**2) + math.log(n)
    cells = len(np.unique(np.stack([s, p]), axis=1).T)
    best = laws[0]
    if cells < len(best.x):
        status: Status = "underdetermined"
    elif bic.min() > flat - 4:
        status = "no-law"
    elif _at_bound(JOINT_FAMILIES[best.family].curve(best.x, s, p)[0], z, is_loss):
        status = "at-bound"
    else:
        status = "converged" if best.converged else "underdetermined"
    return JointFit(runs.kind, scale, tuple(laws), status, float(z.mean()), level_sigma)


def latent_errors(runs: Runs) -> tuple[Floats, float]:
    """Return the latent errors of runs (N,), and the largest loss, which losses are relative to (1 for scores)."""
    is_loss = runs.kind == "loss"
    scale = max(float(runs.y.max()), 1e-12) if is_loss else 1.0
    return latent(runs.y / scale if is_loss else 1 - runs.y, is_loss), scale


def _at_bound(e: Floats, z: Floats, is_loss: bool) -> bool:
    """Return whether a law runs into the ends of the scale where the runs (latent z) do not."""
    inside = (z > latent(np.zeros(1), is_loss)) & ((z < latent(np.ones(1), False)) | is_loss)
    return bool((inside & ((e <= LEAST) | ((e >= MOST) & (not is_loss)))).any())


def fit_family(
    family: JointFamily,
    s: Floats,
    p: Floats,
    z: Floats,
    known_variance: Floats,
    *,
    is_loss: bool = False,
    draws: int = DRAWS,
) -> JointLaw:
    """Return one family fitted to latent errors z (N,) at sizes s, p (N,): the mode, then draws from the mode.

    `known_variance` (N,) is that of the graded items, and of a draw of the data that several runs share.
    """
    x0, n = np.array(family.centre), len(z)
    rng = generator("joint law", family.name)
    starts = x0 + np.array(family.spread) * rng.standard_normal((STARTS, len(x0)))
    starts[0] = x0
    sigma, target, centre = np.full(n, 0.1), _rows(z, STARTS), _rows(x0, STARTS)
    found = _solved(family, starts, s, p, target, sigma, centre, is_loss, FIRST_STEPS)
    free = 1.0
    for steps in (FIRST_STEPS, STEPS):  # the scatter from the residuals, then the best few starts again
        mode = found.theta[int(found.cost.argmin())]
        fitted, slope = latent_curve(family, mode, s, p, is_loss, beyond=1.0)
        free = max(n - _effective(family, slope, sigma), n / 4, 1.0)
        run = max(float(((fitted - z) ** 2).sum() / free - known_variance.mean()), LEAST_SIGMA**2)
        sigma = np.sqrt(run + known_variance)
        starts = found.theta[np.argsort(found.cost)[:6]]
        found = _solved(family, starts, s, p, target[:6], sigma, centre[:6], is_loss, steps)
    best = int(found.cost.argmin())
    mode = found.theta[best]
    # The scatter itself is known from `free` residuals only: draws of it are scaled inverse chi
    chi = generator("joint law scatter", family.name).chisquare(free, draws)
    widths = np.sqrt(free / chi)
    drawn = refit(family, mode, s, p, z, sigma, is_loss=is_loss, draws=draws, widths=widths).theta
    return JointLaw(
        family.name,
        mode,
        drawn,
        float(np.sqrt((sigma**2).mean())),
        widths,
        float(found.cost[best]),
        bool(found.converged[best]),
        1.0,
    )


def refit(
    family: JointFamily,
    mode: Floats,
    s: Floats,
    p: Floats,
    z: Floats,
    sigma: Floats,
    *,
    is_loss: bool = False,
    draws: int = DRAWS,
    widths: Floats | float = 1.0,
) -> Solution:
    """Return the modes of `draws` perturbed problems, each started from the mode: randomised maximum a posteriori."""
    target, centre = perturbed(family, z, sigma, draws, widths)
    problem = problem_of(family, s, p, target, sigma, centre, is_loss)
    return solve(problem, _rows(mode, draws), steps=40, tolerance=1e-5, least=NEGLIGIBLE, reach=REACH)


def _solved(
    family: JointFamily,
    starts: Floats,
    s: Floats,
    p: Floats,
    target: Floats,
    sigma: Floats,
    centre: Floats,
    is_loss: bool,
    steps: int,
) -> Solution:
    problem = problem_of(family, s, p, target, sigma, centre, is_loss)
    return solve(problem, starts, steps=steps, tolerance=1e-6, least=NEGLIGIBLE, reach=REACH)


def perturbed(
    family: JointFamily, z: Floats, sigma: Floats, draws: int, widths: Floats | float = 1.0
) -> tuple[Floats, Floats]:
    """Return targets (D, N) and prior centres (D, K) with their own scatter added."""
    rng = generator("joint law draws", family.name)
    target = z + sigma * np.reshape(widths, (-1, 1)) * rng.standard_normal((draws, len(z)))
    spread = np.array(family.spread)
    return target, np.array(family.centre) + spread * rng.standard_normal((draws, len(spread)))


def _effective(family: JointFamily, slope: Floats, sigma: Floats) -> float:
    """Return how many parameters the data determine: the trace of J (J'J + prior)^-1 J', slope being (N, K)."""
    j = slope / sigma[:, None]
    h = j.T @ j
    return float(np.trace(np.linalg.solve(h + np.diag(1 / np.array(family.spread) ** 2), h)))


def _rows(values: Floats, count: int) -> Floats:
    return np.broadcast_to(values, (count, len(values))).copy()


def _normal(count: int, purpose: str) -> Floats:
    return generator("joint law run", purpose).standard_normal(count)


def _natural(names: tuple[str, ...], x: Floats) -> list[float]:
    return [
        float(v) if name == "cold" else float(1 / (1 + np.exp(-v))) if name == "g" else float(np.exp(v))
        for name, v in zip(names, x, strict=True)
    ]
