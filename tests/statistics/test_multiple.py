"""The correction for many comparisons: against its definition, scipy, and noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from apportion.statistics import (
    Estimate,
    contrast,
    corrected,
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


def test_what_is_no_p_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.5 is no p-value"):
        holm([0.1, 1.5])
    assert holm([]) == []


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


def family(effects: list[float], seed: int) -> list:
    rng = np.random.default_rng(seed)

    def one(effect: float):
        values = rng.normal(effect, 1, (1, 100))
        return lambda level: contrast((values,), (1.0,), bounded=False, level=level)

    return [one(effect) for effect in effects]


def test_tied_is_said_where_it_is_tied() -> None:
    differences = family([0.0, 1.0, -1.0], 0)
    found = corrected(differences)
    assert [one.standing for one in found] == ["tied", "ahead", "behind"]
    assert [one.difference for one in found] == [at(0.95) for at in differences]
    assert all(one.p >= p_value(at) for one, at in zip(found, differences, strict=True))


def test_a_difference_that_stands_alone_may_be_tied_among_many() -> None:
    weak = next(at for at in family([0.25] * 40, 1) if 0.01 < p_value(at) < 0.04)
    assert corrected([weak])[0].standing == "ahead"
    assert corrected([weak, *family([0.0] * 9, 2)])[0].standing == "tied"
    assert corrected([]) == []


def test_noise_gives_false_findings_rarely() -> None:
    tables = [family([0.0] * 10, seed) for seed in range(60)]
    with_findings = sum(any(one.standing != "tied" for one in corrected(table)) for table in tables)
    uncorrected = sum(any(p_value(at) < 0.05 for at in table) for table in tables)
    assert with_findings <= 8 < 15 <= uncorrected


@given(st.integers(2, 5000), st.floats(0.05, 2))
def test_items_needed_and_the_detectable_difference_are_inverse(items: int, sd: float) -> None:
    difference = detectable_difference(items, sd)
    assert items_needed(difference, sd) in (items, items + 1)
    assert detectable_difference(items, sd, seeds=3, sd_between_seeds=0.1) > difference


def test_nothing_finds_nothing() -> None:
    with pytest.raises(ValueError, match="0 items and 1 seeds"):
        detectable_difference(0, 1.0)
