"""The question of a study and its answer in one sentence, honest where there is none yet."""

from dataclasses import dataclass
from typing import Literal

from apportion.reports.planning import Planning
from apportion.reports.tables import money, number
from apportion.studies.study import Study


@dataclass(frozen=True, slots=True)
class Answer:
    """`verdict` is "decided", "undecided" or "none"; `because` says why there is no more to say, or nothing."""

    question: str
    sentence: str
    verdict: Literal["decided", "undecided", "none"]
    because: str = ""


def answer_of(study: Study, planning: Planning | None, cells_graded: int, cells_asked: int) -> Answer:
    """Return what a study asks and what it answers."""
    about = f"the model {study.model_label} on the task {study.task_name}"
    if planning is None:
        question = f"What should be bought for {about}, demonstrations or preference pairs?"
        if cells_graded == 0:
            because = f"Of {cells_asked} cells none is graded. Type apportion study run with the study file."
            return Answer(question, "Nothing has been measured yet.", "none", because)
        because = "A plan needs graded cells and a budget that buys at least one label."
        return Answer(question, "There is no plan yet.", "none", because)
    plan, usd = planning.plan, f"${money(planning.budget_usd)}"
    question = f"How should {usd} be split between demonstrations and preference pairs, for {about}?"
    bought = f"{plan.n_demonstrations:,} demonstrations and {plan.n_pairs:,} pairs"
    expected = (
        f"expected {planning.measured_as} {number(plan.expected_score)} "
        f"({number(plan.low)} to {number(plan.high)})"
    )
    low, high = map(short_share, plan.region)
    alike = "no other SFT share" if low == high else f"any SFT share from {low} to {high}"
    if plan.status == "decided":
        sentence = f"With {usd}: {bought}; {expected}; {alike} is as good."
        return Answer(question, sentence, "decided")
    sentence = f"Not decided yet. With {usd} the best guess is {bought}; {expected}; {alike} may be as good."
    return Answer(question, sentence, "undecided", f"{plan.reason[0].upper()}{plan.reason[1:]}.")


def short_share(share: float) -> str:
    """Return a share with two decimals at most, and without the zero before the point.

    >>> short_share(0.0), short_share(0.2), short_share(0.555), short_share(1.0)
    ('0', '.2', '.56', '1')
    """
    text = f"{share:.2f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith("0.") else text
