"""Summaries and helpful answers: pools and held-out items of public forms, ROUGE-L, and a judge's comparisons."""

import json
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.studies.judges import (
    against_references,
    compared_by,
    judged_by_model,
    preference_accuracy,
    win_rate,
)
from apportion.studies.study import TASKS
from apportion.tasks.judging import longer_judge
from apportion.tasks.preference import (
    PreferenceTaskSettings,
    grade_open,
    helpfulness_task,
    summarization_task,
)
from apportion.tasks.task import Problem


def write(path: Path, rows: list[dict]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.name


def tldr(number: int, choice: int = 0) -> dict:
    info = {
        "id": f"t3_{number}",
        "post": f"Post number {number}.",
        "title": "T",
        "subreddit": "pets",
        "article": None,
    }
    texts = [{"text": f" Summary of {number}."}, {"text": f" No summary of {number}."}]
    return {"info": info, "summaries": texts, "choice": choice, "worker": "w"}


def summaries(folder: Path, **more) -> PreferenceTaskSettings:
    return PreferenceTaskSettings(
        pairs=write(folder / "pairs.jsonl", [tldr(n) for n in range(4)]),
        held_out_pairs=write(folder / "held.jsonl", [tldr(9), tldr(9, 1), tldr(8, 1)]),
        demonstrations=write(folder / "sft.jsonl", [{"prompt": "POST: x\n\nTL;DR:", "label": "an x"}]),
        **more,
    )


def test_summarization(tmp_path: Path) -> None:
    task = summarization_task(summaries(tmp_path, decode=True), tmp_path)
    assert (task.name, task.metric, len(task.pairs), len(task.comparisons)) == (
        "summarization",
        "rouge_l",
        4,
        3,
    )
    assert task.demonstrations[0].response.strip() == "an x"
    assert sorted(problem.reference for problem in task.problems)[0] == "No summary of 8."
    assert len(task.problems) == 2  # a prompt is answered once
    plain = summarization_task(summaries(tmp_path), tmp_path)
    assert (plain.problems, plain.metric) == ((), "accuracy")


def test_helpfulness(tmp_path: Path) -> None:
    def rated(prompt: str, response: str, helpfulness: int) -> dict:
        return {"prompt": prompt, "response": response, "helpfulness": helpfulness}

    train = [rated("a?", "good", 4), rated("a?", "bad", 1), rated("b?", "bad", 0)]
    held = [rated("c?", "good", 3), rated("c?", "bad", 2)]
    settings = PreferenceTaskSettings(
        pairs=write(tmp_path / "train.jsonl", train),
        held_out_pairs=write(tmp_path / "held.jsonl", held),
        demonstrations="train.jsonl",
    )
    task = helpfulness_task(settings, tmp_path)
    assert [pair.chosen.strip() for pair in task.pairs] == ["good"]
    assert [row.response.strip() for row in task.demonstrations] == ["good"]
    assert {"summarization", "helpfulness"} <= set(TASKS)
    with pytest.raises(UserError, match="field 'info'"):
        summarization_task(settings, tmp_path)


def test_open_answers_are_never_right() -> None:
    problem = Problem("p", "q", "the dog ate my homework")
    found = grade_open(problem, "My dog ate the homework.")
    assert (found.strict, found.flexible, found.error_class) == (False, False, "none")
    assert found.score == pytest.approx(3 / 5)
    assert [grade_open(problem, text).error_class for text in ("", "I'm sorry, I can't.", "no " * 40)] == [
        "malformed",
        "refused",
        "repetition",
    ]


def test_a_judge_compares_with_the_references(tmp_path: Path) -> None:
    task = summarization_task(summaries(tmp_path, decode=True), tmp_path)
    lines = [{"item": problem.id, "text": " short"} for problem in task.problems[:1]]
    (tmp_path / "generations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (comparison,) = against_references(tmp_path / "generations.jsonl", task)
    assert (comparison.first, comparison.second) == ("short", task.problems[0].reference)
    result = win_rate([comparison], compared_by(longer_judge, [comparison]))
    assert result.counts.losses == 1


def test_a_model_judges_and_prefers(tmp_path: Path) -> None:
    """The world's own small model: its verdicts are junk, and recorded as such; its likelihoods are numbers."""
    from apportion.models.causal import load_model, load_tokenizer
    from apportion.models.settings import ModelSettings
    from apportion.tasks.world import WorldSettings, world_task

    settings = ModelSettings()
    pairs = world_task(WorldSettings(comparisons=8, pairs=1, demonstrations=1, problems=1)).comparisons
    comparisons = _as_comparisons(pairs)
    results = judged_by_model(settings, comparisons[:2], tmp_path)
    assert [one.id for one in results] == [one.id for one in comparisons[:2]]
    assert win_rate(comparisons[:2], results).counts.junk == 2
    model, tokenizer = load_model(settings, tmp_path), load_tokenizer(settings, tmp_path)
    found = preference_accuracy(model, tokenizer, pairs, settings.rendering, settings.max_length)
    assert found.margins.shape == (8, 2)
    assert found.summed.mean == pytest.approx((found.margins[:, 0] > 0).mean())
    assert found.per_token.mean == pytest.approx((found.margins[:, 1] > 0).mean())


def _as_comparisons(pairs):
    from apportion.tasks.judging import Comparison

    return [Comparison(pair.id, str(pair.prompt), pair.chosen, pair.rejected, "first") for pair in pairs]
