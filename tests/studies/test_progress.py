"""What a run tells while it runs: a line a unit with what came of it, and the state of every cell."""

import json
from pathlib import Path

import pytest
from tests.studies.tiny import TINY, write_study

from apportion.studies.progress import PROGRESS_FILE, Progress, duration
from apportion.studies.stages import Graph, graph_of
from apportion.studies.status import status_lines, study_status
from apportion.studies.study_file import read_study


class _Clocked(Progress):
    """A progress whose clock is set by hand."""

    now = 0.0

    def clock(self) -> float:
        return self.now


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_of(read_study(write_study(tmp_path, TINY, "study.toml")))


def test_a_line_a_unit_with_loss_scores_and_time_left(graph: Graph, tmp_path: Path) -> None:
    lines: list[str] = []
    shares: list[tuple[float, str]] = []
    progress = _Clocked(graph, tmp_path, lines.append, lambda share, now: shares.append((share, now)))
    units = list(graph.units.values())
    progress.begin(units, workers=2)
    sft = next(unit for unit in units if unit.kind == "sft")
    folder = tmp_path / sft.folder
    folder.mkdir(parents=True)
    (folder / "training.jsonl").write_text('{"loss": 6.5}\n{"loss": 0.25}\n')
    progress.started(sft)
    progress.now = 3.0
    progress.finished(sft, here=True)
    cell = next(unit for unit in units if unit.cell is not None and unit.chain == (sft.name,))
    assert study_status(tmp_path).open_cells[0].state == "waiting"
    folder = tmp_path / cell.folder
    folder.mkdir(parents=True)
    (folder / "cell.json").write_text('{"summary": {"accuracy": 0.5, "form_rate": 0.75}}')
    progress.started(cell)
    progress.now = 5.0
    progress.finished(cell, here=True)
    assert lines[0] == "22 units to do, 0 found done"
    assert lines[1].startswith(
        f" 1/22  SFT on {len(sft.rows)} examples, seed 0: loss 6.500 to 0.250  (3 s, about "
    )
    assert "accuracy 0.500, form 0.750  (2 s, about" in lines[2]
    assert [now for _, now in shares] == ["1/22 units", "2/22 units"]
    assert 0 < shares[0][0] < shares[1][0] < 1
    state = json.loads((tmp_path / PROGRESS_FILE).read_text())
    assert (state["done"], state["workers"], state["seconds_spent"]) == (2, 2, 5.0)


def test_seconds_spent_add_up_over_runs(graph: Graph, tmp_path: Path) -> None:
    for _ in range(2):
        progress = _Clocked(graph, tmp_path, lambda line: None, lambda share, now: None)
        progress.begin(list(graph.units.values()), workers=1)
        progress.now = 7.0
        unit = next(iter(graph.units.values()))
        progress.started(unit)
        progress.finished(unit, here=True)
    assert json.loads((tmp_path / PROGRESS_FILE).read_text())["seconds_spent"] == 14.0


def test_cells_that_are_not_graded_are_shown_with_their_state(graph: Graph, tmp_path: Path) -> None:
    progress = _Clocked(graph, tmp_path, lambda line: None, lambda share, now: None)
    progress.begin(list(graph.units.values()), workers=1)
    status = study_status(tmp_path)
    assert len(status.open_cells) == 9
    assert {cell.state for cell in status.open_cells} == {"waiting"}
    lines = status_lines(status)
    assert lines[1].split() == ["demonstrations", "pairs", "method", "seed", "state"]
    assert lines[2].split() == ["0", "0", "base", "0", "waiting"]


def test_durations() -> None:
    assert [duration(s) for s in (9, 99, 100, 5399, 5400)] == ["9 s", "99 s", "2 min", "90 min", "1 h 30 min"]
