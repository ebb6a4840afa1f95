from itertools import pairwise
from math import log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signed.made_networks import networks, noise

from apportion.signed import history
from apportion.signed.events import Events
from apportion.signed.history import DESCRIPTIONS, HISTORY_FEATURES, History, features_along, features_of
from apportion.signed.user_table import NEIGHBOURS


def slow_features(events: Events, u: int, v: int, t: float, neighbours: int = NEIGHBOURS) -> dict[str, float]:
    """Return the features by going through all events, one by one."""
    rows = [
        (int(a), int(b), float(s), float(w))
        for a, b, s, w in zip(events.source, events.target, events.time, events.weight, strict=True)
        if s < t
    ]
    start = rows[0][2] if rows else t

    def rate(some):
        return (sum(r[3] > 0 for r in some) + 9) / (len(some) + 10)

    def gave(x):
        return [r for r in rows if r[0] == x]

    def got(x):
        return [r for r in rows if r[1] == x]

    def sign(a, b):
        edges = [r for r in rows if r[:2] == (a, b)]
        return (edges[-1][3] > 0) - (edges[-1][3] < 0) if edges else 0

    out: dict[str, float] = {}
    for name, some in (("u_gave", gave(u)), ("v_got", got(v)), ("u_got", got(u)), ("v_gave", gave(v))):
        positive, recent = sum(r[3] > 0 for r in some), some[-10:]
        out[f"{name}_rate"] = rate(some)
        out[f"{name}_positive"] = log1p(positive)
        out[f"{name}_negative"] = log1p(len(some) - positive)
        out[f"{name}_mean"] = sum(r[3] for r in some) / len(some) if some else 0
        out[f"{name}_last"] = some[-1][3] if some else 0
        out[f"{name}_recent"] = (sum(r[3] > 0 for r in recent) + 0.9) / (len(recent) + 1)
        out[f"{name}_elapsed"] = log1p(t - (some[-1][2] if some else start))
        out[f"{name}_burst"] = log1p(t - (some[-10][2] if len(some) >= 10 else start))
    for name, (a, b) in (("forth", (u, v)), ("back", (v, u))):
        edges = [r for r in rows if r[:2] == (a, b)]
        out[f"{name}_count"] = log1p(len(edges))
        out[f"{name}_sign"] = sign(a, b)
        out[f"{name}_weight"] = edges[-1][3] if edges else 0
        out[f"{name}_elapsed"] = log1p(t - (edges[-1][2] if edges else start))
    for name, x in (("u", u), ("v", v)):
        own = [r for r in rows if x in r[:2]]
        out[f"{name}_is_new"] = float(not own)
        out[f"{name}_age"] = log1p(t - own[0][2]) if own else 0
    products = []
    for way in ("u_w_v", "wu_wv", "uw_vw", "v_w_u"):
        counts = dict.fromkeys(("pp", "pn", "np", "nn"), 0)
        for r in (got(v) if way in ("u_w_v", "wu_wv") else gave(v))[-neighbours:]:
            w = r[0] if way in ("u_w_v", "wu_wv") else r[1]
            other = sign(u, w) if way in ("u_w_v", "uw_vw") else sign(w, u)
            if other:
                counts[("p" if other > 0 else "n") + ("p" if r[3] > 0 else "n")] += 1
                products.append(other * np.sign(r[3]))
        out |= {f"{way}_{signs}": log1p(count) for signs, count in counts.items()}
        if way == "u_w_v":
            out["v_rate_trusted"] = (counts["pp"] + 4.5) / (counts["pp"] + counts["pn"] + 5)
    out["balance"] = sum(products) / (len(products) + 1)
    latest = got(v)[-neighbours:]
    trust = [rate(got(r[0])) for r in latest]
    good = sum(x for x, r in zip(trust, latest, strict=True) if r[3] > 0)
    out["v_rate_weighted"] = (good + 9) / (sum(trust) + 10)
    surprise = [np.sign(r[3]) - (2 * rate(gave(r[0])) - 1) for r in latest]
    out["v_rate_surprise"] = sum(surprise) / max(1, len(surprise))
    surprise = [np.sign(r[3]) - (2 * rate(got(r[1])) - 1) for r in gave(u)[-neighbours:]]
    out["u_rate_surprise"] = sum(surprise) / max(1, len(surprise))
    return out


pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 13)), min_size=1, max_size=6)


def as_arrays(asked):
    u, v, t = np.array(asked).T
    return u, v, 3600.0 * t


@given(networks(), pairs)
@settings(max_examples=150, deadline=None)
def test_agrees_with_going_through_all_events(events, asked):
    found = features_of(events, *as_arrays(asked))
    for row, (u, v, t) in zip(found, asked, strict=True):
        expected = slow_features(events, u, v, 3600.0 * t)
        assert set(expected) == set(HISTORY_FEATURES)
        assert row == pytest.approx([expected[name] for name in HISTORY_FEATURES], abs=1e-5)


def test_only_the_latest_neighbours_make_triads(monkeypatch):
    monkeypatch.setattr(history, "CHUNK", 7)
    events = noise(6, 300, 0)
    found = features_along(History(neighbours=3), events, events.source, events.target, events.time)
    for i in range(0, 300, 23):
        expected = slow_features(events, events.source[i], events.target[i], events.time[i], neighbours=3)
        assert found[i] == pytest.approx([expected[name] for name in HISTORY_FEATURES], abs=1e-5)


@given(networks(n_users=4, most=60), st.lists(st.integers(0, 60), max_size=4), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_what_was_observed_and_what_follows_are_one_past(events, borders, chunk):
    """Observed event by event, in calls that end anywhere, or not at all but following: the same bits."""
    end = 3600.0 * 13
    u, v = np.repeat(np.arange(5), 5), np.tile(np.arange(5), 5)
    t = np.full(25, end)
    expected = History().features(u, v, t, events)
    for cuts in ([*range(len(events))], sorted(borders), [len(events)]):
        history = History()
        for first, last in pairwise([0, *cuts, len(events)]):
            history.observe(events[first:last])
        assert len(history) == len(events)
        assert history.features(u, v, t).tobytes() == expected.tobytes()
    for border in borders:
        history = History()
        history.observe(events[:border])
        assert history.features(u, v, t, events[border:]).tobytes() == expected.tobytes()
    asked = events.target, events.source, events.time
    with pytest.MonkeyPatch.context() as patch:
        whole = features_of(events, *asked)
        patch.setattr("apportion.signed.history.CHUNK", chunk)
        patch.setattr("apportion.signed.history.BLOCK", chunk)
        assert features_of(events, *asked).tobytes() == whole.tobytes()


def test_an_event_at_a_time_and_all_at_once_are_the_same_on_long_pasts():
    """Longer than the rings, and than the first slots of the pairs."""
    events = noise(60, 6000, 1, instants=2500)
    at_once = features_of(events, events.source, events.target, events.time)
    history, one_by_one = History(), []
    for first, last in pairwise(events.groups(1)):
        group = events[int(first) : int(last)]
        if group.time[0] > events.time[-400]:
            one_by_one.append(history.features(group.source, group.target, group.time))
        history.observe(group)
    found = np.concatenate(one_by_one)
    assert found.tobytes() == at_once[-len(found) :].tobytes()


@given(networks(), pairs, st.integers(0, 13))
@settings(max_examples=100, deadline=None)
def test_nothing_that_happens_later_or_now_moves_a_bit(events, asked, hour):
    """All events from an hour on are replaced: what is asked up to that hour, itself included, stays the same."""
    now = 3600.0 * hour
    kept = int((events.time < now).sum())
    other = noise(6, 30, hour, instants=9)
    later = Events(
        np.concatenate([events.source[:kept], other.source]),
        np.concatenate([events.target[:kept], other.target]),
        np.concatenate([events.time[:kept], now + other.time]),
        np.concatenate([events.weight[:kept], other.weight / 3]),
        other.users,
    )
    u, v, t = as_arrays(asked)
    t = np.minimum(t, now)
    assert features_of(later, u, v, t).tobytes() == features_of(events, u, v, t).tobytes()


def test_other_users_move_no_bit_of_a_sum_of_weights():
    """One cumulative sum over all users would."""
    draw = np.random.default_rng(0)
    n = 500
    source, target = draw.integers(0, 9, n), draw.integers(9, 20, n)
    events = Events(source, target, np.arange(float(n)), draw.random(n), np.arange(20).astype(str))
    mine = source == 8
    column = HISTORY_FEATURES.index("u_gave_mean")
    user = np.full(n, 8), np.full(n, 9), events.time + 0.5
    found = features_of(events, *user)[:, column]
    alone = Events(source[mine], target[mine], events.time[mine], events.weight[mine], events.users)
    assert found.tobytes() == features_of(alone, *user)[:, column].tobytes()
    count = np.cumsum(mine)
    assert found[count > 0] == pytest.approx(np.cumsum(events.weight * mine)[count > 0] / count[count > 0])


def test_events_and_pairs_must_not_go_back_in_time():
    events = noise(5, 20, 0)
    history = History()
    history.observe(events)
    with pytest.raises(ValueError, match="cannot follow"):
        history.observe(events[:1])
    with pytest.raises(ValueError, match="is asked about after an event"):
        history.features(events.source[:1], events.target[:1], events.time[:1])


def test_an_empty_past_gives_finite_numbers():
    empty = noise(5, 20, 0)[:0]
    found = features_of(empty, np.array([1]), np.array([2]), np.array([5.0]))
    assert np.isfinite(found).all()
    assert found[0, HISTORY_FEATURES.index("u_is_new")] == 1


def test_every_feature_is_described():
    assert tuple(DESCRIPTIONS) == HISTORY_FEATURES
    assert len(set(DESCRIPTIONS.values())) == len(HISTORY_FEATURES)
