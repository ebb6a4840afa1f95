"""Does post-training for a skill make facts usable that are learned later? (arXiv 2410.03717, new knowledge)"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from apportion.findings.detectable import Power, power_of, with_power
from apportion.findings.finding import (
    Finding,
    Number,
    Said,
    Verdict,
    as_share,
    in_points,
    interval,
    missing,
    sample,
)
from apportion.findings.measured import Arm, Measured, Scores, compared, mean
from apportion.statistics import Estimate

WAYS = {"fine-tuning": "recalled", "context": "told"}
"""How the new facts are learned, and the items that ask for them then."""

HOW = {"fine-tuning": "fine-tuning", "context": "reading them in context"}

KINDS = ("direct", "two-hops")

PAPER: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "fine-tuning": {"direct": (0.65, 0.81), "two-hops": (0.37, 0.55)},
    "context": {"direct": (0.49, 0.86), "two-hops": (0.34, 0.71)},
}
"""The paper's accuracies from the base and from the model post-trained for multihop questions, 100 facts."""


class Cell(NamedTuple):
    """One of the eight cells of the table, from one start."""

    accuracy: Estimate
    paper: float


class Effect(NamedTuple):
    """What post-training adds for one way of learning and one kind of question, and what could have been found."""

    base: Cell
    post_trained: Cell
    gain: Estimate
    power: Power | None


def effects(table: Measured) -> dict[tuple[str, str], Effect]:
    """Return the table of start, way of learning and kind of question: for each (way, kind) both starts and the gain.

    The post-trained start is the largest number of demonstrations; its facts are learned after it. What has not run
    is left out.
    """
    found: dict[tuple[str, str], Effect] = {}
    most = max((arm.n_demonstrations for arm in table if arm.n_pairs == 0), default=0)
    for way, items in WAYS.items():
        arms = (
            (Arm(0, 0, "taught"), Arm(most, 0, "taught"))
            if way == "fine-tuning"
            else (Arm(0, 0, "base"), Arm(most, 0, "sft"))
        )
        for kind in KINDS:
            part = {arm: part_of(table[arm], f"{items}/{kind}/") for arm in arms if arm in table}
            if most == 0 or len(part) < 2 or not all(scores.items for scores in part.values()):
                continue
            gain = compared(part, [arms[1], arms[0]], [1.0, -1.0], "accuracy")
            if gain is not None:
                cells = [Cell(mean(part[arm], "accuracy"), PAPER[way][kind][i]) for i, arm in enumerate(arms)]
                power = power_of(part, [arms[1], arms[0]], [1.0, -1.0], "accuracy")
                found[way, kind] = Effect(cells[0], cells[1], gain, power)
    return found


def post_training_helps(table: Measured, way: str) -> Finding:
    """Return whether post-training raises accuracy on two-hop questions of new facts, learned in one of `WAYS`.

    Holds if the interval of the paired gain over the base lies above 0, fails if it lies at or below 0. The direct
    questions' gain and, where they were graded, the scores without learning stand beside it.
    """
    claim = f"Post-training for two hops makes new facts usable that are learned by {HOW[way]}."
    found = effects(table)
    hops, direct = found.get((way, "two-hops")), found.get((way, "direct"))
    if hops is None or direct is None:
        return missing(
            claim,
            "the base and a post-trained model, with the facts "
            + ("taught" if way == "fine-tuning" else "told"),
        )
    verdict: Verdict = "holds" if hops.gain.low > 0 else "fails" if hops.gain.high <= 0 else "undecided"
    numbers: dict[str, Number] = {}
    said = []
    for kind, effect in (("direct", direct), ("two-hops", hops)):
        name = kind.replace("-", "_")
        numbers[f"{name}_base"] = interval(effect.base.accuracy)
        numbers[f"{name}_post_trained"] = interval(effect.post_trained.accuracy)
        numbers[f"{name}_gain"] = interval(effect.gain)
        numbers[f"{name}_paper"] = [effect.base.paper, effect.post_trained.paper]
        asked = "Asked directly" if kind == "direct" else "in two hops"
        said.append(
            f"{asked}, {as_share(effect.base.accuracy)} from the base and {as_share(effect.post_trained.accuracy)} "
            f"from the post-trained model, {in_points(effect.gain)}"
        )
    numbers |= sample(hops.gain)
    finding = Finding(claim, verdict, numbers, "; ".join(said) + ".", _paper(way))
    return with_power(finding, hops.power, "accuracy")


def _paper(way: str) -> Said:
    """What the paper's table says."""
    told = (
        f"{kind.replace('-', ' ')} {base:.0%} from the base, {post:.0%} post-trained"
        for kind, (base, post) in PAPER[way].items()
    )
    return Said("2410.03717", f"100 facts learned by {HOW[way]}: {'; '.join(told)}.")


def nothing_known_before(table: Measured) -> Finding:
    """Return whether the facts are new: without learning them the models score under 10 % on direct questions.

    Holds if the intervals of base and post-trained model lie under a tenth, fails if one lies above.
    """
    claim = (
        "The facts are new: models that have not learned them answer under a tenth of the direct questions."
    )
    arms = [arm for arm in table if arm.n_pairs == 0 and arm.method in ("base", "sft")]
    part = {arm: part_of(table[arm], "recalled/direct/") for arm in arms}
    scores = [mean(one, "accuracy") for one in part.values() if one.items]
    if not scores:
        return missing(claim, "untaught models, asked without the facts")
    verdict: Verdict = "undecided"
    if all(score.high < 0.1 for score in scores):
        verdict = "holds"
    elif any(score.low > 0.1 for score in scores):
        verdict = "fails"
    numbers: dict[str, Number] = {
        f"direct_{arm.n_demonstrations}_demonstrations": interval(score)
        for arm, score in zip(part, scores, strict=False)
    }
    said = ", ".join(
        f"{as_share(score)} at {arm.n_demonstrations:,}" for arm, score in zip(part, scores, strict=False)
    )
    return Finding(claim, verdict, numbers | sample(*scores), f"By demonstrations: {said}.")


def part_of(scores: Scores, prefix: str) -> Scores:
    """Return the scores on the items whose names begin with `prefix`."""
    places = [place for place, item in enumerate(scores.items) if item.startswith(prefix)]
    values = scores.values[:, places] if places else np.zeros((len(scores.seeds), 0))
    return Scores(scores.seeds, tuple(scores.items[place] for place in places), values)
