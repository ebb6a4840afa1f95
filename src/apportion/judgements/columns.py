"""Columns: which column of a file holds the prompt, the response, the chosen and the rejected text."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from apportion.judgements.findings import Finding

PROMPTS = ("prompt", "question", "instruction")
LISTED = 12  # column names that a message repeats
RESPONSES = ("response", "answer", "completion", "output")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns in use. `prompt` may be None where the answers are whole chats that include it.

    `input` is the second half of an instruction (Alpaca); `answers` is (response,), (messages,) or
    (chosen, rejected); `id_is_named` says that the user named the id column, which then must be sound.
    """

    prompt: str | None
    input: str | None
    answers: tuple[str, ...]
    id: str | None
    id_is_named: bool


def demonstration_columns(
    file: str, names: Set[str], overrides: Mapping[str, str] | None = None
) -> Columns | Finding:
    """Return the columns of demonstrations, or what stands in the way.

    Recognised: prompt, question or instruction (+ input) with response, answer, completion or output; or
    messages, a whole chat, in which case a prompt column is left aside because it repeats the chat.
    `overrides` names columns outright: {"response": "chosen"} takes a pair's better side for a demonstration.
    """
    overrides = overrides or {}
    fault = _unusable(file, names, overrides, ("id", "prompt", "input", "response", "messages"))
    if fault is not None:
        return fault
    named = overrides.get("messages") or ("messages" if "messages" in names else None)
    if named is not None and "response" not in overrides:
        rivals = [name for name in RESPONSES if name in names]
        if rivals and "messages" not in overrides:
            return _ambiguous(file, "response", ["messages", *rivals], f"messages = '{named}'")
        return Columns(None, None, (named,), *_id(names, overrides))
    response = _one(file, names, overrides, "response", RESPONSES)
    if isinstance(response, Finding):
        return response
    return _with_prompt(file, names, overrides, (response,))


def pair_columns(file: str, names: Set[str], overrides: Mapping[str, str] | None = None) -> Columns | Finding:
    """Return the columns of preference pairs, or what stands in the way.

    Recognised: chosen and rejected, with prompt, question or instruction (+ input); without a prompt column
    chosen and rejected must be whole chats.
    """
    overrides = overrides or {}
    fault = _unusable(file, names, overrides, ("id", "prompt", "input", "chosen", "rejected"))
    if fault is not None:
        return fault
    answers: list[str] = []
    for field in ("chosen", "rejected"):
        column = _one(file, names, overrides, field, (field,))
        if isinstance(column, Finding):
            return column
        answers.append(column)
    return _with_prompt(file, names, overrides, tuple(answers))


def prompt_columns(file: str, names: Set[str]) -> Columns | Finding:
    """Return the columns of prompts alone."""
    return _with_prompt(file, names, {}, ())


def _with_prompt(
    file: str, names: Set[str], overrides: Mapping[str, str], answers: tuple[str, ...]
) -> Columns | Finding:
    candidates = [name for name in PROMPTS if name in names and name not in answers]
    if "prompt" not in overrides and not candidates:
        return Columns(None, None, answers, *_id(names, overrides))
    prompt = _one(file, names - set(answers), overrides, "prompt", PROMPTS)
    if isinstance(prompt, Finding):
        return prompt
    second = "input" if prompt == "instruction" and "input" in names else None
    return Columns(prompt, overrides.get("input", second), answers, *_id(names, overrides))


def _id(names: Set[str], overrides: Mapping[str, str]) -> tuple[str | None, bool]:
    return overrides.get("id", "id" if "id" in names else None), "id" in overrides


def _one(
    file: str, names: Set[str], overrides: Mapping[str, str], field: str, known: tuple[str, ...]
) -> str | Finding:
    if field in overrides:
        return overrides[field]
    present = [name for name in known if name in names]
    if len(present) == 1:
        return present[0]
    if present:
        return _ambiguous(file, field, present, f"{field} = '{present[0]}'")
    found = f"the columns {_listed(names)}"
    cure = f"Rename a column, or say which it is: columns = {{ {field} = 'NAME' }}."
    return Finding(file, None, field, found, f"a column named {' or '.join(known)}", cure)


def _listed(names: Set[str]) -> str:
    first = sorted(names)[:LISTED]
    return ", ".join(first) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")


def _ambiguous(file: str, field: str, present: list[str], example: str) -> Finding:
    found = f"{len(present)} columns that could be it ({', '.join(present)})"
    return Finding(file, None, field, found, "one", f"Say which: columns = {{ {example} }}.")


def _unusable(
    file: str, names: Set[str], overrides: Mapping[str, str], fields: tuple[str, ...]
) -> Finding | None:
    for field, column in overrides.items():
        if field not in fields:
            cure = "Write the field on the left and the file's column on the right."
            return Finding(f"columns for {file}", None, None, f"the field '{field}'", ", ".join(fields), cure)
        if column not in names:
            found = f"no column '{column}' (columns: {_listed(names)})"
            return Finding(file, None, field, found, "one of the file's columns", "Correct columns.")
    return None
