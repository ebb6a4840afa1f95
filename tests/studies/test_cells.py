import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.studies.cells import Prices, Purchase, arms, purchase

prices = st.floats(0.01, 100).map(lambda x: round(x, 2))


@given(
    budget=st.integers(0, 100_000),
    share=st.sampled_from([0, 0.01, 0.1, 0.25, 0.5, 0.75, 1]),
    a=prices,
    b=prices,
)
def test_a_purchase_never_costs_more_than_the_budget_nor_leaves_what_buys_one_more(
    budget: int, share: float, a: float, b: float
) -> None:
    bought = purchase(budget, share, Prices(a, b))
    assert bought.n_demonstrations * a <= share * budget * (1 + 1e-6) + 1e-6
    assert bought.n_pairs * b <= (1 - share) * budget * (1 + 1e-6) + 1e-6
    assert (bought.n_demonstrations + 1) * a > share * budget
    assert (bought.n_pairs + 1) * b > (1 - share) * budget


@pytest.mark.parametrize(
    ("budget", "share", "expected"),
    [(100, 1, (100, 0)), (100, 0, (0, 100)), (100, 0.1, (10, 90)), (128, 0.25, (32, 96)), (3, 0.5, (1, 1))],
)
def test_equal_prices_count_examples(budget: float, share: float, expected: tuple[int, int]) -> None:
    assert purchase(budget, share, Prices()) == Purchase(*expected)


def test_decimal_prices_lose_no_example_to_rounding() -> None:
    assert purchase(0.3, 1.0, Prices(demonstration=0.1)) == Purchase(3, 0)


def test_controls_stand_beside_methods_only_where_there_are_pairs() -> None:
    assert arms(Purchase(0, 0), ("dpo",), ("sft-on-chosen",)) == ("base",)
    assert arms(Purchase(5, 0), ("dpo", "ipo"), ("sft-on-chosen",)) == ("sft",)
    assert arms(Purchase(0, 5), ("dpo", "ipo"), ("sft-on-chosen",)) == ("dpo", "ipo", "sft-on-chosen")
