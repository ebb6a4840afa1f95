"""Planted truth: what the generator plants, SEMBA finds without hand-made inputs; without balance it does not."""

from dataclasses import replace

import pytest
from benchmarks.signed_balance import auroc, network

from apportion.signed.semba import SembaSettings, as_published, semba_pure, tgn, without

SMALL = replace(semba_pure(), epochs=8, learning_rate=4e-3, group_size=100)


@pytest.fixture(scope="module")
def found() -> dict[float, float]:
    return {strength: auroc(SMALL, network(strength, 60, 3_000), 0) for strength in (0.0, 0.8, 1.0)}


def test_auroc_rises_with_the_strength_of_balance(found):
    assert abs(found[0.0] - 0.5) < 0.12  # nothing is planted: signs are the toss of a coin
    assert found[0.0] + 0.1 < found[0.8]
    assert found[0.8] + 0.05 < found[1.0]


def test_without_balance_it_loses_at_high_strength(found):
    assert auroc(without(SMALL, "balance"), network(1.0, 60, 3_000), 0) < found[1.0] - 0.2


def test_presets_say_what_they_leave_out():
    assert not semba_pure().features
    assert semba_pure().balance
    assert not (tgn().signs or tgn().balance or tgn().common or tgn().features)
    published = as_published()
    assert (published.heads, published.dropout, published.group_size, published.head) == (
        8,
        0.5,
        1000,
        "additive",
    )
    assert not (published.common or published.features)


def test_without_balance_there_is_no_common_ground_either():
    plain = without(SembaSettings(), "balance")
    assert not plain.balance
    assert not plain.common
    assert without(SembaSettings(), "memory") == replace(SembaSettings(), memory=False)
