"""Lessons: what a study teaches last, after whatever was bought."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.studies.tiny import run, write_study

from apportion.errors import UserError
from apportion.models.facts_base import build_facts_base
from apportion.models.small_llama import SmallLlamaRecipe
from apportion.studies.cells import Purchase, arms
from apportion.studies.estimate import estimate
from apportion.studies.stages import graph_of
from apportion.studies.study_file import read_study

STUDY = """
preset = "world"
seeds = [0, 1]
taught = true
replay = 0.5

[[cells]]
n_demonstrations = 8

[model]
source = "base"

[task]
name = "new-knowledge"
demonstrations = 20
items = 4

[sft]
min_steps = 2
epochs = 1

[lessons]
batch_size = 64
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    build_facts_base(folder / "base", SmallLlamaRecipe(width=16, steps=2, batch=2, warmup=1, positions=160))
    return write_study(folder, STUDY)


def test_only_purchases_without_pairs_are_taught():
    assert arms(Purchase(4, 0), ("dpo",), (), taught=True) == ("sft", "taught")
    assert arms(Purchase(), ("dpo",), (), taught=True) == ("base", "taught")
    assert arms(Purchase(4, 4), ("dpo",), (), taught=True) == ("dpo",)
    assert arms(Purchase(4, 0), ("dpo",), ()) == ("sft",)


def test_lessons_come_last_and_the_demonstrations_are_trained_once(study: Path):
    graph = graph_of(read_study(study))
    cells = {
        (unit.cell.n_demonstrations, unit.cell.method, unit.cell.seed): unit
        for unit in graph.units.values()
        if unit.cell
    }
    assert set(cells) == {(0, "base", 0)} | {
        (n, method, seed) for n, method in ((0, "taught"), (8, "sft"), (8, "taught")) for seed in (0, 1)
    }
    assert cells[8, "taught", 0].chain[:1] == cells[8, "sft", 0].chain
    last = graph.units[cells[8, "taught", 0].chain[1]]
    assert last.rows[: len(graph.task.lessons)] == graph.task.lessons
    assert len(last.rows) == len(graph.task.lessons) + 8  # all that were bought, shown again
    assert graph.units[cells[0, "taught", 0].chain[0]].rows == graph.task.lessons
    assert last.settings == graph.study.lessons
    assert last.settings is not None
    assert (last.settings.batch_size, last.settings.min_steps) == (64, 2)  # the rest is [sft]'s
    assert len(graph.trainings) == 6
    found = estimate(graph.study)
    assert (found.stages, found.stages_without_sharing) == (6, 8)


def test_a_study_that_teaches_is_run_and_its_claims_are_judged(study: Path, tmp_path: Path):
    out = tmp_path / "out"
    run(study, out)
    graded = pl.read_parquet(out / "outcomes.parquet")
    assert graded.height == 7 * 16
    assert set(graded["method"]) == {"base", "sft", "taught"}
    from apportion.cli.app import app

    with pytest.raises(SystemExit):
        app(["report", str(out)])
    stage = json.loads(next((out / "stages").glob("*/stage.json")).read_text())
    assert stage["kind"] == "sft"


def test_a_task_without_lessons_cannot_be_taught(tmp_path: Path):
    path = write_study(
        tmp_path,
        'budgets = [4]\ntaught = true\n[task]\nname = "world"\ndemonstrations = 9\npairs = 9\nproblems = 3',
    )
    with pytest.raises(UserError, match="no lessons"):
        graph_of(read_study(path))
    with pytest.raises(UserError, match="no lessons"):
        estimate(read_study(path)).refuse()


def test_lessons_out_of_range_are_refused(tmp_path: Path):
    path = write_study(tmp_path, "budgets = [4]\n[lessons]\nlearning_rate = 0")
    with pytest.raises(UserError, match=r"\[lessons\], learning_rate"):
        read_study(path)
