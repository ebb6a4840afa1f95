"""Transcripts: dialogues written as one text with the speakers' names, as in Anthropic's HH-RLHF."""

import re

SPEAKER = re.compile(r"\n\n(Human|Assistant):[ ]?")
ROLES = {"Human": "user", "Assistant": "assistant"}


def is_transcript(value: object) -> bool:
    r"""Return whether a value is a text that begins, as HH-RLHF's do, with "\n\nHuman:"."""
    return isinstance(value, str) and value.startswith("\n\nHuman:")


def transcript_turns(text: str) -> list[dict[str, str]]:
    r"""Return a transcript as a message list; turns of one speaker in a row are joined by a blank line.

    >>> transcript_turns("\n\nHuman: Hello.\n\nAssistant: Good day.")
    [{'role': 'user', 'content': 'Hello.'}, {'role': 'assistant', 'content': 'Good day.'}]
    """
    pieces = SPEAKER.split(text)[1:]
    turns: list[dict[str, str]] = []
    for speaker, content in zip(pieces[::2], pieces[1::2], strict=True):
        role = ROLES[speaker]
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += "\n\n" + content.strip()
        else:
            turns.append({"role": role, "content": content.strip()})
    return turns
