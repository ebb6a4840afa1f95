"""A study's answers against the references of its task: open answers, by judges that anyone can take in."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from apportion.cli.app import app, main
from apportion.errors import UserError
from apportion.findings.measured import Arm
from apportion.reports.judged_references import _less_one_half, judged_references
from apportion.reports.record import read_record
from apportion.statistics import p_value
from apportion.studies.judges import compared_by, label_agreement
from apportion.studies.outcomes import SCHEMA
from apportion.tasks.judging import Comparison, Judged, longer_judge

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
    assert base.standing == trained.standing == "tied"  # four items tell nothing from one half, of two arms


def test_the_arms_are_corrected_for_one_another(run: Path) -> None:
    record = read_record(run)
    task = record.study.load_task()
    base, trained = judged_references(record, run, task, partial(compared_by, longer_judge))
    assert base.p is not None and trained.p is not None
    single = p_value(partial(_less_one_half, np.ones((1, 4))))
    assert base.p == pytest.approx(2 * single, abs=1e-6)


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
    assert len(lines) == 5 and "Holm's correction for 2 rows" in lines[4]
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
        (["RUN", "--study", "x.toml"], "--study"),
        (["--against", "references", "--study", "gone.toml"], "gone.toml"),
        (["--items", "3"], "--items"),
        (["RUN", "--form", "llmbar"], "--form"),
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


LABELLED = [
    ("a", "Ask", "long answer", "no", 1),
    ("b", "Ask", "no", "longer one", 1),
    ("c", "Say", "x", "y", 2),
]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_judge_is_held_against_the_labels_of_people(
    as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pairs.jsonl"
    fields = ("id", "input", "output_1", "output_2", "label")
    path.write_text("".join(json.dumps(dict(zip(fields, row, strict=True))) + "\n" for row in LABELLED))
    with pytest.raises(SystemExit) as stopped:
        main(["judge", str(path), "--form", "llmbar", "--judge", "longer", *(["--json"] if as_json else [])])
    assert not stopped.value.code
    out = capsys.readouterr().out
    if not as_json:
        assert "3 pairs of 2 prompts" in out and "agreement .500 [" in out
        return
    document = json.loads(out)
    assert (document["pairs"], document["prompts"], document["agreement"]["mean"]) == (3, 2, 0.5)
    assert document["people"] == {"agreed": 1, "tied": 1, "junk": 0, "labelled": 3}
    assert document["said"]["inconsistent"] == 0


def test_what_is_not_read_does_not_agree() -> None:
    comparisons = [Comparison(str(i), f"Q {i}", "a", "b", "first") for i in range(4)]
    said = [Judged(str(i), *both) for i, both in enumerate(
        [("first", "first"), ("first", "second"), ("junk", "first"), ("second", "second")]
    )]  # fmt: skip
    found = label_agreement(comparisons, said)
    assert found.share.mean == (1 + 0.5) / 4
    assert (found.people.junk, found.counts.inconsistent, found.counts.first_place) == (1, 1, 1)
    junk = [Judged(str(i), "junk", "junk") for i in range(4)]
    none = label_agreement(comparisons, junk).share
    assert none.mean == none.low == 0 and 0.3 < none.high < 0.6
