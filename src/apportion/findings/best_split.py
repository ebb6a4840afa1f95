"""Which split of a budget scores best: small budgets, large budgets (arXiv 2502.11284, findings 1 and 2)."""

from apportion.findings.allocation import Allocation, kind, label
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
from apportion.findings.measured import Arm
from apportion.statistics import standing

LEVEL = 0.95

SMALL = Said(
    "2502.11284",
    "SFT alone is best below about 1,000 examples: on math, 100 give .286 with SFT alone, .193 to .240 otherwise.",
)
LARGE = Said(
    "2502.11284",
    "With more data a combination is best: on math, 20,000 examples give .698 at a share of .25 for SFT, .658 with SFT "
    "alone and .302 without.",
)
FALLING = Said(
    "2502.11284",
    "Increasing portions go to preference data: on three tasks of four the best share for SFT is 1 at 100 examples; "
    "at 10,000 to 20,000 it is .25 to .5.",
)


def sft_alone_best_at_smallest_budget(allocation: Allocation) -> Finding:
    """Return whether SFT alone scores best at the smallest budget.

    Holds if the paired difference to every other split is above 0 (an intersection of tests, which needs no
    correction); fails if the difference to some split is below 0 at the level corrected for their number
    (Bonferroni).
    """
    claim = f"At the smallest budget SFT alone beats every split with pairs ({allocation.method})."
    if not allocation.budgets:
        return missing(claim, "the study names no budgets", SMALL)
    budget = allocation.budgets[0]
    shares = allocation.arms(budget)
    alone = next((arm for arm in shares if kind(arm) == "SFT alone"), None)
    rivals = [arm for arm in shares if kind(arm) in ("mixture", "pairs alone")]
    if alone is None or not rivals:
        return missing(claim, f"SFT alone and at least one split with pairs at {budget:g} USD", SMALL)
    leads = {rival: allocation.ahead(alone, rival) for rival in rivals}
    known = {rival: lead for rival, lead in leads.items() if lead is not None}
    if not known:
        return missing(claim, f"SFT alone or the other splits at {budget:g} USD have not run", SMALL)
    strict = 1 - (1 - LEVEL) / len(rivals)
    verdict: Verdict = "undecided"
    if len(known) == len(rivals) and all(lead.low > 0 for lead in known.values()):
        verdict = "holds"
    elif any(_below(allocation, alone, rival, strict) for rival in known):
        verdict = "fails"
    numbers: dict[str, Number] = {"budget_usd": budget}
    numbers |= {f"lead_over_share_{shares[rival]:g}": interval(lead) for rival, lead in known.items()}
    numbers |= sample(*known.values())
    against = "; ".join(f"{allocation.lead(e)} over {label(r, shares[r])}" for r, e in known.items())
    sentence = f"At {budget:g} USD SFT alone scores {allocation.score(alone)}: {against}."
    sentence += _not_run([label(rival, shares[rival]) for rival in rivals if rival not in known])
    finding = Finding(claim, verdict, numbers, sentence + one_seed_note(*known.values()), SMALL)
    return allocation.with_power_of_tied(finding, alone, known)


def mixture_best_at_largest_budget(allocation: Allocation) -> Finding:
    """Return whether some mixture beats both SFT alone and pairs alone at the largest budget.

    Holds if the paired differences of one mixture to both are above 0 at the level corrected for the number
    of mixtures; fails if SFT alone, or pairs alone, is ahead of every mixture.
    """
    claim = f"At the largest budget a mixture beats SFT alone and pairs alone ({allocation.method})."
    if not allocation.budgets:
        return missing(claim, "the study names no budgets", LARGE)
    budget = allocation.budgets[-1]
    shares = allocation.arms(budget)
    mixtures = [arm for arm in shares if kind(arm) == "mixture"]
    extremes = [arm for arm in shares if kind(arm) in ("SFT alone", "pairs alone")]
    measured = [arm for arm in mixtures if arm in allocation.table]
    if len(extremes) < 2 or not measured or any(arm not in allocation.table for arm in extremes):
        return missing(claim, f"SFT alone, pairs alone and at least one mixture at {budget:g} USD", LARGE)
    strict = 1 - (1 - LEVEL) / len(mixtures)
    verdict: Verdict = "undecided"
    if any(all(_below(allocation, extreme, arm, strict) for extreme in extremes) for arm in measured):
        verdict = "holds"
    elif len(measured) == len(mixtures) and any(
        all(_below(allocation, arm, extreme, LEVEL) for arm in mixtures) for extreme in extremes
    ):
        verdict = "fails"
    sign = -1 if allocation.metric == "nll" else 1
    best = max(measured, key=lambda arm: sign * allocation.table[arm].values.mean())
    leads = {extreme: allocation.ahead(best, extreme) for extreme in extremes}
    known = {extreme: lead for extreme, lead in leads.items() if lead is not None}
    numbers: dict[str, Number] = {"budget_usd": budget, "best_mixture_share": shares[best]}
    numbers |= {f"lead_over_{kind(e).lower().replace(' ', '_')}": interval(d) for e, d in known.items()}
    numbers |= sample(*known.values())
    against = "; ".join(f"{allocation.lead(d)} over {kind(e)}" for e, d in known.items())
    sentence = f"At {budget:g} USD the best mixture, {label(best, shares[best])}, "
    sentence += f"scores {allocation.score(best)}: {against}."
    sentence += _not_run([label(arm, shares[arm]) for arm in mixtures if arm not in measured])
    finding = Finding(claim, verdict, numbers, sentence + one_seed_note(*known.values()), LARGE)
    return allocation.with_power_of_tied(finding, best, known)


def best_share_falls(allocation: Allocation) -> Finding:
    """Return whether the best share for demonstrations is smaller at the largest budget than at the smallest.

    At both the lead of the smallest share of the mixtures over the largest is taken. Holds if this lead grows with the
    whole interval and the best measured share, ends included, falls. Fails if the lead shrinks with the whole interval
    and the best measured share rises, or if at both budgets one share is ahead of all others with the whole interval
    and that of the large budget is no smaller. A lead that grows while one share stays best decides nothing else.
    """
    claim = f"The best share for demonstrations falls as the budget grows ({allocation.method})."
    if len(allocation.budgets) < 2:
        return missing(claim, "two budgets", FALLING)
    budgets = allocation.budgets[0], allocation.budgets[-1]
    ends = []
    for budget in budgets:
        shares = allocation.arms(budget)
        mixtures = [arm for arm in shares if kind(arm) == "mixture" and arm in allocation.table]
        if len(mixtures) < 2:
            return missing(claim, f"two mixtures at {budget:g} USD", FALLING)
        ends.append((mixtures[-1], mixtures[0], shares[mixtures[-1]], shares[mixtures[0]]))
    (low, high, *_), (low_large, high_large, least, most) = ends
    sign = 1.0 if allocation.metric != "nll" else -1.0
    weights = [sign, -sign, -sign, sign]
    change = allocation.weighted([low_large, high_large, low, high], weights)
    early, late = allocation.ahead(low, high), allocation.ahead(low_large, high_large)
    first, last = (allocation.best_share(budget) for budget in budgets)
    if change is None or early is None or late is None or first is None or last is None:
        return missing(claim, "seeds that the four cells have in common", FALLING)
    decided = [allocation.decided_share(budget) for budget in budgets]
    verdict: Verdict = "undecided"
    if change.low > 0 and last < first:
        verdict = "holds"
    elif (change.high < 0 and last > first) or (None not in decided and last >= first):
        verdict = "fails"
    numbers: dict[str, Number] = {
        "change": interval(change),
        "lead_small": interval(early),
        "lead_large": interval(late),
        "best_share_small": first,
        "best_share_large": last,
    }
    sentence = f"{least:.0%} for demonstrations against {most:.0%}: {allocation.lead(early)} at "
    sentence += f"{budgets[0]:g} USD, {allocation.lead(late)} at {budgets[1]:g}. Best measured share: "
    sentence += f"{first:.0%}, then {last:.0%}{_how_decided(decided)}."
    finding = Finding(claim, verdict, numbers | sample(change), sentence + one_seed_note(change), FALLING)
    if standing(change) == "tied":
        return allocation.with_power(finding, [low_large, high_large, low, high], weights)
    return finding


def _how_decided(shares: list[float | None]) -> str:
    """Whether the best shares at both ends are ahead of all others, to append."""
    if None in shares:
        return ", not beyond doubt at both"
    return ", each ahead of all others"


def _below(allocation: Allocation, left: Arm, right: Arm, level: float) -> bool:
    """Whether `left` is behind `right` with the whole interval."""
    lead = allocation.ahead(left, right, level=level)
    return lead is not None and lead.high < 0


def _not_run(labels: list[str]) -> str:
    return f" Not run yet: {', '.join(labels)}." if labels else ""
