"""Readers: demonstrations and preference pairs out of a source, every row checked."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar, cast

from apportion.judgements.chat import Exchange, exchange, prompt_fault, turns
from apportion.judgements.columns import Columns, demonstration_columns, pair_columns, prompt_columns
from apportion.judgements.demonstrations import Demonstration, Prompt
from apportion.judgements.findings import Finding, Row, excerpt, text_fault
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.rows import read_rows, stem

Judgement = TypeVar("Judgement", Demonstration, PreferencePair)
Faulty = Literal["refuse", "drop"]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading(Generic[Judgement]):
    """The sound rows of a file as judgements, and the findings about the others, both in file order."""

    judgements: tuple[Judgement, ...]
    findings: tuple[Finding, ...]


def read_demonstrations(
    source: str | Path,
    columns: Mapping[str, str] | None = None,
    limit: int | None = None,
    faulty: Faulty = "refuse",
) -> tuple[Demonstration, ...]:
    """Return the demonstrations of a source (see `read_rows`), the first `limit` of them.

    Ids are the file's column `id` if its values are unique texts or integers, else FILE'S STEM-ROW with
    five digits. `columns` maps id, prompt, input, response, messages to the file's names. Raises `UserError`
    at the first faulty row, or leaves such rows out and logs how many with `faulty="drop"`.
    """
    return _settled(parse_demonstrations(read_rows(source), columns), limit, faulty)


def read_pairs(
    source: str | Path,
    columns: Mapping[str, str] | None = None,
    limit: int | None = None,
    faulty: Faulty = "refuse",
) -> tuple[PreferencePair, ...]:
    """Return the preference pairs of a source, as `read_demonstrations` does; a pair's two sides must differ.

    `columns` maps id, prompt, input, chosen, rejected to the file's names.
    """
    return _settled(parse_pairs(read_rows(source), columns), limit, faulty)


def parse_demonstrations(
    rows: Sequence[Row], columns: Mapping[str, str] | None = None
) -> Reading[Demonstration]:
    """Return raw rows as demonstrations, with findings about the rows that are none."""
    found = demonstration_columns(rows[0].file, _names(rows), columns)
    if isinstance(found, Finding):
        return Reading((), (found,))
    ids, findings = _ids(rows, found)
    judgements: list[Demonstration] = []
    for row, id_ in zip(rows, ids, strict=True):
        answers = _answers(row, found)
        if isinstance(answers, Finding):
            findings.append(answers)
        elif id_ is not None:
            judgements.append(Demonstration(id_, *answers[0]))
    return Reading(tuple(judgements), _in_order(findings, rows))


def parse_pairs(rows: Sequence[Row], columns: Mapping[str, str] | None = None) -> Reading[PreferencePair]:
    """Return raw rows as preference pairs, with findings about the rows that are none."""
    found = pair_columns(rows[0].file, _names(rows), columns)
    if isinstance(found, Finding):
        return Reading((), (found,))
    ids, findings = _ids(rows, found)
    judgements: list[PreferencePair] = []
    for row, id_ in zip(rows, ids, strict=True):
        answers = _answers(row, found)
        fault = answers if isinstance(answers, Finding) else _pair_fault(row, found, *answers)
        if fault is not None:
            findings.append(fault)
        elif id_ is not None:
            chosen, rejected = cast(tuple[Exchange, Exchange], answers)
            judgements.append(PreferencePair(id_, chosen.prompt, chosen.answer, rejected.answer))
    return Reading(tuple(judgements), _in_order(findings, rows))


def held_out_prompts(source: str | Path) -> tuple[tuple[Prompt, ...], tuple[Finding, ...]]:
    """Return the prompts of a held-out file's sound rows and the findings about the others.

    A file of prompts without answers will do, in the column prompt, question or instruction (+ input): nothing else
    is compared. Raises UserError for a file that cannot be read.
    """
    rows = read_rows(source)
    names = _names(rows)
    whole = parse_pairs(rows) if {"chosen", "rejected"} <= names else parse_demonstrations(rows)
    if whole.judgements:
        return tuple(row.prompt for row in whole.judgements), whole.findings
    columns = prompt_columns(rows[0].file, names)
    if isinstance(columns, Finding) or columns.prompt is None:
        return (), whole.findings
    read = [_prompt(row, columns) for row in rows]
    faults = tuple(one for one in read if isinstance(one, Finding))
    return tuple(one for one in read if one is not None and not isinstance(one, Finding)), faults


def _answers(row: Row, columns: Columns) -> tuple[Exchange, ...] | Finding:
    """Return the row's exchanges, one for each answer column, or its first fault."""
    prompt = _prompt(row, columns)
    if isinstance(prompt, Finding):
        return prompt
    exchanges: list[Exchange] = []
    for column in columns.answers:
        if column not in row.values:
            return _missing(row, column)
        result = exchange(row, column, row.values[column], prompt)
        if isinstance(result, Finding):
            return result
        exchanges.append(result)
    return tuple(exchanges)


def _prompt(row: Row, columns: Columns) -> Prompt | Finding | None:
    if columns.prompt is None:
        return None
    if columns.prompt not in row.values:
        return _missing(row, columns.prompt)
    value = row.values[columns.prompt]
    if isinstance(value, list | tuple):
        messages = turns(row, columns.prompt, value)
        if isinstance(messages, Finding):
            return messages
        return prompt_fault(row, columns.prompt, messages) or messages
    return text_fault(row, columns.prompt, value) or _with_input(row, cast(str, value), columns.input)


def _with_input(row: Row, instruction: str, column: str | None) -> str | Finding:
    """Return the instruction and, after a blank line, its input, where the row has one."""
    second = None if column is None else row.values.get(column)
    if column is None or second is None or second == "":
        return instruction
    return text_fault(row, column, second) or f"{instruction}\n\n{second}"


def _pair_fault(row: Row, columns: Columns, chosen: Exchange, rejected: Exchange) -> Finding | None:
    names = columns.answers
    if chosen.prompt != rejected.prompt:
        found = f"other turns before the answer than in {names[0]}"
        return row.finding(
            names[1], found, "one prompt for both sides", "Make them agree, or remove the row."
        )
    if chosen.answer == rejected.answer:
        found = f"the same text as in {names[0]} ({excerpt(chosen.answer)})"
        cure = "Remove the row, or mend it."
        return row.finding(names[1], found, "two texts that differ", cure)
    return None


def _missing(row: Row, column: str) -> Finding:
    found = f"only the fields {', '.join(sorted(row.values)) or 'none'}"
    return row.finding(column, found, "this field in every row", "Fill it in, or remove the row.")


def _names(rows: Sequence[Row]) -> frozenset[str]:
    return frozenset(name for row in rows for name in row.values)


def _ids(rows: Sequence[Row], columns: Columns) -> tuple[list[str | None], list[Finding]]:
    """Return an id a row, None where a named id column fails, and the findings about that column."""
    numbered: list[str | None] = [f"{stem(row.file)}-{row.number:05d}" for row in rows]
    if columns.id is None:
        return numbered, []
    values = [row.values.get(columns.id) for row in rows]
    ids = [
        str(v) if isinstance(v, str | int) and not isinstance(v, bool) and v != "" else None for v in values
    ]
    counts = Counter(ids)
    if len(counts) == len(ids) and None not in counts:
        return list(ids), []
    if not columns.id_is_named:
        return numbered, []
    findings: list[Finding] = []
    seen: set[str] = set()
    for place, (row, id_) in enumerate(zip(rows, ids, strict=True)):
        if id_ is None or id_ in seen:
            found = "no text or whole number" if id_ is None else f"the id {excerpt(id_)} a second time"
            cure = "Make the ids unique, or leave id out of columns to number the rows."
            findings.append(row.finding(columns.id, found, "an id of its own in every row", cure))
            ids[place] = None
        else:
            seen.add(id_)
    return list(ids), findings


def _in_order(findings: list[Finding], rows: Sequence[Row]) -> tuple[Finding, ...]:
    """Return the findings in the order of the rows, the first alone of each row."""
    place = {(row.file, row.number): number for number, row in enumerate(rows)}
    firsts = {(f.file, f.row): f for f in reversed(findings)}
    return tuple(sorted(firsts.values(), key=lambda f: place[f.file, f.row or 0]))


def _further(more: int) -> str:
    others = f"More faulty rows: {more} ('apportion data check' lists them). " if more else ""
    return f"{others}To leave faulty rows out, set faulty = 'drop'."


def _settled(reading: Reading[Judgement], limit: int | None, faulty: Faulty) -> tuple[Judgement, ...]:
    if reading.findings:
        first, *others = reading.findings
        if faulty == "refuse" or first.row is None or not reading.judgements:
            raise first.error(_further(len(others)) if first.row is not None else "")
        log.warning("faulty rows left out: %d, the first: %s", len(reading.findings), first.error())
    return reading.judgements[:limit]
