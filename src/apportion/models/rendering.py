"""From texts to token ids, in the way that TRL tokenises prompt and completion."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from apportion.errors import UserError
from apportion.judgements.demonstrations import Prompt
from apportion.models.settings import ModelSettings, Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


MOST_UNKNOWN = 0.2
"""The largest share of unknown tokens in a task's prompts that is not refused."""


KEPT = 8192
"""How many texts a renderer remembers: a study's stages are nested, and its cells have their items in common."""


class Rendered(NamedTuple):
    """Token ids of a prompt and of one or more responses that continue it."""

    prompt: list[int]
    responses: tuple[list[int], ...]


class Renderer:
    """A model's tokenizer and how its texts are rendered; remembers the latest, whose lists are not to be changed."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", settings: ModelSettings) -> None:
        self.tokenizer = tokenizer
        self._settings = settings
        self.prompt = lru_cache(KEPT)(self._prompt)
        self.rendered = lru_cache(KEPT)(self._rendered)

    def _prompt(self, prompt: Prompt) -> list[int]:
        """Return the token ids after which the model is to answer, at most `max_length` of them."""
        ids = render_prompt(self.tokenizer, prompt, self._settings.rendering)
        return cut_prompt(self.tokenizer, ids, self._settings.max_length)

    def _rendered(self, prompt: Prompt, responses: tuple[str, ...]) -> Rendered:
        """Return a prompt and its responses as token ids, as `render` does."""
        return render(self.tokenizer, prompt, responses, self._settings.rendering, self._settings.max_length)


def render_prompt(tokenizer: "PreTrainedTokenizerBase", prompt: Prompt, rendering: Rendering) -> list[int]:
    """Return the token ids after which the model is to answer."""
    if rendering == "chat":
        return _chat_ids(tokenizer, _turns(prompt), add_generation_prompt=True)
    return tokenizer(_plain(prompt))["input_ids"]


def render(
    tokenizer: "PreTrainedTokenizerBase",
    prompt: Prompt,
    responses: tuple[str, ...],
    rendering: Rendering,
    max_length: int,
) -> Rendered:
    """Return the ids of a prompt and its responses, each response closed by the end-of-sequence token.

    Where prompt alone and prompt with response tokenise differently, the response starts where they part, as in
    TRL. Nothing is dropped for its length: a prompt gives way first, losing its beginning (but never a
    beginning-of-sequence token) until half of `max_length` is left to it; then responses lose their end.
    """
    alone = render_prompt(tokenizer, prompt, rendering)
    if rendering == "chat":
        turns = _turns(prompt)
        wholes = [
            _chat_ids(
                tokenizer, [*turns, {"role": "assistant", "content": text}], add_generation_prompt=False
            )
            for text in responses
        ]
    else:
        start = _plain(prompt)
        wholes = [[*tokenizer(start + text)["input_ids"], tokenizer.eos_token_id] for text in responses]
        wholes = [ids[:-1] if ids[-2:] == [tokenizer.eos_token_id] * 2 else ids for ids in wholes]
    shared = min(_common_prefix(alone, whole) for whole in wholes)
    prompt_ids = alone[:shared]
    answers = tuple(whole[shared:] for whole in wholes)
    room = max(max_length // 2, max_length - max(len(answer) for answer in answers))
    prompt_ids = cut_prompt(tokenizer, prompt_ids, room)
    return Rendered(prompt_ids, tuple(answer[: max_length - len(prompt_ids)] for answer in answers))


def cut_prompt(tokenizer: "PreTrainedTokenizerBase", ids: list[int], room: int) -> list[int]:
    """Return the end of a prompt that is longer than `room` tokens; one that opens every text stays in front."""
    if len(ids) <= room:
        return ids
    head = ids[:1] if ids[0] == tokenizer.bos_token_id else []
    return [*head, *ids[len(ids) - room + len(head) :]]


def refuse_unknown_words(
    tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[Prompt], source: str, rendering: Rendering
) -> None:
    """Raise UserError if the tokenizer has no tokens for much of the text, as the world's has none for English."""
    rendered = [render_prompt(tokenizer, prompt, rendering) for prompt in prompts]
    if not all(rendered):
        raise UserError(
            f"model '{source}'",
            "a tokenizer that makes no tokens of the first prompts",
            "one with a vocabulary",
            "Save the tokenizer into the model's folder with save_pretrained.",
        )
    ids = [token for tokens in rendered for token in tokens]
    unknown = (
        sum(token == tokenizer.unk_token_id for token in ids) if tokenizer.unk_token_id is not None else 0
    )
    if unknown > MOST_UNKNOWN * len(ids):
        raise UserError(
            f"model '{source}'",
            f"no token for {unknown / len(ids):.0%} of the words of the first prompts",
            "a model that can read the task's texts",
            "Name another model; 'world' reads the world task only.",
        )


def _common_prefix(a: list[int], b: list[int]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _turns(prompt: Prompt) -> list[dict[str, str]]:
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    return [{"role": turn.role, "content": turn.content} for turn in prompt]


def _plain(prompt: Prompt) -> str:
    """A chat without a template: one `Role: text` paragraph a turn, then the assistant's turn to speak."""
    if isinstance(prompt, str):
        return prompt
    return "\n\n".join(f"{turn.role.title()}: {turn.content}" for turn in prompt) + "\n\nAssistant:"


def _chat_ids(
    tokenizer: "PreTrainedTokenizerBase", turns: list[dict[str, str]], *, add_generation_prompt: bool
) -> list[int]:
    encoded: Any = tokenizer.apply_chat_template(
        turns, add_generation_prompt=add_generation_prompt, tokenize=True, return_dict=True
    )
    return list(encoded["input_ids"])
