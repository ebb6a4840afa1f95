"""Files: a task made of the user's own files, with whichever held-out measures they allow."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeVar

from apportion.errors import UserError
from apportion.judgements.contamination import refuse_contamination
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.findings import excerpt
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.readers import Faulty, read_demonstrations, read_pairs
from apportion.judgements.subsets import scattered
from apportion.tasks.grade import last_number, number, strict_number
from apportion.tasks.math import grade_solution
from apportion.tasks.multihop import grade_answer
from apportion.tasks.plain_graders import grade_exact, grade_last_number
from apportion.tasks.preference import grade_open
from apportion.tasks.prompts import Template, posed, posed_demonstration, posed_pair
from apportion.tasks.sources import located
from apportion.tasks.task import Problem, Task

Row = TypeVar("Row", Demonstration, PreferencePair)
HELD_OUT_SEED = 0  # of the cap on held-out items
GRADERS = {
    "exact": grade_exact,
    "last-number": grade_last_number,
    "solution": grade_solution,
    "short-answer": grade_answer,
    "rouge-l": grade_open,
}


@dataclass(frozen=True, slots=True)
class FilesSettings:
    """The sources of a task, each optional: at least one to train on and one to measure by.

    `demonstrations` and `pairs` are the pools. `test` holds prompts with a reference answer, decoded and
    graded by `grader`; `held_out_answers` are demonstrations measured by NLL; `held_out_pairs` are measured
    by preference accuracy. `template` is how a prompt is put, with {prompt} in it, before `prompt_template` dresses
    it. `columns` maps fields to column names in demonstrations and held-out answers,
    `pair_columns` in both kinds of pairs, `test_columns` in the test. `items` caps each kind of held-out
    item. `faulty` "drop" leaves out rows that the checks refuse.
    """

    demonstrations: str | None = None
    pairs: str | None = None
    test: str | None = None
    held_out_answers: str | None = None
    held_out_pairs: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    pair_columns: dict[str, str] = field(default_factory=dict)
    test_columns: dict[str, str] = field(default_factory=dict)
    grader: Literal["exact", "last-number", "solution", "short-answer", "rouge-l"] = "exact"
    template: str | None = None
    items: int | None = None
    prompt_template: Template = "plain"
    max_new_tokens: int = 256
    faulty: Faulty = "refuse"
    allow_contamination: bool = False


def files_task(settings: FilesSettings, base: Path) -> Task:
    """Return the task that the files make; relative paths count from `base`.

    Raises `UserError` where there is nothing to train on or nothing to measure by, for faulty files, and for
    prompts that are both trained on and held out.
    """
    _refuse_nothing(settings)
    if settings.template is not None and settings.template.count("{prompt}") != 1:
        found = f"{settings.template.count('{prompt}')} places for the prompt"
        raise UserError("[task] files, template", found, "{prompt} once", "Write template = 'Q: {prompt}'.")
    demonstrations = _demonstrations(settings.demonstrations, settings.columns, settings, base)
    pairs = _pairs(settings.pairs, settings, base)
    test = _demonstrations(settings.test, settings.test_columns, settings, base)
    answers = _demonstrations(settings.held_out_answers, settings.columns, settings, base)
    comparisons = _pairs(settings.held_out_pairs, settings, base)
    test, answers = (scattered(rows, settings.items, HELD_OUT_SEED) for rows in (test, answers))
    comparisons = scattered(comparisons, settings.items, HELD_OUT_SEED)
    held_out = (settings.test, settings.held_out_answers, settings.held_out_pairs)
    refuse_contamination(
        [row.prompt for row in (*demonstrations, *pairs)],
        [row.prompt for row in (*test, *answers, *comparisons)],
        f"{_named(settings.demonstrations, settings.pairs)} against {_named(*held_out)}",
        settings.allow_contamination,
    )
    number_of = {"last-number": last_number, "solution": _solution_number}.get(settings.grader)
    wordy = next((row for row in test if number_of is not None and number_of(row.response) is None), None)
    if wordy is not None:
        raise UserError(
            f"{settings.test}, item {wordy.id}",
            f"a reference without a number ({excerpt(wordy.response)})",
            "a number to compare with",
            "Mend it, or write grader = 'exact'.",
        )
    if settings.template is not None:
        demonstrations, test, answers = (
            _put(rows, settings.template) for rows in (demonstrations, test, answers)
        )
        pairs, comparisons = (_put(rows, settings.template) for rows in (pairs, comparisons))
    template = settings.prompt_template
    return Task(
        name="files",
        demonstrations=tuple(posed_demonstration(row, template) for row in demonstrations),
        pairs=tuple(posed_pair(row, template) for row in pairs),
        problems=tuple(
            Problem(row.id, posed(row.prompt, template), _reference(row.response, settings)) for row in test
        ),
        answers=tuple(posed_demonstration(row, template) for row in answers),
        comparisons=tuple(posed_pair(row, template) for row in comparisons),
        grade=GRADERS[settings.grader],
        max_new_tokens=settings.max_new_tokens,
        metric="rouge_l" if settings.grader == "rouge-l" else "accuracy",
    )


def _put(rows: tuple[Row, ...], template: str) -> tuple[Row, ...]:
    """The rows with their prompts put as the template says; chats stay as they are."""
    return tuple(
        replace(row, prompt=template.replace("{prompt}", row.prompt.strip()))
        if isinstance(row.prompt, str)
        else row
        for row in rows
    )


def _solution_number(text: str) -> Fraction | None:
    return strict_number(text) if "####" in text else number(text)


def _reference(response: str, settings: FilesSettings) -> str:
    """What the grader compares with: of a worked solution the final number, and after a blank line the working."""
    if settings.grader != "solution":
        return response
    working, mark, final = response.rpartition("####")
    return f"{final.strip()}\n\n{response}" if mark and working.strip() else final.strip()


def _refuse_nothing(settings: FilesSettings) -> None:
    if settings.demonstrations is None and settings.pairs is None:
        raise UserError(
            "[task] files", "no training file", "demonstrations or pairs", "Add demonstrations = 'FILE'."
        )
    if settings.test is None and settings.held_out_answers is None and settings.held_out_pairs is None:
        expected = "test, held_out_answers or held_out_pairs"
        raise UserError("[task] files", "nothing to measure by", expected, "Add test = 'FILE'.")


def _demonstrations(
    source: str | None, columns: dict[str, str], settings: FilesSettings, base: Path
) -> tuple[Demonstration, ...]:
    if source is None:
        return ()
    return read_demonstrations(located(source, base), columns, faulty=settings.faulty)


def _pairs(source: str | None, settings: FilesSettings, base: Path) -> tuple[PreferencePair, ...]:
    if source is None:
        return ()
    return read_pairs(located(source, base), settings.pair_columns, faulty=settings.faulty)


def _named(*sources: str | None) -> str:
    return " and ".join(source for source in sources if source is not None)
