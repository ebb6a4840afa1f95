"""Which splits of each budget score best, and which cannot be told apart from the best."""

from dataclasses import dataclass

from apportion.findings.allocation import Allocation
from apportion.findings.measured import Arm, mean
from apportion.statistics import Estimate


@dataclass(frozen=True, slots=True)
class BestSplit:
    """The split with the best mean at a budget, and how the others stand to it by paired intervals.

    `level_with` are shares whose difference to the best may be 0; `behind` those that are behind with the
    whole interval; `not_run` those without outcomes. The best mean of several is flattered by being picked.
    """

    budget_usd: float
    method: str
    share: float
    arm: Arm
    score: Estimate
    level_with: tuple[float, ...]
    behind: tuple[float, ...]
    not_run: tuple[float, ...]


def best_splits(allocation: Allocation) -> list[BestSplit]:
    """Return the best measured split of every budget with at least two measured splits."""
    found = []
    sign = -1.0 if allocation.metric == "nll" else 1.0
    for budget in allocation.budgets:
        shares = allocation.arms(budget)
        run = [arm for arm in shares if arm in allocation.table]
        if len(run) < 2:
            continue
        best = max(run, key=lambda arm: sign * allocation.table[arm].values.mean())
        behind, level = [], []
        for arm in run:
            if arm != best:
                lead = allocation.ahead(best, arm)
                (behind if lead is not None and lead.low > 0 else level).append(shares[arm])
        missing = tuple(shares[arm] for arm in shares if arm not in run)
        score = mean(allocation.table[best], allocation.metric)
        where = budget, allocation.method, shares[best], best, score
        found.append(BestSplit(*where, tuple(level), tuple(behind), missing))
    return found
