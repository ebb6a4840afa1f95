"""The cold start: pairs without demonstrations, and what a few change (arXiv 2502.11284, finding 3)."""

from apportion.findings.allocation import Allocation, kind, label
from apportion.findings.finding import (
    Finding,
    Number,
    Said,
    Verdict,
    as_share,
    in_points,
    interval,
    missing,
    one_seed_note,
    sample,
)
from apportion.findings.measured import Arm

FLOOR_POINTS = 0.05
"""Pairs alone are "at the floor" if they are no further than this above the untrained model."""

LIFT_POINTS = 0.15
"""The lift that the paper's abstract gives for less than a tenth of the budget: 15 to 20 points."""

PAPERS_SHARE = 0.1
"""The share of the budget that the paper's lift is about is under this."""

COLD = Said(
    "2502.11284",
    "Without SFT there is a cold start: on math, 20,000 pairs alone give .302, against .154 untrained and .698 for the "
    "best mixture.",
)
CURE = Said(
    "2502.11284", "Less than 10 % of the budget as SFT first adds 15 to 20 % on benchmarks like GSM8K."
)


def pairs_alone_at_the_floor(allocation: Allocation) -> Finding:
    """Return whether pairs alone, at the largest budget, stay within 5 points of the untrained model.

    Holds if the whole interval of the paired difference lies at or below 5 points, fails if it lies above.
    """
    claim = f"Pairs alone leave accuracy at the untrained model's ({allocation.method})."
    arms = _at_largest(allocation)
    alone = next((arm for arm in arms if kind(arm) == "pairs alone"), None)
    base = Arm(0, 0, "base")
    if allocation.metric != "accuracy":
        return missing(claim, "accuracy (the task decodes no answers)", COLD)
    if alone is None or alone not in allocation.table or base not in allocation.table:
        return missing(claim, "pairs alone at the largest budget, and the untrained model", COLD)
    gain = allocation.weighted([alone, base], [1.0, -1.0])
    if gain is None:
        return missing(claim, "items that both were graded on", COLD)
    verdict: Verdict = "undecided"
    if gain.high <= FLOOR_POINTS:
        verdict = "holds"
    elif gain.low > FLOOR_POINTS:
        verdict = "fails"
    score = allocation.mean(alone)
    numbers: dict[str, Number] = {
        "n_pairs": alone.n_pairs,
        "pairs_alone": interval(score),
        "gain_over_untrained": interval(gain),
        "floor_points": FLOOR_POINTS,
    } | sample(gain)
    sentence = (
        f"{alone.n_pairs:,} pairs without demonstrations score {as_share(score)}, "
        f"{in_points(gain)} over the untrained model."
    )
    finding = Finding(claim, verdict, numbers, sentence + one_seed_note(gain), COLD)
    return allocation.with_power(finding, [alone, base], [1.0, -1.0], FLOOR_POINTS)


def smallest_share_lifts(allocation: Allocation) -> Finding:
    """Return whether the smallest positive share for demonstrations lifts pairs alone by 15 points or more.

    At the largest budget. Holds if the whole interval of the paired difference lies at or above 15 points,
    fails if it lies below.
    """
    claim = f"The smallest share for demonstrations lifts pairs alone by 15 points ({allocation.method})."
    shares = _at_largest(allocation)
    alone = next((arm for arm in shares if kind(arm) == "pairs alone"), None)
    mixtures = [arm for arm in shares if kind(arm) == "mixture"]
    if allocation.metric != "accuracy":
        return missing(claim, "accuracy (the task decodes no answers)", CURE)
    if alone is None or not mixtures:
        return missing(claim, "pairs alone and a mixture at the largest budget", CURE)
    least = mixtures[-1]
    lift = allocation.ahead(least, alone)
    if lift is None:
        return missing(claim, "pairs alone or the smallest share at the largest budget has not run", CURE)
    verdict: Verdict = "undecided"
    if lift.low >= LIFT_POINTS:
        verdict = "holds"
    elif lift.high < LIFT_POINTS:
        verdict = "fails"
    numbers: dict[str, Number] = {
        "budget_usd": allocation.budgets[-1],
        "share": shares[least],
        "n_demonstrations": least.n_demonstrations,
        "lift": interval(lift),
    } | sample(lift)
    sentence = (
        f"At {allocation.budgets[-1]:g} USD, {label(least, shares[least])} ({least.n_demonstrations:,}) "
        f"scores {allocation.score(least)}, {in_points(lift)} over pairs alone."
    )
    if shares[least] > PAPERS_SHARE:
        sentence += f" The paper's share, under {PAPERS_SHARE:.0%}, was not measured."
    finding = Finding(claim, verdict, numbers, sentence + one_seed_note(lift), CURE)
    return allocation.with_power(finding, [least, alone], [1.0, -1.0], LIFT_POINTS)


def _at_largest(allocation: Allocation) -> dict[Arm, float]:
    return allocation.arms(allocation.budgets[-1]) if allocation.budgets else {}
