"""Many comparisons at once: p-values corrected, and who is ahead, behind or tied."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from apportion.statistics.estimate import Estimate

Correction = Literal["holm", "benjamini-hochberg"]
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


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that p < q keeps the expected share of false findings at q.

    The k-th smallest of m is multiplied by m / k, never above the one after (Benjamini, Hochberg 1995). Holds for
    independent tests and those that rise and fall together.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(_checked(p_values), kind="stable")
    adjusted, most = [0.0] * len(order), 1.0
    for rank in range(len(order), 0, -1):
        place = order[rank - 1]
        most = min(most, p_values[place] * len(order) / rank)
        adjusted[place] = most
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


class Ranked(NamedTuple):
    """A difference with its p-value, that corrected for all comparisons, and the standing that this leaves."""

    name: str
    difference: Estimate
    p: float
    adjusted: float
    standing: Standing

    def __str__(self) -> str:
        """The comparison as one line: `tied` is said where it is tied."""
        mean, low, high = self.difference[:3]
        return (
            f"{self.name}: {mean:+.3f} [{low:+.3f}, {high:+.3f}], {self.standing} (p = {self.adjusted:.3g})"
        )


def compared_with_all(
    differences: Mapping[str, Callable[[float], Estimate]],
    *,
    correction: Correction = "holm",
    level: float = 0.95,
) -> list[Ranked]:
    """Return every difference with its standing after correction for their number, largest difference first.

    `differences` gives each as a function of the level. Intervals are those of one comparison; a standing other
    than "tied" needs the corrected p-value below 1 - level.
    """
    estimates = {name: at(level) for name, at in differences.items()}
    p_values = [p_value(at) for at in differences.values()]
    correct = {"holm": holm, "benjamini-hochberg": benjamini_hochberg}[correction]
    found = []
    for name, p, adjusted in zip(differences, p_values, correct(p_values), strict=True):
        stands: Standing = "tied"
        if adjusted < 1 - level:
            stands = "ahead" if estimates[name].mean > 0 else "behind"
        found.append(Ranked(name, estimates[name], p, adjusted, stands))
    return sorted(found, key=lambda one: -one.difference.mean)


def _holds_zero(estimate: Estimate) -> bool:
    return estimate.low <= 0 <= estimate.high


def _checked(p_values: Sequence[float]) -> Sequence[float]:
    wrong = [p for p in p_values if not 0 <= p <= 1]
    if wrong:
        raise ValueError(f"{wrong[0]} is no p-value")
    return p_values
