from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.signed.made_networks import networks

from apportion.signed.user_table import UserTable

WIDTH = 3


@given(networks(), st.lists(st.integers(0, 40), max_size=5))
def test_is_what_going_through_all_events_finds_however_they_are_grouped(events, cuts):
    table = UserTable(WIDTH)
    table.grow(2)
    borders = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    for first, last in pairwise(borders):
        part = events[first:last]
        table.grow(5)
        table.observe(part.source, part.target, part.time, part.weight)
    for user in range(5):
        rows = [
            (int(v), float(t), float(w))
            for u, v, t, w in zip(events.source, events.target, events.time, events.weight, strict=True)
            if u == user
        ]
        assert table.count[user] == len(rows)
        assert table.positives[user] == sum(w > 0 for *_, w in rows)
        total = 0.0
        for *_, weight in rows:
            total += weight
        assert table.total[user] == total
        assert table.first[user] == (rows[0][1] if rows else np.inf)
        assert table.last[user] == (rows[-1][2] if rows else 0.0)
        row = table.others.rows(np.array([user]))[0]
        held = sorted(row[row != 0].tolist())
        assert held == sorted((v + 1) * (1 if w > 0 else -1) for v, _, w in rows[-WIDTH:])
        times = table.times[user][: len(rows)]
        assert sorted(times.tolist()) == sorted(t for _, t, _ in rows[-10:])
        assert table.signs[user].sum() == sum(w > 0 for *_, w in rows[-10:])


def test_growing_keeps_what_is_there():
    table = UserTable(WIDTH)
    table.grow(2)
    one = np.array([1])
    table.observe(one, one - 1, np.array([5.0]), np.array([-2.0]))
    table.grow(100)
    table.grow(50)
    assert (table.count[1], table.total[1], table.first[1], table.last[1]) == (1, -2.0, 5.0, -2.0)
    assert table.others.rows(one).tolist() == [[-1, 0, 0]]
    assert np.isinf(table.first[2:]).all() and not table.count[2:].any()
