"""A study's answers against the references of its task: open answers, by judges that anyone can take in."""

import json
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from apportion.cli.app import app, main
from apportion.errors import UserError
from apportion.findings.measured import Arm
from apportion.reports.judged_references import judged_references
from apportion.reports.record import read_record
from apportion.studies.judges import compared_by
from apportion.studies.outcomes import SCHEMA
from apportion.tasks.judging import longer_judge

STUDY = """
budgets = [1]
shares = [1]
seeds = [0, 1]
[task]
name = "files"
demonstrations = "train.jsonl"
test = "test.jsonl"
grader = "rouge-l"
"""
REFERENCE = "four words of text"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The base answers at length; after one demonstration seed 0 is terse and seed 1 says the reference."""
    root = tmp_path / "run"
    root.mkdir()
    (root / "study.toml").write_text(STUDY)
    (root / "train.jsonl").write_text('{"prompt": "Q", "response": "A"}\n')
    rows = [{"id": f"q{i}", "prompt": f"Q {i}", "response": REFERENCE} for i in range(4)]
    (root / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    items = [problem.id for problem in read_record(root).study.load_task().problems]
    texts = {(0, "base", 0): REFERENCE * 2, (1, "sft", 0): "text", (1, "sft", 1): f" {REFERENCE}\n"}
    outcomes = []
    for (n, method, seed), text in texts.items():
        cell = f"{n}-{method}-{seed}"
        (root / "cells" / cell).mkdir(parents=True)
        lines = [json.dumps({"item": item, "text": text}) for item in items]
        (root / "cells" / cell / "generations.jsonl").write_text("".join(f"{line}\n" for line in lines))
        row = dict.fromkeys(SCHEMA.names) | {"cell": cell, "task": "files", "model": "m", "method": method}
        row |= {"n_demonstrations": n, "n_pairs": 0, "seed": seed, "metric": "rouge_l", "score": 0.5}
        outcomes += [row | {"item": item} for item in items]
    empty = pl.DataFrame(pl.from_arrow(SCHEMA.empty_table()))
    pl.DataFrame(outcomes, empty.schema).write_parquet(root / "outcomes.parquet")
    return root


def test_every_arm_is_judged_over_its_seeds(run: Path) -> None:
    record = read_record(run)
    found = judged_references(record, run, record.study.load_task(), partial(compared_by, longer_judge))
    base, trained = found
    assert (base.arm, trained.arm) == (Arm(0, 0, "base"), Arm(1, 0, "sft"))
    assert base.win_rate is not None and trained.win_rate is not None
    assert (base.win_rate.mean, base.win_rate.basis) == (1.0, "items")
    assert (trained.win_rate.mean, trained.win_rate.seeds, trained.win_rate.items) == (0.25, 2, 4)
    assert trained.win_rate.basis == "seeds and items"
    assert (trained.counts.wins, trained.counts.losses, trained.counts.ties) == (0, 4, 4)
    assert (trained.metric, trained.score.mean) == ("rouge_l", 0.5)


def test_what_cannot_be_read_is_counted_and_has_no_rate(run: Path) -> None:
    record = read_record(run)
    junk = partial(compared_by, lambda prompt, first, second: "well")
    base, _ = judged_references(record, run, record.study.load_task(), junk)
    assert base.win_rate is None
    assert (base.counts.junk, base.counts.wins) == (4, 0)


def test_the_command_prints_a_table_or_one_document(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["judge", str(run), "--against", "references", "--judge", "longer"]
    with pytest.raises(SystemExit):
        app(command)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[3].split()[:3] == ["1", "0", "sft"] and ".250 [" in lines[3]
    with pytest.raises(SystemExit):
        app([*command, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (document["judge"], document["against"]) == ("longer", "references")
    assert document["arms"][1]["win_rate"]["mean"] == 0.25
    assert document["arms"][1]["ties"] == 4


def test_a_model_is_a_judge(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The world's own small model knows no such words: all is junk, and said to be."""
    from apportion.models.world_base import world_base_path

    with pytest.raises(SystemExit):
        app(["judge", str(run), "--against", "references", "--judge", str(world_base_path()), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert [arm["junk"] for arm in document["arms"]] == [4, 8]
    assert document["arms"][0]["win_rate"] is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "or --against references"),
        (["RUN", "--against", "references"], "a second study"),
        (["--against", "references", "--judge", "me"], "--judge: found 'me'"),
        (["--against", "others"], "--against"),
        (["RUN"], "type apportion judge"),
        (["RUN", "--study", "x.toml"], "--study"),
        (["--against", "references", "--study", "gone.toml"], "gone.toml"),
    ],
)
def test_bad_input_is_one_line(
    run: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["judge", str(run), *(str(run) if one == "RUN" else one for one in arguments)])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1


def test_answers_to_other_items_are_refused(run: Path) -> None:
    record = read_record(run)
    for file in run.glob("cells/*/generations.jsonl"):
        file.write_text('{"item": "elsewhere", "text": "x"}\n')
    with pytest.raises(UserError, match="other items"):
        judged_references(record, run, record.study.load_task(), partial(compared_by, longer_judge))
