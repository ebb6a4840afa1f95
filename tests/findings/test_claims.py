import json
from dataclasses import asdict

import msgspec
import polars as pl
import pytest
from tests.findings.made_outcomes import BASE, made_outcomes

from apportion.findings import Allocation, Finding, all_findings, measured
from apportion.findings.best_split import (
    best_share_falls,
    mixture_best_at_largest_budget,
    sft_alone_best_at_smallest_budget,
)
from apportion.findings.cold_start import pairs_alone_at_the_floor, smallest_share_lifts
from apportion.findings.control import preference_beats_imitation
from apportion.findings.form_first import form_before_reasoning
from apportion.findings.measured import Arm
from apportion.metrics import Metric

SHARES = (1.0, 0.5, 0.25, 0.0)
POINTS = {
    (int(budget * share), int(budget * (1 - share))): [(budget, share)]
    for budget in (32.0, 512.0)
    for share in SHARES
}


def arm(budget: int, share: float, method: str = "dpo") -> Arm:
    demonstrations, pairs = int(budget * share), int(budget * (1 - share))
    return Arm(demonstrations, pairs, "sft" if share == 1 and method == "dpo" else method)


def scores(small: tuple[float, ...], large: tuple[float, ...]) -> dict[Arm, float]:
    """True scores at both budgets, in the order of SHARES."""
    found = {arm(32, share): score for share, score in zip(SHARES, small, strict=False)}
    return found | {arm(512, share): score for share, score in zip(SHARES, large, strict=False)}


def allocation(outcomes: pl.DataFrame, metric: Metric = "accuracy") -> Allocation:
    return Allocation(measured(outcomes, metric), POINTS, metric, "dpo")


AS_PUBLISHED = scores((0.4, 0.28, 0.2, 0.02), (0.6, 0.68, 0.75, 0.02)) | {BASE: 0.02}
REVERSED = scores((0.2, 0.3, 0.5, 0.3), (0.8, 0.7, 0.6, 0.55)) | {BASE: 0.02}
ALIKE = dict.fromkeys([*scores(SHARES, SHARES), BASE], 0.4)
CLAIMS = [
    sft_alone_best_at_smallest_budget,
    mixture_best_at_largest_budget,
    best_share_falls,
    pairs_alone_at_the_floor,
    smallest_share_lifts,
]


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_holds_in_a_world_where_it_is_true(claim):
    found = claim(allocation(made_outcomes(AS_PUBLISHED)))
    assert found.verdict == "holds", found.sentence


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_fails_in_a_world_where_it_is_false(claim):
    found = claim(allocation(made_outcomes(REVERSED)))
    assert found.verdict == "fails", found.sentence


@pytest.mark.parametrize("claim", CLAIMS[:3])
def test_a_claim_is_undecided_where_nothing_differs(claim):
    verdicts = [claim(allocation(made_outcomes(ALIKE, draw=draw, items=80))).verdict for draw in range(40)]
    assert verdicts.count("undecided") >= 37


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_is_undecided_where_cells_are_missing(claim):
    for truth in ({BASE: 0.1}, {arm(32, 1.0): 0.4, arm(512, 1.0): 0.6, BASE: 0.1}):
        found = claim(allocation(made_outcomes(truth)))
        assert (found.verdict, found.numbers) == ("undecided", {})
        assert "Not measured" in found.sentence
    nowhere = Allocation(measured(made_outcomes(AS_PUBLISHED), "accuracy"), {(32, 0): []}, "accuracy", "dpo")
    assert claim(nowhere).verdict == "undecided"


@pytest.mark.parametrize(
    ("small", "large", "verdict", "best"),
    [
        ((0.3, 0.34, 0.4, 0.1), (0.5, 0.6, 0.85, 0.1), "fails", (0.25, 0.25)),
        ((0.3, 0.39, 0.4, 0.1), (0.5, 0.6, 0.85, 0.1), "undecided", (0.25, 0.25)),
        ((0.5, 0.34, 0.4, 0.1), (0.5, 0.6, 0.85, 0.1), "holds", (1.0, 0.25)),
        ((0.2, 0.5, 0.3, 0.1), (0.9, 0.6, 0.3, 0.1), "fails", (0.5, 1.0)),
    ],
)
def test_the_share_falls_only_where_the_best_one_does(small, large, verdict, best):
    found = best_share_falls(allocation(made_outcomes(scores(small, large), items=600)))
    assert found.verdict == verdict, found.sentence
    assert (found.numbers["best_share_small"], found.numbers["best_share_large"]) == best
    assert f"Best measured share: {best[0]:.0%}, then {best[1]:.0%}" in found.sentence
    if verdict == "undecided":
        change = found.numbers["change"]
        assert isinstance(change, list) and change[1] is not None and change[1] > 0


def test_one_rival_that_has_not_run_keeps_sft_from_being_called_best():
    partly = {point: score for point, score in AS_PUBLISHED.items() if point != arm(32, 0.25)}
    found = sft_alone_best_at_smallest_budget(allocation(made_outcomes(partly)))
    assert found.verdict == "undecided"
    assert "Not run yet: 25% for demonstrations" in found.sentence


def test_the_numbers_are_those_of_the_paired_differences():
    outcomes = made_outcomes(AS_PUBLISHED)
    found = sft_alone_best_at_smallest_budget(allocation(outcomes))
    table = measured(outcomes, "accuracy")
    lead = found.numbers["lead_over_share_0.5"]
    assert isinstance(lead, list)
    expected = table[arm(32, 1.0)].values.mean() - table[arm(32, 0.5)].values.mean()
    assert lead[0] == pytest.approx(expected, abs=1e-6)
    assert found.numbers["budget_usd"] == 32


def test_one_seed_is_said_to_be_one_seed():
    varied = sft_alone_best_at_smallest_budget(allocation(made_outcomes(AS_PUBLISHED)))
    single = sft_alone_best_at_smallest_budget(allocation(made_outcomes(AS_PUBLISHED, seeds=(0,))))
    assert "One seed only" in single.sentence
    assert "One seed" not in varied.sentence


def test_lower_is_better_for_the_negative_log_likelihood():
    made = made_outcomes(AS_PUBLISHED, metric="nll")
    assert (
        measured(made, "nll")[arm(32, 1.0)].values.mean() < measured(made, "nll")[arm(32, 0.0)].values.mean()
    )
    grid = allocation(made, "nll")
    assert sft_alone_best_at_smallest_budget(grid).verdict == "holds"
    assert mixture_best_at_largest_budget(grid).verdict == "holds"
    assert "nats per token" in sft_alone_best_at_smallest_budget(grid).sentence
    assert pairs_alone_at_the_floor(grid).verdict == "undecided"
    assert smallest_share_lifts(grid).verdict == "undecided"


@pytest.mark.parametrize(
    ("treated", "imitated", "verdict"), [(0.7, 0.55, "holds"), (0.5, 0.65, "fails"), (0.6, 0.6, "undecided")]
)
def test_the_control_is_the_same_pairs_imitated(treated: float, imitated: float, verdict: str):
    truth = {arm(512, share): treated for share in (0.5, 0.25)}
    truth |= {arm(512, share, "sft-on-chosen"): imitated for share in (0.5, 0.25)}
    truth |= {arm(512, 0.0): 0.02, arm(512, 0.0, "sft-on-chosen"): 0.5}
    grid = allocation(made_outcomes(truth, draw=3))
    after = preference_beats_imitation(grid, "demonstrations")
    assert after.verdict == verdict, after.sentence
    assert after.numbers["purchases"] == 2
    cold = preference_beats_imitation(grid, "base")
    assert cold.verdict == "fails"
    assert cold.numbers["purchases"] == 1


def test_without_a_control_nothing_is_said_of_it():
    grid = allocation(made_outcomes(AS_PUBLISHED))
    assert preference_beats_imitation(grid, "demonstrations").verdict == "undecided"


def learning(accuracy: list[float], form: list[float]) -> Finding:
    arms = [BASE, *(Arm(n, 0, "sft") for n in (8, 32, 128, 512))]
    made = made_outcomes(dict(zip(arms, accuracy, strict=True)), form=dict(zip(arms, form, strict=True)))
    return form_before_reasoning(measured(made, "accuracy"), measured(made, "accuracy", "form"))


def test_form_comes_before_reasoning_where_it_does():
    found = learning([0.0, 0.05, 0.15, 0.4, 0.7], [0.0, 0.6, 0.99, 1.0, 1.0])
    assert found.verdict == "holds"
    assert found.numbers["form_reaches_.9_at"] == 32
    assert found.numbers["accuracy_reaches_half_at"] == 128
    assert found.numbers["decided_at"] == 32


def test_form_does_not_come_before_reasoning_where_it_comes_after():
    found = learning([0.0, 0.3, 0.6, 0.65, 0.7], [0.0, 0.0, 0.2, 0.5, 1.0])
    assert found.verdict == "fails"


def test_form_and_reasoning_that_come_together_are_undecided():
    assert learning([0.0, 0.0, 0.68, 0.7, 0.7], [0.0, 0.0, 0.99, 1.0, 1.0]).verdict == "undecided"
    assert learning([0.0] * 5, [0.0] * 5).verdict == "undecided"


def test_all_findings_are_plain_values_for_every_method():
    truth = AS_PUBLISHED | {point._replace(method="ipo"): 0.3 for point in AS_PUBLISHED if point.n_pairs}
    made = made_outcomes(truth, items=60)
    found = all_findings(made, POINTS, ["dpo", "ipo"])
    assert len(found) == 18
    assert sum("ipo" in finding.claim for finding in found) == 7
    text = msgspec.json.encode([asdict(finding) for finding in found]).decode()
    assert "NaN" not in text
    assert len(json.loads(text)) == 18
    assert all_findings(made.clear(), POINTS, ["dpo"]) == []


def test_one_item_gives_no_verdict_and_no_infinity_in_json():
    made = made_outcomes(AS_PUBLISHED, items=1, metric="nll")
    found = all_findings(made, POINTS, ["dpo"])
    assert {finding.verdict for finding in found} == {"undecided"}
    assert "Infinity" not in json.dumps([asdict(finding) for finding in found])


def test_shares_that_buy_the_same_are_one_arm():
    points = {(32, 0): [(32.0, 1.0)], (0, 32): [(32.0, 0.01), (32.0, 0.0)]}
    grid = Allocation({}, points, "accuracy", "dpo")
    assert grid.arms(32.0) == {Arm(32, 0, "sft"): 1.0, Arm(0, 32, "dpo"): 0.01}
