"""The world task: its pools are disjoint by content, its dials do what they say, its answers verify."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.identity import generator
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.tasks.task import Problem
from apportion.tasks.world import WorldSettings, grade_answer, pool_of, world_task
from apportion.tasks.world_annotators import mistaken_steps
from apportion.world_language import LARGEST, VERBS, draw_story, question, told, worked_answer

FAULTLESS = WorldSettings(problems=50, demonstrations=400, pairs=400, answers=30, comparisons=30, lazy=0.0)
SIGNS = {verb.word: verb.sign for verb in VERBS}


def solve(prompt: str) -> tuple[int, list[int]]:
    """Start and signed steps, read off the prompt's text alone."""
    start = re.search(r"has (\d+) ", prompt)
    assert start is not None
    events = re.findall(r"(?:he|she) (\S+) (\d+) \.", prompt)
    return int(start[1]), [SIGNS[verb] * int(amount) for verb, amount in events]


def right_answer(prompt: str) -> str:
    start, steps = solve(prompt)
    return worked_answer(start, tuple(steps))


def is_right(prompt: str, answer: str) -> bool:
    start, steps = solve(prompt)
    return answer.endswith(f"#### {start + sum(steps)}")


def prompts(*pools: tuple[Problem | Demonstration | PreferencePair, ...]) -> list[str]:
    return [str(item.prompt) for pool in pools for item in pool]


def test_the_same_settings_give_the_same_task():
    assert world_task(FAULTLESS) == world_task(FAULTLESS)


def test_another_seed_gives_other_items():
    task, other = world_task(FAULTLESS), world_task(replace(FAULTLESS, seed=1))
    assert task.demonstrations != other.demonstrations
    assert task.problems != other.problems


def test_all_pools_are_disjoint_by_prompt_over_splits_and_seeds():
    tasks = [
        world_task(replace(FAULTLESS, seed=seed, split=split))
        for seed in (0, 1)
        for split in ("development", "test")
    ]
    pools = {
        "demonstrations": prompts(*(task.demonstrations for task in tasks)),
        "pairs": prompts(*(task.pairs for task in tasks)),
        "development": prompts(tasks[0].problems, tasks[2].problems),
        "test": prompts(tasks[1].problems, tasks[3].problems),
        "answers": prompts(*(task.answers for task in tasks)),
        "comparisons": prompts(*(task.comparisons for task in tasks)),
    }
    names = list(pools)
    for index, name in enumerate(names):
        for other in names[index + 1 :]:
            assert not set(pools[name]) & set(pools[other]), (name, other)


def test_the_default_pools_have_distinct_prompts_and_ids():
    task = world_task(WorldSettings())
    for pool in (task.demonstrations, task.pairs, task.problems, task.answers, task.comparisons):
        assert len({item.prompt for item in pool}) == len(pool) == len({item.id for item in pool}) > 0
    assert len(task.demonstrations) == len(task.pairs) == 8192


def test_the_split_chooses_problems_and_nothing_else():
    development, test = world_task(FAULTLESS), world_task(replace(FAULTLESS, split="test"))
    assert {pool_of(prompt) for prompt in prompts(development.problems)} == {"development"}
    assert {pool_of(prompt) for prompt in prompts(test.problems)} == {"test"}
    assert (development.demonstrations, development.pairs) == (test.demonstrations, test.pairs)


def test_a_smaller_pool_is_the_beginning_of_a_larger_one_and_moves_no_other():
    small = world_task(replace(FAULTLESS, demonstrations=100, problems=10))
    large = world_task(FAULTLESS)
    assert small.demonstrations == large.demonstrations[:100]
    assert small.problems == large.problems[:10]
    assert small.pairs == large.pairs


def test_faultless_answers_verify():
    task = world_task(FAULTLESS)
    for item in (*task.demonstrations, *task.answers):
        assert item.response == right_answer(str(item.prompt))
    for pair in (*task.pairs, *task.comparisons):
        assert pair.chosen == right_answer(str(pair.prompt))
        assert not is_right(str(pair.prompt), pair.rejected)
    for problem in task.problems:
        assert task.grade(problem, right_answer(str(problem.prompt))).strict


def share(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


@pytest.mark.parametrize("quality", [0.0, 0.7, 1.0])
def test_demonstrator_quality_is_the_share_of_right_answers(quality: float):
    task = world_task(WorldSettings(demonstrations=3000, pairs=0, demonstrator_quality=quality, lazy=0.5))
    rights = [is_right(str(item.prompt), item.response) for item in task.demonstrations]
    assert share(rights) == pytest.approx(quality, abs=4 * (quality * (1 - quality) / 3000) ** 0.5)


@pytest.mark.parametrize("lazy", [0.0, 0.6, 1.0])
def test_lazy_is_the_share_of_demonstrations_without_working(lazy: float):
    task = world_task(WorldSettings(demonstrations=3000, pairs=0, lazy=lazy))
    assert share([item.response.startswith(" ####") for item in task.demonstrations]) == pytest.approx(
        lazy, abs=4 * (lazy * (1 - lazy) / 3000) ** 0.5
    )


@pytest.mark.parametrize(("quality", "rejected_lazy", "label_noise"), [(1, 0.6, 0), (1, 0, 0.1), (0.8, 1, 0)])
def test_the_dials_of_pairs_are_shares(quality: float, rejected_lazy: float, label_noise: float):
    count = 3000
    task = world_task(
        WorldSettings(
            demonstrations=0,
            pairs=count,
            chosen_quality=quality,
            rejected_lazy=rejected_lazy,
            label_noise=label_noise,
        )
    )
    margin = 4 * (0.25 / count) ** 0.5
    first_right = share([is_right(str(pair.prompt), pair.chosen) for pair in task.pairs])
    second_lazy = share([pair.rejected.startswith(" ####") for pair in task.pairs])
    assert first_right == pytest.approx(quality * (1 - label_noise), abs=margin)
    assert second_lazy == pytest.approx(rejected_lazy * (1 - label_noise), abs=margin)


def test_label_noise_swaps_just_its_share_of_pairs():
    clean = world_task(WorldSettings(demonstrations=0, pairs=3000)).pairs
    noisy = world_task(WorldSettings(demonstrations=0, pairs=3000, label_noise=0.1)).pairs
    swapped = [(a.chosen, a.rejected) == (b.rejected, b.chosen) for a, b in zip(clean, noisy, strict=True)]
    kept = [a == b for a, b in zip(clean, noisy, strict=True)]
    assert all(a != b for a, b in zip(swapped, kept, strict=True))
    assert share(swapped) == pytest.approx(0.1, abs=4 * (0.09 / 3000) ** 0.5)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), low=st.floats(0, 1), high=st.floats(0, 1))
def test_turning_a_dial_up_changes_only_answers_that_it_must(seed: int, low: float, high: float):
    low, high = sorted((low, high))
    small = WorldSettings(seed=seed, problems=0, demonstrations=10, pairs=0, answers=0, comparisons=0)
    before = world_task(replace(small, lazy=low)).demonstrations
    after = world_task(replace(small, lazy=high)).demonstrations
    for one, other in zip(before, after, strict=True):
        assert one == other or (other.response.startswith(" ####") and not one.response.startswith(" ####"))


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_mistake_is_one_wrong_step_with_a_wrong_end(seed: int):
    rng = generator("test", "mistake", seed)
    story = draw_story(rng)
    wrong = mistaken_steps(story, rng)
    differing = [(a, b) for a, b in zip(story.steps, wrong, strict=True) if a != b]
    assert len(differing) == 1
    right, mistaken = differing[0]
    assert right == -mistaken or right * mistaken > 0
    assert sum(wrong) != sum(story.steps)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_stories_stay_in_range_and_prompts_tell_all(seed: int):
    story = draw_story(generator("test", "story", seed))
    start, steps = solve(question(story))
    assert (start, tuple(steps)) == (story.start, story.steps)
    totals = [start + sum(steps[: index + 1]) for index in range(len(steps))]
    assert all(0 <= total <= LARGEST for total in totals)
    assert 1 <= len(steps) <= 3


PROBLEM = Problem("p", "Q : Tom has 9 coins . he buys 3 . he eats 2 . how many ? A :", "10")


@pytest.mark.parametrize(
    ("text", "strict", "flexible", "error_class"),
    [
        (" 9 + 3 = 12 ; 12 - 2 = 10 ; #### 10", True, True, "none"),
        (" #### 10", True, True, "none"),
        ("9 + 3 = 12 ; 12 - 2 = 10 ; #### 10\n", True, True, "none"),
        (" 9 + 3 = 12 ; 12 - 2 = 10", False, True, "style-only"),
        (" 10", False, True, "style-only"),
        (" 11", False, False, "truncated"),
        ("", False, False, "malformed"),
        (" he likes red plums .", False, False, "malformed"),
        (" he buys" * 9, False, False, "repetition"),
        (" #### 10 coins", False, True, "style-only"),
        (" 9 + 3 = 12 #### 10", False, True, "style-only"),
        (" #### 10 ; #### 10", False, True, "style-only"),
        (" #### ", False, False, "truncated"),
        (" #### 14", False, False, "other"),
        (" 9 + 3 = 12 ; 12 + 2 = 14 ; #### 14", False, False, "wrong-plan"),
        (" 9 + 3 = 12 ; 12 - 1 = 11 ; #### 11", False, False, "wrong-plan"),
        (" 9 + 3 = 12 ; #### 12", False, False, "missing-or-extra-step"),
        (" 9 - 2 = 7 ; #### 7", False, False, "missing-or-extra-step"),
        (" 9 + 3 = 12 ; 12 - 2 = 10 ; 10 + 4 = 14 ; #### 14", False, False, "missing-or-extra-step"),
        (" 8 + 3 = 11 ; #### 11", False, False, "wrong-plan"),
        (" 9 + 3 = 12 ; 12 - 2 = 11 ; #### 11", False, False, "arithmetic"),
        (" 9 + 3 = 12 ; 12 - 2 = 10 ; #### 11", False, False, "arithmetic"),
    ],
)
def test_grades(text: str, strict: bool, flexible: bool, error_class: str):
    grade = grade_answer(PROBLEM, text)
    assert (grade.strict, grade.flexible, grade.error_class) == (strict, flexible, error_class)


def test_without_a_story_in_the_prompt_a_wrong_answer_is_not_told_apart() -> None:
    assert grade_answer(Problem("p", "how many ?", "10"), " 9 + 3 = 12 ; #### 12").error_class == "other"


@given(st.integers(0, 2**32))
def test_what_a_prompt_tells_is_its_story(seed: int) -> None:
    story = draw_story(generator("told", str(seed)))
    assert told(question(story)) == (story.start, story.steps)
    assert told("Q : how many ? A :") is None


@pytest.mark.parametrize("wrong", [{"lazy": 1.5}, {"label_noise": -0.1}, {"split": "train"}, {"pairs": -1}])
def test_settings_that_make_no_sense_are_the_users_to_mend(wrong: dict):
    with pytest.raises(UserError, match="world task"):
        WorldSettings(**wrong)
