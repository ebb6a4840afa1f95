"""What a run is expected to take, and how far off that was."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.studies.tiny import TINY, write_study

from apportion.cli.app import main
from apportion.studies import expectation
from apportion.studies.expectation import Expectation, expect, how_far_off, keep_expectation, timing_line
from apportion.studies.probe import _Prober
from apportion.studies.progress import PROGRESS_FILE
from apportion.studies.speeds import Line, Speeds, makespan
from apportion.studies.stages import Graph, graph_of
from apportion.studies.study_file import read_study

SPEEDS = Speeds(
    workers=1,
    start_seconds=5.0,
    sft=Line(1.0, 0.5),
    preference={"sigmoid+0": Line(2.0, 1.0)},
    reference=Line(0.0, 0.25),
    evidence=Line(0.0, 0.125),
    cell_seconds=4.0,
    memory_bytes=10**9,
    stage_bytes=2 * 10**6,
    cell_bytes=10**4,
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return graph_of(read_study(write_study(tmp_path_factory.mktemp("study"), TINY)))


def test_a_unit_takes_its_line(graph: Graph) -> None:
    by_kind = {unit.kind: unit for unit in graph.units.values()}
    assert SPEEDS.unit_seconds(by_kind["cell"]) == 4.0
    sft = by_kind["sft"]
    assert SPEEDS.unit_seconds(sft) == 1.0 + 0.5 * sft.settings.steps_for(len(sft.rows))  # type: ignore[union-attr]
    pairs = len(by_kind["reference"].rows)
    assert SPEEDS.unit_seconds(by_kind["reference"]) == pairs / 4
    preference = by_kind["preference"]
    steps = preference.settings.steps_for(len(preference.rows))  # type: ignore[union-attr]
    assert SPEEDS.unit_seconds(preference) == 2.0 + steps + len(preference.rows) / 8


def test_workers_share_the_work_and_needs_are_waited_for(graph: Graph) -> None:
    total = sum(map(SPEEDS.unit_seconds, graph.units.values()))
    assert makespan(graph, SPEEDS, set(), 1) == pytest.approx(5.0 + total)
    two = makespan(graph, SPEEDS, set(), 2)
    assert 5.0 + total / 2 <= two < 5.0 + total

    def chain(name: str) -> float:
        unit = graph.units[name]
        return SPEEDS.unit_seconds(unit) + max(map(chain, unit.needs), default=0.0)

    assert makespan(graph, SPEEDS, set(), 100) == pytest.approx(5.0 + max(map(chain, graph.units)))
    done = set(graph.units)
    assert makespan(graph, SPEEDS, done, 2) == 0.0


def test_the_expected_time_is_held_against_the_run(tmp_path: Path) -> None:
    assert how_far_off(tmp_path) is None
    keep_expectation(Expectation(100.0, 1, 1, 2, 3, 50.0, SPEEDS), tmp_path)
    assert how_far_off(tmp_path) is None
    state = {"units": 3, "done": 2, "seconds_spent": 170.0, "workers": 2}
    (tmp_path / PROGRESS_FILE).write_text(json.dumps(state))
    assert how_far_off(tmp_path) is None
    (tmp_path / PROGRESS_FILE).write_text(json.dumps(state | {"done": 3}))
    timing = how_far_off(tmp_path)
    assert timing is not None and timing.factor == pytest.approx(1.2)
    assert "1.20 times" in timing_line(timing)
    (tmp_path / PROGRESS_FILE).write_text("[]")
    assert how_far_off(tmp_path) is None


def test_a_dry_run_tells_and_keeps_what_it_expects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        expectation, "probe", lambda graph, workers, threads: replace(SPEEDS, workers=workers)
    )
    study, out = write_study(tmp_path), tmp_path / "out"
    with pytest.raises(SystemExit) as ended:
        main(["study", "run", str(study), "--out", str(out), "--dry-run", "--workers", "2"])
    assert not ended.value.code
    shown = capsys.readouterr()
    assert "memory: about 2.0 GB for 2 workers; disk: about 18 MB" in shown.out
    assert "measuring" in shown.err
    kept = json.loads((out / "expected.json").read_text())
    assert (kept["workers"], kept["units"]) == (2, 22)
    assert [path.name for path in out.iterdir()] == ["expected.json"]


def test_the_probe_trains_a_few_real_steps_and_leaves_nothing(graph: Graph, tmp_path: Path) -> None:
    found = _Prober(graph, tmp_path).timings()
    assert found["sft"][1] > 0
    assert list(found["preference"]) == ["sigmoid+0"]
    assert found["cell_seconds"] > 0
    assert found["stage_bytes"] > 10**6
    assert found["memory_bytes"] > 10**7
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
def test_the_expected_time_is_about_the_run_s(tmp_path: Path) -> None:
    """Wide bounds, since others may use the machine: an estimate off by an order is found."""
    study, out = write_study(tmp_path), tmp_path / "out"
    keep_expectation(expect(graph_of(read_study(study)), out, 2), out)
    with pytest.raises(SystemExit):
        main(["study", "run", str(study), "--out", str(out), "--workers", "2"])
    timing = how_far_off(out)
    assert timing is not None
    assert 0.2 < timing.factor < 5
