"""What published surfaces tell about one that has not been measured: a pooled prior, shipped and rebuilt."""

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from apportion.errors import UserError
from apportion.laws.runs import Runs, read_runs
from apportion.laws.surface_kernel import NEUTRAL, SPREAD, Features, Floats, covariances, noise_variance

SHIPPED = Path(__file__).parent / "surface_prior.json"
SOURCE = (
    "Raghavendra, Kang, Ritter, Balancing the Budget (ACL 2025, arXiv 2502.11284): Llama-3.1-8B on four tasks, "
    "readings of the main results figure, good to .005 to .02"
)
LICENCE = "facts: readings of a published figure"
LOWEST_SHARE = 0.25
"""The lowest positive share in the published surfaces."""
CLIP = 0.02
SAME = 1e-6
"""Gains nearer than this are the same reading."""


class Surface(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One published surface: the logit gain over the untrained model at each cell."""

    n_demonstrations: tuple[float, ...]
    n_pairs: tuple[float, ...]
    gain: tuple[float, ...]


class SurfacePrior(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Published surfaces, and the hyperparameters of `surface_kernel` that they make most probable."""

    source: str
    hyper: dict[str, float]
    surfaces: tuple[Surface, ...]
    licence: str = "not told"
    """Of what `source` names; a file without it is one of before it was asked for."""


NO_PRIOR = SurfacePrior("none", dict(NEUTRAL), (), "none")
"""No published surface: wide guesses about size and smoothness only."""


def logit(y: Floats) -> Floats:
    """Return log(y / (1 - y)), scores within .02 of 0 or 1 being taken as .02 from it."""
    held = np.clip(y, CLIP, 1 - CLIP)
    return np.log(held / (1 - held))


def surface_of(runs: Runs) -> Surface:
    """Return the logit gains of a score surface over its untrained model; raises ValueError without that row."""
    s, p = runs.n_demonstrations.astype(float), runs.n_pairs.astype(float)
    base = (s + p) == 0
    if runs.kind != "score" or not base.any():
        raise ValueError("a surface of scores with a row (0, 0)")
    gain = logit(runs.y) - logit(np.array([runs.y[base].mean()]))
    return Surface(*(tuple(float(v) for v in values[~base]) for values in (s, p, gain)))


def build_prior(surfaces: Sequence[Surface], source: str = SOURCE, licence: str = LICENCE) -> SurfacePrior:
    """Return the prior of these surfaces: hyperparameters at their posterior mode.

    The gains of surface t are g + d_t + noise, with g one Gaussian process that all share and d_t one of each
    (type-II maximum likelihood with log-normal priors NEUTRAL and SPREAD; quasi-Newton from the medians).
    """
    # Imported here: a third of a second that nobody waits for who builds no prior
    from scipy.optimize import minimize

    names = list(NEUTRAL)
    median = np.log([NEUTRAL[n] for n in names])
    spread = np.array([SPREAD[n] for n in names])
    cells = Features.of(*_stacked(surfaces)[:2], LOWEST_SHARE)
    gain = _stacked(surfaces)[2]
    owner = np.repeat(np.arange(len(surfaces)), [len(s.gain) for s in surfaces])
    same = owner[:, None] == owner

    def cost(x: Floats) -> float:
        hyper = dict(zip(names, np.exp(x), strict=True))
        shared, own = covariances(cells, cells, hyper)
        try:
            root = np.linalg.cholesky(shared + same * own + np.diag(noise_variance(cells, hyper)))
        except np.linalg.LinAlgError:
            return 1e6
        white = np.linalg.solve(root, gain)
        prior = 0.5 * (((x - median) / spread) ** 2).sum()
        return float(0.5 * white @ white + np.log(np.diag(root)).sum() + prior)

    bounds = list(zip(median - 4 * spread, median + 4 * spread, strict=True))
    found = minimize(cost, median, method="L-BFGS-B", bounds=bounds)
    values = {n: float(f"{v:.4g}") for n, v in zip(names, np.exp(found.x), strict=True)}
    return SurfacePrior(source, values, tuple(surfaces), licence)


def _stacked(surfaces: Sequence[Surface]) -> tuple[Floats, Floats, Floats]:
    def joined(name: str) -> Floats:
        return np.array([v for s in surfaces for v in getattr(s, name)], float)

    return joined("n_demonstrations"), joined("n_pairs"), joined("gain")


@cache
def shipped_prior() -> SurfacePrior:
    """Return the prior that ships with the package."""
    return read_prior(SHIPPED)


def read_prior(path: Path) -> SurfacePrior:
    """Return the prior in a JSON file; raises UserError for anything that is not one."""
    expected, cure = "a surface prior", "Make one: python -m apportion.laws.surface_prior TABLE --out FILE"
    try:
        prior = msgspec.json.decode(path.read_bytes(), type=SurfacePrior)
    except (OSError, ValueError) as error:
        shown = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(str(path), f"nothing usable ({shown})", expected, cure) from None
    values = [*prior.hyper.values(), *(v for s in prior.surfaces for v in (*s.n_demonstrations, *s.n_pairs))]
    if (
        prior.hyper.keys() != NEUTRAL.keys()
        or not all(0 <= v <= 1e15 for v in values)
        or not all(1e-9 <= v <= 1e6 for v in prior.hyper.values())
        or any(abs(v) > 50 for s in prior.surfaces for v in s.gain)
        or any(not len(s.gain) == len(s.n_pairs) == len(s.n_demonstrations) for s in prior.surfaces)
    ):
        raise UserError(str(path), "numbers that are no prior", expected, cure)
    return prior


def without_own(prior: SurfacePrior, own: Surface, base_known: bool = True) -> tuple[SurfacePrior, bool]:
    """Return the prior without any surface whose cells these are, and whether there was one.

    Nobody's plan is to rest on the answer: a table of at least three cells, nine in ten of which are in a
    published surface number by number, is taken for that surface, whatever its name. Gains over an untrained model
    that was not measured (`base_known` False) agree when they differ by one number. What remains keeps the
    hyperparameters; for leave-one-out to the letter, build a prior without the surface.
    """
    mine = _by_cell(own)

    def is_own(s: Surface) -> bool:
        theirs = _by_cell(s)
        apart = np.array([theirs[cell] - gain for cell, gain in mine.items() if cell in theirs])
        level = 0.0 if base_known or not len(apart) else float(np.median(apart))
        return len(mine) >= 3 and int((np.abs(apart - level) < SAME).sum()) >= 0.9 * len(mine)

    kept = tuple(s for s in prior.surfaces if not is_own(s))
    return SurfacePrior(prior.source, prior.hyper, kept, prior.licence), len(kept) < len(prior.surfaces)


def _by_cell(surface: Surface) -> dict[tuple[int, int], float]:
    cells = zip(surface.n_demonstrations, surface.n_pairs, surface.gain, strict=True)
    return {(round(s), round(p)): gain for s, p, gain in cells}


def main(arguments: Sequence[str]) -> None:
    """Rebuild the prior: python -m apportion.laws.surface_prior TABLE [--out FILE] [--without TASK]."""
    options = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    runs, _ = read_runs(Path(arguments[0]))
    prior = build_prior([surface_of(r) for r in runs if r.task != options.get("--without")])
    text = msgspec.json.format(msgspec.json.encode(prior, order="deterministic"), indent=1)
    Path(options.get("--out", str(SHIPPED))).write_bytes(text + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
