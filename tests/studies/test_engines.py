"""Engines: workers that wait for a unit end by themselves when the run does."""

from pathlib import Path

from tests.studies.tiny import write_study

from apportion.studies.engines import LocalEngine
from apportion.studies.stages import graph_of
from apportion.studies.study_file import read_study


def test_a_waiting_worker_ends_in_order(tmp_path: Path) -> None:
    engine = LocalEngine(graph_of(read_study(write_study(tmp_path))), tmp_path / "out", workers=1, threads=1)
    cell = next(unit.name for unit in engine._arguments[0].units.values() if unit.kind == "cell")
    engine.start(cell)
    while not (reports := engine.reports(timeout=1.0)):
        pass
    engine.close()
    assert [report.result for report in reports] == ["done"]
    assert [process.exitcode for process, _ in engine._workers] == [0]
