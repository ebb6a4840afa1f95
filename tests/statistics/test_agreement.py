"""Agreement of two readers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.statistics import agreement


def test_a_published_example() -> None:
    """Cohen's kappa of 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no is .4."""
    one = ["yes"] * 25 + ["no"] * 25
    other = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = agreement(one, other)
    assert (found.share, found.items) == (0.7, 50)
    assert found.kappa == pytest.approx(0.4)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1))
def test_kappa_never_exceeds_the_share(labels: list[tuple[str, str]]) -> None:
    one, other = zip(*labels, strict=True)
    found = agreement(one, other)
    assert found.kappa <= found.share or found.share == 1
    assert agreement(other, one) == found
    assert agreement(one, one).kappa == 1


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2 and 1 labels"):
        agreement("ab", "a")
    with pytest.raises(ValueError, match="0 and 0"):
        agreement("", "")
