"""What another person needs to plan again from the same runs: data, model, prior, noise, draws, money, rule."""

import hashlib
from dataclasses import asdict
from pathlib import Path

import msgspec

from apportion.laws.checklist import Checklist, data_of, versions
from apportion.laws.runs import Runs
from apportion.laws.surface import LOSS_SCALES, NOISES, OWNS, SCORE_SCALES, surface_mixture
from apportion.laws.surface_prior import CLIP, SurfacePrior
from apportion.plans.budget_line import MOST_LABELS, Limits
from apportion.plans.footing import DRAWS, LEAST_CELLS, LEAST_LAW, footing_of
from apportion.plans.plan import CHOICE_EPSILON, FEWER, SURE
from apportion.plans.prices import Prices


def plan_checklist(
    runs: Runs,
    table: Path,
    budget_usd: float,
    prices: Prices,
    limits: Limits,
    prior: SurfacePrior | None = None,
    *,
    epsilon: float = 0.05,
    run_usd: float = 0.0,
) -> Checklist:
    """Return the points that a plan rests on, as `laws.checklist` does for a fitted law (arXiv 2502.18969).

    `prior` None is the shipped one. Two plans that agree in every point are the same plan.
    """
    footing = footing_of(runs, prior)
    cells, known = footing.measured, footing.prior
    mixture = surface_mixture(cells, known) if len(cells.gain) else None
    scales = SCORE_SCALES if cells.kind == "score" else LOSS_SCALES
    bounds = {name: "none" if value == MOST_LABELS else value for name, value in asdict(limits).items()}
    transform = f"logit(score), scores held {CLIP:g} from 0 and 1" if cells.kind == "score" else "-log(loss)"
    return {"curve": {"model": runs.model, "task": runs.task}} | data_of(runs, table) | {
        "transform": f"{transform}, less that of {'the untrained model' if cells.base_known else 'the worst run'}",
        "cells": {
            "different": len(cells.gain),
            "decide": not footing.reason,
            "probability_of_a_surface": None if mixture is None else mixture.law,
        },
        "model": "scale x (shared + own) Gaussian processes over log sizes and the share (laws/surface_kernel.py)",
        "prior": {
            "source": known.source,
            "licence": known.licence,
            "sha256": hashlib.sha256(msgspec.json.encode(known, order="deterministic")).hexdigest(),
            "surfaces": len(known.surfaces),
            "own_surface_left_out": footing.is_of_prior,
            "hyperparameters": known.hyper,
        },
        "summed_over": {
            "scales": [round(float(v), 4) for v in scales],
            "noise_factors": NOISES.tolist(),
            "own_variance_factors": OWNS.tolist(),
        },
        "posterior_mean": None if mixture is None else {"scale": mixture.scale, "noise_factor": mixture.noise_factor},
        "weights": "1 / (run variance by size and noise factor + variance of items)",
        "draws": DRAWS,
        "rule": f"the middle of the shares within {CHOICE_EPSILON:.0%} of the best expected result",
        "beyond_the_largest_run": f"no less than the best of {len(FEWER)} purchases it contains, up to "
        f"{FEWER.sum(1).max():g} times that run",
        "decided": f"{LEAST_CELLS} cells or more, a surface with probability {LEAST_LAW[cells.kind]:g}, "
        f"the share within epsilon of the best with {SURE:g}",
        "epsilon": epsilon,
        "money": {"budget_usd": budget_usd, "run_usd": run_usd, **asdict(prices), "limits": bounds},
        "versions": versions(),
    }  # fmt: skip
