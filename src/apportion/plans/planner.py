"""A planner as plain JSON: all that a plan rests on but the money, so that a page can plan by itself."""

import base64
from typing import Any

import numpy as np

from apportion.laws.evidence import Evidence
from apportion.laws.level import LEVEL_VARIANCE, level_draws
from apportion.laws.runs import Runs
from apportion.laws.surface import JITTER, standard_normals, surface_mixture
from apportion.laws.surface_kernel import ONSET, Features, Floats, noise_variance
from apportion.laws.surface_prior import LOWEST_SHARE, SurfacePrior
from apportion.plans.footing import DRAWS, Footing, footing_of
from apportion.plans.next_experiment import SHARES, SIZES
from apportion.plans.plan import CHOICE_EPSILON, FEWER, SURE, noise_of_a_run

MOST_PLACES = 118 + len(SIZES) * len(SHARES)
"""At one pair of prices: shares of `share_grid`, and cells that `next` is chosen from."""


def planner_document(outcomes: Runs, prior: SurfacePrior | None = None) -> dict[str, Any]:
    """Return what the page plans from (`reports/page/posterior.js`, `planner.js`), as JSON's types without NaN.

    `known` are the prior's published cells, `own` the measured ones that the split is chosen by, `points` the scales
    and noises of `surface_mixture` with their numbers of draws; `expected` is null, or the same of all measured cells
    and the draws of a `level`, by which a plan is scored whose split is the prior's. `normals` and `shocks` are the
    same standard normal numbers that `plan` draws, little-endian float32 in base64. A plan from them differs from
    `plan`'s by rounding.
    """
    footing = footing_of(outcomes, prior)
    evidence, hyper = footing.used, footing.prior.hyper
    most = (footing.measured.n_demonstrations + footing.measured.n_pairs).max(initial=0)
    return {
        "kind": evidence.kind,
        "reason": footing.reason,
        "reference": evidence.reference,
        "base_known": evidence.base_known,
        "lowest_share": evidence.lowest_share,
        "largest_run": float(most),
        "hyper": dict(hyper),
        "known": _known(footing.prior),
        **_conditioned(evidence, footing.prior, DRAWS),
        "expected": _expected(footing) if footing.reason else None,
        "normals": _packed(standard_normals(DRAWS * (MOST_PLACES + 1))),
        "shocks": _packed(noise_of_a_run(DRAWS).ravel()),
        "constants": {
            "onset": ONSET,
            "known_lowest_share": LOWEST_SHARE,
            "level_variance": 0.0 if evidence.base_known else LEVEL_VARIANCE,
            "jitter": JITTER,
            "choice_epsilon": CHOICE_EPSILON,
            "sure": SURE,
            "fewer": FEWER.tolist(),
            "candidate_sizes": list(SIZES),
            "candidate_shares": list(SHARES),
            "draws": DRAWS,
        },
    }


def _conditioned(evidence: Evidence, prior: SurfacePrior, draws: int) -> dict[str, Any]:
    mixture = surface_mixture(evidence, prior, draws)
    variance = float(prior.hyper["noise"] * (1 + prior.hyper["small_run_noise"]))
    return {
        "own": _own(evidence, prior),
        "points": [list(point) for point in mixture.points],
        "noise": [float(np.sqrt(variance * point.noise_factor)) for point in mixture.points],
    }


def _expected(footing: Footing) -> dict[str, Any]:
    """Return what `Footing.expected` draws from, where the runs do not decide the split."""
    surface = footing.surface_draws(DRAWS)
    level, width = level_draws(footing.measured, DRAWS - surface)
    told = _conditioned(footing.measured, footing.prior, surface)
    return {**told, "level": {"latent": level.tolist(), "noise": width.tolist()}}


def _known(prior: SurfacePrior) -> dict[str, list[Any]]:
    columns = ("n_demonstrations", "n_pairs", "gain")
    cells = {name: [v for s in prior.surfaces for v in getattr(s, name)] for name in columns}
    owner = np.repeat(np.arange(len(prior.surfaces)), [len(s.gain) for s in prior.surfaces])
    features = Features.of(cells["n_demonstrations"], cells["n_pairs"], LOWEST_SHARE)
    return {**cells, "surface": owner.tolist(), "variance": noise_variance(features, prior.hyper).tolist()}


def _own(evidence: Evidence, prior: SurfacePrior) -> dict[str, list[float]]:
    features = Features.of(evidence.n_demonstrations, evidence.n_pairs, evidence.lowest_share)
    runs = noise_variance(features, prior.hyper) / np.maximum(evidence.count, 1)
    return {
        "n_demonstrations": evidence.n_demonstrations.tolist(),
        "n_pairs": evidence.n_pairs.tolist(),
        "gain": evidence.gain.tolist(),
        "run_variance": runs.tolist(),
        "item_variance": (evidence.item_variance / np.maximum(evidence.count, 1)).tolist(),
    }


def _packed(values: Floats) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()
