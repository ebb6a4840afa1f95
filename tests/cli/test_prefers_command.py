"""`apportion prefers`: the world's own small model on a few pairs."""

import json
from pathlib import Path

import pytest

from apportion.cli.app import main
from apportion.judgements.pairs import PreferencePair
from apportion.models.causal import load_model, load_tokenizer
from apportion.models.settings import ModelSettings
from apportion.models.world_base import world_base_path
from apportion.studies.judges import labelled_pairs, preference_accuracy
from apportion.tasks.judging import Comparison

ROWS = [
    {
        "id": "a",
        "input": "Ask",
        "output_1": "9 + 3 = 12",
        "output_2": "so so so so",
        "label": 1,
        "subset": "x",
    },
    {"id": "b", "input": "Ask", "output_1": "12", "output_2": "9 + 3 = 12", "label": 2, "subset": "x"},
    {"id": "c", "input": "Say", "output_1": "so", "output_2": "12 ; 12", "label": 2, "subset": "x"},
]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def ran(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["prefers", *map(str, arguments)])
    return int(stopped.value.code or 0)


def test_ties_of_people_are_left_out_and_the_better_side_is_chosen() -> None:
    of = Comparison("1", "Q", "good", "bad", "first")
    turned = Comparison("2", "Q", "bad", "good", "second")
    tied, unlabelled = Comparison("3", "Q", "a", "b", "tie"), Comparison("4", "Q", "a", "b")
    found = labelled_pairs([of, turned, tied, unlabelled])
    assert found == (PreferencePair("1", "Q", "good", "bad"), PreferencePair("2", "Q", "good", "bad"))


def test_both_accuracies_over_prompts(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(world_base_path(), pairs, "--form", "llmbar", "--json", "--max-length", 64) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["pairs"], document["prompts"], document["rendering"]) == (3, 2, "plain")
    comparisons = [
        Comparison(
            r["id"], r["input"], r["output_1"], r["output_2"], "first" if r["label"] == 1 else "second"
        )
        for r in ROWS
    ]
    settings = ModelSettings()
    model, tokenizer = load_model(settings, tmp_path), load_tokenizer(settings, tmp_path)
    expected = preference_accuracy(model, tokenizer, labelled_pairs(comparisons), "plain", 64)
    assert document["summed"]["mean"] == pytest.approx(expected.summed.mean)
    assert document["per_token"]["mean"] == pytest.approx(expected.per_token.mean)
    assert ran(world_base_path(), pairs, "--form", "llmbar", "--items", 2) == 0
    assert capsys.readouterr().out.startswith("2 pairs of 1 prompts, plain")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--form", "llmbar", "--items", "0"], "--items: found 0"),
        (["--form", "llmbar", "--max-length", "2"], "--max-length: found 2"),
        (["--form", "mine"], "--form"),
        ([], "a column named chosen"),
        (["--form", "pandalm"], "annotator1"),
    ],
)
def test_bad_input_is_one_line(
    pairs: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(world_base_path(), pairs, *arguments) == 2
    error = capsys.readouterr().err
    assert expected in error


def test_models_and_files_that_are_not_there(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran("gone.gguf", pairs, "--form", "llmbar") == 2
    assert "gone.gguf" in capsys.readouterr().err
    assert ran(world_base_path(), "gone.jsonl") == 2
    assert "gone.jsonl" in capsys.readouterr().err
