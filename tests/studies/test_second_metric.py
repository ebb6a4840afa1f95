"""A task's second metric: recorded beside the first, by answer or by the parts of a prompt, and shown."""

from pathlib import Path

import polars as pl
import pytest
from tests.studies.tiny import run, write_study

from apportion.cli.app import main
from apportion.findings.measured import Arm, compared, mean, measured
from apportion.laws.exported import exported

STUDY = """
budgets = [2]
shares = [1]
[task]
name = "own.py:own"
[model]
source = "world"
[sft]
min_steps = 1
epochs = 1
[decoding]
max_new_tokens = 4
"""
OWN = """
from dataclasses import dataclass, replace

from apportion.tasks.task import Grade, Task
from apportion.tasks.world import WorldSettings, world_task


@dataclass(frozen=True, slots=True)
class Own:
    pass


def own(settings: Own, base) -> Task:
    world = WorldSettings(problems=4, demonstrations=4, pairs=4, answers=0, comparisons=0)
    task = replace(world_task(world), beside=BESIDE)
    first, second = task.problems[0].id, task.problems[1].id

    def grade(problem, text):
        if problem.id == first:
            raise ValueError(text)
        each = (1.0, 0.0, 1.0) if problem.id == second else (1.0,)
        return Grade(True, True, "none", beside=each)

    return replace(task, grade=grade)
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for name, beside in (
        ("f1", '"f1"'),
        ("instruction_accuracy", '"instruction_accuracy"'),
        ("alone", "None"),
    ):
        folder = tmp_path_factory.mktemp(name)
        (folder / "own.py").write_text(OWN.replace("BESIDE", beside))
        run(write_study(folder, STUDY), folder / "out")
        found[name] = folder / "out"
    return found


def outcomes(run: Path) -> pl.DataFrame:
    return pl.read_parquet(run / "outcomes.parquet")


def test_the_first_metric_is_as_it_is_alone(runs: dict[str, Path]) -> None:
    alone = outcomes(runs["alone"]).drop("cell")
    assert alone["metric"].unique().to_list() == ["accuracy"]
    for name in ("f1", "instruction_accuracy"):
        rows = outcomes(runs[name])
        assert rows.filter(pl.col("metric") == "accuracy").drop("cell").equals(alone)
        second = rows.filter(pl.col("metric") != "accuracy")
        assert second["metric"].unique().to_list() == [name]
        assert second.select("strict", "flexible", "error_class").null_count().row(0) == (len(second),) * 3


def test_an_answer_has_one_score_a_prompt_one_for_each_part_and_what_fails_none(
    runs: dict[str, Path],
) -> None:
    one = outcomes(runs["f1"]).filter(pl.col("metric") == "f1", pl.col("method") == "base")
    assert sorted(one["score"].to_list()) == [0, 1, 1, 1]
    rows = outcomes(runs["instruction_accuracy"])
    parts = rows.filter(pl.col("metric") == "instruction_accuracy", pl.col("method") == "base")
    assert sorted(parts["score"].to_list()) == [0, 0, 1, 1, 1, 1]
    assert sorted(item.rpartition("/")[2] for item in parts["item"]) == ["1", "1", "1", "1", "2", "3"]
    (first, *_) = exported(runs["instruction_accuracy"], "instruction_accuracy")
    assert (first.value, first.items) == (pytest.approx(4 / 6), 4)


def shown(*words: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert not stop.value.code


def test_it_is_shown(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    shown("report", str(runs["f1"]), "--markdown")
    assert "| F1 |" in capsys.readouterr().out
    shown("study", "status", str(runs["instruction_accuracy"]))
    assert "instruction_accuracy" in capsys.readouterr().out


def test_the_parts_of_a_prompt_are_drawn_together() -> None:
    rows = [
        {"task": "t", "model": "m", "n_demonstrations": 8, "n_pairs": 0, "method": "sft", "seed": 0}
        | {"item": f"{prompt}/{part}", "metric": "instruction_accuracy", "score": float(prompt % 2)}
        | {"strict": None, "flexible": None, "error_class": None}
        for prompt in range(40)
        for part in range(1, 4)
    ]
    arm = Arm(8, 0, "sft")
    table = measured(pl.DataFrame(rows), "instruction_accuracy")
    found, naive = mean(table[arm], "instruction_accuracy"), mean(table[arm], "accuracy")
    assert found.mean == naive.mean == 0.5
    assert found.items == 40 and found.high - found.low > 1.5 * (naive.high - naive.low)
    assert found == mean(table[arm], "instruction_accuracy")
    with pytest.raises(ValueError, match="parts of prompts"):
        compared(table, [arm, arm], [1, -1], "instruction_accuracy")
