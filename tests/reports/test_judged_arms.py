"""Two studies side by side: a judge that talk takes in against what is right."""

import json
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from tests.reports.made_study import made_study

from apportion.cli.app import app
from apportion.errors import UserError
from apportion.reports.judged_arms import judged_arms
from apportion.studies.judges import compared_by
from apportion.tasks.judging import wordy_judge

STUDY = """
budgets = [512]
shares = [1]
seeds = [0, 1, 2]
[task]
name = "world"
problems = 40
demonstrations = 8
pairs = 8
answers = 0
comparisons = 0
"""


def answered(root: Path, text: str, *, right: bool) -> Path:
    """A study whose answers to the task's own problems are all one text, and all right or all wrong."""
    study = made_study(root, STUDY, metrics=("accuracy",), items=40)
    items = [problem.id for problem in study.load_task().problems]
    table = pl.read_parquet(root / "outcomes.parquet")
    renamed = {f"item-{place:04}": item for place, item in enumerate(items)}
    table = table.with_columns(
        pl.col("item").replace_strict(renamed), flexible=pl.lit(right), score=pl.lit(float(right))
    )
    table.write_parquet(root / "outcomes.parquet")
    lines = "".join(json.dumps({"item": item, "text": text}) + "\n" for item in items)
    for cell in table["cell"].unique():
        (root / "cells" / cell / "generations.jsonl").write_text(lines)
    return root


@pytest.fixture
def studies(tmp_path: Path) -> tuple[Path, Path]:
    chatty = answered(tmp_path / "chatty", "so , Mia lives by the lake and likes plums .", right=False)
    return chatty, answered(tmp_path / "right", "9 + 3 = 12 ; #### 12", right=True)


def test_the_judge_prefers_what_is_wrong_and_that_is_said(studies: tuple[Path, Path]):
    found = judged_arms(*studies, partial(compared_by, wordy_judge))
    assert found.finding.verdict == "holds"
    assert found.metric == "accuracy"
    assert [accuracy.mean for accuracy in found.scores] == [0.0, 1.0]
    assert (found.counts.wins, found.counts.losses, found.counts.junk) == (120, 0, 0)
    assert (found.win_rate.seeds, found.win_rate.items) == (3, 40)
    other_way = judged_arms(studies[1], studies[0], partial(compared_by, wordy_judge))
    assert other_way.finding.verdict == "holds"
    assert other_way.win_rate.mean == 0


def test_open_answers_have_rouge_l_for_a_score(studies: tuple[Path, Path]):
    for root, score in zip(studies, (0.25, 0.5), strict=True):
        table = pl.read_parquet(root / "outcomes.parquet")
        nothing = {name: pl.lit(None, table[name].dtype) for name in ("strict", "flexible")}
        table = table.with_columns(metric=pl.lit("rouge_l"), score=pl.lit(score), **nothing)
        table.write_parquet(root / "outcomes.parquet")
    found = judged_arms(*studies, partial(compared_by, wordy_judge))
    assert found.metric == "rouge_l"
    assert [score.mean for score in found.scores] == [0.25, 0.5]
    assert found.score_lead.mean == -0.25 and found.finding.verdict == "holds"


def test_a_judge_that_says_nothing_is_refused(studies: tuple[Path, Path]):
    with pytest.raises(UserError, match="nothing that could be read"):
        judged_arms(*studies, partial(compared_by, lambda prompt, first, second: "well"))


def test_the_command_prints_one_document_or_lines(
    studies: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        app(["judge", *map(str, studies), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (document["judge"], document["verdict"]) == ("wordy", "holds")
    with pytest.raises(SystemExit):
        app(["judge", *map(str, studies)])
    assert "holds: A judge prefers" in capsys.readouterr().out


def test_studies_without_common_items_and_unknown_judges_are_refused(
    studies: tuple[Path, Path], tmp_path: Path
):
    made_study(tmp_path / "other", STUDY, metrics=("accuracy",), items=40)
    for cell in (tmp_path / "other" / "cells").iterdir():
        (cell / "generations.jsonl").write_text('{"item": "x", "text": "1"}\n')
    with pytest.raises(UserError, match="in common"):
        judged_arms(studies[0], tmp_path / "other", partial(compared_by, wordy_judge))
    with pytest.raises(UserError, match="--judge"):
        app(["judge", *map(str, studies), "--judge", "me"], exit_on_error=False, print_error=False)
