import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.plans import Limits, Price, counts_at, parse_price, price_of
from apportion.plans.budget_line import near_optimal, share_grid, share_of_money, straight_below
from apportion.plans.next_experiment import (
    WEIGHTS,
    candidate_cells,
    knowledge_gradient,
    next_experiments,
    wasted_usd,
)

usd = st.floats(0.01, 1000)


@given(st.floats(0, 1), st.floats(1000, 1e7), usd, usd)
def test_whole_numbers_within_the_budget(share, budget, c, d):
    s, p = counts_at(share, budget, c, d, Limits())
    assert s >= 0 and p >= 0
    assert s * c + p * d <= budget * (1 + 1e-9)
    assert budget - (s * c + p * d) <= (c + d) * (1 + 1e-9)


@given(
    st.floats(0, 1),
    st.floats(1000, 1e6),
    usd,
    usd,
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(0, 500),
)
def test_limits_are_kept(share, budget, c, d, least_s, least_p, more):
    limits = Limits(least_s, least_p, least_s + more, least_p + more)
    s, p = counts_at(share, budget, c, d, limits)
    assert least_s <= s <= least_s + more
    assert least_p <= p <= least_p + more
    if least_s * c + least_p * d <= budget:
        assert s * c + p * d <= budget * (1 + 1e-9) + c + d


def test_tenths_buy_what_they_say():
    assert counts_at(0.1, 10.0, 1.0, 1.0, Limits()) == (1, 9)
    assert counts_at(0.3, 1.0, 0.1, 0.1, Limits()) == (3, 7)


@pytest.mark.parametrize(
    "text", ["", "x", "0", "-1", "5..1", "1..", "..2", "nan", "inf", "1..2..3", "1e99", "٣"]
)
def test_prices_that_are_none_are_refused(text):
    with pytest.raises(UserError, match="--price-pair"):
        parse_price(text, "--price-pair")


@given(st.text(max_size=12))
def test_any_text_is_a_price_or_the_users_fault(text):
    with contextlib.suppress(UserError):
        assert parse_price(text, "x").low > 0


def test_prices_from_numbers_and_intervals():
    assert parse_price("1..4", "x") == price_of((1, 4), "x") == Price(1, 4)
    assert price_of(2, "x").middle == pytest.approx(2)
    for wrong in ("a", (1, 2, 3), (2, 1), 0, None):
        with pytest.raises(UserError):
            price_of(wrong, "x")  # type: ignore[arg-type]


def test_below_the_lowest_share_the_line_is_straight():
    shares = share_grid(0.25)
    y = np.sin(10 * shares)[None]
    line = straight_below(y, shares, 0.25)[0]
    low = shares <= 0.25
    assert np.allclose(line[low], np.interp(shares[low], [0, 0.25], [y[0, 0], y[0, shares == 0.25][0]]))
    assert np.array_equal(line[~low], y[0, ~low])


def test_shares_that_differ_by_rounding_are_one():
    for lowest in (0.2, 0.25, 0.4, 1e-4, 1.0):
        shares = share_grid(lowest)
        assert (np.diff(shares) > 1e-9 * shares[1:]).all()
        assert (shares[0], shares[-1]) == (0.0, 1.0) and np.abs(shares - lowest).min() < 1e-12


def test_near_optimal_of_scores_and_losses():
    assert near_optimal(np.array([0.5, 0.96, 1.0]), 0.05, False).tolist() == [False, True, True]
    assert near_optimal(np.array([1.0, 1.04, 2.0]), 0.05, True).tolist() == [True, True, False]
    assert share_of_money(0.5, 3.0, 1.0) == pytest.approx(0.75)


def test_the_knowledge_gradient_is_that_of_two_arms():
    """Oracle: u = (0, x), x standard normal, seen exactly: E max(0, x) = 1 / sqrt(2 pi)."""
    x = np.random.default_rng(0).standard_normal(40_000)
    utility = np.stack([0 * x, x - x.mean()], 1)
    gained = knowledge_gradient(utility, x[:, None], np.zeros(1)).gain
    assert gained[0] == pytest.approx(1 / np.sqrt(2 * np.pi), rel=0.08)
    blind = knowledge_gradient(
        utility, np.random.default_rng(1).standard_normal((40_000, 1)), np.zeros(1)
    ).gain
    assert blind[0] < 0.01
    assert knowledge_gradient(utility, x[:, None], np.full(1, 3.0)).gain[0] < gained[0]


def test_candidate_cells_are_cheap_and_priced():
    for s, p, cost in candidate_cells(1000, 2.0, 0.5):
        assert cost == s * 2 + p * 0.5 <= 250
        assert s + p >= 4


def test_wasted_is_what_no_later_purchase_uses():
    """At all nodes 60 demonstrations and 50 pairs are bought: of 100 and 20 measured, 40 demonstrations lie idle."""
    bought = np.tile([60.0, 50.0], (len(WEIGHTS), 1))
    assert wasted_usd((100, 20), bought, (2.0, 1.0)) == pytest.approx(80)
    assert wasted_usd((60, 50), bought, (2.0, 1.0)) == 0


def test_cells_are_chosen_by_gain_against_what_is_lost():
    """Oracle by hand, a USD being worth .0001: the first gains less than it loses, the last less than anyone sees."""
    cells = [(10, 0, 10.0), (100, 0, 100.0), (400, 0, 400.0), (5, 0, 5.0)]
    gain, wasted = np.array([0.002, 0.010, 0.012, 0.0001]), np.array([30.0, 0.0, 20.0, 0.0])
    found = next_experiments(cells, gain, wasted, 1.0, 1e-4, 8000.0)
    assert [e.n_demonstrations for e in found] == [100, 400]
    assert found[0].worth_usd == pytest.approx(100)
    assert (found[1].cost_usd, found[1].net_cost_usd) == (401, 21)
    assert next_experiments(cells, gain, wasted, 200.0, 1e-4, 8000.0) == ()


def test_a_price_that_is_no_interval_is_its_own_middle():
    assert [price_of(usd, "x").middle for usd in (0.5, 0.1, 2.0, 3.7)] == [0.5, 0.1, 2.0, 3.7]
