"""What an undecided comparison could have shown: how large a difference, and how many items the seen one takes."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from apportion.findings.finding import Finding
from apportion.findings.measured import BOUNDED, Arm, Measured, compared, lined_up
from apportion.metrics import Metric
from apportion.statistics import detectable_difference, items_needed
from apportion.statistics.crossed import variance_of_mean
from apportion.statistics.paired import with_ends

MOST = 1_000_000


class Power(NamedTuple):
    """What these items and seeds find with a power of about .8, and about how many items find what was seen.

    `items` is None where no number does with these seeds, or nothing was seen. Differences are from `bound`.
    """

    difference: float
    seen: float
    items: int | None
    bound: float


def power_of(
    table: Measured, arms: Sequence[Arm], weights: Sequence[float], metric: Metric, bound: float = 0.0
) -> Power | None:
    """Return the power of a weighted sum of arms against a bound; None where its variance is not known.

    The variance is that of the interval (`statistics.contrast`, with its two items at the ends where scores are
    bounded) in two parts: s^2(item means) / items, and the rest, which is the seeds'. Both deviations are widened by
    the interval's quantile over the normal one, since `statistics.power` is normal and would promise too much of few
    seeds; so what was seen short of the bound's side always takes more items than there are.
    """
    found, estimate = lined_up(table, arms), compared(table, list(arms), list(weights), metric)
    if found is None or estimate is None:
        return None
    values = sum(weight * scores for weight, scores in zip(weights, found, strict=True))
    values = np.atleast_2d(np.asarray(values))
    seeds = len(values)
    if BOUNDED[metric]:
        values = with_ends(values, weights)
    items = values.shape[1]
    variance = variance_of_mean(values).variance if items > 1 else 0.0
    half = (estimate.high - estimate.low) / 2
    if variance == 0 or not np.isfinite(half):
        return None
    wider = max(1.0, half / (float(norm.ppf(0.975)) * sqrt(variance)))
    of_items = float(values.mean(axis=0).std(ddof=1))
    of_seeds = sqrt(max(0.0, variance - of_items**2 / items) * seeds)
    smallest = detectable_difference(items, wider * of_items, seeds=seeds, sd_between_seeds=wider * of_seeds)
    seen = abs(estimate.mean - bound)
    # what is left of the seen difference once the seeds have taken their part
    left = seen**2 - (smallest**2 - detectable_difference(items, wider * of_items) ** 2)
    needed = items_needed(sqrt(left), wider * of_items) if left > 0 and of_items > 0 else None
    return Power(smallest, seen, needed, bound)


def with_power(finding: Finding, power: Power | None, metric: Metric) -> Finding:
    """Return an undecided finding with what could have been found, and about how many items the seen takes."""
    if finding.verdict != "undecided" or power is None:
        return finding
    scale, unit = (100, " points") if BOUNDED[metric] else (1, " nats per token")
    digits = 1 if BOUNDED[metric] else 3
    beyond = f" off the bound of {scale * power.bound:g}" if power.bound else ""
    found, seen = (f"{scale * value:.{digits}f}" for value in (power.difference, power.seen))
    takes = f"about {float(f'{power.items or 0:.2g}'):,.0f} items"
    if power.items is None:
        takes = "more seeds, not items alone"
    elif power.items > MOST:
        takes = "over a million items"
    said = f" With these items and seeds {found}{unit}{beyond} would be found (power about .8); "
    said += f"the {seen} seen would take {takes}."
    numbers = finding.numbers | {
        "detectable_difference": round(power.difference, 6),
        "items_needed": power.items,
    }
    return replace(finding, sentence=finding.sentence + said, numbers=numbers)
