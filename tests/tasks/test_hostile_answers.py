"""Whatever a model says, every grader gives a grade: of the shared classes, never right by accident."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.error_classes import FORMLESS, known
from apportion.tasks import world
from apportion.tasks.instructions import grade_instructions
from apportion.tasks.math import grade_solution
from apportion.tasks.multihop import grade_answer
from apportion.tasks.plain_graders import grade_exact, grade_last_number
from apportion.tasks.preference import grade_open
from apportion.tasks.task import Grade, Problem

INSTRUCTIONS = json.dumps([["detectable_format:title", {}], ["punctuation:no_comma", {}]])
GRADERS: dict[str, tuple[Callable[[Problem, str], Grade], Problem]] = {
    "world": (
        world.grade_answer,
        Problem("p", "Q : Tom has 9 coins . he buys 3 . how many ? A :", "12"),
    ),
    "solution": (grade_solution, Problem("p", "q", "123456789\n\n123456788 + 1 = 123456789\n#### 123456789")),
    "solution without working": (grade_solution, Problem("p", "q", "123456789")),
    "exact": (grade_exact, Problem("p", "q", "Paris")),
    "last number": (grade_last_number, Problem("p", "q", "123456789")),
    "short answer": (grade_answer, Problem("p", "q", "Paris\n\nFrance")),
    "yes or no": (grade_answer, Problem("p", "q", "yes")),
    "instructions": (grade_instructions, Problem("p", "q", INSTRUCTIONS)),
}
ANSWERS = st.lists(
    st.sampled_from(
        ["#### ", "123456789", "5", "\n", "The answer is ", "yes", "no", " ", ".", ", ", "Paris", "12", "; "]
    ),
    max_size=9,
).map("".join)
LONG = {
    "letters": "x" * 100_000,
    "brackets": "(" * 100_000,
    "digits": "9" * 100_000,
    "steps": "1 + 1 = 3 ; " * 9_000,
    "distinct steps": "\n".join(f"{n} + {n + 1} = {2 * n + 1}" for n in range(3_000)) + "\n#### 7",
    "markers": "#### " * 20_000,
    "answers": "the answer is " * 7_000,
    "lines": "\n" * 100_000,
    "commas": "1," * 50_000,
    "quotes": "\u201c" * 100_000,
    "half a pair": "\ud800" * 1_000,
    "nothing": "\0" * 100_000,
    "signs": "+-" * 50_000,
    "past every float": f"{'9' * 400} * 2 = {'9' * 401}\n#### 5",
    "a float past every float": f"{'9' * 400} - {'8' * 400} = {'1' * 400} , 2 / {'7' * 400} = 0\n#### {'9' * 400}",
    "past int's digits": f"{'9' * 5000} + 1 = 2 ; #### 5",
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
@pytest.mark.parametrize("name", GRADERS)
def test_a_hostile_answer_is_graded_and_wrong(name: str, text: str) -> None:
    grader, problem = GRADERS[name]
    found = grader(problem, text)
    assert not found.strict and not found.flexible
    assert known(found.error_class) and found.error_class != "none"


@pytest.mark.parametrize("text", ["", " ", "\n\t\n"])
@pytest.mark.parametrize("name", GRADERS)
def test_an_empty_answer_has_no_form(name: str, text: str) -> None:
    grader, problem = GRADERS[name]
    found = grader(problem, text)
    assert (found.strict, found.flexible, found.error_class) == (False, False, "malformed")


@pytest.mark.parametrize("text", ["", *LONG.values()], ids=["empty", *LONG])
def test_open_answers_have_a_score(text: str) -> None:
    found = grade_open(Problem("p", "q", "the dog ate it"), text)
    assert found.score is not None and 0 <= found.score <= 1
    assert found.error_class == "none" or found.error_class in FORMLESS


@pytest.mark.parametrize("name", GRADERS)
@given(text=st.one_of(st.text(max_size=60), ANSWERS))
def test_strict_flexible_and_class_agree(name: str, text: str) -> None:
    grader, problem = GRADERS[name]
    found = grader(problem, text)
    assert known(found.error_class)
    assert found.strict == (found.error_class == "none")
    assert found.flexible or not found.strict
    if found.flexible and not found.strict:
        assert found.error_class in FORMLESS
