"""`apportion findings`: the claims beside the papers, the curves of errors, and comparisons of signed models."""

import json
from pathlib import Path

import pytest
from tests.findings.test_minority_class import document
from tests.reports.made_study import made_study

from apportion.cli.findings import findings


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("studies") / "world"
    made_study(root, items=60)
    return root


def test_claims_stand_beside_what_the_paper_says(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings(study)
    printed = capsys.readouterr().out
    assert "arXiv 2502.11284: SFT alone is best below about 1,000 examples" in printed
    assert "arXiv 2410.03717: Total errors follow the reasoning errors: r^2 is .98" in printed
    assert "Errors, as shares of all answers" in printed and "Laws of the errors" in printed
    assert "all errors" in printed and "wrong-plan" in printed


def test_json_is_one_document(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings(study, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["study"] == "world"
    assert {one["said"]["arxiv"] for one in found["findings"] if one["said"]} == {"2502.11284", "2410.03717"}
    assert {"all errors", "form", "arithmetic"} <= {curve["name"] for curve in found["error_curves"]}


def test_folders_of_one_name_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / size / "run" for size in ("small", "large")]
    for path in paths:
        made_study(path, items=40)
    findings(*paths, json=True)
    found = [one for one in json.loads(capsys.readouterr().out)["findings"] if one.get("task") == "sizes"]
    moves, chooses = (one["numbers"] for one in found)
    assert {"lead_small/run", "lead_large/run"} <= moves.keys() and "above_the_bound_large/run" in chooses
    assert moves["change"][0] == 0 and moves["items"] == chooses["items"] == 40


def test_identical_rows_of_a_table_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "surface.csv"
    rows = ["math,m,100,1,100,0,.4", "math,m,100,.5,50,50,.3", "math,m,100,.5,50,50,.3"]
    path.write_text("\n".join(["task,metric,budget_examples,sft_fraction,n_sft,n_pref,score", *rows]))
    findings(path)
    assert capsys.readouterr().err == f"apportion: warning: {path}: 1 identical rows count once\n"


def test_a_comparison_of_signed_models_is_a_finding(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "compare.json"
    path.write_text(json.dumps(document(0.05, 0.01)))
    findings(path)
    alone = capsys.readouterr().out
    assert "SEMBA is above its rivals on the minority class" in alone and "tied, over rival-1" in alone
    (study / "signed").mkdir()
    (study / "signed" / "compare.json").write_text(json.dumps(document(0.05)))
    findings(study, json=True)
    last = json.loads(capsys.readouterr().out)["findings"][-1]
    assert last["verdict"] == "holds" and last["said"]["arxiv"] == "2207.03408"
