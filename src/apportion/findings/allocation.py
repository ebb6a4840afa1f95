"""The measured grid of a study: budgets, shares and who is ahead of whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt
from statistics import NormalDist

from apportion.findings.detectable import power_of, with_power
from apportion.findings.finding import Finding, as_share, in_points, tied
from apportion.findings.measured import BOUNDED, Arm, Measured, Points, compared, mean
from apportion.metrics import Metric
from apportion.statistics import Estimate, standing


@dataclass(frozen=True, slots=True)
class PublishedNoise:
    """How far one printed score may lie from the mean of many runs: from run to run, and from the reading of it.

    `reading_sd` is that of each cell; `items` is how many held-out items a score is of, 0 where no one says. Runs of
    one cell are averaged, their reading errors as if they were one.
    """

    run_sd: float
    reading_sd: Mapping[Arm, float]
    items: int

    def weighted(self, table: Measured, arms: list[Arm], weights: list[float], level: float) -> Estimate:
        """Return a weighted sum of printed scores with a normal interval."""
        value = sum(w * float(table[arm].values.mean()) for w, arm in zip(weights, arms, strict=True))
        variance = sum(
            w**2 * (self.run_sd**2 / len(table[arm].seeds) + self.reading_sd[arm] ** 2)
            for w, arm in zip(weights, arms, strict=True)
        )
        runs = min(len(table[arm].seeds) for arm in arms)
        half = NormalDist().inv_cdf((1 + level) / 2) * sqrt(variance)
        return Estimate(value, value - half, value + half, runs, self.items, "seeds and items", level)


@dataclass(frozen=True, slots=True)
class Allocation:
    """What was measured with one preference method, at the points (budget, share) of a study.

    `published` stands in for seeds and items where all that is known is a printed score a run: its intervals come
    from the noise that such scores have.
    """

    table: Measured
    points: Points
    metric: Metric
    method: str
    published: "PublishedNoise | None" = None

    @property
    def budgets(self) -> list[float]:
        """The budgets in USD, rising."""
        return sorted({budget for points in self.points.values() for budget, _ in points})

    def arm(self, n_demonstrations: int, n_pairs: int) -> Arm:
        """Return the arm that a purchase is trained as."""
        alone = "sft" if n_demonstrations else "base"
        return Arm(n_demonstrations, n_pairs, self.method if n_pairs else alone)

    def arms(self, budget: float) -> dict[Arm, float]:
        """Return the arms at a budget with their shares for demonstrations, largest share first.

        Shares that buy the same (a hundredth of 32 USD is no demonstration) are one arm, with the first
        share.
        """
        found = [
            (share, self.arm(*purchase))
            for purchase, points in self.points.items()
            for at, share in points
            if at == budget
        ]
        arms: dict[Arm, float] = {}
        for share, arm in sorted(found, key=lambda pair: -pair[0]):
            arms.setdefault(arm, share)
        return arms

    def ahead(self, left: Arm, right: Arm, *, level: float = 0.95) -> Estimate | None:
        """Return by how much `left` is better than `right`, above 0 where it is; None if one is missing."""
        weights = [1.0, -1.0] if BOUNDED[self.metric] else [-1.0, 1.0]
        return self.weighted([left, right], weights, level=level)

    def weighted(self, arms: list[Arm], weights: list[float], *, level: float = 0.95) -> Estimate | None:
        """Return a weighted sum of arms with its interval, None if one is missing."""
        if self.published is None:
            return compared(self.table, arms, weights, self.metric, level=level)
        if any(arm not in self.table for arm in arms):
            return None
        return self.published.weighted(self.table, arms, weights, level)

    def best_share(self, budget: float) -> float | None:
        """Return the share with the best mean at a budget, None if none was measured; the best of a row is biased."""
        arms = {arm: share for arm, share in self.arms(budget).items() if arm in self.table}
        sign = 1 if BOUNDED[self.metric] else -1
        best = max(arms, key=lambda arm: sign * float(self.table[arm].values.mean()), default=None)
        return None if best is None else arms[best]

    def decided_share(self, budget: float) -> float | None:
        """Return the share that is ahead of every other at a budget with the whole interval, None if none is.

        An intersection of tests, which needs no correction; a share that has not run leaves it open.
        """
        arms, best = self.arms(budget), self.best_share(budget)
        left = next((arm for arm, share in arms.items() if share == best), None)
        if left is None or len(arms) < 2:
            return None
        leads = [self.ahead(left, right) for right in arms if right != left]
        return best if all(lead is not None and lead.low > 0 for lead in leads) else None

    def with_power(
        self, finding: Finding, arms: list[Arm], weights: list[float], bound: float = 0.0
    ) -> Finding:
        """Return an undecided finding with the power of the comparison that would decide it, where that is known."""
        if self.published is not None or finding.verdict != "undecided":
            return finding
        return with_power(finding, power_of(self.table, arms, weights, self.metric, bound), self.metric)

    def with_power_of_tied(self, finding: Finding, left: Arm, leads: Mapping[Arm, Estimate]) -> Finding:
        """Return an undecided finding with the power of the closest of tied leads of `left`."""
        tied_ones = {right: lead for right, lead in leads.items() if standing(lead) == "tied"}
        if not tied_ones:
            return finding
        closest = min(tied_ones, key=lambda right: abs(tied_ones[right].mean))
        return self.with_power(finding, [left, closest], [1.0, -1.0])

    def mean(self, arm: Arm) -> Estimate:
        """Return an arm's mean with its interval."""
        if self.published is None:
            return mean(self.table[arm], self.metric)
        return self.published.weighted(self.table, [arm], [1.0], 0.95)

    def score(self, arm: Arm) -> str:
        """Return an arm's mean with its interval, as text."""
        return as_share(self.mean(arm)) if arm in self.table else "not measured"

    def lead(self, estimate: Estimate) -> str:
        """Return a difference with its interval, as text in the metric's unit."""
        if BOUNDED[self.metric]:
            return in_points(estimate)
        low, high = (f"{end:+.3f}" if abs(end) < inf else "?" for end in (estimate.low, estimate.high))
        return f"{estimate.mean:+.3f} nats per token [{low}, {high}]{tied(estimate)}"


def kind(arm: Arm) -> str:
    """Return "SFT alone", "pairs alone", "mixture" or "untrained"."""
    if arm.n_pairs == 0:
        return "SFT alone" if arm.n_demonstrations else "untrained"
    return "mixture" if arm.n_demonstrations else "pairs alone"


def label(arm: Arm, share: float) -> str:
    """Return how a sentence calls an arm at a share."""
    return f"{share:.0%} for demonstrations" if kind(arm) == "mixture" else kind(arm)
