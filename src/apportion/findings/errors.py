"""Which errors still fall: style saturates early, reasoning follows total errors (arXiv 2410.03717)."""

from math import atanh, sqrt, tanh

import numpy as np
from scipy.stats import norm

from apportion.findings.detectable import power_of, with_power
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
from apportion.findings.measured import Arm, Measured, compared, mean
from apportion.statistics import standing

FORM_ERRORS = 0.05
FOLLOWS = 0.8

STYLE = Said(
    "2410.03717",
    "Errors of style and format are nearly gone after 100 examples; reasoning errors keep falling.",
)
FOLLOWING = Said(
    "2410.03717",
    "Total errors follow the reasoning errors: r^2 is .98 on math and .99 on multihop questions.",
)


def style_saturates_early(accuracy: Measured, form: Measured) -> Finding:
    """Return whether form errors are under 5 % by the third size while accuracy goes on rising.

    Looks at SFT alone; `form` is 1 for an answer in the demanded form. Holds if at the third size the whole interval of
    the form errors lies under 5 % and from there to the largest size the paired gain in accuracy lies above 0 (an
    intersection of two tests, which needs no correction). Fails if the form errors lie above 5 % there, or nothing is
    gained after it (the whole interval at or below 0). `form_errors_gone_at` is the first size whose interval lies
    under 5 %, as a description.
    """
    claim = "Style saturates early: form errors are under 5 % by the third size, and accuracy still rises."
    arms = _sizes(accuracy, form)
    if len(arms) < 4:
        return missing(
            claim, "accuracy and form at four numbers of demonstrations at least, SFT alone", STYLE
        )
    third, last = arms[2], arms[-1]
    formed = mean(form[third], "accuracy")
    gain = compared(accuracy, [last, third], [1.0, -1.0], "accuracy")
    if gain is None:
        return missing(claim, "seeds that the sizes have in common", STYLE)
    verdict: Verdict = "undecided"
    if formed.low > 1 - FORM_ERRORS and gain.low > 0:
        verdict = "holds"
    elif formed.high < 1 - FORM_ERRORS or gain.high <= 0:
        verdict = "fails"
    gone = (arm for arm in arms if mean(form[arm], "accuracy").low > 1 - FORM_ERRORS)
    numbers: dict[str, Number] = {
        "n_demonstrations": third.n_demonstrations,
        "form_rate": interval(formed),
        "gain_after": interval(gain),
        "form_errors_gone_at": next((arm.n_demonstrations for arm in gone), None),
    }
    sentence = (
        f"At {third.n_demonstrations:,} demonstrations the form rate is {as_share(formed)}; from there to "
        f"{last.n_demonstrations:,} accuracy changes by {in_points(gain)}."
    )
    finding = Finding(claim, verdict, numbers | sample(gain, formed), sentence + one_seed_note(gain), STYLE)
    if standing(gain) == "tied":
        return with_power(finding, power_of(accuracy, [last, third], [1.0, -1.0], "accuracy"), "accuracy")
    return finding


def reasoning_follows_total(accuracy: Measured, form: Measured) -> Finding:
    """Return whether total errors follow the reasoning errors over the sizes of SFT alone: r^2 of at least .8.

    Total errors are 1 - accuracy, reasoning errors are those in the demanded form. The interval of r is Fisher's over
    the sizes (z +- 1.96 / sqrt(sizes - 3)), as if they were independent. Holds if all of r^2 lies at .8 or above,
    fails if all lies below. The paper gives .98 (math) and .99 (multihop).
    """
    claim = "Total errors follow the reasoning errors: r^2 over the sizes is .8 at least."
    arms = _sizes(accuracy, form)
    if len(arms) < 4:
        return missing(
            claim, "accuracy and form at four numbers of demonstrations at least, SFT alone", FOLLOWING
        )
    total = np.array([1 - accuracy[arm].values.mean() for arm in arms])
    formless = np.array([1 - form[arm].values.mean() for arm in arms])
    reasoning = total - formless
    if min(total.std(), reasoning.std()) == 0:
        return missing(claim, "errors that differ from size to size", FOLLOWING)
    r = float(np.corrcoef(total, reasoning)[0, 1])
    low, high = _squared(*_fisher(r, len(arms)))
    verdict: Verdict = "holds" if low >= FOLLOWS else "fails" if high < FOLLOWS else "undecided"
    style = float(np.corrcoef(total, formless)[0, 1]) ** 2 if formless.std() > 0 else None
    numbers: dict[str, Number] = {
        "r2_reasoning": [round(r * abs(r), 6), round(low, 6), round(high, 6)],
        "r2_form": None if style is None else round(style, 6),
        "sizes": len(arms),
    }
    estimates = [mean(accuracy[arm], "accuracy") for arm in arms]
    sentence = f"Over {len(arms)} sizes r^2 of total with reasoning errors is {r * abs(r):.2f} [{low:.2f}, {high:.2f}]"
    sentence += "." if style is None else f", with form errors {style:.2f}."
    return Finding(
        claim, verdict, numbers | sample(*estimates), sentence + one_seed_note(*estimates), FOLLOWING
    )


def _sizes(accuracy: Measured, form: Measured) -> list[Arm]:
    return sorted(arm for arm in accuracy if arm.n_pairs == 0 and arm.method == "sft" and arm in form)


def _fisher(r: float, points: int) -> tuple[float, float]:
    half = float(norm.ppf(0.975)) / sqrt(points - 3)
    z = atanh(max(-0.999999, min(0.999999, r)))
    return tanh(z - half), tanh(z + half)


def _squared(low: float, high: float) -> tuple[float, float]:
    """Ends of r squared, below 0 where r is: errors that fall as others rise do not follow."""
    return low * abs(low), high * abs(high)
