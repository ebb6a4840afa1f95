"""Two studies of one task side by side: what a judge prefers, and what the objective score says."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from apportion.errors import UserError
from apportion.findings.finding import Finding
from apportion.findings.judges import win_rate_disagrees
from apportion.findings.measured import Arm
from apportion.reports.judged_references import AsksAll
from apportion.reports.record import StudyRecord, read_record
from apportion.statistics import Estimate, contrast, mean_over_seeds_and_items
from apportion.tasks.judged_sets import plain
from apportion.tasks.judging import Comparison, Judging, length_controlled, summed


class Answers(NamedTuple):
    """What one arm answered: `text` and `score` by (seed, item): right in any form, or ROUGE-L where nothing is."""

    name: str
    arm: Arm
    metric: str
    text: dict[tuple[int, str], str]
    score: dict[tuple[int, str], float]


@dataclass(frozen=True, slots=True)
class JudgedArms:
    """Both measures of the first arm against the second, over seeds and items, with the counts behind the win rate.

    `scores` are of both arms by `metric`, accuracy in any form. `at_equal_length` is the win rate with length held
    equal.
    """

    metric: str
    scores: tuple[Estimate, Estimate]
    score_lead: Estimate
    win_rate: Estimate
    at_equal_length: float
    counts: Judging
    finding: Finding


def judged_arms(first: Path, second: Path, asks: AsksAll) -> JudgedArms:
    """Return what a judge and the task's score say of two studies of one task, each with its most demonstrations.

    Answers to the same item are compared seed by seed, in both orders; items on which a judge's saying could not
    be read are left out. Raises UserError where the two have no items or seeds in common.
    """
    records = read_record(first), read_record(second)
    arms = answers_of(records[0], first), answers_of(records[1], second)
    prompts = {problem.id: plain(problem.prompt) for problem in records[0].study.load_task().problems}
    common = sorted(arms[0].text.keys() & arms[1].text.keys())
    seeds = sorted({seed for seed, _ in common})
    items = sorted(
        item for item in prompts if all((seed, item) in arms[i].text for seed in seeds for i in (0, 1))
    )
    if not seeds or not items or arms[0].metric != arms[1].metric:
        cure = "Give both study files the same [task] and seeds."
        raise UserError(f"{first} and {second}", "no graded items in common", "two studies of one task", cure)
    comparisons = [
        Comparison(
            f"{seed}/{item}",
            prompts[item],
            arms[0].text[seed, item].strip(),
            arms[1].text[seed, item].strip(),
        )
        for seed in seeds
        for item in items
    ]
    results = asks(comparisons)
    scores = np.array([result.score for result in results]).reshape(len(seeds), len(items))
    readable = np.isfinite(scores).all(axis=0)
    if not readable.any():
        raise UserError(
            "the judge", "nothing that could be read", "[[A]], [[B]] or [[C]]", "Take another judge."
        )
    own = [np.array([[arm.score[seed, item] for item in items] for seed in seeds]) for arm in arms]
    win_rate = mean_over_seeds_and_items(scores[:, readable], bounded=True)
    lead = contrast(own, [1.0, -1.0], bounded=True)
    lengths = np.array([len(c.first) - len(c.second) for c in comparisons], dtype=float)
    first_score, second_score = (mean_over_seeds_and_items(values, bounded=True) for values in own)
    return JudgedArms(
        arms[0].metric,
        (first_score, second_score),
        lead,
        win_rate,
        length_controlled(scores.ravel(), lengths),
        summed(results),
        win_rate_disagrees(lead, win_rate, arms=(arms[0].name, arms[1].name)),
    )


def answers_of(record: StudyRecord, root: Path) -> Answers:
    """Return the decoded answers of a study's largest purchase of demonstrations alone, all seeds."""
    rows = record.outcomes.filter(
        pl.col("metric").is_in(["accuracy", "rouge_l"])  # no task has both
        & (pl.col("method") == "sft")
        & (pl.col("n_pairs") == 0)
    )
    if rows.is_empty():
        cure = "Run the study, or add a cell with demonstrations alone."
        raise UserError(str(root), "no graded answers of SFT alone", "cells of SFT alone", cure)
    most = int(rows["n_demonstrations"].max())  # type: ignore[arg-type]
    rows = rows.filter(pl.col("n_demonstrations") == most)
    text = {
        (seed, line["item"]): line["text"]
        for cell, seed in rows.select("cell", "seed").unique().iter_rows()
        for line in map(json.loads, _lines(root / "cells" / cell / "generations.jsonl"))
    }
    metric = rows["metric"][0]
    column = "flexible" if metric == "accuracy" else "score"
    score = {
        (seed, item): float(value) for seed, item, value in rows.select("seed", "item", column).iter_rows()
    }
    return Answers(record.name, Arm(most, 0, "sft"), metric, text, score)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
