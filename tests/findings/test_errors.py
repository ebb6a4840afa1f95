"""Style, reasoning and judges: made-up outcomes for holds, fails and undecided."""

import polars as pl
import pytest
from tests.findings.made_outcomes import made_outcomes

from apportion.findings import measured
from apportion.findings.errors import reasoning_follows_total, style_saturates_early
from apportion.findings.judges import win_rate_disagrees
from apportion.findings.measured import Arm
from apportion.statistics import Estimate, wilson

SIZES = (10, 30, 100, 300, 1000, 3000)


def sft(accuracy: tuple[float, ...]) -> dict[Arm, float]:
    return {Arm(n, 0, "sft"): score for n, score in zip(SIZES, accuracy, strict=True)}


def tables(accuracy: tuple[float, ...], form: tuple[float, ...], **more):
    made = made_outcomes(sft(accuracy), form=sft(form), **more)
    return measured(made, "accuracy"), measured(made, "accuracy", "form")


RISING = (0.05, 0.15, 0.25, 0.4, 0.55, 0.65)
FORMED = (0.4, 0.99, 1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("accuracy", "form", "verdict"),
    [
        (RISING, FORMED, "holds"),
        (RISING, (0.1, 0.2, 0.3, 0.4, 0.7, 0.9), "fails"),  # the form is learned as slowly
        ((0.6, 0.6, 0.6, 0.5, 0.4, 0.3), (0.9, 1.0, 1.0, 1.0, 1.0, 1.0), "fails"),
        ((0.3, 0.3, 0.3, 0.3, 0.3, 0.3), FORMED, "undecided"),
    ],
)
def test_style_saturates_early(accuracy, form, verdict) -> None:
    found = style_saturates_early(*tables(accuracy, form))
    assert found.verdict == verdict, found.sentence
    assert (found.numbers["seeds"], found.numbers["items"]) == (3, 300)


def test_nothing_gained_is_seldom_called_a_gain() -> None:
    verdicts = [
        style_saturates_early(*tables((0.4,) * 6, FORMED, draw=n, items=100)).verdict for n in range(10)
    ]
    assert verdicts.count("holds") <= 1


@pytest.mark.parametrize(
    ("accuracy", "form", "verdict"),
    [
        (RISING, (1.0,) * 6, "holds"),
        (RISING, (0.0, 0.0, 0.0, 0.1, 0.2, 0.3), "fails"),  # what falls is the form errors
    ],
)
def test_reasoning_follows_total(accuracy, form, verdict) -> None:
    found = reasoning_follows_total(*tables(accuracy, form))
    assert found.verdict == verdict, found.sentence
    assert found.numbers["sizes"] == 6


def test_four_sizes_of_noise_decide_nothing() -> None:
    accuracy, form = tables((0.4,) * 6, (0.7,) * 6)
    four = sorted(accuracy)[:4]
    found = reasoning_follows_total({arm: accuracy[arm] for arm in four}, {arm: form[arm] for arm in four})
    assert found.verdict == "undecided"


@pytest.mark.parametrize("claim", [style_saturates_early, reasoning_follows_total])
def test_too_few_sizes_are_not_measured(claim) -> None:
    made = made_outcomes({Arm(10, 0, "sft"): 0.2, Arm(20, 0, "sft"): 0.3})
    found = claim(measured(made, "accuracy"), measured(made, "accuracy", "form"))
    assert (found.verdict, found.numbers) == ("undecided", {})
    nothing = made.filter(pl.col("metric") == "none")
    assert claim(measured(nothing, "accuracy"), measured(nothing, "accuracy", "form")).verdict == "undecided"


def rate(share: float, items: int = 100) -> Estimate:
    return Estimate(share, *wilson(share, items), 1, items, "items")


def lead(mean: float, half: float = 0.05) -> Estimate:
    return Estimate(mean, mean - half, mean + half, 1, 1319, "items")


@pytest.mark.parametrize(
    ("score", "won", "verdict"),
    [
        (lead(0.147 - 0.465), rate(0.844 + 0.142 / 2), "holds"),  # the paper's math, neither for a half
        (lead(0.21 - 0.36), rate(0.20 + 0.23 / 2), "fails"),  # and its multihop
        (lead(0.01), rate(0.9), "undecided"),
        (lead(0.2), rate(0.52), "undecided"),
    ],
)
def test_a_judge_may_disagree_with_the_score(score: Estimate, won: Estimate, verdict: str) -> None:
    found = win_rate_disagrees(score, won, arms=("LIMA", "task"))
    assert found.verdict == verdict
    assert (found.numbers["seeds"], found.numbers["items"]) == (1, 100)
