"""The control: does the preference loss beat imitation of the chosen side of the same pairs?"""

from typing import Literal

from apportion.findings.allocation import Allocation
from apportion.findings.finding import Finding, Number, Verdict, interval, missing, one_seed_note, sample
from apportion.findings.measured import BOUNDED, Arm, compared

CONTROL = "sft-on-chosen"


def preference_beats_imitation(allocation: Allocation, start: Literal["demonstrations", "base"]) -> Finding:
    """Return whether the preference loss scores above SFT on the chosen responses of the same pairs.

    `start` takes the purchases with demonstrations, or those without. The verdict is that of the mean
    difference over all purchases that have both arms, each weighing the same: holds above 0, fails below.
    """
    after = "After SFT" if start == "demonstrations" else "From the untrained model"
    claim = f"{after}, {allocation.method} beats SFT on the chosen side of the same pairs."
    treated = [
        arm
        for arm in allocation.table
        if arm.method == allocation.method
        and (arm.n_demonstrations > 0) == (start == "demonstrations")
        and allocation.ahead(arm, _control(arm)) is not None
    ]
    if not treated:
        return missing(claim, f"a purchase with both {allocation.method} and {CONTROL}")
    sign = (1.0 if BOUNDED[allocation.metric] else -1.0) / len(treated)
    arms = [*treated, *map(_control, treated)]
    weights = [sign] * len(treated) + [-sign] * len(treated)
    overall = compared(allocation.table, arms, weights, allocation.metric)
    if overall is None:
        return missing(claim, "a seed that all purchases with both arms have in common")
    verdict: Verdict = "undecided"
    if overall.low > 0:
        verdict = "holds"
    elif overall.high < 0:
        verdict = "fails"
    numbers: dict[str, Number] = {"purchases": len(treated), "mean_lead": interval(overall)} | sample(overall)
    leads = []
    for arm in treated:
        lead = allocation.ahead(arm, _control(arm))
        if lead is not None:
            numbers[f"lead_at_{arm.n_demonstrations}_{arm.n_pairs}"] = interval(lead)
            leads.append(lead.mean)
    sentence = f"{allocation.lead(overall)} on average over {len(treated)} "
    sentence += "purchase." if len(treated) == 1 else "purchases."
    if len(treated) > 1:
        scale, unit = (100, " points") if BOUNDED[allocation.metric] else (1, "")
        sentence += f" Single purchases: from {scale * min(leads):+.2g} to {scale * max(leads):+.2g}{unit}."
    finding = Finding(claim, verdict, numbers, sentence + one_seed_note(overall))
    return allocation.with_power(finding, arms, weights)


def _control(arm: Arm) -> Arm:
    return arm._replace(method=CONTROL)
