"""A study's answers against the references of its task, by a judge: a win rate beside the task's own score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from apportion.errors import UserError
from apportion.findings.measured import Arm
from apportion.reports.record import StudyRecord
from apportion.statistics import Estimate, mean_over_seeds_and_items
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
    NaN where nothing was read. `score` is the mean by the task's own metric.
    """

    arm: Arm
    metric: str
    score: Estimate
    win_rate: Estimate | None
    at_equal_length: float
    counts: Judging


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
    return [
        _arm(arm, rows, task.metric, {s: (answers[a, s], judged[a, s]) for a, s in answers if a == arm})
        for arm in dict.fromkeys(arm for arm, _ in answers)
    ]


def _arm(
    arm: Arm, rows: pl.DataFrame, metric: str, of: dict[int, tuple[list[Comparison], list[Judged]]]
) -> JudgedArm:
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
    return JudgedArm(
        arm,
        metric,
        mean_over_seeds_and_items(complete, bounded=True),
        mean_over_seeds_and_items(table, bounded=True) if table.size else None,
        length_controlled(scores, lengths),
        summed(results),
    )
