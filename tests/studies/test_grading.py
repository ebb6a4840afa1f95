"""Grading: a grader that raises costs neither the study nor honesty."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apportion.errors import UserError
from apportion.studies.grading import graded
from apportion.studies.study import TASKS
from apportion.studies.study_file import study_from
from apportion.tasks.task import Grade, Problem, Task

PROBLEM = Problem("item-7", "1 + 1?", "2")


def task(grade) -> Task:
    return Task("made-up", (), (), (PROBLEM,), (), (), grade, 8)


def test_a_grader_that_raises_is_recorded_and_logged(caplog):
    def broken(problem, text):
        raise ZeroDivisionError(text)

    with caplog.at_level(logging.ERROR):
        found = graded(task(broken), PROBLEM, "2" * 100_000)
    assert found == Grade(False, False, "other", detail="grader")
    assert "made-up" in caplog.text and "item-7" in caplog.text and "ZeroDivisionError" in caplog.text
    assert "2" * 100 not in caplog.records[0].getMessage()


def test_a_grader_that_works_is_left_alone_and_what_the_user_can_mend_ends_the_run():
    assert graded(task(lambda p, t: Grade(True, True, "none")), PROBLEM, "2") == Grade(True, True, "none")

    def refuses(problem, text):
        raise UserError("sandbox", "nothing", "isolation", "Move.")

    with pytest.raises(UserError):
        graded(task(refuses), PROBLEM, "2")


def _of_ones_own(*fields: Any) -> Grade:
    return Grade(*fields)


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        (_of_ones_own(False, False, "no-units"), Grade(False, False, "other", detail="no-units")),
        (_of_ones_own(False, True, "form"), Grade(False, True, "style-only", detail="form")),
        (_of_ones_own(True, True, "fine", 0.5), Grade(True, True, "none", 0.5, "fine")),
        (Grade(False, False, "wrong-hop", detail="x"), Grade(False, False, "wrong-hop", detail="x")),
    ],
)
def test_a_class_of_ones_own_becomes_the_detail(own, kept):
    assert graded(task(lambda p, t: own), PROBLEM, "2") == kept


UNSOUND: dict[str, Any] = {
    "null": None,
    "a truth value": True,
    "a number": 1.0,
    "a text": "right",
    "a list as class": _of_ones_own(False, False, ["other"]),
    "a number as class": _of_ones_own(False, False, 3),
    "no class": _of_ones_own(False, False, None),
    "a text for strict": _of_ones_own("no", False, "other"),
    "nothing for flexible": _of_ones_own(False, None, "other"),
    "a score that is none": Grade(False, False, "other", float("nan")),
    "a score without end": Grade(False, False, "other", float("inf")),
    "a score of 7": Grade(False, False, "other", 7),
    "a score below 0": Grade(False, False, "other", -0.1),
    "a score past every float": Grade(False, False, "other", 10**400),
    "a text for score": _of_ones_own(False, False, "other", "0.5"),
    "a list as detail": _of_ones_own(False, False, "other", None, ["x"]),
    "right and wrong": Grade(True, True, "other"),
    "right in style only": Grade(True, True, "style-only"),
    "a score beside of 7": Grade(False, False, "other", beside=(0.5, 7.0)),
    "a text beside": _of_ones_own(False, False, "other", None, None, ("x",)),
    "a list beside": _of_ones_own(False, False, "other", None, None, [1.0]),
    "wrong and none": Grade(False, False, "none"),
    "wrong and none with a score": Grade(False, True, "none", 0.5),
}


@pytest.mark.parametrize("returned", UNSOUND.values(), ids=UNSOUND)
def test_what_is_no_sound_grade_is_a_grader_that_failed(returned, caplog):
    with caplog.at_level(logging.ERROR):
        found = graded(task(lambda p, t: returned), PROBLEM, "2")
    assert found == Grade(False, False, "other", detail="grader")
    assert "made-up" in caplog.text and "item-7" in caplog.text


@pytest.mark.parametrize(
    ("returned", "kept"),
    [
        (Grade(True, False, "none"), Grade(True, True, "none")),
        (
            _of_ones_own(np.bool_(False), np.bool_(True), "style-only", np.float32(1)),
            Grade(False, True, "style-only", 1.0),
        ),
        (_of_ones_own(False, True, "style-only", True), Grade(False, True, "style-only", 1.0)),
    ],
)
def test_a_grade_that_can_be_read_in_one_way_is_read(returned, kept):
    found = graded(task(lambda p, t: returned), PROBLEM, "2")
    assert found == kept
    assert type(found.strict) is type(found.flexible) is bool


def test_without_right_and_wrong_an_answer_with_a_score_may_have_no_error():
    grade = Grade(False, False, "none", 0.25)
    assert graded(replace(task(lambda p, t: grade), metric="rouge_l"), PROBLEM, "2") == grade


@pytest.mark.parametrize(
    ("name", "keys"), [("humaneval", {"form": "chat"}), ("mbpp", {"shown_tests": 1}), ("ifeval", {})]
)
def test_the_new_tasks_can_be_named_in_a_study_file(name, keys):
    document = {"budgets": [4], "task": {"name": name, "items": 2} | keys, "model": {"source": "x/y"}}
    study = study_from(document, Path("study.toml").resolve(), where="study.toml")
    assert isinstance(study.task, TASKS[name][0]) and study.cells()
    with pytest.raises(UserError, match="item"):
        study_from(
            {"budgets": [4], "task": {"name": name, "itemz": 2}}, Path("study.toml"), where="study.toml"
        )
