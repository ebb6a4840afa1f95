"""Chats: message lists checked and cut into the prompt, all turns before the answer, and the answer."""

from typing import Literal, NamedTuple, cast, get_args

from apportion.judgements.demonstrations import Message, Prompt
from apportion.judgements.findings import Finding, Row, described, excerpt, text_fault
from apportion.judgements.transcripts import is_transcript, transcript_turns

Role = Literal["system", "user", "assistant"]
ROLES: tuple[str, ...] = get_args(Role)


class Exchange(NamedTuple):
    """A prompt and one answer to it."""

    prompt: Prompt
    answer: str


def turns(row: Row, field: str, value: object) -> tuple[Message, ...] | Finding:
    """Return a list of {role, content} as messages, or its first fault.

    Roles are system (first only), user and assistant; contents are texts that are not blank.
    """
    if not isinstance(value, list | tuple) or not value:
        expected = "a list of {role, content}"
        return row.finding(field, described(value), expected, "Write the chat's turns, or remove the row.")
    messages: list[Message] = []
    for place, turn in enumerate(value):
        at = f"{field}[{place}]"
        if not isinstance(turn, dict) or "role" not in turn or "content" not in turn:
            cure = "Give every turn a role and a content."
            return row.finding(at, described(turn), "an object with role and content", cure)
        role, content = turn["role"], turn["content"]
        if role not in ROLES or (role == "system" and place > 0):
            found = f"the role {excerpt(str(role))}" + (" after the first turn" if role in ROLES else "")
            cure = "Rename the role, or remove the row."
            return row.finding(f"{at}.role", found, "system (first only), user or assistant", cure)
        fault = text_fault(row, f"{at}.content", content)
        if fault is not None:
            return fault
        messages.append(Message(cast(Role, role), cast(str, content)))
    return tuple(messages)


def exchange(row: Row, field: str, value: object, prompt: Prompt | None) -> Exchange | Finding:
    """Return (prompt, answer) of an answer that is text, one assistant turn, or a whole chat ending in one.

    Text and a single turn need `prompt`; without one, text may be an HH-RLHF transcript. A whole chat brings
    its own prompt: a plain-text `prompt` is then left aside (public sets repeat the first turn there), a
    `prompt` of messages must be how the chat begins.
    """
    if prompt is None and isinstance(value, str) and is_transcript(value):
        value = transcript_turns(value)
    if not isinstance(value, list | tuple):
        fault = text_fault(row, field, value)
        if fault is not None:
            return fault
        return _needs_prompt(row, field) if prompt is None else Exchange(prompt, cast(str, value))
    messages = turns(row, field, value)
    if isinstance(messages, Finding):
        return messages
    *before, last = messages
    if last.role != "assistant":
        found = f"a last turn of the role {last.role}"
        cure = "End the chat with the answer, or remove the row."
        return row.finding(f"{field}[{len(before)}].role", found, "assistant", cure)
    if not before:
        return _needs_prompt(row, field) if prompt is None else Exchange(prompt, last.content)
    fault = _prompt_fault(row, field, tuple(before), prompt)
    return Exchange(tuple(before), last.content) if fault is None else fault


def prompt_fault(row: Row, field: str, messages: tuple[Message, ...]) -> Finding | None:
    """Return why messages are no prompt, or None: the last turn must be the user's."""
    if messages[-1].role == "user":
        return None
    found = f"a turn of the role {messages[-1].role} before the answer"
    cure = "Put the user's turn before the answer, or remove the row."
    return row.finding(f"{field}[{len(messages) - 1}].role", found, "user", cure)


def _prompt_fault(row: Row, field: str, before: tuple[Message, ...], prompt: Prompt | None) -> Finding | None:
    if isinstance(prompt, tuple) and before[: len(prompt)] != prompt:
        found = "a chat that does not begin with the row's prompt"
        cure = "Make them agree, or leave the answer alone in this field."
        return row.finding(field, found, "the prompt's turns, then the answer", cure)
    return prompt_fault(row, field, before)


def _needs_prompt(row: Row, field: str) -> Finding:
    found = "an answer alone, and no prompt column"
    expected = "a column named prompt, question or instruction, or a whole chat here"
    return row.finding(field, found, expected, "Add the prompts, or say: columns = { prompt = 'NAME' }.")
