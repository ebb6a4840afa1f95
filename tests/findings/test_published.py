"""The paper's own surfaces as input: verdicts that its noise allows."""

from pathlib import Path

import pytest

from apportion.cli.findings import findings
from apportion.errors import UserError
from apportion.findings.published import published_findings

HEAD = "task,metric,budget_examples,sft_fraction,n_sft,n_pref,score\n"


def surface(folder: Path, large: tuple[float, ...], small: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1)) -> Path:
    lines = ["math,gsm8k_accuracy,0,1.0,0,0,0.1"]
    for budget, scores in ((100, small), (10_000, large)):
        for share, score in zip((1.0, 0.75, 0.25, 0.0), scores, strict=True):
            counts = f"{int(budget * share)},{int(budget * (1 - share))}"
            lines.append(f"math,gsm8k_accuracy,{budget},{share},{counts},{score}")
    path = folder / "surface.csv"
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return path


def verdicts(path: Path, **more) -> list[str]:
    return [finding.verdict for finding in published_findings(path, **more)[0]["math"]]


def test_clear_surfaces_are_decided(tmp_path: Path) -> None:
    clear = surface(tmp_path, (0.6, 0.65, 0.8, 0.05))
    assert verdicts(clear) == ["holds", "holds", "holds", "holds", "holds"]
    reversed_ = surface(tmp_path, (0.9, 0.6, 0.4, 0.5), (0.1, 0.2, 0.4, 0.4))
    assert verdicts(reversed_) == ["fails", "fails", "fails", "fails", "fails"]


def test_more_noise_decides_less(tmp_path: Path) -> None:
    assert set(verdicts(surface(tmp_path, (0.6, 0.65, 0.8, 0.12)), run_sd=0.5)) == {"undecided"}


def test_the_published_surfaces(data_folder: Path) -> None:
    found, warnings = published_findings(data_folder / "curves" / "balancing_budget_llama.csv")
    assert warnings == []
    assert list(found) == ["summarization", "helpfulness", "instruction_following", "math"]
    by_claim = {task: [finding.verdict for finding in some] for task, some in found.items()}
    assert by_claim["summarization"] == ["undecided", "holds", "holds", "fails", "undecided"]
    assert by_claim["math"] == ["undecided", "undecided", "undecided", "fails", "holds"]
    assert all(finding.numbers["seeds"] == 1 for some in found.values() for finding in some)
    assert found["math"][0].numbers["items"] == 1319
    assert found["summarization"][0].numbers["items"] is None
    assert found["summarization"][2].numbers["best_share_large"] == 0.25


def test_wrong_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("task,score\nmath,1\n")
    with pytest.raises(UserError, match="no column metric"):
        published_findings(path)
    path.write_text("")
    with pytest.raises(UserError, match=r"an empty file; .* Write task,metric"):
        published_findings(path)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("100,1.0,100,0,high", "line 2, column score: found 'high'; expected a score in .0, 1."),
        ("100,1.0,100,0,", "line 2, column score: found no value"),
        ("100,1.0,100,0,40", "line 2, column score: found 40; .* Divide percentages by 100"),
        ("many,1.0,100,0,.4", "line 2, column budget_examples: found 'many'"),
        ("-1,1.0,100,0,.4", "line 2, column budget_examples: found -1"),
        ("100,75,100,0,.4", "line 2, column sft_fraction: found 75; expected a share from 0 to 1"),
        ("100,1.0,x,0,.4", "line 2, column n_sft: found 'x'"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"{HEAD}math,gsm8k_accuracy,{row}\n")
    with pytest.raises(UserError, match=told):
        published_findings(path)


def test_identical_rows_count_once_and_others_are_runs(tmp_path: Path) -> None:
    path = surface(tmp_path, (0.6, 0.65, 0.8, 0.05))
    once, none = published_findings(path)
    rows = path.read_text()
    cell = "math,gsm8k_accuracy,10000,0.25,2500,7500,"
    path.write_text(f"{rows}{cell}0.8\n{cell}0.8\n")
    same, warnings = published_findings(path)
    assert same == once and none == [] and warnings == [f"{path}: 2 identical rows count once"]
    path.write_text(f"{rows}{cell}0.9\n")
    mean = published_findings(path)[0]["math"][1]
    assert ".850 [" in mean.sentence
    path.write_text("\n".join([rows, *(f"{line}1" for line in rows.splitlines()[1:])]))
    assert published_findings(path)[0]["math"][0].numbers["seeds"] == 2


def test_models_are_told_apart_and_metrics_are_not_mixed(tmp_path: Path) -> None:
    path = surface(tmp_path, (0.6, 0.65, 0.8, 0.05))
    head, *rows = path.read_text().splitlines()
    two = [f"model,{head}", *(f"{name},{row}" for name in ("small", "large") for row in rows)]
    path.write_text("\n".join(two))
    found, _ = published_findings(path)
    assert list(found) == ["math on small", "math on large"]
    path.write_text("\n".join([head, *rows, "math,win_rate,100,0.5,50,50,0.2"]))
    with pytest.raises(UserError, match="column metric: found gsm8k_accuracy, win_rate for math"):
        published_findings(path)
    two = [f"{row},{'dpo' if place % 2 else 'ppo'}" for place, row in enumerate(rows)]
    path.write_text("\n".join([f"{head},method", *two]))
    with pytest.raises(UserError, match="column method: found dpo, ppo for math; expected one"):
        published_findings(path)


def test_the_command_takes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings(surface(tmp_path, (0.6, 0.65, 0.8, 0.12)), json=True)
    printed = capsys.readouterr().out
    assert '"task":"math"' in printed
    assert "NaN" not in printed
