"""What a budget buys at each share, and how the expected score runs along that line."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.laws.surface_kernel import Floats
from apportion.plans.prices import Price

MOST_LABELS = 10**12


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most labels of each kind that can be bought."""

    least_demonstrations: int = 0
    least_pairs: int = 0
    most_demonstrations: int = MOST_LABELS
    most_pairs: int = MOST_LABELS

    def __post_init__(self) -> None:
        for kind in ("demonstrations", "pairs"):
            least, most = getattr(self, f"least_{kind}"), getattr(self, f"most_{kind}")
            if not 0 <= least <= most <= MOST_LABELS:
                raise UserError(
                    f"--least-{kind} and --most-{kind}",
                    f"{least} and {most}",
                    "0 <= least <= most <= 1e12",
                    "Correct them.",
                )

    @property
    def only(self) -> Literal["demonstrations", "pairs"] | None:
        """The one kind that can be had, None where both can."""
        if self.most_demonstrations and self.most_pairs:
            return None
        return "demonstrations" if self.most_demonstrations else "pairs"

    def allow(self, n_demonstrations: int, n_pairs: int) -> bool:
        """Return whether so many of each can be had."""
        return n_demonstrations <= self.most_demonstrations and n_pairs <= self.most_pairs


def counts_at(
    share: float, budget_usd: float, demonstration_usd: float, pair_usd: float, limits: Limits
) -> tuple[int, int]:
    """Return the whole numbers (demonstrations, pairs) that a share of the budget buys, never above the budget.

    n_SFT = r B / c_SFT and n_pref = (1 - r) B / c_pref, rounded down, within the limits; a minimum of one kind
    is paid from the other's money, and what a maximum of one kind leaves goes to the other.

    >>> counts_at(0.25, 100.0, 1.0, 0.5, Limits())
    (25, 150)
    >>> counts_at(0.25, 100.0, 1.0, 0.5, Limits(most_pairs=20))
    (90, 20)
    """
    slack = 1 + 1e-12  # a share of .1 of 10 USD buys what 1 USD buys
    s = int(min(limits.most_demonstrations, share * budget_usd / demonstration_usd * slack))
    s = max(limits.least_demonstrations, s)
    p = int(min(limits.most_pairs, (1 - share) * budget_usd / pair_usd * slack))
    p = max(limits.least_pairs, p)
    over = s * demonstration_usd + p * pair_usd - budget_usd * slack
    if over > 0 and s > limits.least_demonstrations:
        s = max(limits.least_demonstrations, s - int(np.ceil(over / demonstration_usd)))
        over = s * demonstration_usd + p * pair_usd - budget_usd * slack
    if over > 0:
        p = max(limits.least_pairs, p - int(np.ceil(over / pair_usd)))
    left = budget_usd * slack - s * demonstration_usd - p * pair_usd
    if left > 0 and s == limits.most_demonstrations:
        p = min(limits.most_pairs, p + int(left / pair_usd))
    elif left > 0 and p == limits.most_pairs:
        s = min(limits.most_demonstrations, s + int(left / demonstration_usd))
    return s, p


def check_budget(budget_usd: float, demonstration: Price, pair: Price, limits: Limits) -> None:
    """Raise UserError where the budget buys no label, or not the least that the limits ask for."""
    if not 0 < budget_usd <= 1e15:
        raise UserError("budget", f"{budget_usd:g} USD", "USD above 0, at most 1e15", "Raise the budget.")
    if limits.most_demonstrations == limits.most_pairs == 0:
        raise UserError(
            "limits", "no demonstrations and no pairs to be had", "one of either kind", "Raise one of them."
        )
    offered = [
        price.high
        for price, most in ((demonstration, limits.most_demonstrations), (pair, limits.most_pairs))
        if most
    ]
    cheapest = min(offered)
    if budget_usd < cheapest:
        raise UserError(
            "budget",
            f"{budget_usd:g} USD",
            f"at least one label's price, {cheapest:g} USD",
            "Raise the budget or check the prices.",
        )
    least = limits.least_demonstrations * demonstration.middle + limits.least_pairs * pair.middle
    if budget_usd < least:
        raise UserError(
            "budget", f"{budget_usd:g} USD", f"at least {least:g} USD for the minimums", "Lower them."
        )
    if budget_usd / min(demonstration.low, pair.low) > MOST_LABELS:
        raise UserError("budget", f"{budget_usd:g} USD", "at most 1e12 labels", "Check the prices.")


def share_of_money(share_of_labels: float, demonstration_usd: float, pair_usd: float) -> float:
    """Return the share of the money that goes to demonstrations when they are this share of the labels."""
    paid = share_of_labels * demonstration_usd
    return paid / (paid + (1 - share_of_labels) * pair_usd)


def share_grid(lowest: float) -> Floats:
    """Return shares from 0 to 1: hundredths, and finer ones between 0 and the lowest measured share.

    Shares that differ by rounding are one: how many there are must not hang on the last bit of a power.
    """
    fine = lowest * np.array([0.25, 0.5, 0.75, 1.0])
    shares = np.unique(np.concatenate([np.linspace(0, 1, 101), fine[fine > 0], np.geomspace(lowest, 1, 15)]))
    return shares[np.append(True, np.diff(shares) > 1e-9 * shares[1:])]


def straight_below(draws: Floats, shares: Floats, lowest: float) -> Floats:
    """Return draws (D, R) with a straight line from a share of 0 to the lowest share that anyone measured.

    No demonstrations is a case of its own, not the limit of few; what happens between it and the lowest
    measured share is not known, and a plan is not to count on a cure that nobody has seen.
    """
    at = int(np.searchsorted(shares, lowest * (1 - 1e-9)))
    if at == 0:
        return draws
    out = draws.copy()
    t = shares[: at + 1] / shares[at]
    out[:, : at + 1] = draws[:, :1] * (1 - t) + draws[:, at : at + 1] * t
    return out


def near_optimal(values: Floats, epsilon: float, is_loss: bool) -> NDArray[np.bool_]:
    """Return where values (..., R) are within epsilon of the best along the last axis.

    score >= (1 - epsilon) max score, and loss <= (1 + epsilon) min loss.
    """
    if is_loss:
        return values <= (1 + epsilon) * values.min(-1, keepdims=True)
    return values >= (1 - epsilon) * values.max(-1, keepdims=True)
