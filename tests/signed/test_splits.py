import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signed.made_networks import network, noise

from apportion.errors import UserError
from apportion.signed.splits import Split


def test_seventy_fifteen_fifteen():
    split = Split.by_quantiles(noise(20, 1000, 0, instants=10**6))
    assert len(split.train) == pytest.approx(700, abs=3)
    assert len(split.validation) == pytest.approx(150, abs=3)
    assert len(split.test) == pytest.approx(150, abs=3)


@given(st.integers(0, 50), st.integers(10, 60))
def test_equal_times_are_on_one_side(seed, instants):
    split = Split.by_quantiles(noise(6, 200, seed, instants=instants))
    parts = [split.train.time, split.validation.time, split.test.time]
    assert sum(map(len, parts)) == 200
    assert all(len(part) for part in parts)
    assert parts[0][-1] < parts[1][0]
    assert parts[1][-1] < parts[2][0]


def test_split_times_that_are_fixed_do_not_move_with_later_events():
    events = noise(6, 200, 0)
    first = Split.at_times(events, events.time[100], events.time[130])
    second = Split.at_times(events[:170], events.time[100], events.time[130])
    assert (first.train_end, first.validation_end) == (second.train_end, second.validation_end)


def test_transductive_and_inductive():
    rows = [(0, 1, 1, 1), (1, 2, 2, 1), (0, 2, 3, 1), (3, 4, 4, 1), (0, 3, 5, 1), (2, 1, 6, 1)]
    split = Split.at_times(network([(u, v, float(t), w) for u, v, t, w in rows]), 3.0, 4.0)
    assert split.transductive().tolist() == [True, True, True, False, False, True]
    assert split.inductive().tolist() == [False, False, False, True, False, False]


def test_the_first_training_events_keep_equal_times_together():
    events = noise(6, 200, 0, instants=20)
    split = Split.by_quantiles(events)
    less = split.with_first(50)
    assert 50 <= less.train_end < split.train_end
    assert less.train.time[-1] < split.train.time[less.train_end]
    for part in ("validation", "test"):
        assert np.array_equal(getattr(less, part).weight, getattr(split, part).weight)


def test_too_few_times_are_the_users_fault():
    with pytest.raises(UserError, match="40 events at 1 distinct time;"):
        Split.by_quantiles(noise(6, 40, 0, instants=1))
    with pytest.raises(UserError, match="0 events"):
        Split.by_quantiles(noise(6, 40, 0)[:0])
