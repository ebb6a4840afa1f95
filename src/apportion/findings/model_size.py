"""Does the best split change with the model's size, and can the smallest model choose for the others?

The size study of "Balancing the Budget" (arXiv 2502.11284), and its follow-up's recipe: sweep the shares on the
smallest model and take the middle of those within epsilon of the best.
"""

from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

from apportion.findings.allocation import Allocation, kind, label
from apportion.findings.detectable import power_of, with_power
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
from apportion.statistics import Estimate, standing

EPSILON = 0.1
LEVEL = 0.95
RECIPE = Said(
    None,
    "The middle of the smallest model's near-optimal shares lies in the large model's region 94 % of the time.",
    "Wang et al. 2026",
)


class Sized(NamedTuple):
    """What was measured on one model; `model` is its name, or the path of its study's folder."""

    model: str
    allocation: Allocation


def distinct_names(paths: Sequence[PurePath]) -> list[str]:
    """Return the shortest ends of paths that tell them apart, one length for all; numbered where paths are equal.

    >>> distinct_names([PurePath("small/run"), PurePath("large/run")])
    ['small/run', 'large/run']
    """
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{path.name} ({place})" for place, path in enumerate(paths, 1)]


def best_share_moves_with_size(models: Sequence[Sized]) -> Finding:
    """Return whether the best share for demonstrations differs between the first and the last of `models`.

    Models come smallest first, all with the same cells. At the largest budget the lead of the smallest share that is
    a mixture over SFT alone is taken on both. Holds if the leads differ with the whole interval and the best measured
    share moves the same way: it falls where the lead grows. Fails if on both models the same share is ahead of all
    others with the whole interval.
    """
    claim = "The best share for demonstrations changes with the size of the model."
    ends = _ends(models)
    if ends is None:
        return missing(claim, "SFT alone and a mixture at one budget, on two models at least")
    budget, mixture, alone, share = ends
    models = _told_apart(models)
    small, large = models[0], models[-1]
    table, weights = _lead_on_both(small.allocation, large.allocation, mixture, alone)
    change = compared(table, list(table), weights, small.allocation.metric)
    bests = [one.allocation.best_share(budget) for one in models]
    first, last = bests[0], bests[-1]
    if change is None or first is None or last is None:
        return missing(claim, "seeds and items that the models have in common")
    decided = [one.allocation.decided_share(budget) for one in (small, large)]
    verdict: Verdict = "undecided"
    if (change.low > 0 and last < first) or (change.high < 0 and last > first):
        verdict = "holds"
    elif decided[0] is not None and decided[0] == decided[1]:
        verdict = "fails"
    numbers: dict[str, Number] = {"budget_usd": budget, "share": share, "change": interval(change)}
    said = []
    for one, best in zip(models, bests, strict=True):
        lead = one.allocation.ahead(mixture, alone)
        if lead is not None:
            numbers[f"lead_{one.model}"] = interval(lead)
            said.append(f"{one.model}: {one.allocation.lead(lead)}, best at {_percent(best)}")
    numbers |= {f"best_share_{one.model}": best for one, best in zip(models, bests, strict=True)}
    sentence = f"At {budget:g} USD, {share:.0%} for demonstrations against SFT alone. {'; '.join(said)}. "
    sentence += f"From the first to the last the lead changes by {small.allocation.lead(change)}."
    finding = Finding(claim, verdict, numbers | sample(change), sentence + one_seed_note(change))
    if standing(change) != "tied":
        return finding
    metric = small.allocation.metric
    return with_power(finding, power_of(table, list(table), weights, metric), metric)


def smallest_model_chooses(models: Sequence[Sized], epsilon: float = EPSILON) -> Finding:
    """Return whether the middle of the smallest model's near-optimal shares is near-optimal on every other model.

    Near-optimal is a score of (1 - epsilon) times that of every other share or more; of the measured shares the one
    nearest to the middle is taken. Holds if that is so against every share of every model with the whole interval (an
    intersection of tests, which needs no correction); fails if it is below some bound at the level corrected for their
    number (Bonferroni). The sentence has each model's tightest bound.
    """
    claim = f"The smallest model's near-optimal share is within {epsilon:.0%} of the best on larger ones."
    budget = _budget(models)
    if budget is None or not BOUNDED[models[0].allocation.metric]:
        return missing(claim, "scores at one budget on two models at least")
    models = _told_apart(models)
    scores = _means(models[0].allocation, budget)
    best = max(scores.values())
    near = [share for share, score in scores.items() if score >= (1 - epsilon) * best]
    middle = (min(near) + max(near)) / 2
    chosen = min(scores, key=lambda share: (abs(share - middle), share))
    numbers: dict[str, Number] = {"budget_usd": budget, "chosen_share": chosen}
    bounds: list[tuple[Estimate, Allocation, Arm, Arm]] = []
    said = []
    for one in models[1:]:
        shares = one.allocation.arms(budget)
        arms = {share: arm for arm, share in shares.items() if arm in one.allocation.table}
        if chosen not in arms:
            return missing(claim, f"a share of {chosen:g} at {budget:g} USD on {one.model}")
        slacks: dict[Arm, Estimate] = {}
        for share, arm in arms.items():
            if share == chosen:
                continue
            slack = _above_the_bound(one.allocation, arms[chosen], arm, epsilon, LEVEL)
            if slack is None:
                return missing(claim, f"seeds in common on {one.model}")
            slacks[arm] = slack
            bounds.append((slack, one.allocation, arms[chosen], arm))
        rival, slack = min(slacks.items(), key=lambda pair: pair[1].mean)
        numbers[f"above_the_bound_{one.model}"] = interval(slack)
        said.append(
            f"{one.model}, over the bound that {label(rival, shares[rival])} sets: {one.allocation.lead(slack)}"
        )
    strict = 1 - (1 - LEVEL) / len(bounds)
    corrected = [_above_the_bound(on, left, right, epsilon, strict) for _, on, left, right in bounds]
    estimates = [bound[0] for bound in bounds]
    verdict: Verdict = "undecided"
    if all(slack.low >= 0 for slack in estimates):
        verdict = "holds"
    elif any(slack is not None and slack.high < 0 for slack in corrected):
        verdict = "fails"
    sentence = (
        f"{models[0].model} chooses {chosen:.0%} for demonstrations at {budget:g} USD. {'; '.join(said)}."
    )
    numbers |= sample(*estimates)
    finding = Finding(claim, verdict, numbers, sentence + one_seed_note(*estimates), RECIPE)
    tied = [bound for bound in bounds if standing(bound[0]) == "tied"]
    if not tied:
        return finding
    _, allocation, left, right = min(tied, key=lambda bound: abs(bound[0].mean))
    return allocation.with_power(finding, [left, right], [1.0, epsilon - 1.0])


def _above_the_bound(
    allocation: Allocation, chosen: Arm, rival: Arm, epsilon: float, level: float
) -> Estimate | None:
    return allocation.weighted([chosen, rival], [1.0, epsilon - 1.0], level=level)


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


def _lead_on_both(
    small: Allocation, large: Allocation, left: Arm, right: Arm
) -> tuple[dict[Arm, Scores], list[float]]:
    """Scores and weights of how much larger the lead of `left` over `right` is on the large model."""
    sign = 1.0 if BOUNDED[small.metric] else -1.0
    table: dict[Arm, Scores] = {}
    weights = []
    for place, allocation in enumerate((small, large)):
        for arm, weight in ((left, sign), (right, -sign)):
            table[arm._replace(method=f"{arm.method} on model {place}")] = allocation.table[arm]
            weights.append(weight if place else -weight)
    return table, weights


def _told_apart(models: Sequence[Sized]) -> list[Sized]:
    names = distinct_names([PurePath(one.model) for one in models])
    return [one._replace(model=name) for one, name in zip(models, names, strict=True)]


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{share:.0%}"
