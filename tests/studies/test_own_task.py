"""A task in a Python file beside the study file."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.studies.tiny import run, write_study
from tests.tasks.test_tasks_of_your_own import example

from apportion.cli.app import main
from apportion.errors import UserError
from apportion.reports.record import read_record
from apportion.studies.stages import Graph
from apportion.studies.study_file import read_study
from apportion.tasks.task import Grade

REVERSED = 'budgets = [1]\nshares = [1]\n[task]\nname = "my_task.py:reversed_task"\nheld_out = 2\n'

LENIENT = """
from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from apportion.tasks.task import Grade, Task
from apportion.tasks.world import WorldSettings, world_task


@dataclass(frozen=True, slots=True)
class Lenient:
    problems: int
    label: str = "none"


def lenient(settings: Lenient, base: Path) -> Task:
    world = WorldSettings(problems=settings.problems, demonstrations=4, pairs=4, answers=0, comparisons=0)
    return replace(world_task(world), grade=lambda problem, text: Grade(True, True, settings.label))
"""


def cells(folder: Path) -> set[str]:
    study = read_study(folder / "tiny.toml")
    return {unit.name for unit in Graph(study, study.load_task(), "the model").units.values() if unit.cell}


def graded_elsewhere(grade: Any, problem: Any, text: str) -> "subprocess.CompletedProcess[bytes]":
    """Grade in a process of its own, which has nothing but the pickle."""
    code = "import pickle, sys; grade, *asked = pickle.load(sys.stdin.buffer); print(grade(*asked).strict)"
    return subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps((grade, problem, text)),
        capture_output=True,
        check=False,
    )


def test_the_file_of_the_document_is_named_in_a_study_file(tmp_path: Path) -> None:
    (tmp_path / "my_task.py").write_text(example("python"))
    task = read_study(write_study(tmp_path, REVERSED)).load_task()
    assert [len(rows) for rows in (task.demonstrations, task.problems)] == [2, 2]
    assert task.grade(task.problems[1], " daerb") == Grade(True, True, "none")
    # as it arrives in a process that has not run the file
    there = graded_elsewhere(task.grade, task.problems[1], " daerb")
    assert (there.returncode, there.stdout) == (0, b"True\n")


def test_names_of_cells_follow_the_text_and_the_keys_not_the_place(tmp_path: Path) -> None:
    here, there, changed = tmp_path / "here", tmp_path / "there", tmp_path / "changed"
    for folder, more in ((here, ""), (there, ""), (changed, "# another grader\n")):
        write_study(folder, REVERSED)
        (folder / "my_task.py").write_text(example("python") + more)
    assert cells(here) == cells(there)
    assert not cells(here) & cells(changed)
    (there / "tiny.toml").write_text(REVERSED.replace("held_out = 2", "held_out = 1"))
    assert not cells(here) & cells(there)


def test_a_file_that_changes_while_the_study_runs_is_told(tmp_path: Path) -> None:
    (tmp_path / "my_task.py").write_text(example("python") + "# one that no other test has run\n")
    task = read_study(write_study(tmp_path, REVERSED)).load_task()
    (tmp_path / "my_task.py").write_text(example("python") + "# changed\n")
    there = graded_elsewhere(task.grade, task.problems[0], "")
    assert b"another text than when the study began" in there.stderr


def test_workers_run_it_and_reports_do_not(tmp_path: Path) -> None:
    (tmp_path / "lenient.py").write_text(LENIENT)
    text = 'budgets = [2]\nshares = [1]\n[task]\nname = "lenient.py:lenient"\nproblems = 3\n[model]\nsource = "world"\n'
    study = write_study(tmp_path, f"{text}[sft]\nmin_steps = 1\nepochs = 1\n[decoding]\nmax_new_tokens = 4\n")
    run(study, tmp_path / "out", "--workers", "2")
    table = pl.read_parquet(tmp_path / "out" / "outcomes.parquet")
    assert table["score"].to_list() == [1.0] * 6  # the base and 2 demonstrations
    assert table["task"].unique().to_list() == ["lenient.py:lenient"]
    kept = tmp_path / "out" / "lenient.py"
    assert kept.read_text() == LENIENT
    kept.write_text("raise RuntimeError")
    assert read_record(tmp_path / "out").outcomes.height == 6


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("my_task.py:reversed_task", None, "no such file"),
        ("my_task.py:reversed_tusk", example("python"), "Did you mean 'reversed_task'"),
        ("my_task.py:reversed_task", "import nowhere_to_be_found", "line 1: found ModuleNotFoundError"),
        ("my_task.py:reversed_task", "x = 1\ndef broken(:", "line 2: found SyntaxError"),
        ("my_task.py:reversed_task", "raise SystemExit(3)", "line 1: found SystemExit"),
        ("my_task.py:reversed_task", "def reversed_task(settings, base): return 3", "a dataclass"),
        (
            "my_task.py:reversed_task",
            example("python").replace("return Task(", "return dict("),
            "a dict returned",
        ),
        ("my_task.py:reversed_task", example("python").replace("held_out: int", "kept: int"), "'held_out'"),
        (
            "my_task.py:reversed_task",
            example("python").replace("rows = [", "rows = 1 / 0, ["),
            "ZeroDivision",
        ),
        ("my_task.py", example("python"), "FILE.py:FUNCTION"),
        ("../my_task.py:reversed_task", example("python"), "FILE.py:FUNCTION"),
        ("/tmp/my_task.py:reversed_task", example("python"), "FILE.py:FUNCTION"),
    ],
)
def test_what_cannot_be_a_task_is_told_in_one_line(
    tmp_path: Path, name: str, text: str | None, expected: str
) -> None:
    if text is not None:
        (tmp_path / "my_task.py").write_text(text)
    path = write_study(tmp_path, REVERSED.replace("my_task.py:reversed_task", name))
    with pytest.raises(UserError) as found:
        read_study(path).load_task()
    assert expected in str(found.value) and "\n" not in str(found.value)


def test_a_dry_run_refuses_with_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_study(tmp_path, REVERSED)
    with pytest.raises(SystemExit) as stopped:
        main(["study", "run", str(path), "--dry-run", "--no-probe", "--out", str(tmp_path / "out")])
    assert stopped.value.code == 2
    assert "my_task.py: found no such file" in capsys.readouterr().err
