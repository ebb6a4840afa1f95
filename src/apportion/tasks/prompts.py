"""Prompts: how a question is put to a model that continues text, and where the answer begins."""

from dataclasses import replace
from typing import Literal

from apportion.judgements.demonstrations import Demonstration, Message, Prompt
from apportion.judgements.pairs import PreferencePair

Template = Literal["plain", "question", "chat"]
"""plain: the prompt as it stands; question: `Question: ...`, newline, `Answer:`; chat: one user message.

Prompts that are chats already stay as they are under every template: the model's chat template dresses them.
"""


def posed(prompt: Prompt, template: Template) -> Prompt:
    """Return the prompt as the model sees it; never with white space at its end, which would split a token.

    >>> posed("1 + 1?", "question")
    'Question: 1 + 1?\\nAnswer:'
    """
    if not isinstance(prompt, str):
        return prompt
    return {
        "plain": prompt.rstrip(),
        "question": f"Question: {prompt.strip()}\nAnswer:",
        "chat": (Message("user", prompt.strip()),),
    }[template]


def answered(prompt: Prompt, template: Template, answer: str) -> str:
    """Return the answer as it follows `posed(prompt, template)`: text prompts are followed by white space.

    Under "plain" that is the white space at the prompt's own end, so that prompt and answer joined are what
    the file says; where there is none on either side, a line break.

    >>> [answered(prompt, "plain", "2") for prompt in ("1 + 1 = ", "1 + 1?")]
    [' 2', '\\n2']
    """
    if not isinstance(prompt, str) or template == "chat":
        return answer
    if template == "question":
        return " " + answer.strip()
    gap = prompt[len(prompt.rstrip()) :]
    return gap + answer if gap or answer[:1].isspace() else "\n" + answer


def posed_demonstration(demonstration: Demonstration, template: Template) -> Demonstration:
    """Return the demonstration with its prompt posed and its response as it follows."""
    response = answered(demonstration.prompt, template, demonstration.response)
    return replace(demonstration, prompt=posed(demonstration.prompt, template), response=response)


def posed_pair(pair: PreferencePair, template: Template) -> PreferencePair:
    """Return the pair with its prompt posed and both responses as they follow."""
    return replace(
        pair,
        prompt=posed(pair.prompt, template),
        chosen=answered(pair.prompt, template, pair.chosen),
        rejected=answered(pair.prompt, template, pair.rejected),
    )
