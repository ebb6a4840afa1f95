import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.signed.rings import FEW, Rings


@pytest.mark.parametrize("width", [3, FEW, 20])
@given(st.lists(st.lists(st.integers(0, 3), max_size=15), max_size=12))
def test_each_user_has_its_latest(width, calls):
    rings, counts, written = Rings(width), np.zeros(4, dtype=np.int64), [[] for _ in range(4)]
    rings.grow(4)
    value = 0
    for users in calls:
        rows = []
        for user in users:
            value += 1
            rows.append((user, counts[user], value))
            written[user].append(value)
            counts[user] += 1
        rows = [row for row in rows if row[1] >= counts[row[0]] - width]
        if rows:
            user, place, values = np.array(rows).T
            rings.write(user, place, values.astype(np.int32))
        expected = np.zeros((4, width), dtype=np.int32)
        for user in range(4):
            for place, number in enumerate(written[user]):
                expected[user, place % width] = number
        assert np.array_equal(rings.rows(np.arange(4)), expected)


def test_users_of_few_events_take_no_long_rows():
    rings = Rings(100)
    rings.grow(5)
    users = np.repeat(np.arange(5), FEW)
    rings.write(users, np.tile(np.arange(FEW), 5), np.ones(5 * FEW, dtype=np.int32))
    assert len(rings._many) == 0
    rings.write(np.array([3]), np.array([FEW]), np.array([7], dtype=np.int32))
    assert len(rings._many) == 1
    assert rings.rows(np.array([3, 4])).sum(axis=1).tolist() == [FEW + 7, FEW]
