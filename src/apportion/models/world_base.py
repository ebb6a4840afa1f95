"""The world's base model: half a million parameters, trained here in minutes on one thread, and shipped.

It knows arithmetic and a few verbs; it has not seen the form of an answer, nor what most verbs do. Training
it twice on one kind of machine gives the same bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apportion.identity import generator
from apportion.models.small_llama import SmallLlamaRecipe, train_small_llama, word_tokenizer
from apportion.models.world_corpus import arithmetic_facts, token_rows, vocabulary
from apportion.world_language import draw_story, question, strict_answer

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast


RECIPE = SmallLlamaRecipe()


@dataclass(frozen=True, slots=True)
class WorldBaseScore:
    """What a model of the world can do, as shares: right arithmetic, right answers, right form."""

    arithmetic: float
    strict: float
    form: float


def world_base_path() -> Path:
    """Return the folder of the base that is shipped with the package."""
    return Path(__file__).parent / "world"


def world_tokenizer() -> "PreTrainedTokenizerFast":
    """Return the tokenizer: one token a word, words set apart by spaces, no token added by itself."""
    return word_tokenizer(vocabulary(), split_punctuation=False, positions=RECIPE.positions)


def build_world_base(
    folder: Path,
    recipe: SmallLlamaRecipe = RECIPE,
    progress: Callable[[float, str], None] = lambda share, now: None,
) -> WorldBaseScore:
    """Train the base, write it to `folder` as a transformers folder of safetensors, and return its score.

    `progress` is called now and then with the share of the steps that is done and a line. The number of torch
    threads is set to one while it trains.
    """
    model = train_small_llama(vocabulary(), token_rows, recipe, "world/base", progress)
    tokenizer = world_tokenizer()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return score_world_base(model, tokenizer)


def score_world_base(
    model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerFast", problems: int = 200
) -> WorldBaseScore:
    """Return what the model can do on all arithmetic facts and on random stories, decoding greedily."""
    import torch

    facts = arithmetic_facts()
    asked = tokenizer([left for left, _ in facts], return_tensors="pt", padding=True)
    with torch.inference_mode():
        guesses = model(**asked).logits[:, -1].argmax(-1).tolist()
    words = vocabulary()
    right = sum(words[guess] == result for guess, (_, result) in zip(guesses, facts, strict=True))

    rng = generator("world/base", "score")
    stories = [draw_story(rng) for _ in range(problems)]
    prompts = tokenizer([question(story) for story in stories], return_tensors="pt", padding=True)
    with torch.inference_mode():
        decoded = model.generate(**prompts, max_new_tokens=24, do_sample=False)  # type: ignore[attr-defined]
    width = prompts["input_ids"].shape[1]
    texts = tokenizer.batch_decode(decoded[:, width:], skip_special_tokens=True)
    finals = [strict_answer(text) for text in texts]
    return WorldBaseScore(
        arithmetic=right / len(facts),
        strict=sum(f == str(story.final) for f, story in zip(finals, stories, strict=True)) / problems,
        form=sum(final is not None for final in finals) / problems,
    )
