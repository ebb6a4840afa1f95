from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apportion.signed.neighbours import Neighbours

USERS = 5
events_strategy = st.lists(
    st.tuples(st.integers(0, USERS - 1), st.integers(0, USERS - 1), st.integers(-3, 3).filter(bool)),
    max_size=40,
)


def columns(rows, start=0):
    source, target, weight = (np.array([r[i] for r in rows], dtype=np.int64) for i in range(3))
    return source, target, np.arange(start, start + len(rows), dtype=float), weight.astype(float)


def slow_latest(rows, user, width):
    """Return the latest events of a user by going through all of them: (other, time, weight, outgoing)."""
    found = []
    for time, (source, target, weight) in enumerate(rows):
        if source == user:
            found.append((target, float(time), float(weight), True))
        if target == user:
            found.append((source, float(time), float(weight), False))
    return found[::-1][:width]


def as_rows(latest, i):
    return [
        (
            int(latest.other[i, j]),
            float(latest.time[i, j]),
            float(latest.weight[i, j]),
            bool(latest.outgoing[i, j]),
        )
        for j in range(latest.known.shape[1])
        if latest.known[i, j]
    ]


@given(events_strategy, st.integers(1, 6), st.lists(st.integers(0, 40), max_size=5))
def test_the_latest_are_those_of_a_slow_search_however_events_are_grouped(rows, width, cuts):
    index = Neighbours(USERS, width)
    borders = sorted({0, len(rows), *(min(c, len(rows)) for c in cuts)})
    for start, end in pairwise(borders):
        index.observe(*columns(rows[start:end], start))
        latest = index.latest(np.arange(USERS))
        for user in range(USERS):
            assert as_rows(latest, user) == slow_latest(rows[:end], user, width)


@given(events_strategy)
def test_counts_are_of_all_events_also_those_no_longer_held(rows):
    index = Neighbours(USERS, 2)
    index.observe(*columns(rows))
    expected = [sum((r[0] == u) + (r[1] == u) for r in rows) for u in range(USERS)]
    assert index.count(np.arange(USERS)).tolist() == expected


def test_unknown_places_hold_zeros():
    index = Neighbours(3, 4)
    index.observe(*columns([(0, 1, -2)]))
    latest = index.latest(np.array([0, 2, 0]))
    assert latest.known.tolist() == [[True, False, False, False], [False] * 4, [True, False, False, False]]
    assert not latest.other[~latest.known].any()
    assert not latest.weight[~latest.known].any()
    assert not latest.time[~latest.known].any()


def test_new_users_get_rows_and_what_was_there_stays():
    index = Neighbours(2, 3)
    index.observe(*columns([(0, 1, 5)]))
    index.grow(3)
    index.observe(*columns([(2, 0, -1)], start=1))
    assert as_rows(index.latest(np.array([0])), 0) == [(2, 1.0, -1.0, False), (1, 0.0, 5.0, True)]
    assert as_rows(index.latest(np.array([2])), 0) == [(0, 1.0, -1.0, True)]


def test_the_tables_do_not_grow_with_events():
    index = Neighbours(10, 4)
    size = sum(table.nbytes for table in index.tables().values())
    for i in range(50):
        index.observe(*columns([(i % 10, (i * 3) % 10, 1)] * 20, start=20 * i))
    assert sum(table.nbytes for table in index.tables().values()) == size


def test_clear_forgets_and_restore_brings_back():
    index = Neighbours(3, 2)
    index.observe(*columns([(0, 1, 1), (1, 2, -1), (0, 2, 4)]))
    tables = {name: table.copy() for name, table in index.tables().items()}
    before = index.latest(np.arange(3))
    index.clear()
    assert not index.latest(np.arange(3)).known.any()
    index.restore(tables)
    for a, b in zip(before, index.latest(np.arange(3)), strict=True):
        np.testing.assert_array_equal(a, b)
