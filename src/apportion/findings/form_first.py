"""Form before reasoning: few demonstrations teach the form, many the right answers (arXiv 2410.03717)."""

from apportion.findings.finding import (
    Finding,
    Number,
    Said,
    Verdict,
    as_share,
    interval,
    missing,
    one_seed_note,
    sample,
)
from apportion.findings.measured import Arm, Measured, compared, mean

FORM_RATE = 0.9

ALIGNED = Said(
    "2410.03717",
    "A handful of examples align the style of a model; scores on math and multihop questions rise far beyond them.",
)


def form_before_reasoning(accuracy: Measured, form: Measured) -> Finding:
    """Return whether the form rate reaches .9 at fewer demonstrations than accuracy reaches half its maximum.

    Looks at SFT alone and the untrained model. Holds if at some number of demonstrations the form rate's
    interval lies at or above .9 while accuracy lies below half of the largest; fails if somewhere accuracy
    lies above half while the form rate lies below .9. Levels are corrected for the number of sizes
    (Bonferroni).
    """
    claim = "The form of an answer is learned from fewer demonstrations than its reasoning."
    arms = [arm for arm in accuracy if arm.n_pairs == 0 and arm.method in ("sft", "base") and arm in form]
    if len(arms) < 2:
        return missing(
            claim, "accuracy and form at two numbers of demonstrations at least, SFT alone", ALIGNED
        )
    best = max(arms, key=lambda arm: accuracy[arm].values.mean())
    level = 1 - 0.05 / len(arms)
    verdict: Verdict = "undecided"
    witness = None
    for arm in arms:
        over_half = _over_half(accuracy, arm, best, level)
        form_rate = mean(form[arm], "accuracy", level=level)
        if over_half is None:
            continue
        if form_rate.low >= FORM_RATE and over_half.high < 0:
            verdict, witness = "holds", arm
            break
        if form_rate.high < FORM_RATE and over_half.low > 0:
            verdict, witness = "fails", arm
    half = float(accuracy[best].values.mean()) / 2
    formed = next((a.n_demonstrations for a in arms if form[a].values.mean() >= FORM_RATE), None)
    halfway = next((a.n_demonstrations for a in arms if accuracy[a].values.mean() >= half), None)
    numbers: dict[str, Number] = {
        "form_reaches_.9_at": formed,
        "accuracy_reaches_half_at": halfway,
        "largest_accuracy": interval(mean(accuracy[best], "accuracy")),
        "decided_at": witness.n_demonstrations if witness else None,
    }
    numbers |= {f"form_rate_{a.n_demonstrations}": interval(mean(form[a], "accuracy")) for a in arms}
    reached = "at no number of demonstrations" if formed is None else f"at {formed:,} demonstrations"
    top = as_share(mean(accuracy[best], "accuracy"))
    sentence = f"The form rate reaches .9 {reached}; accuracy reaches half of its largest mean, "
    sentence += f"{top} at {best.n_demonstrations:,}, at {halfway:,}."
    if witness:
        sentence += (
            f" At {witness.n_demonstrations:,} the form rate is {as_share(mean(form[witness], 'accuracy'))} "
            f"and accuracy {as_share(mean(accuracy[witness], 'accuracy'))}."
        )
    shown = [mean(accuracy[arm], "accuracy") for arm in arms if arm.method != "base"]
    numbers |= sample(*shown)
    return Finding(claim, verdict, numbers, sentence + one_seed_note(*shown), ALIGNED)


def _over_half(accuracy: Measured, arm: Arm, best: Arm, level: float):
    """By how much an arm is above half of the best one; None for the best itself."""
    if arm == best:
        return None
    return compared(accuracy, [arm, best], [1.0, -0.5], "accuracy", level=level)
