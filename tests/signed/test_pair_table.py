from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.signed.made_networks import networks, noise

from apportion.signed.pair_table import NOBODY, PairTable


def observed(table, events, cuts):
    borders = [0, *sorted(cuts), len(events)]
    for first, last in pairwise(borders):
        part = events[first:last]
        table.observe(part.source, part.target, part.time, part.weight)
    return table


def slow_pairs(events):
    """Return count, weight and time of the latest event of each pair by going through all events."""
    found = {}
    for u, v, t, w in zip(events.source, events.target, events.time, events.weight, strict=True):
        count = found[int(u), int(v)][0] if (int(u), int(v)) in found else 0
        found[int(u), int(v)] = count + 1, float(w), float(t)
    return found


def check(table, events, n_users):
    expected = slow_pairs(events)
    u, v = np.repeat(np.arange(n_users), n_users), np.tile(np.arange(n_users), n_users)
    u, v = u[u != v], v[u != v]
    places = table.places(u, v)
    for a, b, place in zip(u.tolist(), v.tolist(), places.tolist(), strict=True):
        if (a, b) in expected:
            assert (table.count[place], table.weight[place], table.time[place]) == expected[a, b]
        elif (b, a) in expected:
            assert table.count[place] == 0
        else:
            assert place == NOBODY
    met = places >= 0
    assert np.array_equal(places[met] ^ 1, table.places(v, u)[met])
    assert len(table) == len({tuple(sorted(pair)) for pair in expected})


@given(networks(), st.lists(st.integers(0, 40), max_size=5))
def test_is_what_going_through_all_events_finds_however_they_are_grouped(events, cuts):
    check(observed(PairTable(), events, [min(cut, len(events)) for cut in cuts]), events, 6)


def test_grows_and_finds_all_pairs_again():
    """Nearly all of 1,770 twos of users: more than half of the slots that a table begins with, so that hashes meet."""
    events = noise(60, 20_000, 3)
    table = observed(PairTable(), events, [10, 11, 600, 5_000])
    assert len(table) > 1_700
    check(table, events, 60)


def test_one_table_does_not_look_at_users_it_has_not_met():
    table = observed(PairTable(), noise(5, 50, 0), [])
    far = np.array([2**31 - 2, 0, 4])
    assert table.places(far, np.array([2**31 - 1, 2**31 - 1, 1000])).tolist() == [NOBODY] * 3
    assert table.places(far[:0], far[:0]).tolist() == []
