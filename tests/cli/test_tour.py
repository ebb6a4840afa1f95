"""The tour: every step is a command that there is; what it ships is there; the whole of it when slow."""

import json
import tomllib
from pathlib import Path

import pytest

from apportion.cli.app import app, main
from apportion.cli.tour import STUDY, steps_of
from apportion.studies.study_file import read_study, study_from


def test_its_study_is_small_and_has_what_a_plan_needs() -> None:
    cells = study_from(tomllib.loads(STUDY.read_text()), STUDY, where="tour").cells()
    assert len(cells) <= 12
    assert len({(cell.n_demonstrations, cell.n_pairs) for cell in cells}) >= 8


def test_every_step_is_a_command_that_there_is(tmp_path: Path) -> None:
    steps = steps_of(tmp_path / "tour", quiet=True)
    for step in steps:
        command, bound, _ = app.parse_args(step.command, exit_on_error=False, print_error=False)
        assert callable(command) and bound is not None
        assert len(step.says.splitlines()) <= 2
    assert steps[-1].command == ("report", str(tmp_path / "tour"))


def test_a_folder_of_another_study_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.toml").write_text("budgets = [3]")
    with pytest.raises(SystemExit) as ended:
        main(["tour", "--out", str(tmp_path)])
    assert ended.value.code == 2
    assert "the folder of another study" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


def test_it_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With steps that stand for the long ones: what has left its file is not done again."""
    from apportion.cli import tour as module

    def short(out: Path, *, quiet: bool = False) -> list[module.Step]:
        network = out / "network.csv"
        generate = ("signed", "generate", "--users", "20", "--events", "60", "--out", str(network))
        return [
            module.Step("Look", "At one.", ("world", "sample", "--count", "1")),
            module.Step("Generate", "A network.", generate, leaves=network),
        ]

    monkeypatch.setattr(module, "steps_of", short)
    out = tmp_path / "tour"
    shown = []
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            main(["tour", "--out", str(out)])
        assert not ended.value.code
        shown.append(capsys.readouterr().out)
    assert "60 events" in shown[0]
    assert "done before" in shown[1]
    assert f"$ apportion signed generate --users 20 --events 60 --out {out}/network.csv" in shown[0]
    assert "\x1b" not in shown[0]  # no control characters where there is no terminal
    with pytest.raises(SystemExit):
        main(["tour", "--out", str(out), "--json"])
    printed = capsys.readouterr()
    assert json.loads(printed.out)["folder"] == str(out)
    assert "Problems" in printed.err


@pytest.mark.slow
def test_the_whole_tour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["tour", "--out", str(tmp_path / "tour"), "--quiet"])
    assert not ended.value.code
    assert (tmp_path / "tour" / "report.html").is_file()
    assert read_study(tmp_path / "tour" / "study.toml").cells()
    shown = capsys.readouterr()
    assert "status " in shown.out
    assert shown.err == ""
