"""Subsets: laws that hold for every pool, size and seed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.judgements.contamination import prompt_key
from apportion.judgements.demonstrations import Demonstration, Message
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.subsets import permuted, scattered, split_by_prompt, subset

SEEDS = st.integers(0, 5)


@st.composite
def pools(draw: st.DrawFn) -> tuple[PreferencePair, ...]:
    """Draw pairs over few prompts, some written in other letters, with ids that number the rows."""
    prompts = st.sampled_from(["a", "A ", "b", "c", "d d", "d  D", (Message("user", "e"),)])
    rows = draw(st.lists(st.tuples(prompts, st.sampled_from("xyz"), st.sampled_from("uvw")), max_size=25))
    return tuple(PreferencePair(f"r{place}", *row) for place, row in enumerate(rows))


@given(pools(), SEEDS, st.data())
def test_subsets_nest(pool: tuple[PreferencePair, ...], seed: int, data: st.DataObject) -> None:
    large = data.draw(st.integers(0, len(pool)))
    small = data.draw(st.integers(0, large))
    assert subset(pool, small, seed) == subset(pool, large, seed)[:small]


@given(pools(), SEEDS, st.data())
def test_the_order_of_rows_does_not_matter(
    pool: tuple[PreferencePair, ...], seed: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(pool))
    assert permuted(shuffled, seed) == permuted(pool, seed)
    assert scattered(shuffled, None, seed) == scattered(pool, None, seed)


@given(pools(), SEEDS)
def test_a_permutation_loses_nothing(pool: tuple[PreferencePair, ...], seed: int) -> None:
    assert sorted(permuted(pool, seed), key=str) == sorted(pool, key=str)
    assert sorted(scattered(pool, None, seed), key=str) == sorted(pool, key=str)


@given(pools(), SEEDS)
def test_the_rows_of_a_prompt_follow_one_another(pool: tuple[PreferencePair, ...], seed: int) -> None:
    keys = [prompt_key(row.prompt) for row in permuted(pool, seed)]
    changes = sum(left != right for left, right in pairwise(keys))
    assert changes == max(0, len(set(keys)) - 1)


@given(pools(), SEEDS, st.data())
def test_adding_rows_moves_no_others(
    pool: tuple[PreferencePair, ...], seed: int, data: st.DataObject
) -> None:
    kept = [row for row in pool if data.draw(st.booleans())]
    assert [row for row in permuted(pool, seed) if row in kept] == list(permuted(kept, seed))


@given(pools(), SEEDS, st.data())
def test_a_split_cuts_between_prompts(
    pool: tuple[PreferencePair, ...], seed: int, data: st.DataObject
) -> None:
    n = data.draw(st.integers(0, len({prompt_key(row.prompt) for row in pool})))
    taken, rest = split_by_prompt(pool, n, seed)
    prompts = {prompt_key(row.prompt) for row in taken}
    assert len(prompts) == n
    assert prompts.isdisjoint(prompt_key(row.prompt) for row in rest)
    assert sorted((*taken, *rest), key=str) == sorted(pool, key=str)


def test_a_prompt_written_in_two_ways_is_on_one_side_of_a_split() -> None:
    asked = Message("user", "prompt 3")
    ways = ("caf\u00e9", "cafe\u0301", "prompt 3", (Message("system", "s"), asked), "prompt 4", "prompt 5")
    pool = tuple(Demonstration(str(i), prompt, "r") for i, prompt in enumerate(ways))
    for seed in range(10):
        taken, rest = split_by_prompt(pool, 2, seed)
        assert not {prompt_key(row.prompt) for row in taken} & {prompt_key(row.prompt) for row in rest}
        assert len({prompt_key(row.prompt) for row in taken}) == 2


def test_seeds_differ_and_repeat() -> None:
    pool = tuple(Demonstration(str(i), f"prompt {i}", "r") for i in range(50))
    assert subset(pool, 10, 0) == subset(pool, 10, 0)
    assert subset(pool, 10, 0) != subset(pool, 10, 1)


def test_a_fixed_subset_stays_what_it_was() -> None:
    pool = tuple(Demonstration(str(i), f"prompt {i}", "r") for i in range(10))
    assert [row.id for row in subset(pool, 5, 7)] == GOLDEN


def test_more_than_there_is_cannot_be_had() -> None:
    pool = (Demonstration("0", "p", "r"),)
    with pytest.raises(UserError) as caught:
        subset(pool, 2, 0)
    assert str(caught.value) == (
        "subset: found a size of 2; expected 0 to 1, the rows of the pool. Ask for fewer, or add data."
    )
    with pytest.raises(UserError, match="3 prompts"):
        split_by_prompt(pool, 3, 0)


GOLDEN = ["6", "5", "8", "9", "0"]
