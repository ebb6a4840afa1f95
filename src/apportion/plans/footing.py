"""What every plan of some runs rests on, whatever the money: their evidence, the prior, and whether they decide."""

from dataclasses import dataclass

import numpy as np

from apportion.laws.evidence import Evidence, evidence_of
from apportion.laws.runs import Runs
from apportion.laws.surface import surface_mixture
from apportion.laws.surface_prior import SurfacePrior, shipped_prior, without_own

LEAST_CELLS = 4


@dataclass(frozen=True, slots=True)
class Footing:
    """`measured` are all cells; `used` those that the posterior is conditioned on: none where `reason` says why.

    `is_of_prior` tells whether the runs are one of the prior's published surfaces, which `prior` is then without.
    """

    measured: Evidence
    used: Evidence
    prior: SurfacePrior
    is_of_prior: bool
    reason: str


def footing_of(outcomes: Runs, prior: SurfacePrior | None = None) -> Footing:
    """Return the footing of some runs; `prior` None is the shipped one."""
    evidence = evidence_of(outcomes)
    prior = shipped_prior() if prior is None else prior
    is_of_prior = False
    if evidence.kind == "score":
        prior, is_of_prior = without_own(prior, evidence.surface)
    reason = _unfit(evidence, prior)
    return Footing(evidence, evidence.nothing() if reason else evidence, prior, is_of_prior, reason)


def _unfit(cells: Evidence, prior: SurfacePrior) -> str:
    """Return why the runs decide nothing, or nothing."""
    if len(cells.gain) < LEAST_CELLS:
        return f"{len(cells.gain)} distinct cells are too few; the split is the prior's"
    if len(np.unique(np.round(cells.n_demonstrations / (cells.n_demonstrations + cells.n_pairs), 3))) < 2:
        return "all cells have one share of demonstrations; the split is the prior's"
    if surface_mixture(cells, prior).law < 0.9:
        return "no surface explains the runs better than scatter about one level; the split is the prior's"
    return ""
