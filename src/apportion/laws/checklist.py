"""What another person needs to refit a law: data, form, objective, weights, prior, starts, validation, intervals."""

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from apportion.identity import digest, file_sha256
from apportion.laws import curves, draws, joint, joint_problem, pooling, repeats, rolling, solver
from apportion.laws.families import HIGHEST
from apportion.laws.forecast import Forecast
from apportion.laws.joint_families import JOINT_FAMILIES
from apportion.laws.prior import Prior, encode
from apportion.laws.runs import Runs

Checklist = dict[str, Any]
"""Plain JSON: texts, numbers, lists and dicts of them."""
OBJECTIVE = f"sum of Huber losses (delta {solver.HUBER:g} standard deviations) + half the squared distance to the prior"


def checklist(found: Forecast, prior: Prior, table: Path, curves_fitted: int) -> Checklist:
    """Return the points that reports of fitted laws leave out (arXiv 2502.18969), for one curve of a table.

    `curves_fitted` is how many curves without pairs were fitted together. Two refits that agree in every point are
    the same fit, bit for bit on one machine.
    """
    variance = found.variances
    part = data_of(found.runs, table) | {
        "transform": _transform(found),
        "repeated_data": _repeated(found),
        "family": found.family,
        "variances": {
            "items": variance.items,
            "training": variance.training,
            "draw": variance.draw,
            "training_and_draw": variance.together,
            "run_by_fit": found.noise**2,
            "how": variance.how,
        },
        "validation": {
            "roll_out": found.roll_out,
            "held_out_runs": found.held_out,
            "rule": f"the largest {rolling.HELD_OUT:.0%} of the different sizes; none with fewer than {rolling.FEWEST}",
        },
        "undetermined_parameters": list(found.undetermined),
        "at_bound": found.status == "at-bound",
        "versions": versions(),
    }
    return part | (_joint(found) if found.is_joint else _plain(found, prior, curves_fitted))


def data_of(runs: Runs, table: Path) -> Checklist:
    """Return the points about the data: which file, which of its rows, which columns."""
    file = table / "outcomes.parquet" if table.is_dir() else table
    total = runs.n_demonstrations + runs.n_pairs
    return {
        "table": {"file": file.name, "sha256": file_sha256(file)},
        "rows": {
            "used": len(runs.y),
            "identical_merged": runs.identical,
            "left_out": runs.left_out,
            "untrained": int((total == 0).sum()),
            "different_sizes": len(np.unique(total[total > 0])),
            "smallest": int(total.min()),
            "largest": int(total.max()),
        },
        "columns": {
            "result": runs.kind,
            "sizes": ["n_demonstrations", *(["n_pairs"] if (runs.n_pairs > 0).any() else [])],
            "items": bool(np.isfinite(runs.items).any()),
            "seed": bool((runs.seed >= 0).any()),
            "data_seed": runs.data_seed is not None and bool((runs.data_seed >= 0).any()),
            "epochs": runs.epochs is not None,
        },
    }


def _transform(found: Forecast) -> str:
    if found.is_joint:
        ends = f"[{joint_problem.LEAST:g}, {joint_problem.MOST:g}]"
        if found.kind == "loss":
            return f"log(loss / largest loss), not below log {joint_problem.LEAST:g}"
        return f"logit(1 - score), the error held within {ends}"
    if found.kind == "loss":
        return f"log(loss), at most {HIGHEST:g} from 0"
    return "logit(score), scores held half an item (of 500 where unknown) from 0 and 1"


def _repeated(found: Forecast) -> str:
    if found.epochs is None:
        return "no law of it: the runs do not differ in epochs"
    lives = ", ".join(f"{v:.3g}" for v in repeats.HALF_LIVES)
    return (
        f"n is D' = U + U R* (1 - exp(-R / R*)), summed over R* of {lives}, log R* beforehand normal around "
        f"{repeats.HALF_LIFE:g} with deviation {repeats.SPREAD:g} ({repeats.HALF_LIFE:g} alone in roll-outs); "
        f"foretold for {found.epochs:g} epochs"
    )


def _plain(found: Forecast, prior: Prior, curves_fitted: int) -> Checklist:
    known = "variance of items + of shared draws" if found.variances.draw else "variance of items"
    sharpness = curves.ALONE_SHARPNESS[found.kind] if curves_fitted == 1 else curves.INTERVAL_SHARPNESS
    return {
        "objective": OBJECTIVE,
        "weights": f"1 / ({known} + run variance by fit + {pooling.JUMP:g}^2 where nothing was trained)",
        "prior": {
            "source": prior.source,
            "licence": prior.licence,
            "sha256": hashlib.sha256(encode(prior)).hexdigest(),
            "curves_pooled": curves_fitted,
            "worth_in_curves": {"mean": pooling.SOURCES, "covariance": pooling.SPREAD},
        },
        "starts": f"{1 + pooling.DRAWN_STARTS}: the prior's mean at the curve's level, and draws from the prior",
        "solver": f"Levenberg-Marquardt, {pooling.ROUNDS} rounds of expectation-maximisation",
        "families": found.weights,
        "averaging": f"softmax of {curves.SHARPNESS:g} x evidence, of {sharpness:g} x for intervals",
        "intervals": f"{curves.DRAWS} draws resampled from {draws.PROPOSALS * curves.DRAWS} proposals of each family, "
        f"around the fit and {draws.ANCHORS} refits of perturbed runs, 95 %; "
        f"drift of {prior.of(found.kind).drift:g} x the change foretold beyond the largest size",
    }


def _joint(found: Forecast) -> Checklist:
    beforehand = {name: (f.parameters, f.centre, f.spread) for name, f in JOINT_FAMILIES.items()}
    known = "variance of items + of shared draws" if found.variances.draw else "variance of items"
    return {
        "objective": OBJECTIVE,
        "weights": f"1 / ({known} + run variance by fit)",
        "prior": {
            "source": "weak guesses about each parameter (laws/joint_families.py); no published data",
            "licence": "none",
            "sha256": digest(beforehand),
            "curves_pooled": 1,
        },
        "starts": f"{joint.STARTS}: the prior's mean, and draws from the prior",
        "solver": "Levenberg-Marquardt with exact derivatives",
        "families": found.weights,
        "averaging": "weights by BIC",
        "intervals": f"{joint.DRAWS} refits of perturbed runs and priors, a run's own scatter added, 95 %",
    }


def versions() -> dict[str, str]:
    """Return the versions that a number may depend on."""
    try:
        own = version("apportion")
    except PackageNotFoundError:  # a checkout that was not installed
        own = "not installed"
    return {"apportion": own, "numpy": np.__version__, "python": platform.python_version()}
