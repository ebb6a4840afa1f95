"""The document's own examples: a task by TOML, and a task in one file."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.studies.study_file import study_from
from apportion.tasks.files import FilesSettings, files_task
from apportion.tasks.task import Grade

DOCUMENT = (Path(__file__).parents[2] / "docs" / "tasks-your-own.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found is not None
    return found[1]


def write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_the_toml_of_the_document(tmp_path: Path) -> None:
    write(tmp_path / "capitals_train.jsonl", [{"prompt": "Peru", "response": "The answer is Lima."}])
    write(tmp_path / "capitals_test.jsonl", [{"country": "Chad", "capital": "N'Djamena"}])
    document = tomllib.loads(example("toml"))
    study = study_from(document, tmp_path / "study.toml", where="study.toml")
    task = study.load_task()
    assert str(task.demonstrations[0].prompt).startswith("What is the capital of Peru? End with")
    (problem,) = task.problems
    assert task.grade(problem, "It is N'Djamena, so the answer is N\u2019Djamena.").flexible
    assert task.grade(problem, "The answer is N'Djamena.") == Grade(True, True, "none")
    assert not task.grade(problem, "The answer is Lima.").flexible


def test_the_file_of_the_document(tmp_path: Path) -> None:
    names: dict = {}
    exec(compile(example("python"), "tasks-your-own.md", "exec", dont_inherit=True), names)
    task = names["reversed_task"](names["ReversedSettings"](), tmp_path)
    assert [len(rows) for rows in (task.demonstrations, task.problems)] == [3, 1]
    (problem,) = task.problems
    assert task.grade(problem, " daerb").strict
    assert task.grade(problem, "It is daerb.") == Grade(False, True, "style-only")
    assert task.grade(problem, "") == Grade(False, False, "malformed")
    assert task.grade(problem, "bread") == Grade(False, False, "other")


def settings(folder: Path, reference: str, **more) -> FilesSettings:
    write(folder / "train.jsonl", [{"prompt": "a", "response": "#### 1"}])
    write(folder / "test.jsonl", [{"prompt": "b", "response": reference}])
    return FilesSettings(demonstrations="train.jsonl", test="test.jsonl", **more)


def test_solutions_are_graded_by_their_number(tmp_path: Path) -> None:
    task = files_task(settings(tmp_path, "1 + 1 = 2\n#### 2", grader="solution"), tmp_path)
    assert task.problems[0].reference == "2\n\n1 + 1 = 2\n#### 2"
    assert task.grade(task.problems[0], "9 - 4 = 5\n#### 5").error_class == "wrong-plan"
    assert task.grade(task.problems[0], "It is\n#### 2").strict
    with pytest.raises(UserError, match="a reference without a number"):
        files_task(settings(tmp_path, "two", grader="solution"), tmp_path)


def test_rouge_is_a_score(tmp_path: Path) -> None:
    task = files_task(settings(tmp_path, "a b c d", grader="rouge-l"), tmp_path)
    assert task.metric == "rouge_l"
    assert task.grade(task.problems[0], "a b").score == pytest.approx(2 / 3)


@pytest.mark.parametrize("template", ["no place", "{prompt} and {prompt}"])
def test_a_template_has_one_place_for_the_prompt(tmp_path: Path, template: str) -> None:
    with pytest.raises(UserError, match=r"\{prompt\} once"):
        files_task(settings(tmp_path, "x", template=template), tmp_path)


def test_braces_in_a_prompt_stay(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", [{"prompt": "{x}", "response": "y"}])
    write(tmp_path / "test.jsonl", [{"prompt": "b", "response": "x"}])
    found = files_task(
        FilesSettings(demonstrations="train.jsonl", test="test.jsonl", template="Q {prompt} {y}"), tmp_path
    )
    assert found.demonstrations[0].prompt == "Q {x} {y}"
