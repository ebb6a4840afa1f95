"""The papers' own tables as inputs: their claims checked on the numbers that they print."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from apportion.errors import UserError
from apportion.findings.allocation import Allocation, PublishedNoise
from apportion.findings.best_split import (
    best_share_falls,
    mixture_best_at_largest_budget,
    sft_alone_best_at_smallest_budget,
)
from apportion.findings.cold_start import pairs_alone_at_the_floor, smallest_share_lifts
from apportion.findings.finding import Finding
from apportion.findings.measured import Arm, Scores

RUN_SD = 0.02
"""How far a run lies from the mean of runs: the paper's single-run noise is .01 to .03 (arXiv 2502.11284)."""

READING_SD: Mapping[str, float] = {"clear": 0.0025, "partly_hidden": 0.0075, "hidden_by_eye": 0.01}
"""Half of what a reading off the figure is said to be good to: .005 where clear, .01 to .02 otherwise."""

ITEMS: Mapping[str, int] = {"gsm8k_accuracy": 1319, "ifeval_instruction_accuracy": 834}
"""Held-out items of a metric where they are known: problems of the GSM8K test, instructions of IFEval."""

_COLUMNS = ("task", "metric", "budget_examples", "sft_fraction", "n_sft", "n_pref", "score")


def published_findings(path: Path, *, run_sd: float = RUN_SD) -> dict[str, list[Finding]]:
    """Return the claims of "Balancing the Budget" on a surface of printed scores, task by task.

    The table is a CSV file with a row a cell: task, metric, budget_examples, sft_fraction, n_sft, n_pref, score, and
    optionally reading. Every label costs the same, so a budget in examples is one in USD. One run a cell, so the
    intervals allow for `run_sd` and the reading, nothing else. Raises `UserError` for a table without these columns.
    """
    try:
        table = pl.read_csv(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        found = f"a table that cannot be read ({next(iter(str(error).splitlines()), type(error).__name__)})"
        raise UserError(str(path), found, "a CSV file", "Check the path and the file.") from None
    lacking = [name for name in _COLUMNS if name not in table.columns]
    if lacking:
        found = f"no column {lacking[0]} (columns: {', '.join(table.columns)})"
        raise UserError(str(path), found, ", ".join(_COLUMNS), "Name the columns so, one row a cell.")
    return {
        str(task): _findings(group, run_sd) for (task,), group in table.group_by("task", maintain_order=True)
    }


def _findings(table: pl.DataFrame, run_sd: float) -> list[Finding]:
    scores: dict[Arm, Scores] = {}
    points: dict[tuple[int, int], list[tuple[float, float]]] = {}
    reading: dict[Arm, float] = {}
    for row in table.iter_rows(named=True):
        bought = int(row["n_sft"]), int(row["n_pref"])
        arm = Arm(*bought, "base" if bought == (0, 0) else "dpo" if bought[1] else "sft")
        scores[arm] = Scores((0,), ("published",), np.array([[float(row["score"])]]))
        reading[arm] = READING_SD.get(row.get("reading", "clear"), READING_SD["hidden_by_eye"])
        if row["budget_examples"] > 0:
            points.setdefault(bought, []).append((float(row["budget_examples"]), float(row["sft_fraction"])))
    noise = PublishedNoise(run_sd, reading, ITEMS.get(table["metric"][0], 0))
    allocation = Allocation(dict(sorted(scores.items())), points, "accuracy", "dpo", noise)
    return [
        sft_alone_best_at_smallest_budget(allocation),
        mixture_best_at_largest_budget(allocation),
        best_share_falls(allocation),
        pairs_alone_at_the_floor(allocation),
        smallest_share_lifts(allocation),
    ]
