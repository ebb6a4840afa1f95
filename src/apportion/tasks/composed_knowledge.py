"""New knowledge from real questions: Compositional Celebrities, where the first hop is a fact of one person.

Press et al. 2022 (arXiv 2210.03350). The first hop ("Elon Musk was born in South Africa.") is what is taught or told;
the second is the world's, which a model has to know. What a model knows of these people without being taught is what
it scores on "recalled" items untaught.
"""

import re
from pathlib import Path
from typing import NamedTuple

from apportion.errors import UserError
from apportion.identity import generator
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.subsets import scattered, split_by_prompt
from apportion.tasks.multihop import SPLIT_SEED, Question, read_questions, worked_answer
from apportion.tasks.prompts import posed
from apportion.tasks.sources import located

FILE = "$APPORTION_DATA/text/compositional_celebrities_subset.jsonl.gz"

_STATED: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"What is the birthdate of (.+)\?"), ("{} was born on", "The birthdate of {} is")),
    (re.compile(r"In what year was (.+) born\?"), ("{} was born in the year", "The birth year of {} is")),
    (
        re.compile(r"What is the birthplace \(country only\) of (.+)\?"),
        ("{} was born in", "The birthplace of {} is"),
    ),
)


class ComposedKnowledge(NamedTuple):
    """What a task is made of; `items` are (id, question, answers, earlier answers, told)."""

    demonstrations: tuple[Demonstration, ...]
    lessons: tuple[Demonstration, ...]
    items: list[tuple[str, str, tuple[str, ...], tuple[str, ...], str]]


def stated(question: Question) -> tuple[tuple[str, str], ...]:
    """Return the first hop as statements, each parted before the value, in two wordings.

    Raises UserError for a first hop of another form than the set's three.
    """
    person, openings = _person(question)
    return tuple((opening.format(person), f" {question.hops[0].answers[0]}.") for opening in openings)


def person_of(question: Question) -> str:
    """Return whom the first hop is about; raises UserError for a first hop of another form than the set's three."""
    return _person(question)[0]


def _person(question: Question) -> tuple[str, tuple[str, ...]]:
    """Whom the first hop is about, and how statements of it begin."""
    first = question.hops[0]
    for pattern, openings in _STATED:
        match = pattern.fullmatch(first.question)
        if match:
            return match[1], openings
    cure = "Use the set's own questions."
    raise UserError(question.id, repr(first.question), "a birthdate, year or place asked for", cure)


def composed_knowledge(
    source: str | None,
    base: Path,
    train_problems: int,
    mirrored: bool,
    items: int | None,
    told: int,
    read: float,
) -> ComposedKnowledge:
    """Return demonstrations of about `train_problems` questions, at most so many, and lessons and items of others.

    People are in a fixed order; `mirrored` demonstrates the last of them instead of the first.
    """
    questions = read_questions(located(source or FILE, base), "composed-facts")
    by_person: dict[str, list[Question]] = {}
    for question in questions:
        by_person.setdefault(person_of(question), []).append(question)
    # A person is a prompt here, so that nobody who is demonstrated is asked about
    people = tuple(Demonstration(name, name, name) for name in by_person)
    wanted = train_problems / max(1, len(questions)) * len(people)
    if mirrored:
        held_out, shown = split_by_prompt(people, len(people) - min(len(people), int(wanted)), SPLIT_SEED)
    else:
        shown, held_out = split_by_prompt(people, min(len(people), round(wanted)), SPLIT_SEED)
    asked = [by_person[row.id] for row in scattered(held_out, items, SPLIT_SEED)]
    trained = [question for row in shown for question in by_person[row.id]][:train_problems]
    return ComposedKnowledge(
        tuple(_demonstration(q, questions, told, read) for q in trained),
        tuple(
            Demonstration(f"lesson-{question.id}-{wording}", *parted)
            for person in asked
            for question in _different(person)
            for wording, parted in enumerate(stated(question))
        ),
        [item for person in asked for item in _items(person, questions, told)],
    )


def _different(person: list[Question]) -> list[Question]:
    """The questions of a person that begin with different facts."""
    return list({question.hops[0].question: question for question in reversed(person)}.values())[::-1]


def _items(person: list[Question], everybody: tuple[Question, ...], told: int) -> list:
    direct = [
        (f"direct/{q.id}", q.hops[0].question, q.hops[0].answers, (), _told(q, everybody, told))
        for q in _different(person)
    ]
    return direct + [
        (f"two-hops/{q.id}", q.question, q.answers, q.hops[0].answers, _told(q, everybody, told))
        for q in person
    ]


def _told(question: Question, everybody: tuple[Question, ...], size: int) -> str:
    rng = generator("new-knowledge/composed", question.id)
    picked = [everybody[i] for i in rng.permutation(len(everybody))[: 4 * size].tolist()]
    own = stated(question)[0]
    others = [one for one in (stated(q)[0] for q in picked) if one[0] != own[0]]
    chosen = [own, *others[: size - 1]]
    return " ".join("".join(chosen[i]) for i in rng.permutation(len(chosen)).tolist())


def _demonstration(
    question: Question, everybody: tuple[Question, ...], told: int, read: float
) -> Demonstration:
    is_read = generator("new-knowledge/composed", f"read/{question.id}").random() < read
    prompt = str(posed(question.question, "question"))
    if is_read:
        prompt = f"{_told(question, everybody, told)}\n{prompt}"
    return Demonstration(question.id, prompt, f" {worked_answer(question)}")
