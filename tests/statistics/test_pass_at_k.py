"""pass@k against the average over every choice of k answers."""

from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.statistics.pass_at_k import mean_pass_at_k, pass_at_k


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.data())
def test_it_is_the_share_of_choices_in_which_one_passes(answers, data):
    k = data.draw(st.integers(1, len(answers)))
    choices = list(combinations(answers, k))
    expected = sum(any(choice) for choice in choices) / len(choices)
    assert pass_at_k(len(answers), sum(answers), k) == pytest.approx(expected, abs=1e-12)


def test_large_numbers_do_not_overflow():
    assert pass_at_k(200, 10, 100) == pytest.approx(1 - comb(190, 100) / comb(200, 100))
    assert pass_at_k(10**6, 0, 10**5) == 0.0
    assert pass_at_k(10**6, 10**6 - 5, 10) == 1.0


def test_problems_count_alike():
    assert mean_pass_at_k([[True] * 10, [False, False]], 2) == 0.5


@pytest.mark.parametrize(("n", "passed", "k"), [(1, 1, 2), (3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_what_cannot_be_estimated_is_refused(n, passed, k):
    with pytest.raises(UserError, match="pass@k"):
        pass_at_k(n, passed, k)
    with pytest.raises(UserError, match="no problem"):
        mean_pass_at_k([], 1)
