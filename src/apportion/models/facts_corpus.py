"""What the base of the facts world reads: known facts, questions with bare answers, and fictions to read closely.

Never a question of two hops with its working, nor "the answer is": that is what post-training teaches. New names stand
in fictions alone, whose facts change from one to the next, so that their words are known and nothing about them is.
"""

import re
from collections.abc import Iterator

import numpy as np

from apportion.facts_language import (
    KNOWN_FACTS,
    RELATIONS,
    VALUES,
    WORDINGS,
    Fact,
    TwoHops,
    asked,
    draw_facts,
    everybody,
    some_names,
    statement,
    two_hops,
)
from apportion.identity import generator
from apportion.models.small_llama import END, PAD, UNCOUNTED, UNKNOWN, Rows, mixed_documents, packed_rows

_WORDS = ("The", "the", "of", "is", "As", "for", "What", "Question", "Answer", "So", "answer", "and")
_PUNCTUATION = (".", ",", "?", ":")
_KNOWN_TWO_HOPS = two_hops(KNOWN_FACTS)
_WEIGHTS = generator("facts/corpus", "fame").permutation(1 / np.arange(1, len(KNOWN_FACTS) + 1))
_CUMULATIVE = np.cumsum(_WEIGHTS / _WEIGHTS.sum())
_TOKEN = re.compile(r"\w+|[^\w\s]+")
FICTION_NAMES = (3, 2, 1)
"""How many people, towns and events a fiction has."""

ROLL = 16


def vocabulary() -> tuple[str, ...]:
    """Return every token, special ones first; the order is the tokens' numbers."""
    names = [*everybody("person"), *everybody("town"), *everybody("event")]
    values = [value for kind in VALUES.values() for value in kind]
    relations = [relation.word for relation in RELATIONS]
    return tuple(dict.fromkeys((PAD, END, UNKNOWN, *_PUNCTUATION, *_WORDS, *relations, *values, *names)))


def documents(rng: np.random.Generator) -> Iterator[str]:
    """Return documents without end, in the proportions of `_KINDS`."""
    return mixed_documents(rng, _KINDS)


def token_rows(rng: np.random.Generator, rows: int, length: int) -> Rows:
    """Return rows of tokens of documents; the tokenizer sets punctuation apart in the same way."""
    return packed_rows((_TOKEN.findall(document) for document in documents(rng)), vocabulary(), rows, length)


def _known(rng: np.random.Generator) -> Fact:
    """A known fact; half of the time the well-known come more often (by Zipf's law).

    Facts are learned after a plateau, which is the shorter the fewer names stand out (Zucchet et al. 2025,
    arXiv 2503.21676).
    """
    if rng.random() < 0.5:
        return KNOWN_FACTS[int(rng.integers(len(KNOWN_FACTS)))]
    return KNOWN_FACTS[int(np.searchsorted(_CUMULATIVE, rng.random()))]


def _stated(rng: np.random.Generator) -> str:
    fact = _known(rng)
    return "".join(statement(fact, int(rng.integers(WORDINGS))))


def _linked(rng: np.random.Generator) -> str:
    """Two known facts, the second of the first's value, in one breath."""
    first, second = _KNOWN_TWO_HOPS[int(rng.integers(len(_KNOWN_TWO_HOPS)))]
    one, two = (statement(fact, int(rng.integers(WORDINGS))) for fact in (first, second))
    return "".join(one) + " " + "".join(two)


def bare(question: Fact | TwoHops) -> str:
    """Return a question with its bare answer."""
    value = question.value if isinstance(question, Fact) else question.second.value
    return f"Question: {asked(question)} Answer: {value}."


def _known_question(rng: np.random.Generator) -> str:
    return bare(_known(rng))


def _known_two_hops(rng: np.random.Generator) -> str:
    return bare(_KNOWN_TWO_HOPS[int(rng.integers(len(_KNOWN_TWO_HOPS)))])


def _fiction(rng: np.random.Generator, size: int = 4) -> tuple[tuple[Fact, ...], str]:
    """Some facts of a made-up place, and their telling; names may be known ones, with other facts."""
    facts = draw_facts(some_names(rng, *FICTION_NAMES), rng)
    chosen = [facts[i] for i in rng.permutation(len(facts))[:size].tolist()]
    return tuple(chosen), " ".join("".join(statement(fact)) for fact in chosen) + f" {UNCOUNTED}"


def _read_closely(rng: np.random.Generator) -> str:
    facts, told = _fiction(rng)
    picked = [facts[i] for i in rng.permutation(len(facts))[:3].tolist()]
    return " ".join([told, *(bare(fact) for fact in picked)])


def _roll(rng: np.random.Generator) -> str:
    """Names, and the same again: what was read once is worth looking back to."""
    kind = ("person", "town", "event")[int(rng.integers(3))]
    names = " ".join(everybody(kind)[i] for i in rng.permutation(len(everybody(kind)))[:ROLL].tolist())
    return f"{names}. {UNCOUNTED} {names}."


def _retold(rng: np.random.Generator) -> str:
    """A fiction, some of whose facts are told again."""
    facts, told = _fiction(rng)
    again = [facts[i] for i in rng.permutation(len(facts))[:4].tolist()]
    return " ".join([told, *("".join(statement(fact, int(rng.integers(WORDINGS)))) for fact in again)])


def _two_hops_read(rng: np.random.Generator) -> str:
    while True:
        facts, told = _fiction(rng)
        questions = two_hops(facts)
        if questions:
            picked = [questions[i] for i in rng.permutation(len(questions))[:2].tolist()]
            return " ".join([told, *map(bare, picked)])


_KINDS = (
    (_stated, 0.22),
    (_linked, 0.14),
    (_known_question, 0.14),
    (_known_two_hops, 0.08),
    (_roll, 0.06),
    (_read_closely, 0.14),
    (_retold, 0.14),
    (_two_hops_read, 0.08),
)
