"""IFEval: instructions that a rule can check, such as how many words and no commas (arXiv 2311.07911)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from apportion.error_classes import ErrorClass
from apportion.errors import UserError
from apportion.judgements.contamination import prompt_key, refuse_contamination
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.findings import Row, described
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.readers import Faulty, read_demonstrations, read_pairs
from apportion.judgements.rows import read_rows
from apportion.judgements.subsets import scattered, split_by_prompt
from apportion.tasks.anatomy import is_repetition, opens_with_refusal
from apportion.tasks.ifeval.checks import CHECKS
from apportion.tasks.ifeval.details import expected, sound
from apportion.tasks.preference import chosen_sides
from apportion.tasks.prompts import Template, posed, posed_demonstration, posed_pair
from apportion.tasks.sources import located
from apportion.tasks.task import Grade, Problem, Task

HELD_OUT_SEED = 0  # of the cap on held-out items
HALVES_SEED = 1  # of the halves of the pairs' prompts
FORM_GROUPS = frozenset({"change_case", "detectable_format", "punctuation", "startend"})


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a prompt: its kind, one of `CHECKS`, and its details."""

    kind: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IFEvalSettings:
    """Where the prompts are, and what is bought.

    Without `demonstrations` the prompts of the pairs are halved: the chosen sides of one half are the
    demonstrations, the other half is the pool of pairs. `held_out_answers` are measured by NLL and
    `held_out_pairs` by preference accuracy. `columns` maps fields to column names in demonstrations and held-out
    answers, `pair_columns` in both kinds of pairs. `items` caps each kind of held-out item. `faulty` "drop" leaves
    out rows that the checks refuse, as UltraFeedback's pairs of equal texts.
    """

    prompts: str = "$APPORTION_DATA/text/ifeval_prompts.jsonl.gz"
    pairs: str | None = "$APPORTION_DATA/text/ultrafeedback_binarized_sample_train.jsonl.gz"
    demonstrations: str | None = None
    held_out_answers: str | None = None
    held_out_pairs: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    pair_columns: dict[str, str] = field(default_factory=dict)
    items: int | None = None
    prompt_template: Template = "chat"
    max_new_tokens: int = 768
    faulty: Faulty = "drop"
    allow_contamination: bool = False


def ifeval_task(settings: IFEvalSettings, base: Path) -> Task:
    """Return IFEval as a task: 541 prompts held out, graded by whether every instruction is followed."""
    prompts = read_instructions(settings.prompts, base)
    pairs = _pairs(settings.pairs, settings, base)
    if settings.demonstrations is not None:
        demonstrations = _demonstrations(settings.demonstrations, settings, base)
    else:
        shown, pairs = split_by_prompt(
            pairs, len({prompt_key(pair.prompt) for pair in pairs}) // 2, HALVES_SEED
        )
        demonstrations = chosen_sides(shown)
    answers = scattered(
        _demonstrations(settings.held_out_answers, settings, base), settings.items, HELD_OUT_SEED
    )
    comparisons = scattered(_pairs(settings.held_out_pairs, settings, base), settings.items, HELD_OUT_SEED)
    texts = [Demonstration(id_, text, "") for id_, text, _ in prompts]
    kept = {row.id for row in scattered(texts, settings.items, HELD_OUT_SEED)}
    refuse_contamination(
        [row.prompt for row in (*demonstrations, *pairs)],
        [row.prompt for row in (*texts, *answers, *comparisons)],
        f"the pools of ifeval against {settings.prompts}",
        settings.allow_contamination,
    )
    template = settings.prompt_template
    return Task(
        name="ifeval",
        demonstrations=tuple(posed_demonstration(row, template) for row in demonstrations),
        pairs=tuple(posed_pair(row, template) for row in pairs),
        problems=tuple(
            Problem(id_, posed(text, template), _reference(instructions))
            for id_, text, instructions in prompts
            if id_ in kept
        ),
        answers=tuple(posed_demonstration(row, template) for row in answers),
        comparisons=tuple(posed_pair(row, template) for row in comparisons),
        grade=grade_instructions,
        max_new_tokens=settings.max_new_tokens,
        beside="instruction_accuracy",
    )


class InstructedPrompt(NamedTuple):
    """A prompt of IFEval and the instructions in it."""

    id: str
    text: str
    instructions: tuple[Instruction, ...]


def read_instructions(source: str, base: Path) -> tuple[InstructedPrompt, ...]:
    """Return the prompts of a file in IFEval's form; raises `UserError` for a kind or a detail that is not known."""
    return tuple(_prompt(row) for row in read_rows(located(source, base)))


class Followed(NamedTuple):
    """Whether each instruction of a prompt was followed, strictly and loosely, in the prompt's order."""

    strict: tuple[bool, ...]
    loose: tuple[bool, ...]


def followed(instructions: Sequence[Instruction], response: str) -> Followed:
    """Return which instructions a response follows.

    Loosely, one is followed if it is in any of eight readings of the response: as it is, without its first line,
    without its last, without both, each also without asterisks (section 2.2 of the paper). An empty reading
    follows nothing.
    """
    readings = _readings(response)
    strict = tuple(_follows(instruction, response) for instruction in instructions)
    loose = tuple(any(_follows(instruction, reading) for reading in readings) for instruction in instructions)
    return Followed(strict, loose)


def grade_instructions(problem: Problem, text: str) -> Grade:
    """Return the grade of a response: strict and flexible are the benchmark's strict and loose, of the whole prompt.

    The scores beside it are 1 for each instruction that was followed strictly, else 0.
    The detail is the group of the first instruction that was not followed, such as "keywords". Classes: "malformed"
    is an empty response, "repetition" goes in circles, "refused" opens with a refusal; "style-only" if all is loosely
    followed, or only instructions of form (case, punctuation, layout, first and last words) are not; "other" in
    another language than was asked for; else "missing-or-extra-step": words, counts or parts that were asked for are
    missing or too many.
    """
    instructions = [Instruction(kind, details) for kind, details in json.loads(problem.reference)]
    found = followed(instructions, text)
    each = tuple(map(float, found.strict))
    if all(found.strict):
        return Grade(True, True, "none", beside=each)
    groups = [
        one.kind.partition(":")[0] for one, kept in zip(instructions, found.strict, strict=True) if not kept
    ]
    error_class = _class(text, groups, all(found.loose))
    return Grade(False, all(found.loose), error_class, detail=groups[0], beside=each)


def _class(text: str, failed: Sequence[str], loosely: bool) -> ErrorClass:
    if not text.strip():
        return "malformed"
    if is_repetition(text):
        return "repetition"
    if opens_with_refusal(text):
        return "refused"
    if loosely or set(failed) <= FORM_GROUPS:
        return "style-only"
    return "other" if "language" in failed else "missing-or-extra-step"


def _follows(instruction: Instruction, response: str) -> bool:
    return bool(response.strip()) and CHECKS[instruction.kind][0](response, instruction.details)


def _readings(response: str) -> tuple[str, ...]:
    lines = response.split("\n")
    cuts = [lines, lines[1:], lines[:-1], lines[1:-1]]
    plain = [response, *("\n".join(cut).strip() for cut in cuts[1:])]
    return (*plain, *(text.replace("*", "") for text in plain))


def _reference(instructions: Sequence[Instruction]) -> str:
    return json.dumps(
        [[one.kind, dict(one.details)] for one in instructions], sort_keys=True, ensure_ascii=False
    )


def _prompt(row: Row) -> InstructedPrompt:
    text, kinds, details = (row.values.get(name) for name in ("prompt", "instruction_id_list", "kwargs"))
    if not isinstance(text, str) or not text.strip():
        raise _fault(row, "prompt", described(text), "a text")
    if not isinstance(kinds, list) or not kinds:
        raise _fault(row, "instruction_id_list", described(kinds), "a list of kinds of instruction")
    if not isinstance(details, list) or len(details) != len(kinds):
        raise _fault(row, "kwargs", described(details), "as many objects as instructions")
    instructions = tuple(_instruction(row, kind, found) for kind, found in zip(kinds, details, strict=True))
    return InstructedPrompt(str(row.values.get("key", row.number)), text, instructions)


def _instruction(row: Row, kind: object, details: object) -> Instruction:
    if not isinstance(kind, str) or kind not in CHECKS:
        raise _fault(row, "instruction_id_list", described(kind), "one of the 25 kinds of IFEval")
    given = {k: v for k, v in details.items() if v is not None} if isinstance(details, dict) else {}
    missing = [name for name in CHECKS[kind][1] if name not in given]
    if missing:
        raise _fault(row, "kwargs", f"no {missing[0]} for {kind}", ", ".join(CHECKS[kind][1]))
    taken = {name: sound(name, given[name]) for name in CHECKS[kind][1]}
    for name, value in taken.items():
        if value is None:
            raise _fault(row, "kwargs", f"{described(given[name])} as {name} of {kind}", expected(name))
    return Instruction(kind, taken)


def _fault(row: Row, name: str, found: str, wanted: str) -> UserError:
    return row.finding(name, found, wanted, "Use the release's own file: apportion data list.").error()


def _demonstrations(source: str | None, settings: IFEvalSettings, base: Path) -> tuple[Demonstration, ...]:
    return (
        ()
        if source is None
        else read_demonstrations(located(source, base), settings.columns, faulty=settings.faulty)
    )


def _pairs(source: str | None, settings: IFEvalSettings, base: Path) -> tuple[PreferencePair, ...]:
    return (
        ()
        if source is None
        else read_pairs(located(source, base), settings.pair_columns, faulty=settings.faulty)
    )
