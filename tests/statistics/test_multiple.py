"""Corrections for many comparisons: against their definitions, scipy, and noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, ttest_1samp

from apportion.statistics import (
    Estimate,
    benjamini_hochberg,
    compared_with_all,
    contrast,
    detectable_difference,
    holm,
    items_needed,
    p_value,
    standing,
)

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def step_down(p: list[float], alpha: float) -> set[int]:
    """Holm's own words: reject the smallest while it is at most alpha / (how many are left)."""
    rejected: set[int] = set()
    for rank, place in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[place] * (len(p) - rank) > alpha:
            break
        rejected.add(place)
    return rejected


@given(p_values, st.floats(0.001, 0.5))
def test_holm_is_the_step_down(p: list[float], alpha: float) -> None:
    assert {place for place, adjusted in enumerate(holm(p)) if adjusted <= alpha} == step_down(p, alpha)


@given(p_values)
def test_benjamini_hochberg_is_scipy_s(p: list[float]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p).tolist())
    assert all(one <= other + 1e-12 for one, other in zip(benjamini_hochberg(p), holm(p), strict=True))


def test_what_is_no_p_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.5 is no p-value"):
        holm([0.1, 1.5])
    assert holm([]) == benjamini_hochberg([]) == []


def test_p_values_belong_to_the_intervals() -> None:
    values = np.random.default_rng(0).normal(0.2, 1, (1, 80))

    def at(level: float) -> Estimate:
        return contrast((values,), (1.0,), bounded=False, level=level)

    assert p_value(at) == pytest.approx(ttest_1samp(values[0], 0).pvalue, abs=1e-6)
    assert p_value(lambda level: Estimate(0.0, -level, level, 1, 9, "items")) == 1
    assert p_value(lambda level: Estimate(2.0, 1.0, 3.0, 1, 9, "items")) == 0


def test_standings() -> None:
    assert [standing(Estimate(m, m - 1, m + 1, 1, 9, "items")) for m in (-2.0, 0.5, 2.0)] == [
        "behind",
        "tied",
        "ahead",
    ]


def arms(effects: dict[str, float], seed: int) -> dict:
    rng = np.random.default_rng(seed)

    def one(effect: float):
        values = rng.normal(effect, 1, (1, 100))
        return lambda level: contrast((values,), (1.0,), bounded=False, level=level)

    return {name: one(effect) for name, effect in effects.items()}


def test_tied_is_said_where_it_is_tied() -> None:
    found = compared_with_all(arms({"none": 0.0, "large": 1.0, "bad": -1.0}, 0))
    assert [(one.name, one.standing) for one in found] == [
        ("large", "ahead"),
        ("none", "tied"),
        ("bad", "behind"),
    ]
    assert "tied" in str(found[1]) and "tied" not in str(found[0])
    assert all(one.adjusted >= one.p for one in found)


def test_noise_gives_false_findings_rarely() -> None:
    effects = dict.fromkeys(map(str, range(10)), 0.0)
    tables = [compared_with_all(arms(effects, seed)) for seed in range(60)]
    with_findings = sum(any(one.standing != "tied" for one in table) for table in tables)
    uncorrected = sum(any(one.p < 0.05 for one in table) for table in tables)
    assert with_findings <= 8 < 15 <= uncorrected


@given(st.integers(2, 5000), st.floats(0.05, 2))
def test_items_needed_and_the_detectable_difference_are_inverse(items: int, sd: float) -> None:
    difference = detectable_difference(items, sd)
    assert items_needed(difference, sd) in (items, items + 1)
    assert detectable_difference(items, sd, seeds=3, sd_between_seeds=0.1) > difference


def test_nothing_finds_nothing() -> None:
    with pytest.raises(ValueError, match="0 items and 1 seeds"):
        detectable_difference(0, 1.0)
