"""A study's answers against the references of its task, by a judge: a win rate beside the task's own score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.findings.measured import Arm
from apportion.reports.record import StudyRecord
from apportion.statistics import Estimate, Standing, corrected, mean_over_seeds_and_items
from apportion.studies.judges import against_references
from apportion.studies.store import reading
from apportion.tasks.judging import Comparison, Judged, Judging, length_controlled, summed
from apportion.tasks.task import Task

AsksAll = Callable[[Sequence[Comparison]], list[Judged]]
"""What a judge says of comparisons, each asked in both orders."""


@dataclass(frozen=True, slots=True)
class JudgedArm:
    """How often one arm's answers win against the references, over its seeds and the items; ties count half.

    `win_rate` is None where no item could be read on all seeds; `at_equal_length` is the rate with length held equal,
    NaN where nothing was read. `score` is the mean by the task's own metric. `p` is the p-value of the win rate against
    one half, corrected by Holm for the number of arms, and `standing` what it leaves at .05; None without a win rate.
    """

    arm: Arm
    metric: str
    score: Estimate
    win_rate: Estimate | None
    at_equal_length: float
    counts: Judging
    p: float | None = None
    standing: Standing | None = None


def judged_references(record: StudyRecord, root: Path, task: Task, asks: AsksAll) -> list[JudgedArm]:
    """Return every arm of a study against its task's references, smallest purchase first.

    The judge is asked once for all comparisons. Raises UserError where nothing was decoded, or nothing of it is among
    the task's problems.
    """
    rows = record.outcomes.filter(pl.col("metric") == task.metric)
    if rows.is_empty() or not task.problems:
        cure = "Let the study finish some cells, or write decode = true under [task] if its task has that."
        raise UserError(str(root), "no decoded answers", "a study that decodes and grades answers", cure)
    keys = ["n_demonstrations", "n_pairs", "method", "seed", "cell"]
    cells = rows.select(keys).unique().sort(keys)
    answers: dict[tuple[Arm, int], list[Comparison]] = {}
    for *arm, seed, name in cells.iter_rows():
        generations = root / "cells" / name / "generations.jsonl"
        with reading(generations):
            answers[Arm(*arm), seed] = against_references(generations, task)
    if not all(answers.values()):
        cure = "Give the study file that it ran with (--study)."
        raise UserError(str(root), "answers to other items than the task has", "the items of its task", cure)
    asked = [one for comparisons in answers.values() for one in comparisons]
    said = iter(asks(asked))
    judged = {key: [next(said) for _ in comparisons] for key, comparisons in answers.items()}
    found = [
        _arm(arm, rows, task.metric, {s: (answers[a, s], judged[a, s]) for a, s in answers if a == arm})
        for arm in dict.fromkeys(arm for arm, _ in answers)
    ]
    rated = [place for place, (_, scores) in enumerate(found) if scores.size]
    arms = [arm for arm, _ in found]
    leads = [partial(_less_one_half, found[place][1]) for place in rated]
    for place, one in zip(rated, corrected(leads), strict=True):
        arms[place] = replace(arms[place], p=one.p, standing=one.standing)
    return arms


def _less_one_half(scores: NDArray[np.float64], level: float) -> Estimate:
    """The win rate less one half: above 0 where an arm beats the references."""
    rate = mean_over_seeds_and_items(scores, bounded=True, level=level)
    return rate._replace(mean=rate.mean - 0.5, low=rate.low - 0.5, high=rate.high - 0.5)


def _arm(
    arm: Arm, rows: pl.DataFrame, metric: str, of: dict[int, tuple[list[Comparison], list[Judged]]]
) -> tuple[JudgedArm, NDArray[np.float64]]:
    """An arm, and what was read on every seed: [seeds, items] of 1, .5 and 0."""
    comparisons = [one for asked, _ in of.values() for one in asked]
    results = [one for _, said in of.values() for one in said]
    scores = np.array([one.score for one in results])
    lengths = np.array([len(one.first) - len(one.second) for one in comparisons], dtype=float)
    by_seed = [{one.id: one.score for one in said} for _, said in of.values()]
    items = sorted(set.intersection(*map(set, by_seed)))
    table = np.array([[one[item] for item in items] for one in by_seed])
    table = table[:, np.isfinite(table).all(axis=0)]
    own = rows.filter(
        (pl.col("n_demonstrations") == arm.n_demonstrations)
        & (pl.col("n_pairs") == arm.n_pairs)
        & (pl.col("method") == arm.method)
    )
    graded = own.pivot("item", index="seed", values="score", aggregate_function="first").drop("seed")
    complete = graded.select(column for column in graded if not column.has_nulls()).to_numpy()
    judged = JudgedArm(
        arm,
        metric,
        mean_over_seeds_and_items(complete, bounded=True),
        mean_over_seeds_and_items(table, bounded=True) if table.size else None,
        length_controlled(scores, lengths),
        summed(results),
    )
    return judged, table
