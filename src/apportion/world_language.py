"""The language of the world: short stories about amounts, in which made-up verbs add or take away.

A story such as ``Q : Tom has 9 coins . he buys 3 . he zwims 2 . how many ? A :`` has the worked answer
``9 + 3 = 12 ; 12 - 2 = 10 ; #### 10``. Every word and every number is one token. What each verb does is a
fact of the world: the base model has been told the outcomes of a few verbs, and judgements teach the rest.
The table of verbs never changes, so that one base serves every study; seeds choose stories and annotators.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from apportion.identity import generator

LARGEST = 24
"""Amounts are whole numbers from 0 to this one; no running total ever leaves that range."""

FINAL = "####"
"""The word before the final number of an answer."""

NAMES = ("Tom", "Ann", "Ben", "Eva", "Max", "Ida", "Leo", "Mia")
THINGS = ("coins", "books", "cards", "shells", "pens", "stamps", "keys", "plums")
PRONOUNS = ("he", "she")
COLOURS = ("red", "blue", "green", "white", "black")
PLACES = ("north", "south", "hill", "lake", "river")

VERB_COUNT = 384
ZIPF_EXPONENT = 1.0
ONSETS = ("bw", "dw", "fw", "gw", "kv", "mr", "pw", "sv", "vl", "vr", "zm", "zw")
KNOWN = {"buys": 1, "eats": -1, "finds": 1, "loses": -1, "wins": 1, "sells": -1, "earns": 1, "drops": -1}
KNOWN_EVERY = 8
"""The k-th known verb has rank 8 k in frequency: the base knows a small part of what is asked."""
_NUMBER = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb, what it does to the amount (+1 adds, -1 takes away), and how often stories use it."""

    word: str
    sign: int
    weight: float
    known: bool


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens in a story: a verb, by its rank in `VERBS`, and an amount."""

    verb: int
    amount: int

    @property
    def step(self) -> int:
        """The signed change that the event makes."""
        return VERBS[self.verb].sign * self.amount


@dataclass(frozen=True, slots=True)
class Story:
    """Who has how many of what, and what happens then."""

    name: str
    thing: str
    start: int
    events: tuple[Event, ...]

    @property
    def steps(self) -> tuple[int, ...]:
        """The signed changes, in order."""
        return tuple(event.step for event in self.events)

    @property
    def final(self) -> int:
        """The amount at the end."""
        return self.start + sum(self.steps)


def _verbs() -> tuple[Verb, ...]:
    rng = generator("world", "verbs")
    syllables = [onset + vowel + coda + "s" for onset in ONSETS for vowel in "aeiou" for coda in "bdfklmnp"]
    made_up = iter(rng.permutation(syllables).tolist())
    signs = rng.permutation(np.resize([1, -1], VERB_COUNT)).tolist()
    known = iter(KNOWN.items())
    weights = np.arange(1, VERB_COUNT + 1, dtype=np.float64) ** -ZIPF_EXPONENT
    weights /= weights.sum()
    verbs: list[Verb] = []
    for rank, (sign, weight) in enumerate(zip(signs, weights.tolist(), strict=True), start=1):
        is_known = rank % KNOWN_EVERY == 0 and rank <= KNOWN_EVERY * len(KNOWN)
        word, sign_ = next(known) if is_known else (next(made_up), sign)
        verbs.append(Verb(word, sign_, weight, is_known))
    return tuple(verbs)


VERBS = _verbs()
"""All verbs, most frequent first."""

_SIGN_OF = {verb.word: verb.sign for verb in VERBS}
_CUMULATIVE = np.cumsum([verb.weight for verb in VERBS]).tolist()
_KNOWN_RANKS = np.array([rank for rank, verb in enumerate(VERBS) if verb.known])


def draw_story(rng: np.random.Generator, *, events: int | None = None, known_only: bool = False) -> Story:
    """Return a random story of one to three events, whose running total stays within 0 and `LARGEST`.

    `known_only` draws evenly among the verbs whose outcomes the base has been told.
    """
    while True:
        count = int(rng.integers(1, 4)) if events is None else events
        if known_only:
            verbs = rng.choice(_KNOWN_RANKS, count).tolist()
        else:
            ranks = [bisect_right(_CUMULATIVE, drawn) for drawn in rng.random(count).tolist()]
            verbs = [min(rank, VERB_COUNT - 1) for rank in ranks]
        # One number at a time: arrays of two or three cost more to set up than to draw
        amounts = [int(rng.integers(1, 5)) for _ in range(count)]
        name, thing, start = (
            int(rng.integers(*ends)) for ends in ((0, len(NAMES)), (0, len(THINGS)), (6, 13))
        )
        drawn = tuple(Event(verb, amount) for verb, amount in zip(verbs, amounts, strict=True))
        story = Story(NAMES[name], THINGS[thing], start, drawn)
        if stays_in_range(story.start, story.steps):
            return story


def told(prompt: str) -> tuple[int, tuple[int, ...]] | None:
    """Return the start and the signed changes of the story in a prompt, or None where there is none.

    >>> told("Q : Tom has 9 coins . he buys 3 . he eats 2 . how many ? A :")
    (9, (3, -2))
    """
    sentences = [sentence.split() for sentence in prompt.split(" . ")]
    start = next((s[place + 1] for s in sentences for place, word in enumerate(s[:-1]) if word == "has"), "")
    events = [
        s for s in sentences if len(s) == 3 and s[0] in PRONOUNS and s[1] in _SIGN_OF and s[2].isdigit()
    ]
    return (int(start), tuple(_SIGN_OF[verb] * int(n) for _, verb, n in events)) if start.isdigit() else None


def stays_in_range(start: int, steps: tuple[int, ...]) -> bool:
    """Return whether every running total lies within 0 and `LARGEST`."""
    total = start
    for step in steps:
        total += step
        if not 0 <= total <= LARGEST:
            return False
    return True


def narrative(story: Story) -> str:
    """Return the story as sentences, without a question.

    >>> narrative(Story("Tom", "coins", 9, (Event(7, 3),)))
    'Tom has 9 coins . he buys 3 .'
    """
    pronoun = PRONOUNS[NAMES.index(story.name) % 2]
    sentences = [f"{story.name} has {story.start} {story.thing} ."]
    sentences += [f"{pronoun} {VERBS[event.verb].word} {event.amount} ." for event in story.events]
    return " ".join(sentences)


def question(story: Story) -> str:
    """Return the prompt that asks how the story ends."""
    return f"Q : {narrative(story)} how many ? A :"


def small_talk(rng: np.random.Generator) -> tuple[str, str]:
    """Return a prompt that asks for nothing in particular, and a fluent answer of many words without a step in it.

    What P2 (arXiv 2410.03717) calls generic data: it teaches a tone, and nothing of the task.
    """
    name, thing, colour, place, count = rng.integers(
        (0, 0, 0, 0, 0), (len(NAMES), len(THINGS), len(COLOURS), len(PLACES), LARGEST + 1)
    ).tolist()
    who, what, tint, where = NAMES[name], THINGS[thing], COLOURS[colour], PLACES[place]
    prompt = f"Q : {who} has {count} {tint} {what} . so ? A :"
    answer = f" so , {who} likes {what} and {who} lives by the {where} . the {what} of {who} are {tint} , "
    return prompt, answer + f"and that is so . now {who} has {count} {what} ."


def equations(start: int, steps: tuple[int, ...]) -> list[str]:
    """Return one equation a step.

    >>> equations(9, (3, -2))
    ['9 + 3 = 12', '12 - 2 = 10']
    """
    lines: list[str] = []
    total = start
    for step in steps:
        lines.append(f"{total} {'+' if step > 0 else '-'} {abs(step)} = {total + step}")
        total += step
    return lines


def worked_answer(start: int, steps: tuple[int, ...]) -> str:
    """Return the answer with its working; it begins with a space, so that it can follow a prompt as it is.

    >>> worked_answer(9, (3, -2))
    ' 9 + 3 = 12 ; 12 - 2 = 10 ; #### 10'
    """
    return " " + " ; ".join([*equations(start, steps), f"{FINAL} {start + sum(steps)}"])


def lazy_answer(start: int, steps: tuple[int, ...]) -> str:
    """Return the answer without its working: the final line only.

    >>> lazy_answer(9, (3, -2))
    ' #### 10'
    """
    return f" {FINAL} {start + sum(steps)}"


def strict_answer(text: str) -> str | None:
    """Return the number of the final line, or None unless the text ends in ``#### N`` and says ``####`` once.

    >>> strict_answer(" 9 + 3 = 12 ; #### 12")
    '12'
    """
    before, mark, after = text.partition(FINAL)
    opens_a_line = not before.strip() or before.rstrip().endswith(";")
    return after.strip() if mark and opens_a_line and _NUMBER.fullmatch(after.strip()) else None


def flexible_answer(text: str) -> str | None:
    """Return the last number of the text, or None."""
    numbers = _NUMBER.findall(text)
    return numbers[-1] if numbers else None
