"""What every plan of some runs rests on, whatever the money: their evidence, the prior, and whether they decide."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apportion.laws.evidence import Evidence, evidence_of
from apportion.laws.level import level_draws
from apportion.laws.runs import Runs
from apportion.laws.surface import SurfacePosterior, surface_mixture, surface_posterior
from apportion.laws.surface_kernel import Floats
from apportion.laws.surface_prior import SurfacePrior, shipped_prior, without_own

LEAST_CELLS = 4
LEAST_LAW = {"score": 0.9, "loss": 0.99}
"""How probable a surface has to be for its runs to decide; losses have no scale of their own, and noise looks like one
of a small scale more often."""
ONE_SHARE = "all cells have one share of demonstrations; the split is the prior's"
DRAWS = 400


@dataclass(frozen=True, slots=True)
class Footing:
    """`measured` are all cells; `used` those that the split is chosen by: none where `reason` says why.

    `is_of_prior` tells whether the runs are one of the prior's published surfaces, which `prior` is then without.
    `law` is how probable it is that the cells follow a surface, rather than scatter about one level; 1 where they
    decide, or where there are too few of them, or of one share only, to ask.
    """

    measured: Evidence
    used: Evidence
    prior: SurfacePrior
    is_of_prior: bool
    reason: str
    law: float

    def surface_draws(self, draws: int = DRAWS) -> int:
        """Return how many of the draws of expected scores are a surface's; the others are a level's."""
        return round(self.law * draws)

    def expected(
        self, n_demonstrations: ArrayLike, n_pairs: ArrayLike, draws: int = DRAWS
    ) -> SurfacePosterior:
        """Return joint draws of the scores at places (Q,), given all cells, whether they decide a split or not."""
        k = self.surface_draws(draws)
        parts = [surface_posterior(self.measured, self.prior, n_demonstrations, n_pairs, k)] if k else []
        if k == draws:
            return parts[0]
        parts.append(self._level(np.asarray(n_demonstrations, float) + np.asarray(n_pairs, float), draws - k))

        def joined(name: str) -> Floats:
            return np.concatenate([getattr(part, name) for part in parts])

        first = parts[0]  # the surface's, where there are any
        return SurfacePosterior(
            joined("draws"), joined("latent"), joined("noise"), self.law, first.scale, first.noise_factor
        )

    def _level(self, examples: Floats, draws: int) -> SurfacePosterior:
        """Return draws of one level at all places with examples, the untrained model's without."""
        level, width = level_draws(self.measured, draws)
        z = self.measured.reference + np.where(examples > 0, level[:, None], 0.0)
        held = np.clip(z, -50, 50)
        y = 1 / (1 + np.exp(-held)) if self.measured.kind == "score" else np.exp(-held)
        return SurfacePosterior(y, z, width, 0.0, 1.0, 1.0)


def footing_of(outcomes: Runs, prior: SurfacePrior | None = None) -> Footing:
    """Return the footing of some runs; `prior` None is the shipped one."""
    evidence = evidence_of(outcomes)
    prior = shipped_prior() if prior is None else prior
    is_of_prior = False
    if evidence.kind == "score":
        prior, is_of_prior = without_own(prior, evidence.surface, evidence.base_known)
    reason, law = _unfit(evidence, prior)
    return Footing(evidence, evidence.nothing() if reason else evidence, prior, is_of_prior, reason, law)


def share_of_labels(n_demonstrations: ArrayLike, n_pairs: ArrayLike) -> Floats:
    """Return the share of demonstrations among labels, to three digits; cells of one such share are of one mixture."""
    s, p = np.asarray(n_demonstrations, float), np.asarray(n_pairs, float)
    return np.round(s / (s + p), 3)


def _unfit(cells: Evidence, prior: SurfacePrior) -> tuple[str, float]:
    """Return why the runs decide nothing, or nothing, and `Footing.law`."""
    if len(cells.gain) < LEAST_CELLS:
        return f"{len(cells.gain)} distinct cells are too few; the split is the prior's", 1.0
    if len(np.unique(share_of_labels(cells.n_demonstrations, cells.n_pairs))) < 2:
        return ONE_SHARE, 1.0
    law = surface_mixture(cells, prior).law
    if law < LEAST_LAW[cells.kind]:
        return (
            "no surface explains the runs better than scatter about one level; the split is the prior's",
            law,
        )
    return "", 1.0
