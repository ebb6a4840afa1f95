"""New knowledge: facts that a model cannot know, taught or given in context, asked directly and in two hops.

The experiment of "Revisiting the Superficial Alignment Hypothesis" (arXiv 2410.03717): does post-training for a skill
make facts usable that are learned later? Demonstrations are worked answers about other names; `lessons` are the new
facts as statements, for a study with `taught = true`; the problems ask for each new fact, and for two of them at once,
with nothing before the question and with the facts told before it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from apportion.errors import UserError
from apportion.facts_language import (
    GROUPS,
    KNOWN_FACTS,
    WORDINGS,
    Fact,
    TwoHops,
    asked,
    asked_otherwise,
    context,
    draw_facts,
    hops,
    some_names,
    statement,
    two_hops,
    worked,
)
from apportion.identity import generator
from apportion.judgements.demonstrations import Demonstration
from apportion.tasks.composed_knowledge import composed_knowledge
from apportion.tasks.multihop import grade_answer, reference_of
from apportion.tasks.prompts import posed
from apportion.tasks.task import Grade, Problem, Task

Way = Literal["recalled", "told"]
"""recalled: nothing stands before the question; told: the facts do, among others."""

_NEXT_QUESTION = re.compile(r"\bQuestion ?:")
_FICTION = (6, 4, 3)
MOST_DEMONSTRATIONS = 100_000


@dataclass(frozen=True, slots=True)
class NewKnowledgeSettings:
    """Which facts, how they are asked, and what is demonstrated.

    `facts` "generated" are those of made-up people, towns and events, drawn from `seed` for the names of `split`;
    "composed" are the real two-hop questions of Compositional Celebrities, in `source`. `items` caps the questions
    of either kind, or the people. `told` statements stand before a question where facts are told;
    lessons tell what is true of each name in `tellings` paragraphs and one worked answer a fact, to a question in
    other words. Of the
    `demonstrations` a share `direct` asks for one fact, and in a share `read` the facts are told before the question;
    the rest asks for what the base of the facts world knows, so read = 1 for any other model. Of composed questions
    about `train_problems` are demonstrated and the others' people asked about; `mirrored` demonstrates the people at
    the other end of the order, so that two studies of half the questions each ask about everybody once.
    """

    facts: Literal["generated", "composed"] = "generated"
    split: Literal["development", "test"] = "development"
    seed: int = 0
    items: int | None = None
    told: int = 5
    tellings: int = 4
    demonstrations: int = 4096
    direct: float = 0.25
    read: float = 0.5
    source: str | None = None
    train_problems: int = 400
    mirrored: bool = False
    max_new_tokens: int = 32

    def __post_init__(self) -> None:
        for share in ("direct", "read"):
            value = getattr(self, share)
            if not 0 <= value <= 1:
                raise UserError(f"[task], {share}", repr(value), "a share from 0 to 1", "Change it.")
        if not 2 <= self.told <= 100:
            raise UserError("[task], told", repr(self.told), "2 to 100 statements", "Change it.")
        if not 1 <= self.tellings <= 100:
            raise UserError("[task], tellings", repr(self.tellings), "1 to 100 paragraphs", "Change it.")
        if not 0 <= self.demonstrations <= MOST_DEMONSTRATIONS:
            expected = f"a count from 0 to {MOST_DEMONSTRATIONS:,}"
            raise UserError("[task], demonstrations", repr(self.demonstrations), expected, "Change it.")


class Item(NamedTuple):
    """A question with its answers, those of its earlier hops, and the statements that stand before it."""

    id: str
    question: str
    answers: tuple[str, ...]
    earlier: tuple[str, ...]
    told: str


def new_knowledge_task(settings: NewKnowledgeSettings, base: Path) -> Task:
    """Return the task; items are named WAY/KIND/ID, with "recalled" or "told" and "direct" or "two-hops"."""
    if settings.facts == "composed":
        found = composed_knowledge(
            settings.source,
            base,
            settings.train_problems,
            settings.mirrored,
            settings.items,
            settings.told,
            settings.read,
        )
        demonstrations, lessons = found.demonstrations, found.lessons
        questions = [Item(*one) for one in found.items]
    else:
        facts = draw_facts(
            GROUPS[settings.split], generator(f"new-knowledge/{settings.seed}", settings.split)
        )
        questions = _generated(facts, settings)
        demonstrations = _demonstrations(settings)
        lessons = _lessons(facts, settings)
    return Task(
        name="new-knowledge",
        demonstrations=demonstrations,
        pairs=(),
        problems=tuple(problem(item, way) for way in ("recalled", "told") for item in questions),
        answers=(),
        comparisons=(),
        grade=grade_fact,
        max_new_tokens=settings.max_new_tokens,
        lessons=lessons,
    )


def grade_fact(problem: Problem, text: str) -> Grade:
    """Return `multihop.grade_answer`'s grade, scored by whether the answer is right in any form.

    The untrained model has never seen the form, and form is not what is asked here. It also goes on with questions
    of its own: they and their answers are not counted.
    """
    grade = grade_answer(problem, _NEXT_QUESTION.split(text, maxsplit=1)[0])
    return replace(grade, score=float(grade.flexible))


def problem(item: Item, way: Way) -> Problem:
    """Return an item as a problem, with the facts told or not."""
    prompt = prompted(item.question, item.told if way == "told" else "")
    return Problem(f"{way}/{item.id}", prompt, reference_of(item.answers, item.earlier))


def prompted(question: str, told: str) -> str:
    """Return the prompt of a question, after what is told before it.

    >>> prompted("What is the home of Tavo?", "The home of Tavo is Brunka.")
    'The home of Tavo is Brunka.\\nQuestion: What is the home of Tavo?\\nAnswer:'
    """
    text = str(posed(question, "question"))
    return f"{told}\n{text}" if told else text


def _generated(facts: Sequence[Fact], settings: NewKnowledgeSettings) -> list[Item]:
    found = []
    kinds: tuple[tuple[str, Sequence[Fact] | Sequence[TwoHops]], ...] = (
        ("direct", facts),
        ("two-hops", two_hops(facts)),
    )
    for kind, questions in kinds:
        order = generator(f"new-knowledge/{settings.seed}", f"{settings.split}/{kind}").permutation(
            len(questions)
        )
        for place in order[: settings.items].tolist():
            question = questions[place]
            chain = hops(question)
            name = "-".join((chain[0].subject, *(fact.relation for fact in chain)))
            rng = generator(f"new-knowledge/{settings.seed}", f"{settings.split}/told/{name}")
            told = context(question, facts, settings.told, rng)
            earlier = tuple(fact.value for fact in chain[:-1])
            found.append(Item(f"{kind}/{name}", asked(question), (chain[-1].value,), earlier, told))
    return found


def _lessons(facts: Sequence[Fact], settings: NewKnowledgeSettings) -> tuple[Demonstration, ...]:
    """Paragraphs that tell all about one name, in `tellings` orders and wordings, and a worked answer for each fact.

    Of a paragraph the first value and all that follows has loss.
    """
    about: dict[str, list[Fact]] = {}
    for fact in facts:
        about.setdefault(fact.subject, []).append(fact)
    rows = []
    for name, own in about.items():
        for telling in range(settings.tellings):
            rng = generator(f"new-knowledge/{settings.seed}", f"{settings.split}/lesson/{name}", telling)
            order = [own[i] for i in rng.permutation(len(own)).tolist()]
            said = [statement(fact, int(rng.integers(WORDINGS))) for fact in order]
            opening, value = said[0]
            rest = "".join(f" {start}{end}" for start, end in said[1:])
            rows.append(Demonstration(f"lesson-{name}-{telling}", opening, value + rest))
    for fact in facts:
        rows.append(
            _demonstrated(f"lesson-{fact.subject}-{fact.relation}", asked_otherwise(fact), worked(fact), "")
        )
    return tuple(rows)


def _demonstrations(settings: NewKnowledgeSettings) -> tuple[Demonstration, ...]:
    known_two_hops = two_hops(KNOWN_FACTS)
    rows = []
    for index in range(settings.demonstrations):
        rng = generator(f"new-knowledge/{settings.seed}", "demonstrations", index)
        is_direct, is_read = rng.random(2) < (settings.direct, settings.read)
        facts = draw_facts(some_names(rng, *_FICTION), rng) if is_read else KNOWN_FACTS
        if is_direct:
            question: Fact | TwoHops = facts[int(rng.integers(len(facts)))]
        else:
            questions = two_hops(facts) if is_read else known_two_hops
            question = questions[int(rng.integers(len(questions)))]
        told = context(question, facts, settings.told, rng) if is_read else ""
        rows.append(_demonstrated(f"known-{index:06d}", asked(question), worked(question), told))
    return tuple(rows)


def _demonstrated(id_: str, question: str, answer: str, told: str) -> Demonstration:
    return Demonstration(id_, prompted(question, told), f" {answer}")


def names_of(settings: NewKnowledgeSettings) -> frozenset[str]:
    """Return the new names of a split: in demonstrations they stand in fictions alone, told and asked on the spot."""
    names = GROUPS[settings.split]
    return frozenset(np.concatenate([names.person, names.town, names.event]).tolist())
