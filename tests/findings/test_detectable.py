"""What an undecided finding says of its power: what could have been found, and what the seen difference takes."""

import numpy as np
import pytest
from tests.findings.made_outcomes import made_outcomes

from apportion.findings import Finding, measured
from apportion.findings.detectable import Power, power_of, with_power
from apportion.findings.measured import Arm, Scores
from apportion.metrics import Metric
from apportion.statistics import detectable_difference, items_needed

LEFT, RIGHT = Arm(10, 0, "sft"), Arm(5, 5, "dpo")
UNDECIDED = Finding("a claim", "undecided", {"seeds": 1}, "A sentence.")


def power(left: np.ndarray, right: np.ndarray, metric: Metric = "accuracy", bound: float = 0.0) -> Power:
    def scores(values: np.ndarray) -> Scores:
        return Scores(tuple(range(len(values))), tuple(str(i) for i in range(values.shape[1])), values)

    found = power_of({LEFT: scores(left), RIGHT: scores(right)}, [LEFT, RIGHT], [1.0, -1.0], metric, bound)
    assert found is not None
    return found


def test_one_seed_is_the_plain_formula() -> None:
    rng = np.random.default_rng(0)
    difference = rng.normal(0.03, 0.5, (1, 2000))
    found = power(difference, np.zeros((1, 2000)), "nll")
    sd = float(difference.std(ddof=1))
    assert found.difference == pytest.approx(detectable_difference(2000, sd), rel=0.01)
    assert found.items == pytest.approx(items_needed(float(difference.mean()), sd), rel=0.01)


def test_what_is_undecided_takes_more_items_than_there_are() -> None:
    for draw in range(30):
        table = measured(
            made_outcomes({LEFT: 0.5, RIGHT: 0.53}, items=200, seed_sd=0.002, draw=draw), "accuracy"
        )
        found = power_of(table, [LEFT, RIGHT], [1.0, -1.0], "accuracy")
        assert found is not None
        if found.seen < found.difference:
            assert found.items is None or found.items > 200
        assert found.difference > 0


def test_where_seeds_differ_no_number_of_items_decides() -> None:
    rng = np.random.default_rng(1)
    noise = np.array([[-0.4], [0.0], [0.45]])
    left = np.clip(rng.uniform(0.45, 0.55, (3, 400)) + noise, 0, 1)
    found = power(left, np.full((3, 400), 0.5))
    assert found.items is None
    said = with_power(UNDECIDED, found, "accuracy")
    assert said.sentence.endswith("would take more seeds, not items alone.")
    assert said.numbers["items_needed"] is None


def test_a_bound_is_what_the_difference_is_from() -> None:
    rng = np.random.default_rng(2)
    left = (rng.uniform(size=(1, 300)) < 0.58).astype(float)
    right = (rng.uniform(size=(1, 300)) < 0.5).astype(float)
    found = power(left, right, bound=0.05)
    assert found.seen == pytest.approx(abs(left.mean() - right.mean() - 0.05))
    said = with_power(UNDECIDED, found, "accuracy").sentence
    assert " points off the bound of 5 would be found (power about .8); the " in said


def test_power_is_promised_as_often_as_it_is_there() -> None:
    """Of comparisons with the difference that is called detectable, about .8 find it (one seed, 0/1 scores)."""
    rng = np.random.default_rng(3)
    items, found = 400, 0
    base = (rng.uniform(size=(1, items)) < 0.5).astype(float)
    promised = power((rng.uniform(size=(1, items)) < 0.5).astype(float), base).difference
    for _ in range(400):
        left = (rng.uniform(size=items) < 0.5 + promised).astype(float)
        difference = left - (rng.uniform(size=items) < 0.5)
        found += difference.mean() > 1.96 * difference.std(ddof=1) / np.sqrt(items)
    assert 0.74 < found / 400 < 0.88


def test_only_what_is_undecided_says_so() -> None:
    one = Power(0.1, 0.02, 12_345, 0.0)
    assert with_power(UNDECIDED, one, "accuracy").sentence == (
        "A sentence. With these items and seeds 10.0 points would be found (power about .8); the 2.0 seen would take "
        "about 12,000 items."
    )
    assert "0.100 nats per token would be found" in with_power(UNDECIDED, one, "nll").sentence
    assert "over a million" in with_power(UNDECIDED, one._replace(items=10**7), "nll").sentence
    holds = Finding("a claim", "holds", {}, "A sentence.")
    assert with_power(holds, one, "accuracy") is holds
    assert with_power(UNDECIDED, None, "accuracy") is UNDECIDED
