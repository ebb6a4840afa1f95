"""The base of the facts world: it knows the known people, towns and events, and reads fictions closely.

It has never seen how a question of two hops is worked, and knows nothing that is true of the new names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apportion.facts_language import (
    GROUPS,
    KNOWN_FACTS,
    Fact,
    TwoHops,
    asked,
    context,
    draw_facts,
    hops,
    two_hops,
)
from apportion.identity import generator
from apportion.models.facts_corpus import token_rows, vocabulary
from apportion.models.small_llama import SmallLlamaRecipe, train_small_llama, word_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

RECIPE = SmallLlamaRecipe(steps=3500, batch=13, length=80, positions=160)


@dataclass(frozen=True, slots=True)
class FactsBaseScore:
    """Shares of questions whose bare answer is right: on known facts, and on made-up ones that are read before."""

    known: float
    known_two_hops: float
    read: float
    read_two_hops: float


def facts_base_path() -> Path:
    """Return the folder of the base that is shipped with the package."""
    return Path(__file__).parent / "facts"


def facts_tokenizer(recipe: SmallLlamaRecipe = RECIPE) -> "PreTrainedTokenizerFast":
    """Return the tokenizer: one token a word or run of punctuation."""
    return word_tokenizer(vocabulary(), split_punctuation=True, positions=recipe.positions)


def build_facts_base(
    folder: Path,
    recipe: SmallLlamaRecipe = RECIPE,
    progress: Callable[[float, str], None] = lambda share, now: None,
) -> FactsBaseScore:
    """Train the base, write it to `folder` as a transformers folder of safetensors, and return its score."""
    model = train_small_llama(vocabulary(), token_rows, recipe, "facts/base", progress)
    tokenizer = facts_tokenizer(recipe)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return score_facts_base(model, tokenizer)


def score_facts_base(model: Any, tokenizer: Any, questions: int = 200) -> FactsBaseScore:
    """Return what a model answers, asked for the next word; the names of what is read are the known ones."""
    rng = generator("facts/base", "score")
    fiction = draw_facts(GROUPS["known"], rng)

    def share(of: Sequence[Fact] | Sequence[TwoHops], told: Sequence[Fact] = ()) -> float:
        picked = [of[i] for i in rng.permutation(len(of))[:questions].tolist()]
        before = [context(one, told, 5, rng) + " " if told else "" for one in picked]
        prompts = [f"{text}Question: {asked(one)} Answer:" for text, one in zip(before, picked, strict=True)]
        right = [hops(one)[-1].value for one in picked]
        said = _next_words(model, tokenizer, prompts)
        return sum(a == b for a, b in zip(said, right, strict=True)) / len(picked)

    return FactsBaseScore(
        share(KNOWN_FACTS),
        share(two_hops(KNOWN_FACTS)),
        share(fiction, fiction),
        share(two_hops(fiction), fiction),
    )


def _next_words(model: Any, tokenizer: Any, prompts: list[str]) -> list[str]:
    import torch

    rows = tokenizer(prompts, return_tensors="pt", padding=True)
    rows.pop("token_type_ids", None)
    with torch.inference_mode():
        guesses = model(**rows).logits[:, -1].argmax(-1).tolist()
    return tokenizer.convert_ids_to_tokens(guesses)
