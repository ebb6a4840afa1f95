"""Engines: workers that wait for a unit end by themselves when the run does; one that is not there is refused."""

import importlib.util
from pathlib import Path

import pytest
from tests.studies.tiny import write_study

from apportion.cli.app import main
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


def test_ray_that_is_not_installed_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else find(name))
    out = tmp_path / "out"
    with pytest.raises(SystemExit, match="2"):
        main(["study", "run", str(write_study(tmp_path)), "--out", str(out), "--engine", "ray"])
    errors = capsys.readouterr().err
    assert "no Ray here" in errors
    assert errors.count("\n") == 1
    assert not out.exists()
