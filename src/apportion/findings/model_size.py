"""Does the best split change with the model's size, and can the smallest model choose for the others?

The size study of "Balancing the Budget" (arXiv 2502.11284), and its follow-up's recipe: sweep the shares on the
smallest model and take the middle of those within epsilon of the best.
"""

from collections.abc import Sequence
from typing import NamedTuple

from apportion.findings.allocation import Allocation, kind
from apportion.findings.finding import (
    Finding,
    Number,
    Said,
    Verdict,
    interval,
    missing,
    one_seed_note,
    sample,
)
from apportion.findings.measured import BOUNDED, Arm, Scores, compared
from apportion.statistics import Estimate

EPSILON = 0.1
STILL = 0.05
RECIPE = Said(
    None,
    "The middle of the smallest model's near-optimal shares lies in the large model's region 94 % of the time.",
    "Wang et al. 2026",
)


class Sized(NamedTuple):
    """What was measured on one model."""

    model: str
    allocation: Allocation


def best_share_moves_with_size(models: Sequence[Sized]) -> Finding:
    """Return whether the lead of pairs over SFT alone differs between the first and the last of `models`.

    Models come smallest first, all with the same cells. At the largest budget the lead of the smallest share that is
    a mixture over SFT alone is taken on both. Holds if the leads differ with the whole interval, fails if the
    difference lies within 5 points.
    """
    claim = "The best share for demonstrations changes with the size of the model."
    ends = _ends(models)
    if ends is None:
        return missing(claim, "SFT alone and a mixture at one budget, on two models at least")
    budget, mixture, alone, share = ends
    small, large = models[0], models[-1]
    change = _across(
        [(large, mixture, 1.0), (large, alone, -1.0), (small, mixture, -1.0), (small, alone, 1.0)]
    )
    leads = {one.model: one.allocation.ahead(mixture, alone) for one in models}
    if change is None:
        return missing(claim, "seeds and items that the models have in common")
    verdict: Verdict = "undecided"
    if change.low > 0 or change.high < 0:
        verdict = "holds"
    elif BOUNDED[small.allocation.metric] and max(-change.low, change.high) <= STILL:
        verdict = "fails"
    numbers: dict[str, Number] = {"budget_usd": budget, "share": share, "change": interval(change)}
    numbers |= {f"lead_{model}": interval(lead) for model, lead in leads.items() if lead is not None}
    bests = {one.model: best_share(one.allocation, budget) for one in models}
    numbers |= {f"best_share_{model}": found for model, found in bests.items()}
    said = "; ".join(
        f"{model}: {small.allocation.lead(lead)}, best at {_percent(bests[model])}"
        for model, lead in leads.items()
        if lead is not None
    )
    sentence = f"At {budget:g} USD, {share:.0%} for demonstrations against SFT alone. {said}."
    return Finding(claim, verdict, numbers | sample(change), sentence + one_seed_note(change))


def smallest_model_chooses(models: Sequence[Sized], epsilon: float = EPSILON) -> Finding:
    """Return whether the middle of the smallest model's near-optimal shares is near-optimal on every other model.

    Near-optimal is a score of (1 - epsilon) times the best or more; of the measured shares the one nearest to the
    middle is taken. Holds if that is so with the whole interval on every model, fails if on one it is not.
    """
    claim = f"The smallest model's near-optimal share is within {epsilon:.0%} of the best on larger ones."
    budget = _budget(models)
    if budget is None or not BOUNDED[models[0].allocation.metric]:
        return missing(claim, "scores at one budget on two models at least")
    scores = _means(models[0].allocation, budget)
    best = max(scores.values())
    near = [share for share, score in scores.items() if score >= (1 - epsilon) * best]
    middle = (min(near) + max(near)) / 2
    chosen = min(scores, key=lambda share: (abs(share - middle), share))
    numbers: dict[str, Number] = {"budget_usd": budget, "chosen_share": chosen}
    verdicts: list[Verdict] = []
    said, estimates = [], []
    for one in models[1:]:
        arms = {
            share: arm for arm, share in one.allocation.arms(budget).items() if arm in one.allocation.table
        }
        top = best_share(one.allocation, budget)
        if chosen not in arms or top is None:
            return missing(claim, f"a share of {chosen:g} at {budget:g} USD on {one.model}")
        if chosen == top:
            verdicts.append("holds")
            said.append(f"{one.model}: it is the best")
            continue
        slack = one.allocation.weighted([arms[chosen], arms[top]], [1.0, epsilon - 1.0])
        if slack is None:
            return missing(claim, f"seeds in common on {one.model}")
        verdicts.append("holds" if slack.low >= 0 else "fails" if slack.high < 0 else "undecided")
        estimates.append(slack)
        numbers[f"above_the_bound_{one.model}"] = interval(slack)
        said.append(f"{one.model}: {one.allocation.lead(slack)} above that bound")
    verdict: Verdict = "undecided"
    if all(found == "holds" for found in verdicts):
        verdict = "holds"
    elif "fails" in verdicts:
        verdict = "fails"
    sentence = (
        f"{models[0].model} chooses {chosen:.0%} for demonstrations at {budget:g} USD. {'; '.join(said)}."
    )
    return Finding(claim, verdict, numbers | sample(*estimates), sentence, RECIPE)


def best_share(allocation: Allocation, budget: float) -> float | None:
    """Return the share with the best mean at a budget; the best of a row is biased upward."""
    scores = _means(allocation, budget)
    sign = 1 if BOUNDED[allocation.metric] else -1
    return max(scores, key=lambda share: sign * scores[share], default=None)


def _means(allocation: Allocation, budget: float) -> dict[float, float]:
    found = allocation.arms(budget)
    return {
        share: float(allocation.table[arm].values.mean())
        for arm, share in found.items()
        if arm in allocation.table
    }


def _budget(models: Sequence[Sized]) -> float | None:
    """The largest budget with two measured shares on every model."""
    common = set.intersection(*(set(one.allocation.budgets) for one in models)) if len(models) > 1 else set()
    measured = [b for b in common if all(len(_means(one.allocation, b)) > 1 for one in models)]
    return max(measured, default=None)


def _ends(models: Sequence[Sized]) -> tuple[float, Arm, Arm, float] | None:
    budget = _budget(models)
    if budget is None:
        return None
    arms = models[0].allocation.arms(budget)
    there = {arm: s for arm, s in arms.items() if all(arm in one.allocation.table for one in models)}
    alone = next((arm for arm in there if kind(arm) == "SFT alone"), None)
    mixtures = [arm for arm in there if kind(arm) == "mixture"]
    if alone is None or not mixtures:
        return None
    return budget, mixtures[-1], alone, there[mixtures[-1]]


def _across(parts: list[tuple[Sized, Arm, float]]) -> Estimate | None:
    """A weighted sum of arms of several models, paired by seed and item."""
    table: dict[Arm, Scores] = {}
    arms = []
    for one, arm, _ in parts:
        arms.append(arm._replace(method=f"{arm.method} on {one.model}"))
        table[arms[-1]] = one.allocation.table[arm]
    metric = parts[0][0].allocation.metric
    sign = 1.0 if BOUNDED[metric] else -1.0
    return compared(table, arms, [sign * weight for *_, weight in parts], metric)


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{share:.0%}"
