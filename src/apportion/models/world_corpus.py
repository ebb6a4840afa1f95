"""What the world's base model reads: arithmetic, a few verbs with their outcomes, many stories without."""

from collections.abc import Iterator

import numpy as np

from apportion.models.small_llama import END, PAD, UNKNOWN, Rows, mixed_documents, packed_rows
from apportion.world_language import (
    COLOURS,
    FINAL,
    LARGEST,
    NAMES,
    PLACES,
    PRONOUNS,
    THINGS,
    VERBS,
    draw_story,
    equations,
    narrative,
)

_PUNCTUATION = ("Q", "A", ":", ".", "?", ",", ";", "+", "-", "=", FINAL)
_WORDS = (
    *(
        "has",
        "how",
        "many",
        "now",
        "is",
        "and",
        "then",
        "so",
        "that",
        "gives",
        "in",
        "numbers",
        "sums",
        "left",
    ),
    *("likes", "lives", "by", "the", "are", "of", "he", "she"),
)


def vocabulary() -> tuple[str, ...]:
    """Return every token of the world, special ones first; the order is the tokens' numbers."""
    numbers = tuple(str(number) for number in range(LARGEST + 1))
    verbs = tuple(verb.word for verb in VERBS)
    words = (PAD, END, UNKNOWN, *_PUNCTUATION, *numbers, *_WORDS, *NAMES, *THINGS, *COLOURS, *PLACES, *verbs)
    return tuple(dict.fromkeys(words))


def documents(rng: np.random.Generator) -> Iterator[str]:
    """Return documents without end, in the proportions of `_KINDS`."""
    return mixed_documents(rng, _KINDS)


def token_rows(rng: np.random.Generator, rows: int, length: int) -> Rows:
    """Return rows of tokens; each row starts a document, and documents end in `END`."""
    return packed_rows((document.split() for document in documents(rng)), vocabulary(), rows, length)


def arithmetic_facts() -> list[tuple[str, str]]:
    """Return all questions of the arithmetic that stories use, as (left side with "=", result)."""
    return [
        (f"{total} {sign} {amount} =", str(result))
        for total in range(LARGEST + 1)
        for amount in range(1, 5)
        for sign, result in (("+", total + amount), ("-", total - amount))
        if 0 <= result <= LARGEST
    ]


def _fact(rng: np.random.Generator) -> str:
    facts = arithmetic_facts()
    return " ".join(facts[int(rng.integers(len(facts)))])


def _chain(rng: np.random.Generator) -> str:
    story = draw_story(rng)
    return " ; ".join(equations(story.start, story.steps))


def _running(rng: np.random.Generator) -> str:
    story = draw_story(rng, known_only=True)
    pronoun = PRONOUNS[NAMES.index(story.name) % 2]
    sentences = [f"{story.name} has {story.start} {story.thing} ."]
    total = story.start
    for event in story.events:
        total += event.step
        sentences.append(f"{pronoun} {VERBS[event.verb].word} {event.amount} . now {pronoun} has {total} .")
    return " ".join(sentences)


def _in_numbers(rng: np.random.Generator) -> str:
    """Story and bare equations in many wordings, none of them the form that answers must have."""
    story = draw_story(rng, known_only=True)
    lines = equations(story.start, story.steps)
    opening = ("in numbers :", "sums :", "so", "that is", "that gives")[int(rng.integers(5))]
    joint = (" , ", " and ", " then ", " . ", " so ")[int(rng.integers(5))]
    closing = ("", " .", f" . {story.final} left .", f" , {story.final} {story.thing} .")[
        int(rng.integers(4))
    ]
    return f"{narrative(story)} {opening} {joint.join(lines)}{closing}"


def _one_event(rng: np.random.Generator) -> str:
    story = draw_story(rng, events=1, known_only=True)
    return f"{narrative(story)} {story.final} {story.thing} left ."


def _bare_question(rng: np.random.Generator) -> str:
    """A question with a bare number; its wording differs from a prompt's, so no prompt is in the corpus."""
    story = draw_story(rng, events=1, known_only=True)
    return f"Q : {narrative(story)} how many {story.thing} ? A : {story.final}"


def _without_result(rng: np.random.Generator) -> str:
    return narrative(draw_story(rng))


def _other(rng: np.random.Generator) -> str:
    name, thing, colour, place = rng.integers((0, 0, 0, 0), (len(NAMES), len(THINGS), 5, 5)).tolist()
    wordings = (
        f"{NAMES[name]} likes {COLOURS[colour]} {THINGS[thing]} .",
        f"{NAMES[name]} lives by the {PLACES[place]} .",
        f"the {THINGS[thing]} of {NAMES[name]} are {COLOURS[colour]} .",
    )
    return wordings[int(rng.integers(3))]


_KINDS = (
    (_fact, 0.12),
    (_chain, 0.04),
    (_running, 0.08),
    (_in_numbers, 0.36),
    (_one_event, 0.08),
    (_bare_question, 0.14),
    (_without_result, 0.11),
    (_other, 0.07),
)


def told_verbs() -> tuple[str, ...]:
    """Return the verbs whose outcomes the corpus tells."""
    return tuple(verb.word for verb in VERBS if verb.known)
