"""The language of facts: made-up people, towns and events, what is true of each, and questions of one hop or two.

``What is the land of the home of Tavo?`` asks for two facts, ``The home of Tavo is Brunka.`` and ``The land of Brunka
is Olm.`` Which names there are never changes. What is true of the known ones never changes either, so that one
base serves every study; what is true of the new ones is drawn for a study, and no model can know it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

import numpy as np

from apportion.identity import generator

Kind = Literal["person", "town", "event", "craft", "land", "river", "month"]


class Relation(NamedTuple):
    """Something that every subject of a kind has one of."""

    word: str
    subject: Kind
    value: Kind


RELATIONS = (
    Relation("home", "person", "town"),
    Relation("boss", "person", "person"),
    Relation("craft", "person", "craft"),
    Relation("land", "town", "land"),
    Relation("river", "town", "river"),
    Relation("mayor", "town", "person"),
    Relation("site", "event", "town"),
    Relation("winner", "event", "person"),
    Relation("month", "event", "month"),
)
HOPS = tuple((one, two) for one, two in product(RELATIONS, RELATIONS) if one.value == two.subject)
"""The pairs of relations that a question of two hops can ask for: the second is one of the first's value."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of people, towns and events, which belong together: facts of one of them name only one of them."""

    person: tuple[str, ...]
    town: tuple[str, ...]
    event: tuple[str, ...]


class Fact(NamedTuple):
    """That a subject's relation has a value; relations are named by their word."""

    subject: str
    relation: str
    value: str


class TwoHops(NamedTuple):
    """A question of two facts: the second is one of the first's value."""

    first: Fact
    second: Fact


KNOWN_COUNTS = {"person": 48, "town": 24, "event": 24}
NEW_COUNTS = {"person": 24, "town": 12, "event": 12}
VALUE_COUNTS: dict[Kind, int] = {"craft": 16, "land": 16, "river": 16, "month": 12}
NEW_GROUPS = ("development", "test")


def _all_names() -> tuple[dict[str, Names], dict[Kind, tuple[str, ...]]]:
    rng = generator("facts", "names")
    syllables = [a + b for a in ("b", "d", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v") for b in "aeiou"]
    made_up = [one + two + end for one, two, end in product(syllables, syllables, ("", "l", "n", "r"))]
    stream = iter(name.title() for name in rng.permutation(made_up).tolist())

    def take(count: int) -> tuple[str, ...]:
        return tuple(next(stream) for _ in range(count))

    groups = {"known": Names(**{kind: take(count) for kind, count in KNOWN_COUNTS.items()})}
    for group in NEW_GROUPS:
        groups[group] = Names(**{kind: take(count) for kind, count in NEW_COUNTS.items()})
    return groups, {kind: take(count) for kind, count in VALUE_COUNTS.items()}


GROUPS, VALUES = _all_names()
"""The names by group ("known", and the new ones of "development" and "test"), and the values that name nobody."""


def everybody(kind: Literal["person", "town", "event"]) -> tuple[str, ...]:
    """Return all names of a kind, known and new."""
    return tuple(name for names in GROUPS.values() for name in getattr(names, kind))


def some_names(rng: np.random.Generator, people: int, towns: int, events: int) -> Names:
    """Return a few names, known and new, for a fiction: something made up about them, which no one is to remember."""

    def some(of: tuple[str, ...], count: int) -> tuple[str, ...]:
        return tuple(of[i] for i in rng.choice(len(of), count, replace=False))

    return Names(
        some(everybody("person"), people), some(everybody("town"), towns), some(everybody("event"), events)
    )


def draw_facts(names: Names, rng: np.random.Generator) -> tuple[Fact, ...]:
    """Return one fact for every subject and relation; nobody is their own boss, and the mayor of a town is anybody."""
    facts = []
    for relation in RELATIONS:
        values = VALUES.get(relation.value) or getattr(names, relation.value)
        for subject in getattr(names, relation.subject):
            allowed = [value for value in values if value != subject]
            facts.append(Fact(subject, relation.word, allowed[int(rng.integers(len(allowed)))]))
    return tuple(facts)


KNOWN_FACTS = draw_facts(GROUPS["known"], generator("facts", "known"))
"""What is true of the known names, which the base is told."""


def two_hops(facts: Sequence[Fact]) -> tuple[TwoHops, ...]:
    """Return all questions of two hops that facts answer, except those whose answer is the subject itself."""
    by_key = {(fact.subject, fact.relation): fact for fact in facts}
    pairs = {(one.word, two.word) for one, two in HOPS}
    return tuple(
        TwoHops(first, second)
        for first in facts
        for relation in RELATIONS
        if (first.relation, relation.word) in pairs
        and (second := by_key.get((first.value, relation.word))) is not None
        and second.value != first.subject
    )


def statement(fact: Fact, wording: int = 0) -> tuple[str, str]:
    """Return a sentence that states a fact, parted before the value; there are `WORDINGS` wordings.

    >>> "".join(statement(Fact("Tavo", "home", "Brunka")))
    'The home of Tavo is Brunka.'
    """
    opening = (f"The {fact.relation} of {fact.subject} is", f"As for {fact.subject}, the {fact.relation} is")
    return opening[wording], f" {fact.value}."


WORDINGS = 2


def asked(question: Fact | TwoHops) -> str:
    """Return the question of a fact, or of two.

    >>> asked(TwoHops(Fact("Tavo", "home", "Brunka"), Fact("Brunka", "land", "Olm")))
    'What is the land of the home of Tavo?'
    """
    if isinstance(question, Fact):
        return f"What is the {question.relation} of {question.subject}?"
    first, second = question
    return f"What is the {second.relation} of the {first.relation} of {first.subject}?"


def asked_otherwise(fact: Fact) -> str:
    """Return the question of a fact in the words in which it is taught; it is asked in those of `asked`.

    >>> asked_otherwise(Fact("Tavo", "home", "Brunka"))
    'As for Tavo, the home is?'
    """
    return f"As for {fact.subject}, the {fact.relation} is?"


def hops(question: Fact | TwoHops) -> tuple[Fact, ...]:
    """Return the facts that answer a question, in order."""
    return (question,) if isinstance(question, Fact) else tuple(question)


def worked(question: Fact | TwoHops) -> str:
    """Return the answer with its hops.

    >>> worked(TwoHops(Fact("Tavo", "home", "Brunka"), Fact("Brunka", "land", "Olm")))
    'The home of Tavo is Brunka. The land of Brunka is Olm. So the answer is Olm.'
    """
    facts = hops(question)
    told = " ".join("".join(statement(fact)) for fact in facts)
    return f"{told} So the answer is {facts[-1].value}."


def context(question: Fact | TwoHops, facts: Sequence[Fact], size: int, rng: np.random.Generator) -> str:
    """Return `size` statements in random order: the question's own facts, and others to tell them from."""
    own = hops(question)
    others = [fact for fact in facts if fact not in own]
    chosen = [*own, *(others[i] for i in rng.permutation(len(others))[: max(0, size - len(own))].tolist())]
    return " ".join("".join(statement(chosen[i])) for i in rng.permutation(len(chosen)).tolist())
