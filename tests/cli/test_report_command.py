import json
from pathlib import Path

import pytest
from tests.reports.made_study import WORLD, made_study

from apportion.cli.app import main
from apportion.cli.findings import findings
from apportion.cli.report import report
from apportion.errors import UserError


def test_report_prints_where_the_report_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    made_study(tmp_path, items=10)
    report(tmp_path)
    assert capsys.readouterr().out == f"report: {tmp_path / 'report.html'}\n"
    assert (tmp_path / "report.html").is_file()


def test_figures_are_written_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    made_study(tmp_path / "study", "budgets = [16, 64]\nshares = [1, 0.5]\n", items=10)
    report(tmp_path / "study", figures=tmp_path / "paper", format="svg")
    printed = capsys.readouterr().out.splitlines()
    assert f"figure: {tmp_path / 'paper' / 'score.svg'}" in printed
    assert {path.suffix for path in (tmp_path / "paper").iterdir()} == {".svg", ".csv"}
    assert not (tmp_path / "study" / "report.html").exists()
    with pytest.raises(UserError, match="Type --format svg,png"):
        report(tmp_path / "study", figures=tmp_path / "paper", format="pdf")


def test_markdown_is_printed_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    made_study(tmp_path, items=10)
    report(tmp_path, markdown=True)
    assert capsys.readouterr().out.startswith("| budget (USD) | share for demonstrations |")
    assert not (tmp_path / "report.html").exists()


def test_findings_are_printed_as_text_and_as_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    made_study(tmp_path, items=60)
    findings(tmp_path)
    text = capsys.readouterr().out
    assert "holds     Pairs alone leave accuracy at the untrained model's (rpo)." in text
    findings(tmp_path, json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["study"] == tmp_path.name
    assert len(document["findings"]) == 12
    assert set(document["findings"][0]) == {"claim", "verdict", "numbers", "sentence", "said"}


def test_findings_of_a_study_that_has_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "study.toml").write_text(WORLD)
    findings(tmp_path)
    assert "nothing has been graded yet" in capsys.readouterr().out
    findings(tmp_path, json=True)
    assert json.loads(capsys.readouterr().out)["findings"] == []


@pytest.mark.parametrize("command", [report, findings])
def test_a_folder_that_is_no_study_is_the_users_fault(tmp_path: Path, command):
    with pytest.raises(UserError, match="expected a study's folder"):
        command(tmp_path)


def test_report_and_figures_as_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    made_study(tmp_path, items=10)
    report(tmp_path, json=True)
    assert json.loads(capsys.readouterr().out) == {"report": str(tmp_path / "report.html")}
    with pytest.raises(UserError, match="Leave --markdown out"):
        report(tmp_path, markdown=True, json=True)


def test_a_folder_in_the_reports_place_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    made_study(tmp_path, items=10)
    (tmp_path / "report.html").mkdir()
    with pytest.raises(SystemExit) as end:
        main(["report", str(tmp_path)])
    shown = capsys.readouterr().err
    assert (end.value.code, shown.count("\n")) == (2, 1)
    assert "report.html: found a folder; expected a file to write." in shown
    assert not list(tmp_path.glob(".*.part"))
