"""Outcomes of arms whose true scores are given: what a study would have measured."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from apportion.findings.measured import Arm
from apportion.studies.outcomes import SCHEMA

BASE = Arm(0, 0, "base")


def made_outcomes(
    truth: Mapping[Arm, float],
    *,
    form: Mapping[Arm, float] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    items: int = 300,
    seed_sd: float = 0.01,
    metric: str = "accuracy",
    task: str = "world",
    model: str = "world",
    draw: int = 0,
) -> pl.DataFrame:
    """Items have difficulties and seeds have luck that arms share; a form rate bounds the accuracy."""
    rng = np.random.default_rng(draw)
    difficulty = rng.uniform(size=items)
    rows = []
    for arm, score in truth.items():
        for seed in seeds[:1] if arm.method == "base" else seeds:
            luck = rng.normal(0, seed_sd)
            # an item is right if its difficulty, with some noise, is below the arm's score
            noise = np.clip(rng.normal(0, 0.08, items), -0.2, 0.2)
            level = np.clip(score + (luck if 0 < score < 1 else 0), 0, 1)
            ability = np.quantile(difficulty + noise, level) if 0 < level < 1 else (-9, 9)[int(level)]
            right = difficulty + noise < ability
            formed = right | (rng.uniform(size=items) < (1.0 if form is None else form[arm]))
            for item in range(items):
                wrong = "wrong-plan" if item % 5 else "arithmetic"
                row = {"strict": None, "flexible": None, "error_class": None}
                value = float(right[item])
                if metric == "accuracy":
                    error = "none" if right[item] else wrong if formed[item] else "malformed"
                    row = {
                        "strict": bool(right[item]),
                        "flexible": bool(right[item] or (error == "malformed" and item % 7 == 0)),
                        "error_class": error,
                    }
                elif metric == "nll":
                    value = float(4 * (1 - score) + difficulty[item] + noise[item] + luck)
                rows.append(
                    {"cell": f"{arm}-{seed}", "task": task, "model": model, **arm._asdict(), "seed": seed}
                    | {"item": f"item-{item:04}", "metric": metric, "score": value}
                    | row
                )
    return pl.DataFrame(rows, schema=dict(pl.DataFrame(SCHEMA.empty_table()).schema))
