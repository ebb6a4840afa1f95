"""Joint laws fitted to runs with both kinds of labels: parameters, draws of them, and predictions."""

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from apportion.identity import generator
from apportion.laws.joint_families import JOINT_FAMILIES, Floats, JointFamily
from apportion.laws.joint_solver import LEAST, MOST, Solved, solve
from apportion.laws.runs import Runs

JointStatus = Literal["converged", "not-converged", "underdetermined", "no-law"]
STARTS = 24
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


@dataclass(frozen=True, slots=True)
class JointFit:
    """The joint laws of one model and task, the best first. Errors are 1 - score, or loss / `scale`."""

    kind: Literal["score", "loss"]
    scale: float
    laws: tuple[JointLaw, ...]
    status: JointStatus
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
                    _latent(e, self.kind == "loss")
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
        """Return the mean and the 95 % interval of one run at (n_demonstrations, n_pairs)."""
        values = self.draws(n_demonstrations, n_pairs)
        low, high = np.quantile(values, [0.025, 0.975])
        mean = float(np.clip(values.mean(), low, high))
        return Prediction(mean, float(low), float(high))


def fit_joint(runs: Runs, *, families: tuple[str, ...] = tuple(JOINT_FAMILIES), draws: int = 300) -> JointFit:
    """Return the joint laws of some runs, fitted by a Huber loss with weak priors, and averaged.

    Each family is fitted from STARTS starts at once; its draws are those of randomised maximum a posteriori
    (runs and prior centres are both perturbed, every draw refitted from the mode), so scatter between runs and
    between graded items enters. Weights are by BIC. A family's floor is E; no demonstrations has its own level.
    """
    s, p = runs.n_demonstrations.astype(float), runs.n_pairs.astype(float)
    is_loss = runs.kind == "loss"
    scale = max(float(runs.y.max()), 1e-12) if is_loss else 1.0
    e = np.clip(runs.y / scale, LEAST, None) if is_loss else np.clip(1 - runs.y, LEAST, MOST)
    z = _latent(e, is_loss)
    fitted = [
        fit_family(JOINT_FAMILIES[name], s, p, z, runs.item_variance, is_loss=is_loss, draws=draws)
        for name in families
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
        status: JointStatus = "underdetermined"
    elif bic.min() > flat - 4:
        status = "no-law"
    else:
        status = "converged" if best.converged else "not-converged"
    return JointFit(runs.kind, scale, tuple(laws), status, float(z.mean()), level_sigma)


def fit_family(
    family: JointFamily,
    s: Floats,
    p: Floats,
    z: Floats,
    item_variance: Floats,
    *,
    is_loss: bool = False,
    draws: int = 300,
) -> JointLaw:
    """Return one family fitted to latent errors z (N,) at sizes s, p (N,): the mode, then draws from the mode."""
    x0, n = np.array(family.centre), len(z)
    rng = generator("joint law", family.name)
    starts = x0 + np.array(family.spread) * rng.standard_normal((STARTS, len(x0)))
    starts[0] = x0
    sigma, target, centre = np.full(n, 0.1), _rows(z, STARTS), _rows(x0, STARTS)
    found = solve(family, starts, s, p, target, sigma, centre, is_loss, iterations=80)
    free = 1.0
    for _ in range(2):  # the scatter from the residuals, then the best few starts again
        mode = found.x[int(found.cost.argmin())]
        off = _latent(family.curve(mode[None], s, p)[0][0], is_loss) - z
        free = max(n - _effective(family, mode, s, p, sigma, is_loss), n / 4, 1.0)
        run = max(float((off**2).sum() / free - item_variance.mean()), LEAST_SIGMA**2)
        sigma = np.sqrt(run + item_variance)
        starts = found.x[np.argsort(found.cost)[:6]]
        found = solve(family, starts, s, p, target[:6], sigma, centre[:6], is_loss, iterations=80)
    best = int(found.cost.argmin())
    mode = found.x[best]
    # The scatter itself is known from `free` residuals only: draws of it are scaled inverse chi
    chi = generator("joint law scatter", family.name).chisquare(free, draws)
    widths = np.sqrt(free / chi)
    drawn = refit(family, mode, s, p, z, sigma, is_loss=is_loss, draws=draws, widths=widths).x
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
    draws: int = 300,
    widths: Floats | float = 1.0,
) -> Solved:
    """Return the modes of `draws` perturbed problems, each started from the mode: randomised maximum a posteriori."""
    target, centre = perturbed(family, z, sigma, draws, widths)
    return solve(
        family, _rows(mode, draws), s, p, target, sigma, centre, is_loss, iterations=40, tolerance=1e-5
    )


def perturbed(
    family: JointFamily, z: Floats, sigma: Floats, draws: int, widths: Floats | float = 1.0
) -> tuple[Floats, Floats]:
    """Return targets (D, N) and prior centres (D, K) with their own scatter added."""
    rng = generator("joint law draws", family.name)
    target = z + sigma * np.reshape(widths, (-1, 1)) * rng.standard_normal((draws, len(z)))
    spread = np.array(family.spread)
    return target, np.array(family.centre) + spread * rng.standard_normal((draws, len(spread)))


def _effective(family: JointFamily, x: Floats, s: Floats, p: Floats, sigma: Floats, is_loss: bool) -> float:
    """Return how many parameters the data determine: the trace of J (J'J + prior)^-1 J'."""
    e, slope = family.curve(x[None], s, p)
    held = np.clip(e[0], LEAST, np.inf if is_loss else MOST)
    j = slope[0] / (held if is_loss else held * (1 - held))[:, None] / sigma[:, None]
    h = j.T @ j
    return float(np.trace(np.linalg.solve(h + np.diag(1 / np.array(family.spread) ** 2), h)))


def _latent(e: Floats, is_loss: bool) -> Floats:
    """Return log e for losses, the logit of e for scores."""
    held = np.clip(e, LEAST, np.inf if is_loss else MOST)
    return np.log(held) if is_loss else np.log(held / (1 - held))


def _rows(values: Floats, count: int) -> Floats:
    return np.broadcast_to(values, (count, len(values))).copy()


def _normal(count: int, purpose: str) -> Floats:
    return generator("joint law run", purpose).standard_normal(count)


def _natural(names: tuple[str, ...], x: Floats) -> list[float]:
    return [
        float(v) if name == "cold" else float(1 / (1 + np.exp(-v))) if name == "g" else float(np.exp(v))
        for name, v in zip(names, x, strict=True)
    ]
