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
    return [finding.verdict for finding in published_findings(path, **more)["math"]]


def test_clear_surfaces_are_decided(tmp_path: Path) -> None:
    clear = surface(tmp_path, (0.6, 0.65, 0.8, 0.05))
    assert verdicts(clear) == ["holds", "holds", "holds", "holds", "holds"]
    reversed_ = surface(tmp_path, (0.9, 0.6, 0.4, 0.5), (0.1, 0.2, 0.4, 0.4))
    assert verdicts(reversed_) == ["fails", "fails", "fails", "fails", "fails"]


def test_more_noise_decides_less(tmp_path: Path) -> None:
    assert set(verdicts(surface(tmp_path, (0.6, 0.65, 0.8, 0.12)), run_sd=0.5)) == {"undecided"}


def test_the_published_surfaces(data_folder: Path) -> None:
    found = published_findings(data_folder / "curves" / "balancing_budget_llama.csv")
    assert list(found) == ["summarization", "helpfulness", "instruction_following", "math"]
    by_claim = {task: [finding.verdict for finding in some] for task, some in found.items()}
    assert by_claim["summarization"] == ["undecided", "holds", "holds", "fails", "undecided"]
    assert by_claim["math"] == ["undecided", "undecided", "undecided", "fails", "holds"]
    assert all(finding.numbers["seeds"] == 1 for some in found.values() for finding in some)
    assert found["math"][0].numbers["items"] == 1319


def test_wrong_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("task,score\nmath,1\n")
    with pytest.raises(UserError, match="no column metric"):
        published_findings(path)
    path.write_text("")
    with pytest.raises(UserError, match="cannot be read"):
        published_findings(path)


def test_the_command_takes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings(surface(tmp_path, (0.6, 0.65, 0.8, 0.12)), json=True)
    printed = capsys.readouterr().out
    assert '"task":"math"' in printed
    assert "NaN" not in printed
