"""The papers' own tables as inputs: their claims checked on the numbers that they print."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from apportion.findings.allocation import Allocation, PublishedNoise
from apportion.findings.best_split import (
    best_share_falls,
    mixture_best_at_largest_budget,
    sft_alone_best_at_smallest_budget,
)
from apportion.findings.cold_start import pairs_alone_at_the_floor, smallest_share_lifts
from apportion.findings.finding import Finding
from apportion.findings.measured import Arm, Scores
from apportion.findings.printed import Printed, read_printed

RUN_SD = 0.02
"""How far a run lies from the mean of runs: the paper's single-run noise is .01 to .03 (arXiv 2502.11284)."""

READING_SD: Mapping[str, float] = {"clear": 0.0025, "partly_hidden": 0.0075, "hidden_by_eye": 0.01}
"""Half of what a reading off the figure is said to be good to: .005 where clear, .01 to .02 otherwise."""

ITEMS: Mapping[str, int] = {"gsm8k_accuracy": 1319, "ifeval_instruction_accuracy": 834}
"""Held-out items of a metric where they are known: problems of the GSM8K test, instructions of IFEval."""


def published_findings(path: Path, *, run_sd: float = RUN_SD) -> tuple[dict[str, list[Finding]], list[str]]:
    """Return the claims of "Balancing the Budget" on a surface of printed scores, by task, and warnings.

    The table is a CSV or Parquet file with a row a run: task, metric, budget_examples, sft_fraction, n_sft, n_pref,
    score, and optionally model, reading and seed. Every label costs the same, so a budget in examples is one in USD.
    Rows of one cell that differ are repeated runs and averaged. The intervals allow for `run_sd` and the reading,
    nothing else. Raises `UserError` for what is no such table.
    """
    curves, warnings = read_printed(path)
    return {name: _findings(rows, run_sd) for name, rows in curves.items()}, warnings


def _findings(rows: list[Printed], run_sd: float) -> list[Finding]:
    runs: dict[Arm, dict[tuple[int, float], float]] = {}
    points: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for row in rows:
        bought = row.n_demonstrations, row.n_pairs
        arm = Arm(*bought, "base" if bought == (0, 0) else "dpo" if row.n_pairs else "sft")
        reading_sd = READING_SD.get(row.reading or "clear", READING_SD["hidden_by_eye"])
        # one run may be printed at several shares, as the untrained model is
        runs.setdefault(arm, {}).setdefault((row.seed, row.score), reading_sd)
        if row.budget > 0 and (row.budget, row.share) not in points.setdefault(bought, []):
            points[bought].append((row.budget, row.share))
    scores = {
        arm: Scores(tuple(range(len(some))), ("published",), np.array([[score] for _, score in some]))
        for arm, some in sorted(runs.items())
    }
    reading = {arm: max(some.values()) for arm, some in runs.items()}
    noise = PublishedNoise(run_sd, reading, ITEMS.get(rows[0].metric or "", 0))
    allocation = Allocation(scores, points, "accuracy", "dpo", noise)
    return [
        sft_alone_best_at_smallest_budget(allocation),
        mixture_best_at_largest_budget(allocation),
        best_share_falls(allocation),
        pairs_alone_at_the_floor(allocation),
        smallest_share_lifts(allocation),
    ]
