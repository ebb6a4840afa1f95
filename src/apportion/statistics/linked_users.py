"""Intervals for numbers about events between users, where events that share a user go together."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from apportion.statistics.estimate import Basis, Estimate

STEP = 0.5  # how far weights move from 1; events then count 0 to 2 times, never less than nothing


class Reweighted(NamedTuple):
    """Weights of events, [resamples, n], or a number under them, [seeds, resamples]: by users and by events."""

    users: NDArray[np.float64]
    events: NDArray[np.float64]


def reweighted(
    source: NDArray[np.integer], target: NDArray[np.integer], resamples: int, draw: np.random.Generator
) -> Reweighted:
    """Return how much each event counts in each resample, [resamples, n] twice.

    By users: 1 + STEP (g_source + g_target), with g = -1 or 1 drawn for each user, so that all events of a user
    gain or lose together, in either role. By events: 1 + STEP g with a draw for each event.
    """
    users, places = np.unique(np.concatenate([source, target]), return_inverse=True)
    by_user = draw.choice([-STEP, STEP], (resamples, len(users)))
    by_event = draw.choice([-STEP, STEP], (resamples, len(source)))
    n = len(source)
    return Reweighted(1 + by_user[:, places[:n]] + by_user[:, places[n:]], 1 + by_event)


def over_seeds_and_users(
    values: NDArray[np.floating],
    under: Reweighted,
    users: int,
    *,
    bounds: tuple[float, float] | None = None,
    level: float = 0.95,
) -> Estimate | None:
    """Return the mean of a number over seeds, with an interval for other seeds and other users.

    `values` [seeds] is the number of each seed; `under` [seeds, resamples] is what it is under weights, the same
    for all seeds. Var = s^2(values) / seeds + V_users - V_events, where V is the variance of the mean over seeds
    under the weights, over STEP^2: a bootstrap with multipliers in place of counts, of the variance that allows for
    events that share either end (Aronow, Samii, Assenova 2015). What is an event's own counts twice in V_users,
    hence less V_events, below which the difference is not allowed. Student's t with Welch and Satterthwaite's
    degrees of freedom. A contrast of two numbers is the same with their differences. None where a number does not
    exist (NaN).
    """
    seeds = len(values)
    by_users, by_events = (_variance(numbers) for numbers in under)
    if not np.isfinite([*values, by_users, by_events]).all():
        return None
    over_users = max(by_users - by_events, by_events)
    over_seeds = float(np.var(values, ddof=1)) / seeds if seeds > 1 else 0.0
    variance, mean, half = over_users + over_seeds, float(values.mean()), 0.0
    if variance > 0:
        spread = over_users**2 / max(1, users - 1) + (over_seeds**2 / (seeds - 1) if seeds > 1 else 0.0)
        half = float(student.ppf((1 + level) / 2, variance**2 / spread)) * sqrt(variance)
    low, high = mean - half, mean + half
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    basis: Basis = "items" if seeds == 1 else "seeds and items"
    return Estimate(mean, low, high, seeds, users, basis, level)


def _variance(numbers: NDArray[np.float64]) -> float:
    """Return the variance of the mean over seeds under the weights; NaN with fewer than two numbers that exist."""
    means = numbers.mean(axis=0)
    means = means[np.isfinite(means)]
    return float(means.var(ddof=1)) / STEP**2 if len(means) > 1 else float("nan")
