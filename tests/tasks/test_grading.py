"""Grading by number: extraction, normalisation and false steps, on cases and against an obvious evaluator."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.tasks.arithmetic import false_steps, steps, without_marks
from apportion.tasks.grade import last_number, number, strict_number
from apportion.tasks.math import grade_solution
from apportion.tasks.plain_graders import grade_exact, grade_last_number
from apportion.tasks.task import Grade, Problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18", 18),
        (" $18 ", 18),
        ("18.", 18),
        ("18.00", 18),
        ("1,080", 1080),
        ("$1,250,000.50", Fraction(2500001, 2)),
        ("-3", -3),
        ("−3", -3),
        ("-$3", -3),
        ("$-3", -3),
        (".5", Fraction(1, 2)),
        ("50%", 50),
        ("18 eggs", None),
        ("1,2", None),
        ("", None),
        ("1/2", None),
        ("--3", None),
    ],
)
def test_numbers_are_normalised(text: str, value: Fraction | None) -> None:
    assert number(text) == value


@given(st.integers(-(10**12), 10**12), st.booleans(), st.integers(0, 3))
def test_every_way_of_writing_a_whole_number_is_read(value: int, dollars: bool, zeros: int) -> None:
    sign = "-" if value < 0 else ""
    text = f"{sign}{'$' if dollars else ''}{abs(value):,}" + (("." + "0" * zeros) if zeros else "")
    assert number(text) == value
    assert strict_number(f"because\n#### {text}\n") == value
    assert last_number(f"1 is not {text}.") == value


@pytest.mark.parametrize(
    ("text", "strict", "last"),
    [
        ("2 + 2 = 4\n#### 4", 4, 4),
        ("#### 4\n#### 5", 4, 5),
        ("####4.", 4, 4),
        ("#### $1,000 \n", 1000, 1000),
        ("A: 4", None, 4),
        ("#### 4 eggs", None, 4),
        ("so #### 4", None, 4),
        ("#### four", None, None),
        ("20-3", None, 3),
        ("It is 5-6.", None, 6),
        ("It fell to -6", None, -6),
        ("on 2, 3 and 1,000,", None, 1000),
        ("", None, None),
    ],
)
def test_answers_are_found(text: str, strict: int | None, last: int | None) -> None:
    assert strict_number(text) == strict
    assert last_number(text) == last


@pytest.mark.parametrize(
    "text",
    [
        "48/2 = 24",
        "2*(3+4)=14",
        "2 x 3 × 4 = 24",
        "7 ÷ 2 = 3.5",
        "$5 + $.50 = $5.50",
        "10/3 = 3.33 and 10/3 = 3 and 20/3 = 7",
        "20% * 50 = 10",
        "20/50*100 = 40%",
        "1,000 - 1 = 999",
        "16 - 3 - 4 = <<16-3-4=9>>9",
        "-5 + 8 = 3",
    ],
)
def test_true_steps_hold(text: str) -> None:
    assert not false_steps(text)


FALSE = ["2+2=5", "<<2*3=5>>", "7*8 = 54", "0.5 + 0.25 = 0.5", "$90 - $1 = $99", "12/4=4"]


@pytest.mark.parametrize("text", FALSE)
def test_false_steps_are_found(text: str) -> None:
    assert false_steps(text)


UNCERTAIN = [
    "3 eggs + 4 * 2 = 11 eggs",
    "2x + 1 = 5",
    "2 + 3 = 5 + 1 = 6",
    "2 1/2 * 2 = 5",
    "1/3 = 3/9",
    "4 = 5",
    "1/0 = 1",
    "at 8:30 - 15 = 8",
    "( 3 + 4 = 9",
    "= 7",
    "2 + = 3",
    "2^3+1=9",
]


@pytest.mark.parametrize("text", UNCERTAIN)
def test_what_is_uncertain_is_no_step(text: str) -> None:
    assert not steps(text)


numbers = st.integers(0, 99).map(str)
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map("".join), inner.map(lambda text: f"({text})")
    ),
    max_leaves=5,
).filter(lambda text: not text.isdigit() and any(sign in text for sign in "+-*"))


@given(expressions, st.integers(-2, 2))
def test_steps_agree_with_python(expression: str, slip: int) -> None:
    claim = eval(expression) + slip
    assert bool(false_steps(f"so {expression} = {claim}")) == (slip != 0)


@given(st.text(alphabet="0123456789+-*/()=.,$% x<>", max_size=60))
def test_no_text_breaks_the_reader_of_steps(text: str) -> None:
    assert {step.text for step in steps(without_marks(text))} >= set(false_steps(without_marks(text)))
    last_number(text)
    strict_number(text)


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        (" 16 - 7 = 9\n9 * 2 = $18\n#### 18", Grade(True, True, "none")),
        ("#### $18.00", Grade(True, True, "none")),
        ("#### 18\nQuestion: And 5?\nAnswer: #### 5", Grade(True, True, "none")),
        ("It is 18.", Grade(False, True, "style-only")),
        ("A: 18", Grade(False, True, "style-only")),
        ("I do not know", Grade(False, False, "refused")),
        ("16 - 7 = 8\n#### 16", Grade(False, False, "arithmetic")),
        ("16 - <<16-7=8>>7 is left\n#### 16", Grade(False, False, "arithmetic")),
        ("16 - 3 = 13\n#### 13", Grade(False, False, "other")),
        ("#### 17, no, 18", Grade(False, True, "style-only")),
        ("#### 18\n#### 19", Grade(True, True, "none")),
        ("#### 19\n#### 18", Grade(False, True, "style-only")),
    ],
)
def test_solutions_are_graded_and_classed(text: str, grade: Grade) -> None:
    assert grade_solution(Problem("p", "q", "18"), text) == grade


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        (" Paris\n", Grade(True, True, "none")),
        ("paris.", Grade(False, True, "style-only")),
        ("", Grade(False, False, "malformed")),
        ("Rome", Grade(False, False, "other")),
        ("I don't know.", Grade(False, False, "refused")),
        ("Rome, " * 20, Grade(False, False, "repetition")),
    ],
)
def test_exact_answers(text: str, grade: Grade) -> None:
    assert grade_exact(Problem("p", "q", "Paris"), text) == grade


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("so 4,000.", Grade(True, True, "none")),
        ("none.", Grade(False, False, "malformed")),
        ("none", Grade(False, False, "truncated")),
        ("4000 - 1", Grade(False, False, "other")),
    ],
)
def test_last_numbers(text: str, grade: Grade) -> None:
    assert grade_last_number(Problem("p", "q", "It costs $4000"), text) == grade
