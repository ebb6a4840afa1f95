"""Batched decoding with a key-value cache, shortest prompts first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from apportion.identity import seed_for
from apportion.training.greedy import greedy, is_plainly_greedy


@dataclass(frozen=True, slots=True)
class DecodingSettings:
    """How answers are decoded; temperature 0 is greedy. `max_new_tokens` None takes the task's own limit."""

    temperature: float = 0.0
    top_p: float = 1.0
    batch_size: int = 128
    max_new_tokens: int | None = None


class Generation(NamedTuple):
    """A decoded answer; `finished` says that the model closed it before the limit."""

    text: str
    tokens: int
    finished: bool


def decode(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[list[int]],
    settings: DecodingSettings,
    *,
    max_new_tokens: int,
    seed: int,
) -> list[Generation]:
    """Return one generation per prompt, in the order of the prompts.

    Prompts are sorted by length into batches and padded on the left; every batch draws from a seed of its
    own. Greedy decoding of a plain causal model goes without `generate`, to the same tokens.
    """
    import torch
    from transformers import GenerationConfig

    sampled = settings.temperature > 0
    ends = _ends(model, tokenizer)
    config = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=sampled,
        temperature=settings.temperature if sampled else None,
        top_p=settings.top_p if sampled else None,
        top_k=0 if sampled else None,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=sorted(ends),
        bos_token_id=tokenizer.bos_token_id,
    )
    plainly = not sampled and is_plainly_greedy(model)
    by_length = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    found: dict[int, Generation] = {}
    for start in range(0, len(prompts), settings.batch_size):
        chunk = by_length[start : start + settings.batch_size]
        width = max(len(prompts[i]) for i in chunk)
        ids = torch.full((len(chunk), width), tokenizer.pad_token_id)
        mask = torch.zeros((len(chunk), width), dtype=torch.long)
        for place, i in enumerate(chunk):
            ids[place, width - len(prompts[i]) :] = torch.tensor(prompts[i])
            mask[place, width - len(prompts[i]) :] = 1
        ids, mask = ids.to(model.device), mask.to(model.device)
        if plainly:
            rows = greedy(model, ids, mask, max_new_tokens=max_new_tokens, ends=ends)
        else:
            torch.manual_seed(seed_for(str(seed), "decoding", start))
            with torch.no_grad():
                output = model.generate(ids, attention_mask=mask, generation_config=config)
            rows = output[:, width:].tolist()
        for i, row in zip(chunk, rows, strict=True):
            found[i] = _cut(row, tokenizer, ends)
    return [found[i] for i in range(len(prompts))]


def _ends(model: Any, tokenizer: Any) -> set[int]:
    """The tokens that close an answer: the tokenizer's, and those that the model was released with."""
    released = model.generation_config.eos_token_id
    several = released if isinstance(released, list) else [] if released is None else [released]
    return {tokenizer.eos_token_id, *several}


def _cut(ids: list[int], tokenizer: Any, ends: set[int]) -> Generation:
    end = next((place for place, token in enumerate(ids) if token in ends), None)
    answer = ids[:end]
    text = tokenizer.decode(answer, skip_special_tokens=True)
    return Generation(text, len(answer) + (end is not None), end is not None)
