"""What a label costs: USD per demonstration and per preference pair, each a number or an interval."""

import math
import re
from dataclasses import dataclass

from apportion.errors import UserError

NUMBER = re.compile(r"\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?", re.ASCII)
LARGEST_USD = 1e12
SMALLEST_USD = 1e-9


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one label in USD, anywhere from `low` to `high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (SMALLEST_USD <= self.low <= self.high <= LARGEST_USD):
            raise UserError(
                "price",
                f"{self.low:g}..{self.high:g}" if self.low != self.high else f"{self.low:g}",
                "USD above 0 (1e-9 to 1e12), the lower end first",
                "Type a price such as 2.5 or an interval such as 1..5.",
            )

    @property
    def middle(self) -> float:
        """The geometric mean of the two ends."""
        return math.sqrt(self.low) * math.sqrt(self.high) if self.is_interval else self.low

    @property
    def is_interval(self) -> bool:
        """Whether the two ends differ."""
        return self.low < self.high


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of both kinds of labels, in USD each."""

    demonstration: Price
    pair: Price


def parse_price(text: str, where: str) -> Price:
    """Return the price that a text such as 2.5 or 1..5 names; raises UserError naming `where` otherwise.

    >>> parse_price("1..4", "--price-pair").middle
    2.0
    """
    ends = text.strip().split("..")
    if len(ends) > 2 or not all(NUMBER.fullmatch(end.strip()) for end in ends):
        raise UserError(
            where, repr(text[:40]), "USD: a number or an interval LOW..HIGH", "Type 2.5 or 1..5, say."
        )
    return price_of((float(ends[0]), float(ends[-1])), where)


def price_of(value: float | tuple[float, float] | Price, where: str) -> Price:
    """Return a price from a number, a pair of numbers or a price; raises UserError naming `where` otherwise."""
    if isinstance(value, Price):
        return value
    try:
        low, high = value if isinstance(value, tuple) else (value, value)
        low, high = float(low), float(high)
    except (TypeError, ValueError):
        raise UserError(where, repr(value)[:40], "USD: a number or (low, high)", "Correct it.") from None
    try:
        return Price(low, high)
    except UserError as error:
        raise UserError(where, error.found, error.expected, error.cure) from None
