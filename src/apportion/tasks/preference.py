"""Preference: instruction data such as UltraFeedback, scored by held-out pairs; nothing is decoded."""

from dataclasses import dataclass, field
from pathlib import Path

from apportion.judgements.contamination import prompt_key, refuse_contamination
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.readers import Faulty, read_demonstrations, read_pairs
from apportion.judgements.subsets import scattered, split_by_prompt
from apportion.tasks.grade import grade_exact
from apportion.tasks.prompts import Template, posed_demonstration, posed_pair
from apportion.tasks.sources import located
from apportion.tasks.task import Task

HELD_OUT_SEED = 0  # of the cap on held-out items
HALVES_SEED = 1  # of the halves of the prompts


@dataclass(frozen=True, slots=True)
class PreferenceTaskSettings:
    """Three sources: pairs to buy from, held-out pairs, and demonstrations.

    Without demonstrations the pairs' prompts are halved: the chosen sides of one half are the demonstrations,
    the other half is the pool of pairs, so that no prompt is bought in both kinds.

    `items` caps the held-out pairs. `columns` maps fields to column names in both pair files, and
    `demonstration_columns` in the demonstrations. `faulty` "drop" leaves out rows that the checks refuse, as
    UltraFeedback's pairs of equal texts.
    """

    pairs: str
    held_out_pairs: str
    demonstrations: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    demonstration_columns: dict[str, str] = field(default_factory=dict)
    items: int | None = None
    prompt_template: Template = "plain"
    faulty: Faulty = "refuse"
    allow_contamination: bool = False


def preference_task(settings: PreferenceTaskSettings, base: Path) -> Task:
    """Return the task of preferring as the held-out pairs do; relative paths count from `base`.

    Scored by preference accuracy on the held-out pairs and by NLL of their chosen sides; no exact match.
    """
    pairs = read_pairs(located(settings.pairs, base), settings.columns, faulty=settings.faulty)
    source = located(settings.held_out_pairs, base)
    held_out = scattered(
        read_pairs(source, settings.columns, faulty=settings.faulty), settings.items, HELD_OUT_SEED
    )
    if settings.demonstrations is None:
        prompts = {prompt_key(pair.prompt) for pair in pairs}
        shown, pairs = split_by_prompt(pairs, len(prompts) // 2, HALVES_SEED)
        demonstrations = chosen_sides(shown)
    else:
        demonstrations = read_demonstrations(
            located(settings.demonstrations, base), settings.demonstration_columns, faulty=settings.faulty
        )
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
    return Task(
        name="preference",
        demonstrations=tuple(posed_demonstration(row, template) for row in demonstrations),
        pairs=tuple(posed_pair(row, template) for row in pairs),
        problems=(),
        answers=tuple(posed_demonstration(row, template) for row in chosen_sides(held_out)),
        comparisons=tuple(posed_pair(row, template) for row in held_out),
        grade=grade_exact,
        max_new_tokens=0,
    )


def chosen_sides(pairs: tuple[PreferencePair, ...]) -> tuple[Demonstration, ...]:
    """Return the chosen side of each pair as a demonstration; one that several pairs share is taken once."""
    first = {(pair.prompt, pair.chosen): pair for pair in reversed(pairs)}
    return tuple(
        Demonstration(pair.id, pair.prompt, pair.chosen)
        for pair in pairs
        if first[pair.prompt, pair.chosen] is pair
    )
