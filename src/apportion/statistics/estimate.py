"""A number with its interval, and what the interval covers."""

from typing import Literal, NamedTuple

Basis = Literal["seeds and items", "items"]


class Estimate(NamedTuple):
    """A mean with a two-sided confidence interval.

    `seeds` and `items` count what was averaged over. `basis` says which of the two the interval allows for:
    with one seed it is "items", and how much another seed would move the mean is not in it. An interval
    that cannot be known (one item of an unbounded score) reaches to infinity.
    """

    mean: float
    low: float
    high: float
    seeds: int
    items: int
    basis: Basis
    level: float = 0.95

    @property
    def seeds_were_varied(self) -> bool:
        """Whether the interval allows for another training seed."""
        return self.basis == "seeds and items"
