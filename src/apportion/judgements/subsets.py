"""Nested seeded subsets: the first n of one fixed permutation, drawn prompt by prompt."""

from collections.abc import Sequence
from typing import TypeVar

from apportion.errors import UserError
from apportion.identity import digest
from apportion.judgements.contamination import prompt_key
from apportion.judgements.demonstrations import Demonstration, Prompt
from apportion.judgements.pairs import PreferencePair

Judgement = TypeVar("Judgement", Demonstration, PreferencePair)


def subset(judgements: Sequence[Judgement], n: int, seed: int) -> tuple[Judgement, ...]:
    """Return the first n judgements of the permutation that belongs to `seed`.

    Prompts are permuted, and the rows of one prompt follow one another, so that at most one prompt is taken
    in part. Subsets nest in n. The order depends on what the rows say, not on where they stand in the file,
    and a row that is added to the pool moves no other two past each other. Raises `UserError` if n is more
    than there is.
    """
    if not 0 <= n <= len(judgements):
        cure = "Ask for fewer, or add data."
        raise UserError("subset", f"a size of {n}", f"0 to {len(judgements)}, the rows of the pool", cure)
    return permuted(judgements, seed)[:n]


def permuted(judgements: Sequence[Judgement], seed: int) -> tuple[Judgement, ...]:
    """Return all judgements: prompts ordered by the hash of (seed, prompt), the rows of each together.

    A prompt is here what is written, system turns and all, but for case and white space.
    """
    ranks = {key: _rank("prompt", seed, key) for key in {_written(row.prompt) for row in judgements}}

    def place(row: Judgement) -> tuple[str, str, str, str]:
        key = _written(row.prompt)
        return ranks[key], key, _row_rank(row, seed), row.id

    return tuple(sorted(judgements, key=place))


def scattered(judgements: Sequence[Judgement], n: int | None, seed: int) -> tuple[Judgement, ...]:
    """Return the first n judgements, or all, of a permutation of rows rather than prompts; also nested.

    For held-out items: n of them then come from as many prompts as chance allows.
    """
    return tuple(sorted(judgements, key=lambda row: (_row_rank(row, seed), row.id)))[:n]


def split_by_prompt(
    judgements: Sequence[Judgement], n_prompts: int, seed: int
) -> tuple[tuple[Judgement, ...], tuple[Judgement, ...]]:
    """Return the rows of the first n prompts of the seed's permutation, and all others, in file order.

    No prompt is on both sides, however it is written: one that is written in several ways has the first place of them.
    """
    keys = [prompt_key(row.prompt) for row in judgements]
    ranks: dict[str, str] = {}
    for row, key in zip(judgements, keys, strict=True):
        rank = _rank("prompt", seed, _written(row.prompt))
        ranks[key] = min(rank, ranks.get(key, rank))
    order = sorted(ranks, key=lambda key: (ranks[key], key))
    if not 0 <= n_prompts <= len(order):
        expected = f"0 to {len(order)}, the prompts of the pool"
        raise UserError("split", f"{n_prompts} prompts", expected, "Ask for fewer, or add data.")
    taken = set(order[:n_prompts])
    first = tuple(row for row, key in zip(judgements, keys, strict=True) if key in taken)
    second = tuple(row for row, key in zip(judgements, keys, strict=True) if key not in taken)
    return first, second


def _written(prompt: Prompt) -> str:
    """Return the text that a prompt's rank is drawn for; what it leaves out decides which subsets studies have."""
    if isinstance(prompt, str):
        text = prompt
    elif len(prompt) == 1 and prompt[0].role == "user":
        text = prompt[0].content
    else:
        text = "\x00".join(f"{message.role}\x01{message.content}" for message in prompt)
    return " ".join(text.casefold().split())


def _rank(purpose: str, seed: int, text: str) -> str:
    return digest((purpose, seed, text))


def _row_rank(row: Demonstration | PreferencePair, seed: int) -> str:
    """Rank a row by what it says, its id left out: ids may be row numbers."""
    if isinstance(row, Demonstration):
        return digest(("row", seed, row.prompt, row.response))
    return digest(("row", seed, row.prompt, row.chosen, row.rejected))
