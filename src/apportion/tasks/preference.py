"""Preference: instruction data such as UltraFeedback, summaries, helpful answers; scored by held-out pairs."""

from dataclasses import dataclass, field
from pathlib import Path

from apportion.error_classes import ErrorClass
from apportion.judgements.contamination import prompt_key, refuse_contamination
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.public_forms import (
    DemonstrationForm,
    PairForm,
    read_demonstration_form,
    read_pair_form,
)
from apportion.judgements.readers import Faulty, read_demonstrations, read_pairs
from apportion.judgements.subsets import scattered, split_by_prompt
from apportion.tasks.anatomy import is_repetition, opens_with_refusal
from apportion.tasks.plain_graders import grade_exact
from apportion.tasks.prompts import Template, posed, posed_demonstration, posed_pair
from apportion.tasks.rouge import rouge_l
from apportion.tasks.sources import located
from apportion.tasks.task import Grade, Problem, Task

HELD_OUT_SEED = 0  # of the cap on held-out items
HALVES_SEED = 1  # of the halves of the prompts


@dataclass(frozen=True, slots=True)
class PreferenceTaskSettings:
    """Three sources: pairs to buy from, held-out pairs, and demonstrations.

    Without demonstrations the pairs' prompts are halved: the chosen sides of one half are the demonstrations,
    the other half is the pool of pairs, so that no prompt is bought in both kinds.

    `items` caps the held-out pairs. `columns` maps fields to column names in both pair files, and
    `demonstration_columns` in the demonstrations. `faulty` "drop" leaves out rows that the checks refuse, as
    UltraFeedback's pairs of equal texts. `form` and `demonstration_form` name a public set whose own columns the
    files have (`public_forms`). `decode` answers the held-out prompts too, scored by ROUGE-L against the chosen
    side, which a judge can then compare with them.
    """

    pairs: str
    held_out_pairs: str
    demonstrations: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    demonstration_columns: dict[str, str] = field(default_factory=dict)
    form: PairForm | None = None
    demonstration_form: DemonstrationForm | None = None
    items: int | None = None
    decode: bool = False
    max_new_tokens: int = 128
    prompt_template: Template = "plain"
    faulty: Faulty = "refuse"
    allow_contamination: bool = False


def preference_task(settings: PreferenceTaskSettings, base: Path) -> Task:
    """Return the task of preferring as the held-out pairs do; relative paths count from `base`.

    Scored by preference accuracy on the held-out pairs and by NLL of their chosen sides; no exact match.
    """
    return _task("preference", "pairs", "demonstrations", settings, base)


def summarization_task(settings: PreferenceTaskSettings, base: Path) -> Task:
    """Return the preference task over TL;DR: OpenAI's comparisons, and posts with their authors' summaries."""
    return _task("summarization", "tldr", "tldr", settings, base)


def helpfulness_task(settings: PreferenceTaskSettings, base: Path) -> Task:
    """Return the preference task over HelpSteer: rated responses as pairs, the helpful ones as demonstrations."""
    return _task("helpfulness", "helpsteer", "helpsteer", settings, base)


def grade_open(problem: Problem, text: str) -> Grade:
    """Return the grade of an answer that has no right and wrong: ROUGE-L against the reference is its score.

    It is never strictly right; its class is "none" unless it is empty ("malformed"), a refusal or goes in circles.
    """
    return Grade(False, False, _class(text), rouge_l(text, problem.reference).f1)


def _class(text: str) -> ErrorClass:
    if not text.strip():
        return "malformed"
    if is_repetition(text):
        return "repetition"
    return "refused" if opens_with_refusal(text) else "none"


def _task(
    name: str,
    form: PairForm,
    demonstration_form: DemonstrationForm,
    settings: PreferenceTaskSettings,
    base: Path,
) -> Task:
    form = settings.form or form
    demonstration_form = settings.demonstration_form or demonstration_form
    pairs = _pairs(settings.pairs, form, settings, base)
    held_out = scattered(_pairs(settings.held_out_pairs, form, settings, base), settings.items, HELD_OUT_SEED)
    if settings.demonstrations is None:
        prompts = {prompt_key(pair.prompt) for pair in pairs}
        shown, pairs = split_by_prompt(pairs, len(prompts) // 2, HALVES_SEED)
        demonstrations = chosen_sides(shown)
    else:
        demonstrations = _demonstrations(settings.demonstrations, demonstration_form, settings, base)
    trained = (
        settings.pairs
        if settings.demonstrations is None
        else f"{settings.demonstrations} and {settings.pairs}"
    )
    refuse_contamination(
        [row.prompt for row in (*demonstrations, *pairs)],
        [row.prompt for row in held_out],
        f"{trained} against {settings.held_out_pairs}",
        settings.allow_contamination,
    )
    template = settings.prompt_template
    prompts = {pair.prompt: pair for pair in reversed(held_out)} if settings.decode else {}
    return Task(
        name=name,
        demonstrations=tuple(posed_demonstration(row, template) for row in demonstrations),
        pairs=tuple(posed_pair(row, template) for row in pairs),
        problems=tuple(
            Problem(pair.id, posed(pair.prompt, template), pair.chosen)
            for pair in held_out
            if prompts.get(pair.prompt) is pair
        ),
        answers=tuple(posed_demonstration(row, template) for row in chosen_sides(held_out)),
        comparisons=tuple(posed_pair(row, template) for row in held_out),
        grade=grade_open if settings.decode else grade_exact,
        max_new_tokens=settings.max_new_tokens if settings.decode else 0,
        metric="rouge_l" if settings.decode else "accuracy",
    )


def _pairs(
    source: str, form: PairForm, settings: PreferenceTaskSettings, base: Path
) -> tuple[PreferencePair, ...]:
    if form != "pairs":
        return read_pair_form(located(source, base), form)
    return read_pairs(located(source, base), settings.columns, faulty=settings.faulty)


def _demonstrations(
    source: str, form: DemonstrationForm, settings: PreferenceTaskSettings, base: Path
) -> tuple[Demonstration, ...]:
    if form != "demonstrations":
        return read_demonstration_form(located(source, base), form)
    return read_demonstrations(located(source, base), settings.demonstration_columns, faulty=settings.faulty)


def chosen_sides(pairs: tuple[PreferencePair, ...]) -> tuple[Demonstration, ...]:
    """Return the chosen side of each pair as a demonstration; one that several pairs share is taken once."""
    first = {(pair.prompt, pair.chosen): pair for pair in reversed(pairs)}
    return tuple(
        Demonstration(pair.id, pair.prompt, pair.chosen)
        for pair in pairs
        if first[pair.prompt, pair.chosen] is pair
    )
