"""Wiki-RfA's original form: blocks of lines SRC: TGT: VOT: RES: YEA: DAT: TXT:, a blank line after each."""

import calendar
import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from apportion.signed.gathering import Chunk, Gathering, ReadEvents
from apportion.signed.opening import Opened
from apportion.signed.users import id_fault

FIELDS = (b"SRC", b"TGT", b"VOT", b"RES", b"YEA", b"DAT", b"TXT")
MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
DATE = re.compile(r"(\d{1,2}):(\d{2}),\s*(\d{1,2})\s+([a-z]+)\s+(\d{4})", re.IGNORECASE)
VOTES = {"1": 1.0, "+1": 1.0, "-1": -1.0, "0": 0.0}
CHUNK = 100_000
NOBODY, BAD_ID = "no source or no target", "unusable id"
NO_VOTE, NEUTRAL = "unreadable vote", "neutral vote"
UNDATED, BAD_DATE = "undated", "unreadable date"


def read_wiki_rfa(file: Opened) -> ReadEvents:
    """Return the dated votes for and against; the rest is dropped and counted, each vote for the first reason of:
    no source or no target, an unusable id (too long, or with a zero byte), an unreadable vote, a neutral vote, no
    date, an unreadable date, a vote for oneself.

    Dates are like `23:13, 19 April 2013`, taken as UTC.
    """
    gathering = Gathering(file.file, "Wiki-RfA")
    rows: list[tuple[str, str, float, float]] = []
    for record in _records(file):
        row = _vote(record)
        if isinstance(row, str):
            gathering.drop(row)
            continue
        rows.append(row)
        if len(rows) == CHUNK:
            gathering.add(_chunk(rows))
            rows = []
    if rows:
        gathering.add(_chunk(rows))
    return gathering.finish()


def date_seconds(text: str) -> float | None:
    """Return a date such as `23:13, 19 April 2013` in seconds since 1970 (UTC), None if it is none.

    >>> date_seconds("00:01, 1 January 1970")
    60.0
    """
    match = DATE.fullmatch(text.strip())
    if match is None or match[4].lower() not in MONTHS:
        return None
    hour, minute, day, year = (int(match[part]) for part in (1, 2, 3, 5))
    month = MONTHS[match[4].lower()]
    if hour > 23 or minute > 59 or year < 1 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return float(calendar.timegm((year, month, day, hour, minute, 0)))


def _records(file: Opened) -> Iterator[dict[bytes, str]]:
    """Yield the fields of each block; a field SRC begins one even where the blank line is missing."""
    record: dict[bytes, str] = {}
    for _, line in file.lines():
        name, separator, value = line.partition(b":")
        if record and (not line.strip() or (separator and name == b"SRC")):
            yield record
            record = {}
        if separator and name in FIELDS and name not in record:
            record[name] = "" if name == b"TXT" else value.decode("utf-8", "backslashreplace").strip()
    if record:
        yield record


def _vote(record: dict[bytes, str]) -> tuple[str, str, float, float] | str:
    """Return source, target, time and weight, or the reason for which the record is dropped."""
    source, target = record.get(b"SRC", ""), record.get(b"TGT", "")
    weight, date = VOTES.get(record.get(b"VOT", "")), record.get(b"DAT", "")
    time = date_seconds(date)
    reasons = (
        (not source or not target, NOBODY),
        (id_fault(source) is not None or id_fault(target) is not None, BAD_ID),
        (weight is None, NO_VOTE),
        (weight == 0, NEUTRAL),
        (not date, UNDATED),
        (time is None, BAD_DATE),
    )
    for holds, reason in reasons:
        if holds:
            return reason
    assert weight is not None and time is not None
    return source, target, time, weight


def _chunk(rows: list[tuple[str, str, float, float]]) -> Chunk:
    source, target, time, weight = zip(*rows, strict=True)
    ids = [pl.Series(column, dtype=pl.String) for column in (source, target)]
    return Chunk(ids[0], ids[1], np.array(time), np.array(weight))
