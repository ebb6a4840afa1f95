"""How many held-out items a comparison needs, and what it can find with those it has."""

from math import ceil, inf, sqrt

from scipy.stats import norm


def items_needed(
    difference: float, sd_of_differences: float, *, level: float = 0.95, power: float = 0.8
) -> int:
    """Return how many items a paired comparison of one seed needs to find a difference with that power.

    n = ((z_level + z_power) sd / difference)^2, two-sided (Miller 2024, arXiv 2411.00640, section 5). The
    sd is that of an item's difference between the arms: sqrt(q - difference^2) for 0/1 scores that differ
    on a share q of the items. No number of items makes up for seeds that were not varied.

    >>> items_needed(0.05, 0.5)
    785
    """
    if difference == 0:
        raise ValueError("no number of items shows a difference of 0")
    _check_deviation(sd_of_differences)
    z = float(norm.ppf((1 + level) / 2) + norm.ppf(power))
    return max(2, ceil((z * sd_of_differences / abs(difference)) ** 2))


def detectable_difference(
    items: int,
    sd_of_differences: float,
    *,
    seeds: int = 1,
    sd_between_seeds: float = 0.0,
    level: float = 0.95,
    power: float = 0.8,
) -> float:
    """Return the smallest difference that a paired comparison finds with that power.

    (z_level + z_power) sqrt(sd^2 / items + sd_seeds^2 / seeds), two-sided: `items_needed` the other way round, with
    the deviation that training again puts on the difference. Normal quantiles: with fewer than about 5 seeds it
    promises too much.

    >>> round(detectable_difference(785, 0.5), 3)
    0.05
    """
    if items < 1 or seeds < 1:
        raise ValueError(f"{items} items and {seeds} seeds find no difference")
    _check_deviation(sd_of_differences)
    _check_deviation(sd_between_seeds)
    z = float(norm.ppf((1 + level) / 2) + norm.ppf(power))
    return z * sqrt(sd_of_differences**2 / items + sd_between_seeds**2 / seeds)


def _check_deviation(sd: float) -> None:
    if not 0 <= sd < inf:
        raise ValueError(f"a standard deviation of {sd}; expected 0 or more")
