"""Held-out rows that share a prompt make one item; where none does, nothing changes."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.studies.tiny import write_study

from apportion.findings.measured import Arm, mean, measured
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.studies import grading
from apportion.studies.outcomes import write_items
from apportion.studies.stages import Graph, Unit
from apportion.studies.study import Study
from apportion.studies.study_file import read_study
from apportion.tasks.task import Task
from apportion.training.likelihood import Likelihood

STUDY = 'budgets = [4]\nshares = [1]\nbase = false\n[task]\nname = "world"\nproblems = 0\n'


def task(comparisons: tuple[PreferencePair, ...], answers: tuple[Demonstration, ...]) -> Task:
    shown = tuple(Demonstration(f"d{i}", f"Ask {i}", " ok") for i in range(4))
    return Task("made-up", shown, (), (), answers, comparisons, grade=len, max_new_tokens=8)  # type: ignore[arg-type]


def pair(name: str, prompt: str, chosen: str) -> PreferencePair:
    return PreferencePair(name, prompt, chosen, "four")


def likelihoods(model: Any, renderer: Any, held_out: list) -> list[list[Likelihood]]:
    """A log-probability of -1 a letter in one token, so that shorter answers are likelier."""
    return [[Likelihood(-float(len(text)), 1) for text in responses] for _, _, responses in held_out]


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(grading, "_likelihoods", likelihoods)
    study = read_study(write_study(tmp_path, STUDY))
    return lambda of: Graph(study, of, "the model")


def graded(graph: Graph, folder: Path) -> tuple[Unit, Study, dict[str, float]]:
    (unit,) = (unit for unit in graph.units.values() if unit.kind == "cell")
    model: Any = None
    return unit, graph.study, grading.grade_cell(model, model, graph.task, graph.study, unit, folder)


APART = (pair("p1", "Say A", "aaa"), pair("p2", "Say B", "bbbbb"), pair("p3", "Say C", "cccc"))
TOGETHER = (pair("p1", "Say A", "aaa"), pair("p2", "Say B", "bbbbb"), pair("p3", "Say A", "cccc"))
ANSWERS = (Demonstration("a1", "Say", "x"), Demonstration("a2", "Tell", "xy"))


def test_prompts_that_do_not_repeat_leave_the_bytes_as_they_were(graph, tmp_path: Path) -> None:
    unit, _, summary = graded(graph(task(APART, ANSWERS)), tmp_path)
    row = {"strict": None, "flexible": None, "error_class": None}
    rows = [
        {"item": item, "metric": metric, "score": score} | row
        for item, metric, score in (
            ("a1", "nll", 1.0),
            ("a2", "nll", 2.0),
            ("p1", "preference_accuracy", 1.0),
            ("p2", "preference_accuracy", 0.0),
            ("p3", "preference_accuracy", 0.5),
        )
    ]
    assert unit.cell is not None
    write_items(tmp_path / "by-hand.parquet", unit.name, unit.cell, rows)
    assert (tmp_path / "items.parquet").read_bytes() == (tmp_path / "by-hand.parquet").read_bytes()
    assert summary == {"nll": 1.5, "preference_accuracy": 0.5}


def test_a_prompt_has_one_row_and_counts_once(graph, tmp_path: Path) -> None:
    answers = (*ANSWERS, Demonstration("a3", "Say", "xyz"))
    _, _, summary = graded(graph(task(TOGETHER, answers)), tmp_path)
    table = pl.read_parquet(tmp_path / "items.parquet")
    assert table.select("item", "metric", "score").rows() == [
        ("a1", "nll", 2.0),
        ("a2", "nll", 2.0),
        ("p1", "preference_accuracy", 0.75),
        ("p2", "preference_accuracy", 0.0),
    ]
    assert summary["preference_accuracy"] == 0.375
    # the interval of what reads these rows is one over prompts, and takes shares of a prompt
    scores = measured(table, "preference_accuracy")[Arm(4, 0, "sft")]
    estimate = mean(scores, "preference_accuracy")
    assert (estimate.mean, estimate.items) == (0.375, 2)
    assert 0 <= estimate.low < 0.375 < estimate.high <= 1
