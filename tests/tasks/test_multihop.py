"""Multihop questions: the real sets, normalisation as the field does it, right, wrong and hostile answers."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.studies.study import TASKS
from apportion.tasks.multihop import (
    MULTIHOP,
    MultihopSettings,
    answer_f1,
    classify_answer,
    compositionality_gap,
    grade_answer,
)
from apportion.tasks.short_answers import exact_match, f1, final_answer, normalised, yes_or_no
from apportion.tasks.task import Problem


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("The Beatles", "beatles"),
        ("  an  Apple, a day! ", "apple day"),
        ("Jay-Z", "jayz"),
        ("U.S.", "us"),
        ("theatre", "theatre"),
        ("¥", "¥"),
        ("$", "$"),
        ("", ""),
    ],
)
def test_answers_are_normalised(text: str, bare: str) -> None:
    assert normalised(text) == bare


def slow_f1(answer: str, reference: str) -> float:
    """SQuAD v1.1's own words: precision and recall over the tokens in common."""
    own, right = normalised(answer).split(), normalised(reference).split()
    same = sum((Counter(own) & Counter(right)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(own), same / len(right)
    return 2 * precision * recall / (precision + recall)


words = st.lists(st.sampled_from(["Paris", "the", "of", "France", "1982", "a"]), max_size=5).map(" ".join)


@given(words, words)
def test_f1_is_that_of_squad(answer: str, reference: str) -> None:
    assert f1(answer, [reference]) == pytest.approx(slow_f1(answer, reference))
    assert f1(answer, [reference, answer]) >= f1(answer, [reference])
    if exact_match(answer, [reference]) and normalised(answer):
        assert f1(answer, [reference]) == 1


def test_yes_and_no_have_to_be_the_whole_answer() -> None:
    assert f1("yes", ["yes"]) == 1
    assert f1("yes it is", ["yes"]) == f1("no", ["no man"]) == 0


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So the answer is James Madison.", "James Madison"),
        ("The answer is probably George H. W. Bush. Or not.", "George H. W. Bush"),
        ("The answer was wrong. The answer is: .sy", ".sy"),
        ("Answer: Titan IIIE\n", "Titan IIIE"),
        ("1812\n#### james madison", "james madison"),
        ("I think it was him.", None),
        ("the answer is", None),
        ("", None),
    ],
)
def test_answers_are_found(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer


MADISON = Problem("b", "q", "james madison\n\n1812")
YES = Problem("s", "q", "yes")
GRADES = [
    (MADISON, "Citibank was founded in 1812. So the answer is James Madison.", True, True, "none"),
    (MADISON, "James Madison", False, True, "style-only"),
    (MADISON, "It was in 1812, under James Madison", False, True, "style-only"),
    (MADISON, "Citibank was founded in 1812. So the answer is 1812.", False, False, "missing-or-extra-step"),
    (MADISON, "Citibank was founded in the year 1912. So the answer is Taft.", False, False, "wrong-hop"),
    (MADISON, "The answer is Taft.", False, False, "other"),
    (MADISON, "", False, False, "malformed"),
    (MADISON, "no idea.", False, False, "malformed"),
    (YES, "Albany has 75,000 people. So the answer is yes.", True, True, "none"),
    (YES, "The answer is: Yes, it will.", True, True, "none"),
    (YES, "The answer is true", True, True, "none"),
    (YES, "Yes", False, True, "style-only"),
    (YES, "yes or no", False, False, "truncated"),
    (YES, "The answer is: yes or no, I cannot tell", False, False, "other"),
    (YES, "The answer is yes, no", False, False, "other"),
    (YES, "The answer is yes and no.", False, False, "other"),
    (YES, "The answer is no, yes", False, False, "other"),
    (YES, "The answer is yes, no doubt about it.", True, True, "none"),
    (YES, "The answer is: yes, true.", True, True, "none"),
    (YES, "The answer is no.\nQuestion: And now?\nAnswer: the answer is yes.", False, False, "other"),
]


@pytest.mark.parametrize(("problem", "text", "strict", "flexible", "error_class"), GRADES)
def test_answers_are_graded(problem, text, strict, flexible, error_class) -> None:
    grade = grade_answer(problem, text)
    assert (grade.strict, grade.flexible, grade.error_class) == (strict, flexible, error_class)


@pytest.mark.parametrize(
    ("reference", "text", "error_class"),
    [
        (
            "Rolul\n\nGagan",
            "The home of Diger is Gagan . The mayor of Gagan is Rolul . So the answer is Rolul .",
            "none",
        ),
        (
            "Rolul\n\nGagan",
            "The home of Diger is Gagan . The mayor of Gagan is Gomar . So the answer is Gomar .",
            "wrong-hop",
        ),
        (
            "Rolul\n\nGagan",
            "The home of Diger is Veki . The mayor of Veki is Sigun . So the answer is Sigun .",
            "wrong-hop",
        ),
        ("Rolul\n\nGagan", "Rolul .", "style-only"),
        ("Rolul\n\nGagan", "Kokel .", "malformed"),
        ("Dilan", "is the answer is Silar .", "other"),
        ("Rolul", "The answer is the answer the answer the winner of Tusel .", "other"),
    ],
)
def test_classes_of_what_a_model_said(reference: str, text: str, error_class: str) -> None:
    """Answers of the base that comes along, in studies/new-knowledge.toml."""
    assert grade_answer(Problem("p", "q", reference), text).error_class == error_class


def test_a_refusal_is_one() -> None:
    assert classify_answer("I'm sorry, I do not know.", ["x"], [], False, False) == "refused"
    assert classify_answer("It was founded in", ["x"], [], False, False, finished=False) == "truncated"


def test_f1_of_an_answer() -> None:
    assert answer_f1(MADISON, "So the answer is Madison.") == pytest.approx(2 / 3)
    assert answer_f1(YES, "the answer is yes, it will") == 1
    assert answer_f1(YES, "the answer is no") == 0


@given(st.text(max_size=200))
def test_no_text_breaks_the_grader(text: str) -> None:
    for problem in (MADISON, YES):
        grade = grade_answer(problem, text)
        assert grade.flexible or not grade.strict
        assert 0 <= answer_f1(problem, text) <= 1


def test_a_long_answer_is_graded() -> None:
    assert not grade_answer(MADISON, "the answer is " * 10_000).strict


@pytest.mark.parametrize(
    ("name", "problems", "demonstrations"),
    [("strategyqa", 229, 2061), ("bamboogle", 125, 0), ("hotpotqa", 80, 0), ("composed-facts", 1000, 0)],
)
def test_the_real_sets(data_folder: Path, name: str, problems: int, demonstrations: int) -> None:
    task = MULTIHOP[name](MultihopSettings(), data_folder)
    assert (len(task.problems), len(task.demonstrations)) == (problems, demonstrations)
    assert len(task.answers) == problems
    graded = [grade_answer(p, a.response) for p, a in zip(task.problems, task.answers, strict=True)]
    assert all(grade.strict for grade in graded)
    beside = [task.grade(p, a.response).beside for p, a in zip(task.problems, task.answers, strict=True)]
    assert set(beside) == ({()} if name == "strategyqa" else {(1.0,)})
    assert (task.beside == "f1") == (name != "strategyqa")
    assert MULTIHOP[name](MultihopSettings(), data_folder) == task
    assert name in TASKS


def test_hops_are_asked_apart(data_folder: Path) -> None:
    hops = MULTIHOP["bamboogle"](MultihopSettings(ask="hops", items=5), data_folder)
    composed = MULTIHOP["bamboogle"](MultihopSettings(items=5), data_folder)
    assert [p.id for p in hops.problems] == [f"{p.id}/{n}" for p in composed.problems for n in (1, 2)]
    with pytest.raises(UserError, match="no answers to the single hops of strategyqa"):
        MULTIHOP["strategyqa"](MultihopSettings(ask="hops"), data_folder)


def test_questions_are_split_by_content(data_folder: Path) -> None:
    task = MULTIHOP["composed-facts"](MultihopSettings(train_problems=700, items=100), data_folder)
    assert (len(task.demonstrations), len(task.problems)) == (700, 100)
    assert {row.prompt for row in task.demonstrations}.isdisjoint(p.prompt for p in task.problems)


def test_passages_stand_before_the_question(data_folder: Path) -> None:
    task = MULTIHOP["hotpotqa"](MultihopSettings(context=True, items=3), data_folder)
    assert all(": " in str(p.prompt) and str(p.prompt).endswith("\nAnswer:") for p in task.problems)
    assert all(len(str(p.prompt)) > 1000 for p in task.problems)


def test_the_gap() -> None:
    gap = compositionality_gap({"a": False}, {"a/1": True, "a/2": False})
    assert gap.share is None
    assert compositionality_gap({"a": False, "b": True}, dict.fromkeys(["a/1", "b/1"], True)).share == 0.5


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"Question": "Who?", "Answer": "x", "Q1": "a?", "A1": [], "Q2": "b?", "A2": ["y"]}, r"field 'A1'"),
        ({"question": "Who?"}, r"field 'Q1'.*null"),
        ({"Question": " ", "Answer": "x", "Q1": "a?", "A1": "z", "Q2": "b?", "A2": "y"}, r"field 'Question'"),
    ],
)
def test_wrong_columns_are_named(tmp_path: Path, row: dict, message: str) -> None:
    (tmp_path / "test.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=message):
        MULTIHOP["bamboogle"](MultihopSettings(test="test.jsonl"), tmp_path)


def test_yes_or_no() -> None:
    assert [yes_or_no(text) for text in ("Yes.", "FALSE", "nobody", "")] == ["yes", "no", None, None]
    assert [yes_or_no(text) for text in ("No: yes!", "**Yes** - no", "true or false", "yes or no?")] == [
        None
    ] * 4
    assert [yes_or_no(text) for text in ("Yes, no one does", "no, false", "yes, and no harm")] == [
        "yes",
        "no",
        "yes",
    ]
