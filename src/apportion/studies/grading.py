"""Grades a cell: one row per held-out item and metric, and what was decoded."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from statistics import fmean
from typing import Any

from apportion.error_classes import FORMLESS, ErrorClass, known
from apportion.errors import UserError
from apportion.judgements.demonstrations import Demonstration, Prompt
from apportion.judgements.findings import excerpt
from apportion.judgements.pairs import PreferencePair
from apportion.metrics import KINDS
from apportion.models.rendering import Renderer
from apportion.studies.outcomes import write_items
from apportion.studies.stages import Unit
from apportion.studies.study import Study
from apportion.tasks.sound_grades import flaw, settled
from apportion.tasks.task import Grade, Problem, Task
from apportion.training.decoding import decode
from apportion.training.likelihood import Likelihood, response_likelihoods

log = logging.getLogger(__name__)
_FAILED = Grade(False, False, "other", detail="grader")


def grade_cell(
    model: Any, renderer: Renderer, task: Task, study: Study, unit: Unit, folder: Path
) -> dict[str, float]:
    """Write items.parquet and generations.jsonl for a model, and return the means of what was measured.

    Metrics: "accuracy" (strict, per problem), "nll" (nats per token of a held-out response, lower is better) and
    "preference_accuracy" (1 if the chosen response of a held-out pair is likelier per token, .5 for a tie); in
    place of accuracy "rouge_l" where the task's answers have no right and wrong; beside it `Task.beside`.

    Answers that share a prompt, and pairs that do, are not independent: each prompt has one row of "nll" or
    "preference_accuracy", named for the first of its answers or pairs, with the mean of their scores. So the mean
    over rows counts prompts alike, and an interval over items is one over prompts.
    """
    assert unit.cell is not None
    rows: list[dict[str, Any]] = []
    summary: dict[str, float] = {}
    if task.problems:
        decoded, beside, generations = _accuracy(model, renderer, task, study, unit.seed)
        rows += decoded + beside
        summary["mean_tokens"] = fmean(g["tokens"] for g in generations)
        summary["finished_share"] = fmean(g["finished"] for g in generations)
        summary["form_rate"] = fmean(row["error_class"] not in FORMLESS for row in decoded)
        summary["flexible"] = fmean(row["flexible"] for row in decoded)
        lines = (json.dumps(g, sort_keys=True, ensure_ascii=False) for g in generations)
        (folder / "generations.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    answers = [(answer.id, answer.prompt, (answer.response,)) for answer in task.answers]
    comparisons = [(pair.id, pair.prompt, (pair.chosen, pair.rejected)) for pair in task.comparisons]
    likelihoods = _likelihoods(model, renderer, [*answers, *comparisons])
    losses, wins = [], []
    for (_, _, responses), found in zip([*answers, *comparisons], likelihoods, strict=True):
        per_token = [one.log_prob / one.tokens for one in found]
        if len(responses) == 1:
            losses.append(-per_token[0])
        else:
            wins.append(0.5 if per_token[0] == per_token[1] else float(per_token[0] > per_token[1]))
    for metric, held_out, scores in (
        ("nll", task.answers, losses),
        ("preference_accuracy", task.comparisons, wins),
    ):
        rows += [_row(item, metric, score) for item, score in by_prompt(held_out, scores)]
    for metric in KINDS:
        scores = [row["score"] for row in rows if row["metric"] == metric]
        if scores:
            summary[metric] = fmean(scores)
    if not all(isfinite(row["score"]) for row in rows):
        recipe = f"{unit.cell.n_demonstrations} demonstrations, {unit.cell.n_pairs} pairs, {unit.cell.method}"
        raise UserError(
            f"cell {unit.name} ({recipe}, seed {unit.cell.seed})",
            "scores that are not finite: its training diverged",
            "finite log-probabilities",
            "Lower the learning_rate under [sft] or [preference].",
        )
    write_items(folder / "items.parquet", unit.name, unit.cell, rows)
    return summary


def by_prompt(
    held_out: Sequence[Demonstration] | Sequence[PreferencePair], scores: Sequence[float]
) -> list[tuple[str, float]]:
    """Return the mean score of each prompt with the id of the first row that has it, in the rows' order.

    A score whose prompt no other row has stays as it is, to the bit.
    """
    found: dict[Prompt, tuple[str, list[float]]] = {}
    for row, score in zip(held_out, scores, strict=True):
        found.setdefault(row.prompt, (row.id, []))[1].append(score)
    return [(item, fmean(some) if len(some) > 1 else some[0]) for item, some in found.values()]


def _accuracy(
    model: Any, renderer: Renderer, task: Task, study: Study, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    prompts = [renderer.prompt(problem.prompt) for problem in task.problems]
    limit = study.decoding.max_new_tokens or task.max_new_tokens
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    most = max(map(len, prompts)) + limit
    if positions is not None and most > positions:
        raise UserError(
            f"model '{study.model.source}'",
            f"{most} tokens for the longest prompt and {limit} to decode",
            f"no more than {positions}, the model's positions",
            "Lower max_length under [model], or max_new_tokens under [decoding].",
        )
    texts = decode(model, renderer.tokenizer, prompts, study.decoding, max_new_tokens=limit, seed=seed)
    rows, beside, generations = [], [], []
    for problem, generation in zip(task.problems, texts, strict=True):
        grade = graded(task, problem, generation.text)
        error_class = _settled(grade.error_class, generation.finished)
        rows.append(
            _row(
                problem.id,
                task.metric,
                float(grade.strict) if grade.score is None else grade.score,
                grade.strict,
                grade.flexible,
                error_class,
            )
        )
        beside += _beside(task, problem, grade)
        generations.append(
            {"item": problem.id, "text": generation.text, "tokens": generation.tokens}
            | {"finished": generation.finished, "error_class": error_class, "detail": grade.detail}
        )
    return rows, beside, generations


def _beside(task: Task, problem: Problem, grade: Grade) -> list[dict[str, Any]]:
    """The rows of the task's second metric: of the answer, or of each of its parts; 0 where the grader failed."""
    if task.beside is None:
        return []
    scores = grade.beside or (0.0,)
    if task.beside == "f1":
        return [_row(problem.id, task.beside, scores[0])]
    return [_row(f"{problem.id}/{place}", task.beside, score) for place, score in enumerate(scores, 1)]


def graded(task: Task, problem: Problem, text: str) -> Grade:
    """Return the task's grade of an answer; where the grader fails it is logged, wrong, "other", of detail "grader".

    An answer may be anything, and one that a grader stumbles over must not cost the cell or pass for right. A
    grader fails by raising, or by returning what `sound_grades.flaw` finds fault with. What the user has to mend
    (`UserError`) still ends the run. A class that is not in the vocabulary (of a grader of the user's own) becomes
    the detail: of "style-only" where the answer is flexibly right, else of "other".
    """
    try:
        grade = task.grade(problem, text)
        found = flaw(grade, task.metric)
    except UserError:
        raise
    except Exception:
        log.exception("task '%s', item %s: its grader raised on %s", task.name, problem.id, excerpt(text))
        return _FAILED
    if found is not None:
        log.error(
            "task '%s', item %s: its grader returned %s for %s", task.name, problem.id, found, excerpt(text)
        )
        return _FAILED
    grade = settled(grade)
    if known(grade.error_class):
        return grade
    error_class = "none" if grade.strict else "style-only" if grade.flexible else "other"
    return replace(grade, error_class=error_class, detail=grade.detail or grade.error_class)


def _settled(error_class: ErrorClass, finished: bool) -> ErrorClass:
    """The class of an answer, once it is known whether the model ended it: a grader sees the text alone."""
    if error_class in ("malformed", "truncated"):
        return "malformed" if finished else "truncated"
    return error_class


def _likelihoods(model: Any, renderer: Renderer, held_out: list) -> list[list[Likelihood]]:
    rows = [renderer.rendered(prompt, responses) for _, prompt, responses in held_out]
    pad: Any = renderer.tokenizer.pad_token_id
    return response_likelihoods(model, rows, pad_token_id=pad)


def _row(
    item: str,
    metric: str,
    score: float,
    strict: bool | None = None,
    flexible: bool | None = None,
    error_class: str | None = None,
) -> dict[str, Any]:
    return {
        "item": item,
        "metric": metric,
        "score": score,
        "strict": strict,
        "flexible": flexible,
        "error_class": error_class,
    }
