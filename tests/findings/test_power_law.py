"""The paper's power law against its rivals, on curves of a known law."""

import pytest
from tests.findings.made_outcomes import made_outcomes

from apportion.findings import measured
from apportion.findings.measured import Arm
from apportion.findings.power_law import power_law_against_rivals

SIZES = (16, 32, 64, 128, 256, 512, 1024, 2048)


def judged(scores: list[float]):
    arms = {Arm(n, 0, "sft"): score for n, score in zip(SIZES, scores, strict=False)}
    return power_law_against_rivals(measured(made_outcomes(arms, items=1000, seed_sd=0.002), "accuracy"))


def test_a_saturating_curve_is_no_power_law() -> None:
    found = judged([0.9 / (1 + (n / 120) ** -2) for n in SIZES])
    assert found.verdict == "fails", found.sentence
    assert found.numbers["best_law"] != "power"
    assert (found.numbers["seeds"], found.numbers["items"], found.numbers["sizes"]) == (3, 1000, 8)
    assert found.said is not None and "19.47" in found.said.sentence


def test_a_power_law_is_not_refused() -> None:
    found = judged([0.0421 * n ** (1 / 5.47) for n in SIZES])
    assert found.verdict != "fails", found.sentence
    assert found.numbers["roll_out_power"] == pytest.approx(0, abs=0.2)


def test_four_sizes_determine_no_law() -> None:
    found = judged([0.1, 0.2, 0.3, 0.4])
    assert (found.verdict, found.numbers) == ("undecided", {})
