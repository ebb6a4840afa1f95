"""Contamination: prompts that are both trained on and held out."""

import unicodedata
from collections.abc import Iterable

from apportion.errors import UserError
from apportion.judgements.demonstrations import Prompt
from apportion.judgements.findings import excerpt


def prompt_key(prompt: Prompt) -> str:
    """Return a prompt's text as a key: equal keys are one prompt.

    White space is joined, case folded, and characters are in Unicode's form NFKC without format characters (category
    Cf, such as the zero-width space). A chat's system turns are left out, so that the same question under another
    system prompt is recognised, and a chat of a single user turn has the key of the plain text.

    >>> prompt_key("How  many\\nEGGS?")
    'how many eggs?'
    """
    if isinstance(prompt, str):
        return _normalised(prompt)
    turns = [message for message in prompt if message.role != "system"] or prompt
    if len(turns) == 1 and turns[0].role == "user":
        return _normalised(turns[0].content)
    return _normalised("\x00".join(f"{message.role}\x01{message.content}" for message in turns))


def _normalised(text: str) -> str:
    if not text.isascii():
        text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.casefold().split())


def contamination(train: Iterable[Prompt], held_out: Iterable[Prompt]) -> tuple[str, ...]:
    """Return the keys of the held-out prompts that are trained on too, each once, in held-out order."""
    trained = {prompt_key(prompt) for prompt in train}
    keys = dict.fromkeys(prompt_key(prompt) for prompt in held_out)
    return tuple(key for key in keys if key in trained)


def refuse_contamination(
    train_prompts: Iterable[Prompt], held_out_prompts: Iterable[Prompt], where: str, allow: bool
) -> int:
    """Return how many held-out prompts are trained on; raise `UserError` unless none or allowed."""
    shared = contamination(train_prompts, held_out_prompts)
    if shared and not allow:
        found = f"held-out prompts among the training prompts: {len(shared)}, such as {excerpt(shared[0])}"
        allowing = "--allow-contamination (in a study file: allow_contamination)"
        cure = f"Remove them from one side, or go on knowingly with {allowing}."
        raise UserError(where, found, "no prompt on both sides", cure)
    return len(shared)
