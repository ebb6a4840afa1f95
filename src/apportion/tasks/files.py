"""Files: a task made of the user's own files, with whichever held-out measures they allow."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from apportion.errors import UserError
from apportion.judgements.contamination import refuse_contamination
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.findings import excerpt
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.readers import Faulty, read_demonstrations, read_pairs
from apportion.judgements.subsets import scattered
from apportion.tasks.grade import grade_exact, grade_last_number, last_number
from apportion.tasks.prompts import Template, posed, posed_demonstration, posed_pair
from apportion.tasks.sources import located
from apportion.tasks.task import Problem, Task

HELD_OUT_SEED = 0  # of the cap on held-out items
GRADERS = {"exact": grade_exact, "last-number": grade_last_number}


@dataclass(frozen=True, slots=True)
class FilesSettings:
    """The sources of a task, each optional: at least one to train on and one to measure by.

    `demonstrations` and `pairs` are the pools. `test` holds prompts with a reference answer, decoded and
    graded by `grader`; `held_out_answers` are demonstrations measured by NLL; `held_out_pairs` are measured
    by preference accuracy. `columns` maps fields to column names in demonstrations and held-out answers,
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
    grader: Literal["exact", "last-number"] = "exact"
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
    wordy = next((row for row in test if last_number(row.response) is None), None)
    if settings.grader == "last-number" and wordy is not None:
        raise UserError(
            f"{settings.test}, item {wordy.id}",
            f"a reference without a number ({excerpt(wordy.response)})",
            "a number to compare with",
            "Mend it, or write grader = 'exact'.",
        )
    template = settings.prompt_template
    return Task(
        name="files",
        demonstrations=tuple(posed_demonstration(row, template) for row in demonstrations),
        pairs=tuple(posed_pair(row, template) for row in pairs),
        problems=tuple(Problem(row.id, posed(row.prompt, template), row.response) for row in test),
        answers=tuple(posed_demonstration(row, template) for row in answers),
        comparisons=tuple(posed_pair(row, template) for row in comparisons),
        grade=GRADERS[settings.grader],
        max_new_tokens=settings.max_new_tokens,
    )


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
