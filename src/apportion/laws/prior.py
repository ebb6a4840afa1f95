"""What is known about learning curves before a table is read: shapes learned from published curves, or weak ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from apportion.errors import UserError
from apportion.laws import pooling
from apportion.laws.families import Family, Kind, Name, families
from apportion.laws.pooling import Shape, batch_of, pool
from apportion.laws.runs import Runs

WEAK: dict[Kind, dict[Name, tuple[list[float], list[float]]]] = {
    "loss": {
        "power": ([0, 0.1], [2, 0.2]),
        "floor": ([0, -1, 7.5, -1], [2, 1.5, 3, 0.9]),
        "rectified": ([0, 0, 7.5, -0.5], [2, 1.5, 3, 0.7]),
        "saturating": ([0, -0.5, 7.5, -0.5], [2, 1, 3, 0.7]),
        "broken": ([0, 0.05, 0.1, 9, 0.0], [2, 0.1, 0.15, 3, 0.7]),
    },
    "score": {
        "power": ([-0.9, -0.15], [1, 0.15]),
        "floor": ([-1, 0, 6, -1], [1.5, 1, 3, 0.7]),
        "rectified": ([-1, 0, 7, -0.5], [1.5, 0.8, 3, 0.4]),
        "saturating": ([-1, 0.3, 7, -0.5], [1.5, 0.6, 3, 0.4]),
        "broken": ([-0.5, 0.25, -0.05, 7.5, 0.0], [1, 0.15, 0.15, 3, 0.5]),
    },
}
"""Means and standard deviations of each family's parameters where nothing was learned."""
NOISE: dict[Kind, float] = {"loss": 0.01, "score": 0.05}


@dataclass(frozen=True, slots=True)
class KindPrior:
    """Shapes by family, the run-to-run deviation in z, and how far curves drift from their families.

    `drift` is the standard deviation of what no family foresees, as a share of the change (in z) that is foretold
    between the largest measured size and the size asked for.
    """

    shapes: dict[Name, Shape]
    noise: float
    drift: float


@dataclass(frozen=True, slots=True)
class Prior:
    """A prior for both kinds of results, with where it comes from."""

    score: KindPrior
    loss: KindPrior
    source: str
    licence: str

    def of(self, kind: Kind) -> KindPrior:
        """Return the part for one kind of result."""
        return self.loss if kind == "loss" else self.score


def weak_prior() -> Prior:
    """Return the prior that no data has informed: wide, and the same for everyone."""
    return Prior(_weak("score"), _weak("loss"), "none", "none")


def _weak(kind: Kind) -> KindPrior:
    shapes: dict[Name, Shape] = {
        name: Shape(np.array(mean, float), np.diag(np.square(np.array(deviation, float))))
        for name, (mean, deviation) in WEAK[kind].items()
    }
    return KindPrior(shapes, NOISE[kind], 0.1)


def learn(curves: Sequence[Runs], *, drift: float = 0.1, rounds: int = 12) -> KindPrior:
    """Return the prior that whole curves of one kind teach: the moments of their fitted parameters, by family.

    Each curve is fitted with the weak prior, pooled (`pooling.pool`); the covariance adds each fit's own
    uncertainty, and the weak one as two curves. Levels of losses are relative, so their mean is 0.
    """
    kind = curves[0].kind
    batch = batch_of(curves)
    shapes: dict[Name, Shape] = {}
    noises = []
    for family in families(kind):
        shape, noise = _learned(family, batch, _weak(kind), rounds)
        shapes[family.name] = shape
        noises.append(noise)
    return KindPrior(shapes, float(min(noises)), drift)


def _learned(family: Family, batch: pooling.Batch, weak: KindPrior, rounds: int) -> tuple[Shape, float]:
    prior = weak.shapes[family.name]
    fit = pool(family, batch, prior, weak.noise, rounds=rounds, sources=0.1, spread=5.0)
    mean = fit.theta.mean(0)
    apart = fit.theta - mean
    covariance = (apart.T @ apart + fit.covariance.sum(0) + 2 * prior.covariance) / (len(apart) + 2)
    if batch.kind == "loss":
        mean[0] = 0.0
    return Shape(mean, covariance), float(np.median(fit.noise))


def shipped_prior() -> Prior:
    """Return the prior that comes with Apportion; `benchmarks/laws_prior.py` rebuilds it from the public curves."""
    return _decoded(files("apportion.laws").joinpath("prior.json").read_bytes(), "prior.json")


def read_prior(choice: str | Path | None = None) -> Prior:
    """Return the shipped prior (None), the weak one ("none"), or the one in a file. Raises UserError."""
    if choice is None:
        return shipped_prior()
    if str(choice) == "none":
        return weak_prior()
    try:
        content = Path(choice).read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(
            f"--prior {choice}", f"nothing readable ({error})", "a file or none", "Check the path."
        ) from None
    return _decoded(content, str(choice))


def encode(prior: Prior) -> bytes:
    """Return a prior as JSON that `read_prior` reads."""
    plain: dict[str, Any] = {"source": prior.source, "licence": prior.licence}
    for kind in ("score", "loss"):
        part = prior.of(kind)
        plain[kind] = {
            "noise": round(part.noise, 6),
            "drift": part.drift,
            "families": {
                name: {
                    "mean": np.round(shape.mean, 5).tolist(),
                    "covariance": np.round(shape.covariance, 6).tolist(),
                }
                for name, shape in part.shapes.items()
            },
        }
    return msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n"


def _decoded(content: bytes, where: str) -> Prior:
    try:
        plain = msgspec.json.decode(content)
        return Prior(
            _kind_prior(plain["score"], "score"),
            _kind_prior(plain["loss"], "loss"),
            str(plain["source"]),
            str(plain["licence"]),
        )
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, np.linalg.LinAlgError) as error:
        raise UserError(
            where, f"no prior ({error})", "the JSON that benchmarks/laws_prior.py writes", "Use --prior none."
        ) from None


def _kind_prior(plain: dict[str, Any], kind: Kind) -> KindPrior:
    shapes: dict[Name, Shape] = {}
    for family in families(kind):
        part = plain["families"][family.name]
        mean, covariance = np.array(part["mean"], float), np.array(part["covariance"], float)
        p = len(family.parameters)
        if mean.shape != (p,) or covariance.shape != (p, p):
            raise ValueError(f"{family.name} has {p} parameters")
        np.linalg.cholesky(covariance)
        shapes[family.name] = Shape(mean, covariance)
    noise, drift = float(plain["noise"]), float(plain["drift"])
    if not (0 < noise < 10 and 0 <= drift < 10):
        raise ValueError("noise and drift are small positive numbers")
    return KindPrior(shapes, noise, drift)
