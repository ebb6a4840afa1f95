"""Many comparisons at once: p-values corrected, and who is ahead, behind or tied."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from apportion.statistics.estimate import Estimate

Standing = Literal["ahead", "behind", "tied"]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that p < alpha keeps the chance of any false finding at alpha (Holm 1979).

    The k-th smallest of m is multiplied by m - k + 1, never below the one before. Holds under any dependence.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(_checked(p_values), kind="stable")
    adjusted, least = [0.0] * len(order), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * p_values[place]))
        adjusted[place] = least
    return adjusted


def p_value(estimate_at: Callable[[float], Estimate]) -> float:
    """Return the p-value that belongs to intervals: 1 - the level at which the interval just reaches 0.

    `estimate_at` gives the same estimate at any level. Found by halving, to 1e-9; 1 where 0 is in every interval,
    0 where it is in none.
    """
    low, high = 0.0, 1.0 - 1e-9
    if _holds_zero(estimate_at(1e-9)):
        return 1.0
    if not _holds_zero(estimate_at(high)):
        return 0.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (low, middle) if _holds_zero(estimate_at(middle)) else (middle, high)
    return 1 - (low + high) / 2


def standing(estimate: Estimate) -> Standing:
    """Return "tied" unless the whole interval of a difference lies on one side of 0."""
    return "tied" if _holds_zero(estimate) else "ahead" if estimate.mean > 0 else "behind"


class Corrected(NamedTuple):
    """A difference with its interval, its p-value corrected for all comparisons, and the standing that this leaves."""

    difference: Estimate
    p: float
    standing: Standing


def corrected(differences: Sequence[Callable[[float], Estimate]], *, level: float = 0.95) -> list[Corrected]:
    """Return every difference of a family with its standing after Holm's correction for their number, in order.

    `differences` gives each as a function of the level. Intervals are those of one comparison; a standing other
    than "tied" needs the corrected p-value below 1 - level.
    """
    found = []
    adjusted = holm([p_value(at) for at in differences])
    for at, p in zip(differences, adjusted, strict=True):
        difference = at(level)
        stands: Standing = "tied" if p >= 1 - level else "ahead" if difference.mean > 0 else "behind"
        found.append(Corrected(difference, p, stands))
    return found


def _holds_zero(estimate: Estimate) -> bool:
    return estimate.low <= 0 <= estimate.high


def _checked(p_values: Sequence[float]) -> Sequence[float]:
    wrong = [p for p in p_values if not 0 <= p <= 1]
    if wrong:
        raise ValueError(f"{wrong[0]} is no p-value")
    return p_values
