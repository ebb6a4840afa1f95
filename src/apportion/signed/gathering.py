"""Gathering: what a file's reader found, chunk by chunk, becomes a store; what is left out is counted by reason."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.signed.events import Events, in_order
from apportion.signed.users import Interner, numbered, whole_numbers

SELF_LOOP, NO_SIGN, REPEATED = "self loop", "weight of 0", "exact duplicate row"
PLURALS = {
    NO_SIGN: "weights of 0",
    "no source or no target": "with no source or no target",
    "undated": "undated",
}


def counted(count: int, what: str) -> str:
    """Return so many of something.

    >>> counted(1, "row"), counted(1500, "row"), counted(2, "weight of 0")
    ('1 row', '1,500 rows', '2 weights of 0')
    """
    return f"{count:,} {what if count == 1 else PLURALS.get(what, f'{what}s')}"


@dataclass(frozen=True, slots=True)
class ReadEvents:
    """What a file held: its events, how many rows were dropped for which reason, and how it looked.

    `rows` counts every row, dropped ones too; `backwards` the rows whose time is earlier than the row's before,
    which the store has sorted; `layout` is the format as recognised.
    """

    events: Events
    dropped: dict[str, int]
    rows: int
    backwards: int
    layout: str


class Chunk(NamedTuple):
    """Some rows of a file: ids as whole numbers or text, times in seconds and weights, all finite, [n] each."""

    source: pl.Series
    target: pl.Series
    time: NDArray[np.float64]
    weight: NDArray[np.float64]


class Gathering:
    """Takes the chunks of one file in order and gives its store.

    Dropped and counted: self loops, weights of 0 (no sign), and rows that repeat another in all four columns.
    """

    def __init__(self, file: str, layout: str) -> None:
        self.file, self.layout = file, layout
        self.dropped: Counter[str] = Counter()
        self._rows = self._backwards = 0
        self._latest = -np.inf
        self._interner = Interner()
        self._whole: list[tuple[int, NDArray[np.int64], NDArray[np.int64]]] = []
        self._text: list[tuple[int, NDArray[np.int32], NDArray[np.int32]]] = []
        self._time: list[NDArray[np.float64]] = []
        self._weight: list[NDArray[np.float64]] = []

    def drop(self, reason: str, rows: int = 1) -> None:
        """Count rows that the reader left out."""
        self._rows += rows
        self.dropped[reason] += rows

    def add(self, chunk: Chunk) -> None:
        """Take in the rows that follow."""
        time, weight = chunk.time, chunk.weight
        if not len(time):
            return
        self._rows += len(time)
        self._backwards += int((np.diff(time, prepend=self._latest) < 0).sum())
        self._latest = time[-1]
        source, target = chunk.source, chunk.target
        if source.dtype != target.dtype:
            source, target = source.cast(pl.String), target.cast(pl.String)
        is_loop = (source == target).to_numpy()
        is_empty = (weight == 0) & ~is_loop
        self.dropped[SELF_LOOP] += int(is_loop.sum())
        self.dropped[NO_SIGN] += int(is_empty.sum())
        if is_loop.any() or is_empty.any():
            kept = ~(is_loop | is_empty)
            source, target, time, weight = source.filter(kept), target.filter(kept), time[kept], weight[kept]
        place = len(self._time)
        self._time.append(time + 0.0)  # -0 is 0
        self._weight.append(weight)
        columns = [whole_numbers(ids) if ids.dtype == pl.String else ids for ids in (source, target)]
        if columns[0] is not None and columns[1] is not None:
            self._whole.append((place, columns[0].to_numpy(), columns[1].to_numpy()))
        else:
            self._text.append((place, *self._interned(source, target)))

    def finish(self) -> ReadEvents:
        """Return the store and the counts; raises `UserError` where no event is left."""
        dropped = self._counts()
        if self._rows == sum(dropped.values()):
            reasons = ", ".join(f"{count:,} for {reason}" for reason, count in dropped.items())
            found = f"{counted(self._rows, 'row')}, all dropped ({reasons})" if self._rows else "no rows"
            cure = "Give a file with events between two different users, with weights other than 0."
            raise UserError(self.file, found, "at least one event", cure)
        source, target, users = self._numbered()
        events = in_order(source, target, np.concatenate(self._time), np.concatenate(self._weight), users)
        is_repeat = events.repeats()
        if is_repeat.any():
            self.dropped[REPEATED] += int(is_repeat.sum())
            first = ~is_repeat
            columns = (events.source[first], events.target[first], events.time[first], events.weight[first])
            events = in_order(*columns, events.users)
        return ReadEvents(events, self._counts(), self._rows, self._backwards, self.layout)

    def _counts(self) -> dict[str, int]:
        return {reason: count for reason, count in sorted(self.dropped.items()) if count}

    def _numbered(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.str_]]:
        if not self._text:
            whole = [np.concatenate([part[role] for part in self._whole]) for role in (1, 2)]
            return numbered(pl.Series(whole[0]), pl.Series(whole[1]))
        parts = list(self._text)
        for place, source, target in self._whole:
            parts.append((place, *self._interned(pl.Series(source), pl.Series(target))))
        parts.sort(key=lambda part: part[0])
        ranks, users = self._interner.ranks()
        return (
            ranks[np.concatenate([source for _, source, _ in parts])],
            ranks[np.concatenate([target for _, _, target in parts])],
            users,
        )

    def _interned(self, source: pl.Series, target: pl.Series) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        both = self._interner.numbers(pl.concat([source.cast(pl.String), target.cast(pl.String)]))
        return both[: len(source)], both[len(source) :]
