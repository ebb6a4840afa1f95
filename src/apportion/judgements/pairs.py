"""Preference pairs: two responses to one prompt, the better one named."""

from dataclasses import dataclass

from apportion.judgements.demonstrations import Prompt


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """A prompt, the response that was preferred, and the one that was not."""

    id: str
    prompt: Prompt
    chosen: str
    rejected: str
