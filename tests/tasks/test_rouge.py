"""ROUGE-L against an obvious count of the longest common subsequence."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.tasks.rouge import common_subsequence, rouge_l


def slow(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    @cache
    def longest(i: int, j: int) -> int:
        if i == len(left) or j == len(right):
            return 0
        if left[i] == right[j]:
            return 1 + longest(i + 1, j + 1)
        return max(longest(i + 1, j), longest(i, j + 1))

    return longest(0, 0)


words = st.lists(st.sampled_from("abcd"), max_size=12).map(tuple)


@given(words, words)
def test_the_subsequence_is_the_longest(left, right) -> None:
    assert common_subsequence(left, right) == slow(left, right)
    assert common_subsequence(right, left) == slow(left, right)


@given(words, words)
def test_scores_lie_between_nothing_and_all(left, right) -> None:
    found = rouge_l(" ".join(left), " ".join(right))
    assert all(0 <= score <= 1 for score in found)
    assert rouge_l(" ".join(right), " ".join(left)).f1 == found.f1
    assert (found.f1 == 1) == (left == right != ())


def test_the_paper_s_example() -> None:
    """Lin 2004: "police killed the gunman" against "police kill the gunman" is 3/4, "the gunman kill police" 1/2."""
    reference = "police killed the gunman"
    assert rouge_l("police kill the gunman", reference).f1 == pytest.approx(3 / 4)
    assert rouge_l("the gunman kill police", reference).f1 == pytest.approx(1 / 2)


def test_words_are_bare() -> None:
    assert rouge_l("The CAT, sat!", "the cat sat").f1 == 1
    assert rouge_l("", "x") == rouge_l("?!", "x") == (0, 0, 0)
    assert rouge_l("word " * 20_000, "word " * 20_000).f1 == 1
