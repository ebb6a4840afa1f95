"""Grading: a grader that raises costs neither the study nor honesty."""

import logging
from pathlib import Path
from typing import Any

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
