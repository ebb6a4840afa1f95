"""Demonstrations: a prompt and the response that somebody wrote for it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


Prompt = str | tuple[Message, ...]
"""A plain text, or the chat turns before the answer."""


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A prompt and a response to imitate; `id` is stable across reads of the same data."""

    id: str
    prompt: Prompt
    response: str
