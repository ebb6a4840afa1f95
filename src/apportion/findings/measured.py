"""Outcomes as arrays: for each arm, the scores of every seed on every item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from apportion import error_classes
from apportion.identity import generator
from apportion.metrics import KINDS, Metric
from apportion.statistics import Estimate, cluster_bootstrap, contrast, mean_over_seeds_and_items

BOUNDED: dict[str, bool] = {metric: kind == "score" for metric, kind in KINDS.items()}
"""Whether a metric's scores lie in [0, 1]; where they do, higher is better, else lower."""

FORMLESS = error_classes.FORMLESS | {"form"}
"""Errors of form, and "form", which outcomes of earlier versions call them all."""

REASONING = frozenset({"missing-or-extra-step", "wrong-plan", "wrong-hop", "other"})
"""Errors of reasoning in answers that have the form; "arithmetic" is counted apart, as arXiv 2410.03717 does."""

Points = Mapping[tuple[int, int], list[tuple[float, float]]]
"""For each purchase (demonstrations, pairs), the points (budget in USD, share of it for demonstrations)."""


class Arm(NamedTuple):
    """What was bought and how it was trained on; seeds repeat an arm."""

    n_demonstrations: int
    n_pairs: int
    method: str


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of an arm, `values` of shape [seeds, items]."""

    seeds: tuple[int, ...]
    items: tuple[str, ...]
    values: NDArray[np.floating]


Measured = Mapping[Arm, Scores]


def measured(outcomes: pl.DataFrame, metric: Metric, of: str = "score") -> dict[Arm, Scores]:
    """Return the scores of every arm in an outcomes table of one task and one model.

    `of` is a column ("score", "flexible"), "form" (1 for an answer in the demanded form, right or wrong) or
    "class:NAME" (1 for an answer of that error class). Items that not every seed of an arm was graded on
    are left out, so that seeds and items are crossed. Raises ValueError for outcomes of several tasks or
    models.
    """
    if outcomes.select("task", "model").unique().height > 1:
        raise ValueError("outcomes of several tasks or models; filter them first")
    arm = ["n_demonstrations", "n_pairs", "method"]
    rows = outcomes.filter(pl.col("metric") == metric).select(*arm, "seed", "item", _value(of))
    rows = rows.filter(pl.col("value").is_not_null()).sort(*arm, "seed", maintain_order=True)
    names, item = (
        rows["item"].unique().sort().to_list(),
        rows["item"].rank("dense").to_numpy().astype(int) - 1,
    )
    seed, value = rows["seed"].to_numpy(), rows["value"].to_numpy()
    found: dict[Arm, Scores] = {}
    start = 0
    for *key, length in rows.group_by(*arm, maintain_order=True).len().iter_rows():
        here = slice(start, start + length)
        start += length
        seeds, row = np.unique(seed[here], return_inverse=True)
        values = np.full((len(seeds), len(names)), np.nan)
        is_there = np.zeros(values.shape, bool)
        values[row[::-1], item[here][::-1]] = value[here][::-1]  # of an item graded twice, the first
        is_there[row, item[here]] = True
        complete = np.flatnonzero(is_there.all(0))
        if len(complete):
            items = tuple(names[place] for place in complete)
            found[Arm(*key)] = Scores(tuple(seeds.tolist()), items, values[:, complete])
    return dict(sorted(found.items()))


def _value(of: str) -> pl.Expr:
    if of == "form":
        return (~pl.col("error_class").is_in(sorted(FORMLESS))).cast(pl.Float64).alias("value")
    if of.startswith("class:"):
        return (pl.col("error_class") == of.removeprefix("class:")).cast(pl.Float64).alias("value")
    return pl.col(of).cast(pl.Float64).alias("value")


def main_metric(outcomes: pl.DataFrame) -> Metric | None:
    """Return the metric that stands for the task: accuracy, else preference_accuracy, else rouge_l, else nll."""
    there = set(outcomes["metric"].unique().to_list())
    order: tuple[Metric, ...] = ("accuracy", "preference_accuracy", "rouge_l", "nll")
    return next((metric for metric in order if metric in there), None)


def mean(scores: Scores, metric: Metric, *, level: float = 0.95) -> Estimate:
    """Return the mean of an arm with its interval over seeds and items.

    The items of "instruction_accuracy" are parts of prompts, ID/1 and ID/2, which are drawn together.
    """
    if metric == "instruction_accuracy":
        draw = generator("findings/measured", metric)
        return cluster_bootstrap(
            scores.values, prompts_of(scores.items), ends=(0.0, 1.0), draw=draw, level=level
        )
    return mean_over_seeds_and_items(scores.values, bounded=BOUNDED[metric], level=level)


def prompts_of(items: Sequence[str]) -> list[str]:
    """Return the prompt of each item that is a part of one.

    >>> prompts_of(["1000/1", "1000/2"])
    ['1000', '1000']
    """
    return [item.rpartition("/")[0] for item in items]


def compared(
    table: Measured, arms: list[Arm], weights: list[float], metric: Metric, *, level: float = 0.95
) -> Estimate | None:
    """Return a weighted sum of arms with its interval, over what they have in common (`lined_up`), None if nothing.

    Raises ValueError for "instruction_accuracy", whose items are not independent of one another.
    """
    if metric == "instruction_accuracy":
        raise ValueError(f"{metric} is of parts of prompts; compare prompts by accuracy")
    values = lined_up(table, arms)
    return None if values is None else contrast(values, weights, bounded=BOUNDED[metric], level=level)


def lined_up(table: Measured, arms: Sequence[Arm]) -> list[NDArray[np.floating]] | None:
    """Return the scores of arms on the seeds and items that they have in common, each [seeds, items].

    An untrained arm ("base") has one seed, [1, items], and stands beside every seed of the others. None where an arm
    is missing or no seed or item is common to all.
    """
    if any(arm not in table for arm in arms):
        return None
    found = [table[arm] for arm in arms]
    items = sorted(set.intersection(*(set(scores.items) for scores in found)))
    seeded = [scores for arm, scores in zip(arms, found, strict=True) if arm.method != "base"]
    seeds = sorted(set.intersection(*(set(scores.seeds) for scores in seeded))) if seeded else []
    if not items or (seeded and not seeds):
        return None
    values = []
    for arm, scores in zip(arms, found, strict=True):
        rows = [0] if arm.method == "base" else [scores.seeds.index(seed) for seed in seeds]
        place = {item: column for column, item in enumerate(scores.items)}
        values.append(scores.values[np.ix_(rows, [place[item] for item in items])])
    return values
