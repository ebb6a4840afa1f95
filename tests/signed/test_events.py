"""The store of events: one set of users, one order whatever the order of the rows, nothing silently repaired."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.signed.events import Events
from apportion.signed.users import Interner

IDS = st.one_of(st.integers(-3, 12), st.integers(-(2**62), 2**62))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=4)


def rows_of(ids: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, Any, float, float]]]:
    weights = st.sampled_from([-10.0, -1.0, 1.0, 2.5])
    times = st.sampled_from([0.0, -0.0, 1.0, 1.5, -7.0, 1e9])
    row = st.tuples(ids, ids, times, weights).filter(lambda row: row[0] != row[1])
    return st.lists(row, min_size=1, max_size=30)


def store(rows: list[tuple[Any, Any, float, float]]) -> Events:
    return Events.of(*([row[column] for row in rows] for column in range(4)))


def obvious(rows: list[tuple[Any, Any, float, float]], key: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
    users = sorted({user for row in rows for user in row[:2]}, key=key)
    numbers = [
        (time, users.index(source), users.index(target), weight) for source, target, time, weight in rows
    ]
    return [str(user) for user in users], sorted(numbers)


def contents(events: Events) -> tuple[list[str], list[tuple[Any, ...]]]:
    columns = (events.time, events.source, events.target, events.weight)
    return events.users.tolist(), list(zip(*(column.tolist() for column in columns), strict=True))


@settings(deadline=None)
@given(rows_of(IDS))
def test_whole_number_ids_against_the_obvious(rows: list[tuple[int, int, float, float]]) -> None:
    assert contents(store(rows)) == obvious(rows, int)


@settings(deadline=None)
@given(rows_of(IDS))
def test_numbers_written_as_text_sort_as_numbers(rows: list[tuple[int, int, float, float]]) -> None:
    as_text = [(str(source), str(target), time, weight) for source, target, time, weight in rows]
    assert store(as_text).digest == store(rows).digest


@settings(deadline=None)
@given(rows_of(TEXTS))
def test_text_ids_against_the_obvious(rows: list[tuple[str, str, float, float]]) -> None:
    def is_whole(text: str) -> bool:
        return text.isascii() and text.lstrip("-").isdigit() and str(int(text)) == text

    whole = all(is_whole(user) for row in rows for user in row[:2])
    assert contents(store(rows)) == obvious(rows, int if whole else str)


@settings(deadline=None)
@given(rows_of(st.one_of(st.integers(0, 5), st.sampled_from(["a", "b", "007", "7"]))), st.randoms())
def test_the_order_of_the_rows_changes_no_byte(
    rows: list[tuple[Any, Any, float, float]], random: Any
) -> None:
    shuffled = random.sample(rows, len(rows))
    one, other = store(rows), store(shuffled)
    for name in ("source", "target", "time", "weight", "users"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert one.digest == other.digest


def test_any_type_of_column_is_taken() -> None:
    expected = Events.of([3, 1], [1, 2], [5.0, 4.0], [1, -1]).digest
    ids = [
        (np.array([3, 1], dtype=np.uint8), np.array([1, 2], dtype=np.int32)),
        (np.array([3.0, 1.0]), ["1", "2"]),
        (pl.Series([3, 1]), pl.Series(["1", "2"])),
        (pd.Series(["3", "1"]), pd.Series([1, 2])),
        (np.array([b"3", b"1"]), np.array([1, "2"], dtype=object)),
        (pl.Series(["3", "1"], dtype=pl.Categorical), [1, 2]),
    ]
    for source, target in ids:
        assert Events.of(source, target, pl.Series([5.0, 4.0]), np.array([1, -1])).digest == expected


def test_names_that_look_like_numbers_stay_apart() -> None:
    events = Events.of(["7", "007"], ["007", "+7"], [1, 2], [1, 1])
    assert events.users.tolist() == ["+7", "007", "7"]
    big = Events.of([2**63, 2**63 + 1], [1, 2**63], [1, 2], [1, 1])
    assert big.n_users == 3


def test_the_digest_sees_every_column() -> None:
    base: dict[str, Any] = {"source": [1, 2], "target": [2, 3], "time": [1, 2], "weight": [1, -1]}
    changes = ({}, {"source": [4, 2]}, {"target": [3, 3]}, {"time": [1, 3]}, {"weight": [2, -1]})
    assert len({Events.of(**(base | change)).digest for change in changes}) == 5


def test_the_arrays_cannot_be_written_to() -> None:
    events = Events.of([1, 2], [2, 1], [1, 2], [1, -1])
    for column in (events.source, events.target, events.time, events.weight, events.users, events[:1].weight):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


def test_the_callers_arrays_are_left_alone() -> None:
    time, weight = np.array([1.0, 2.0]), np.array([1.0, -1.0])
    Events.of(np.array([1, 2]), np.array([2, 1]), time, weight)
    time[0] = weight[0] = 9


NAN = float("nan")


DATES = np.array(["2020-01-01T00:00:01.5", "2020-01-02"], dtype="datetime64[ns]")


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_dates_as_times_are_seconds_whatever_their_unit(unit: str) -> None:
    dates = DATES.astype(f"datetime64[{unit}]")
    for column in (dates, pd.Series(dates), pl.Series(dates)):
        assert Events.of([1, 2], [2, 3], column, [1, 1]).time.tolist() == [1577836801.5, 1577923200.0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([1, 2], [2], [1, 2], [1, 1]), "2 of source, 1 of target, 2 of time, 2 of weight"),
        (([1, 2], [2, 3], [1, NAN], [1, 1]), "event 2, time: found nan"),
        (([1, 2], [2, 3], [1, 2], [1, float("inf")]), "event 2, weight: found inf"),
        ((["a", "\ud800a"], ["b", "b"], [1, 2], [1, 1]), "event 2, source: found text with half a character"),
        (([1, 2], [2, 3], [1, -1e305], [1, 1]), r"event 2: found a huge time; expected .* at most 1e[+]20"),
        (([1, 2], [2, 3], [1, 2], [1, -1e39]), r"event 2: found a huge weight; expected .* at most 1e[+]15"),
        (([1, 2, 3], [2, 3, 4], [1, 2, 3], [1, 0, 0]), r"event 2: found a weight of 0, .* \(and 1 more"),
        (([1, 2], [2, 2], [1, 2], [1, 1]), "event 2: found a user's event with itself"),
        (([], [], [], []), "the events: found none"),
        ((["a", ""], ["b", "b"], [1, 2], [1, 1]), "event 2, source: found an empty id"),
        ((["a", "b"], ["b", "c" * 201], [1, 2], [1, 1]), "event 2, target: found an id of 201 characters"),
        ((["a", "a"], ["b", "a\0"], [1, 2], [1, 1]), "event 2, target: found an id with a zero byte"),
        ((["a", None], ["b", "a"], [1, 2], [1, 1]), "event 2, source: found the id None"),
        ((pl.Series(["a", None]), ["b", "a"], [1, 2], [1, 1]), "event 2, source: found no id"),
        (([1.5, 2], [2, 3], [1, 2], [1, 1]), r"event 1, source: found the id 1\.5"),
        (([1, NAN], [2, 3], [1, 2], [1, 1]), "event 2, source: found the id nan"),
        (([True, False], [2, 3], [1, 2], [1, 1]), "found ids of type bool"),
        (([1, 2], [2, 3], ["yesterday", 2], [1, 1]), "the column time: found values that are no numbers"),
        (([1, 2], [2, 3], [1, 2], DATES), "the column weight: found values that are no numbers"),
        (([1, 2], [2, 3], DATES - DATES[0], [1, 1]), "the column time: found values that are no numbers"),
        (([1, 2], [2, 3], [DATES[0], np.datetime64("NaT")], [1, 1]), "event 2, time: found nan"),
        (([[1, 2]], [2, 3], [1, 2], [1, 1]), r"the ids of source: found an array of shape \(1, 2\)"),
    ],
)
def test_what_cannot_be_used_is_named(columns: tuple[Any, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Events.of(*columns)


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.integers(1, 9))
def test_groups_hold_every_event_once_and_split_no_time(times: list[int], size: int) -> None:
    events = Events.of(range(len(times)), range(1, len(times) + 1), sorted(times), [1] * len(times))
    borders = events.groups(size)
    assert borders[0] == 0 and borders[-1] == len(times) and (np.diff(borders) > 0).all()
    for border in borders[1:-1]:
        assert events.time[border - 1] < events.time[border]
        assert border >= size


@settings(deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=1, max_size=10), min_size=1, max_size=5))
def test_an_interner_gives_each_text_one_number(chunks: list[list[str]]) -> None:
    interner = Interner()
    numbers = [interner.numbers(pl.Series(chunk, dtype=pl.String)) for chunk in chunks]
    ranks, users = interner.ranks()
    assert [users[ranks[part]].tolist() for part in numbers] == chunks
    assert len(users) == len({text for chunk in chunks for text in chunk})


def test_repeats() -> None:
    events = Events.of([1, 1, 1, 1], [2, 2, 2, 3], [5, 5, 5, 5], [1, 1, -1, 1])
    assert events.repeats().tolist() == [False, False, True, False]
