"""Comparisons that people have judged: LLMBar, PandaLM, JudgeBench and HH-RLHF, each in its own columns."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

from apportion.judgements.demonstrations import Prompt
from apportion.judgements.findings import Row, described
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.readers import read_pairs
from apportion.judgements.rows import read_rows, stem
from apportion.tasks.judging import Comparison, Verdict

JudgedSet = Literal["llmbar", "pandalm", "judgebench", "hh"]


def read_judged(source: str | Path, form: JudgedSet) -> tuple[Comparison, ...]:
    """Return the comparisons of a set with their labels; raises `UserError` at the first faulty row.

    llmbar: `label` 1 or 2. pandalm: the majority of `annotator1` to `annotator3`, a tie where there is none.
    judgebench: `label` A>B or B>A by an objective check. hh: chosen and rejected; the chosen one stands first in
    every other row, so that no judge gains by the place.
    """
    readers: dict[JudgedSet, Callable[[Row], Comparison]] = {
        "llmbar": _llmbar, "pandalm": _pandalm, "judgebench": _judgebench,
    }  # fmt: skip
    if form == "hh":
        return tuple(_hh(place, pair) for place, pair in enumerate(read_pairs(source, faulty="drop")))
    return tuple(readers[form](row) for row in read_rows(source))


def _llmbar(row: Row) -> Comparison:
    human = _label(row, "label", {1: "first", 2: "second"})
    names = ("id", "input", "output_1", "output_2")
    id_, prompt, first, second = (_text(row, name, blank=name.startswith("output")) for name in names)
    return Comparison(id_, prompt, first, second, human, str(row.values.get("subset", "")))


def _pandalm(row: Row) -> Comparison:
    meaning: dict[Any, Verdict] = {1: "first", 2: "second", 0: "tie"}
    votes: Counter[Verdict] = Counter(_label(row, f"annotator{place}", meaning) for place in (1, 2, 3))
    (most, count), *_ = votes.most_common()
    given = row.values.get("input") or ""
    instruction = _text(row, "instruction", blank=bool(given))
    prompt = "\n\n".join(part for part in (instruction, str(given)) if part.strip())
    id_ = f"{stem(row.file)}-{row.number:05d}"
    first, second = (_text(row, name, blank=True) for name in ("response1", "response2"))
    human: Verdict = most if count > 1 else "tie"
    return Comparison(id_, prompt, first, second, human, str(row.values.get("motivation_app", "")))


def _judgebench(row: Row) -> Comparison:
    human = _label(row, "label", {"A>B": "first", "B>A": "second"})
    names = ("pair_id", "question", "response_A", "response_B")
    id_, prompt, first, second = (_text(row, name) for name in names)
    return Comparison(id_, prompt, first, second, human, str(row.values.get("source", "")))


def _hh(place: int, pair: PreferencePair) -> Comparison:
    if place % 2 == 0:
        return Comparison(pair.id, plain(pair.prompt), pair.chosen, pair.rejected, "first")
    return Comparison(pair.id, plain(pair.prompt), pair.rejected, pair.chosen, "second")


def plain(prompt: Prompt) -> str:
    """Return a prompt as one text, a chat's turns named."""
    if isinstance(prompt, str):
        return prompt
    names = {"system": "System", "user": "Human", "assistant": "Assistant"}
    return "\n\n".join(f"{names[turn.role]}: {turn.content}" for turn in prompt)


def _label(row: Row, field: str, meaning: dict[Any, Verdict]) -> Verdict:
    value = row.values.get(field)
    if isinstance(value, bool) or value not in meaning:
        expected, cure = " or ".join(map(str, meaning)), "Use the set's own columns."
        raise row.finding(field, described(value), expected, cure).error()
    return meaning[cast(Any, value)]


def _text(row: Row, field: str, blank: bool = False) -> str:
    value = row.values.get(field)
    if blank and isinstance(value, bool | int | float):  # an answer such as true that became JSON's own
        value = json.dumps(value)
    if not isinstance(value, str) or not (blank or value.strip()):
        raise row.finding(field, described(value), "text", "Use the set's own columns.").error()
    return value
