"""Wilson's interval for a proportion."""

from math import sqrt
from typing import NamedTuple

from scipy.stats import norm


class Bounds(NamedTuple):
    """The two ends of an interval."""

    low: float
    high: float


def wilson(share: float, trials: float, *, level: float = 0.95, quantile: float | None = None) -> Bounds:
    """Return Wilson's score interval for a proportion seen as `share` of `trials`.

    (p + z^2/2n +- z sqrt(p (1-p)/n + z^2/4n^2)) / (1 + z^2/n): Wilson 1927, JASA 22:209. It never leaves
    [0, 1] and has a width at 0 and 1. `trials` may be an effective number, not whole; `quantile` replaces
    the normal z by, say, Student's t.

    Raises ValueError for no trials and a share outside [0, 1].

    >>> [round(end, 4) for end in wilson(0.0, 100)]
    [0.0, 0.037]
    """
    if not trials > 0 or not 0 <= share <= 1:
        raise ValueError(f"a share of {share} in {trials} trials; expected one in [0, 1], of more than 0")
    z = float(norm.ppf((1 + level) / 2)) if quantile is None else quantile
    shrink = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / shrink
    half = z / shrink * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    # at 0 and 1 the formula ends there exactly; rounding must not move it past the share
    return Bounds(min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half)))
