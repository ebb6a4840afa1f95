"""From budgets, shares and prices to cells: what is bought, and what is trained on it."""

from dataclasses import dataclass
from math import floor
from typing import Literal

from apportion.training.settings import PreferenceLoss

Method = Literal["base", "sft", "dpo", "rpo", "ipo", "slic", "kto", "sft-on-chosen", "taught"]
PreferenceMethod = Literal["dpo", "rpo", "ipo", "slic", "kto"]
Control = Literal["sft-on-chosen"]

LOSSES: dict[PreferenceMethod, PreferenceLoss] = {
    "dpo": "sigmoid",
    "rpo": "sigmoid",  # with the SFT term
    "ipo": "ipo",
    "slic": "hinge",
    "kto": "kto",
}


@dataclass(frozen=True, slots=True)
class Prices:
    """What one judgement of each kind costs, in USD."""

    demonstration: float = 1.0
    pair: float = 1.0


@dataclass(frozen=True, slots=True)
class Purchase:
    """A number of demonstrations and of pairs, bought together."""

    n_demonstrations: int = 0
    n_pairs: int = 0

    def cost_usd(self, prices: Prices) -> float:
        """Return what the purchase costs."""
        return self.n_demonstrations * prices.demonstration + self.n_pairs * prices.pair


@dataclass(frozen=True, slots=True)
class Cell:
    """One training recipe on one purchase: what an outcome is the outcome of."""

    task: str
    model: str
    n_demonstrations: int
    n_pairs: int
    method: Method
    seed: int


def purchase(budget_usd: float, sft_share: float, prices: Prices) -> Purchase:
    """Return what a budget B buys with a share r of it for demonstrations.

    n_SFT = r B / c_SFT and n_pref = (1 - r) B / c_pref (Raghavendra et al. 2025, arXiv 2502.11284).

    Counts are rounded down (after a hair of slack, for prices such as .1 that binary numbers do not have).

    >>> purchase(100, 0.25, Prices(demonstration=1.0, pair=0.5))
    Purchase(n_demonstrations=25, n_pairs=150)
    """

    def count(money: float, price: float) -> int:
        return floor(money / price * (1 + 1e-12) + 1e-9)

    return Purchase(
        count(sft_share * budget_usd, prices.demonstration), count((1 - sft_share) * budget_usd, prices.pair)
    )


def arms(
    bought: Purchase,
    methods: tuple[PreferenceMethod, ...],
    controls: tuple[Control, ...],
    *,
    taught: bool = False,
) -> tuple[Method, ...]:
    """Return what is trained on a purchase: SFT alone where there are no pairs, else each method and control.

    With `taught` a purchase without pairs is also trained on the task's lessons, after its demonstrations.
    """
    if bought.n_pairs == 0:
        alone: Method = "sft" if bought.n_demonstrations else "base"
        return (alone, "taught") if taught else (alone,)
    return (*methods, *controls)
