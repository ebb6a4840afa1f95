"""All findings of a study at once."""

from collections.abc import Sequence

import polars as pl

from apportion.findings.allocation import Allocation
from apportion.findings.best_split import (
    best_share_falls,
    mixture_best_at_largest_budget,
    sft_alone_best_at_smallest_budget,
)
from apportion.findings.cold_start import pairs_alone_at_the_floor, smallest_share_lifts
from apportion.findings.control import preference_beats_imitation
from apportion.findings.errors import reasoning_follows_total, style_saturates_early
from apportion.findings.finding import Finding
from apportion.findings.form_first import form_before_reasoning
from apportion.findings.measured import Points, main_metric, measured
from apportion.findings.new_knowledge import WAYS, nothing_known_before, post_training_helps
from apportion.findings.power_law import power_law_against_rivals


def all_findings(outcomes: pl.DataFrame, points: Points, methods: Sequence[str]) -> list[Finding]:
    """Return the findings of an outcomes table of one task and model, for each preference method.

    Claims about scores are judged by accuracy where the task has it, else by preference accuracy, else by
    the negative log-likelihood (lower is better).
    """
    metric = main_metric(outcomes)
    if metric is None:
        return []
    table = measured(outcomes, metric)
    if outcomes["task"][0] == "new-knowledge":
        return [nothing_known_before(table), *(post_training_helps(table, way) for way in WAYS)]
    found: list[Finding] = []
    for method in methods:
        allocation = Allocation(table, points, metric, method)
        found += [
            sft_alone_best_at_smallest_budget(allocation),
            mixture_best_at_largest_budget(allocation),
            best_share_falls(allocation),
            pairs_alone_at_the_floor(allocation),
            smallest_share_lifts(allocation),
            preference_beats_imitation(allocation, "demonstrations"),
            preference_beats_imitation(allocation, "base"),
        ]
    accuracy, form = measured(outcomes, "accuracy"), measured(outcomes, "accuracy", "form")
    return [
        *found,
        form_before_reasoning(accuracy, form),
        style_saturates_early(accuracy, form),
        reasoning_follows_total(accuracy, form),
        power_law_against_rivals(accuracy),
    ]
