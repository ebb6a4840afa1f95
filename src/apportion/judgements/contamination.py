"""Contamination: prompts that are both trained on and held out."""

from collections.abc import Iterable

from apportion.errors import UserError
from apportion.judgements.demonstrations import Prompt
from apportion.judgements.findings import excerpt


def prompt_key(prompt: Prompt) -> str:
    """Return a prompt's text with white space joined and case folded: equal keys are one prompt.

    A chat of a single user turn has the key of the plain text, so that the two forms are recognised as one.

    >>> prompt_key("How  many\\nEGGS?")
    'how many eggs?'
    """
    if isinstance(prompt, str):
        text = prompt
    elif len(prompt) == 1 and prompt[0].role == "user":
        text = prompt[0].content
    else:
        text = "\x00".join(f"{message.role}\x01{message.content}" for message in prompt)
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
