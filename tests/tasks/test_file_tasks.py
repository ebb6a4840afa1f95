"""Tasks made of files: the user's own, and preference data such as UltraFeedback."""

import json
import os
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.judgements.demonstrations import Demonstration, Message
from apportion.judgements.pairs import PreferencePair
from apportion.tasks.files import FilesSettings, files_task
from apportion.tasks.preference import PreferenceTaskSettings, chosen_sides, preference_task
from apportion.tasks.prompts import Template, answered, posed
from apportion.tasks.sources import located

DEMONSTRATIONS = [{"prompt": f"Say {i}", "response": str(i)} for i in range(5)]
PAIRS = [{"prompt": f"Prefer {i}", "chosen": "yes", "rejected": "no"} for i in range(6)]
TEST = [{"question": f"Test {i}", "answer": f"about {i}"} for i in range(4)]


def write(path: Path, rows: list[dict[str, str]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path.name


def test_a_task_of_files(tmp_path: Path) -> None:
    settings = FilesSettings(
        demonstrations=write(tmp_path / "d.jsonl", DEMONSTRATIONS),
        pairs=write(tmp_path / "p.jsonl", PAIRS[:3]),
        held_out_pairs=write(tmp_path / "h.jsonl", PAIRS[3:]),
        held_out_answers=write(tmp_path / "a.jsonl", [{"prompt": "Held out", "response": "yes"}]),
        test=write(tmp_path / "t.jsonl", TEST),
        grader="last-number",
        items=2,
    )
    task = files_task(settings, tmp_path)
    pools = (task.demonstrations, task.pairs, task.problems, task.answers, task.comparisons)
    assert [len(rows) for rows in pools] == [5, 3, 2, 1, 2]
    assert task.demonstrations[0] == Demonstration("d-00001", "Say 0", "\n0")
    assert task.grade(task.problems[0], task.problems[0].reference).strict
    assert files_task(settings, tmp_path).problems == task.problems


def test_nothing_to_train_on_or_to_measure_by(tmp_path: Path) -> None:
    demonstrations = write(tmp_path / "d.jsonl", DEMONSTRATIONS)
    with pytest.raises(UserError, match="no training file"):
        files_task(FilesSettings(test=demonstrations), tmp_path)
    with pytest.raises(UserError, match="nothing to measure by"):
        files_task(FilesSettings(demonstrations=demonstrations), tmp_path)


def test_shared_prompts_are_refused_unless_allowed(tmp_path: Path) -> None:
    name = write(tmp_path / "d.jsonl", DEMONSTRATIONS)
    settings = FilesSettings(demonstrations=name, test=name)
    with pytest.raises(
        UserError, match=r"d.jsonl against d.jsonl: found held-out prompts .* 5, such as 'say"
    ):
        files_task(settings, tmp_path)
    assert files_task(
        FilesSettings(demonstrations=name, test=name, allow_contamination=True), tmp_path
    ).problems


def test_chosen_sides_serve_as_demonstrations_once() -> None:
    pairs = (
        PreferencePair("a", "p", "good", "bad"),
        PreferencePair("b", "p", "good", "worse"),
        PreferencePair("c", "p", "fine", "bad"),
    )
    assert chosen_sides(pairs) == (Demonstration("a", "p", "good"), Demonstration("c", "p", "fine"))


@pytest.mark.parametrize("template", ["plain", "question", "chat"])
@pytest.mark.parametrize("prompt", ["Why?", "Why? ", "def f():\n    ", (Message("user", "Why? "),)])
def test_prompts_end_and_answers_begin_where_tokens_do(
    prompt: str | tuple[Message, ...], template: Template
) -> None:
    shown, answer = posed(prompt, template), answered(prompt, template, "So.")
    assert answer.strip() == "So."
    if isinstance(shown, str):
        assert not shown[-1].isspace()
        assert answer[0].isspace()
    if template == "plain" and isinstance(prompt, str) and prompt[-1].isspace():
        assert f"{shown}{answer}" == f"{prompt}So."


def test_sources_are_located(tmp_path: Path) -> None:
    environment = {"DATA": "/data", "EMPTY": ""}
    assert located("x.jsonl", tmp_path, environment) == str(tmp_path / "x.jsonl")
    assert located("/x.jsonl", tmp_path, environment) == "/x.jsonl"
    assert located("$DATA/x.jsonl", tmp_path, environment) == "/data/x.jsonl"
    assert located("${DATA}/x.jsonl", tmp_path, environment) == "/data/x.jsonl"
    assert located("hf:owner/name:train", tmp_path, environment) == "hf:owner/name:train"
    with pytest.raises(UserError, match="export EMPTY="):
        located("$EMPTY/x.jsonl", tmp_path, environment)


@pytest.mark.skipif(
    "APPORTION_DATA" not in os.environ, reason="APPORTION_DATA is not set: export the data's folder"
)
def test_ultrafeedback(tmp_path: Path) -> None:
    file = "$APPORTION_DATA/text/ultrafeedback_binarized_sample_{}.jsonl.gz"
    sources = {"pairs": file.format("train"), "held_out_pairs": file.format("eval")}
    with pytest.raises(UserError, match="row 307, field 'rejected': found the same text as in chosen"):
        preference_task(PreferenceTaskSettings(**sources), tmp_path)
    task = preference_task(PreferenceTaskSettings(**sources, faulty="drop"), tmp_path)
    assert [len(rows) for rows in (task.pairs, task.demonstrations, task.comparisons)] == [497, 497, 199]
    named = PreferenceTaskSettings(
        **sources,
        demonstrations=sources["pairs"],
        demonstration_columns={"response": "chosen"},
        faulty="drop",
        items=50,
    )
    other = preference_task(named, tmp_path)
    assert len(other.demonstrations) == 999  # a pair of equal texts still holds a demonstration
    assert [row.id for row in other.answers] == [row.id for row in other.comparisons]
    assert len(other.answers) == 50
