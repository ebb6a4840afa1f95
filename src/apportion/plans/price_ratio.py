"""How the best split moves as prices move, on one measured surface: no training, only the posterior of the scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apportion.laws.evidence import evidence_of
from apportion.laws.runs import Runs
from apportion.laws.surface import surface_posterior
from apportion.laws.surface_kernel import Floats
from apportion.laws.surface_prior import SurfacePrior, shipped_prior, without_own
from apportion.plans.budget_line import Limits, counts_at, share_grid, share_of_money, straight_below

FACTORS = (0.25, 1.0, 4.0)
"""What a pair costs over what a demonstration costs."""


@dataclass(frozen=True, slots=True)
class SplitAtPrice:
    """The best split where a pair costs `pair_price` demonstrations.

    `demonstrations_per_label` (D,) holds, for each draw of the surface, the share of demonstrations among the labels
    of the best split, `share_of_money` (D,) their share of the money. `lost` (D,) is the score (or loss) given up by
    splitting the money as is best on average at equal prices.
    """

    pair_price: float
    demonstrations_per_label: Floats
    share_of_money: Floats
    lost: Floats


def splits_by_price(
    runs: Runs,
    budget: float,
    factors: Sequence[float] = FACTORS,
    *,
    prior: SurfacePrior | None = None,
    draws: int = 400,
) -> tuple[SplitAtPrice, ...]:
    """Return the best split at each ratio of prices, by joint draws of one surface, the same for all ratios.

    `budget` is in demonstrations: what demonstrations alone would number. At a ratio f both labels together keep
    the budget, n_SFT + f n_pref = budget (arXiv 2502.11284's constraint, with c_SFT as the unit).
    """
    evidence = evidence_of(runs)
    prior = shipped_prior() if prior is None else prior
    prior = (
        without_own(prior, evidence.surface, evidence.base_known)[0] if evidence.kind == "score" else prior
    )
    equal = share_grid(evidence.lowest_share)
    lines = []
    for factor in (1.0, *factors):
        lowest = share_of_money(evidence.lowest_share, 1.0, factor)
        shares = equal if factor == 1.0 else share_grid(lowest)
        shares = np.unique(np.concatenate([shares, equal]))
        counts = np.array([counts_at(share, budget, 1.0, factor, Limits()) for share in shares], float)
        lines.append((factor, lowest, shares, counts))
    places = np.concatenate([counts for *_, counts in lines])
    drawn = surface_posterior(evidence, prior, places[:, 0], places[:, 1], draws).draws
    sign = -1.0 if runs.kind == "loss" else 1.0
    utilities, start = [], 0
    for _, lowest, shares, counts in lines:
        part = drawn[:, start : start + len(counts)]
        utilities.append(sign * straight_below(part, shares, lowest))
        start += len(counts)
    at_equal = lines[0][2][int(utilities[0].mean(0).argmax())]
    found = []
    for (factor, _, shares, counts), utility in list(zip(lines, utilities, strict=True))[1:]:
        best = utility.argmax(1)
        kept = utility[:, int(np.abs(shares - at_equal).argmin())]
        total = np.maximum(counts.sum(1), 1)
        found.append(SplitAtPrice(factor, (counts[:, 0] / total)[best], shares[best], utility.max(1) - kept))
    return tuple(found)
