from math import log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signed.made_networks import networks, noise

from apportion.signed import history
from apportion.signed.events import Events
from apportion.signed.history import DESCRIPTIONS, HISTORY_FEATURES, History
from apportion.signed.past import Role


def slow_features(
    events: Events, u: int, v: int, t: float, neighbours: int = history.NEIGHBOURS
) -> dict[str, float]:
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
    found = History(events).features(*as_arrays(asked))
    for row, (u, v, t) in zip(found, asked, strict=True):
        expected = slow_features(events, u, v, 3600.0 * t)
        assert set(expected) == set(HISTORY_FEATURES)
        assert row == pytest.approx([expected[name] for name in HISTORY_FEATURES], abs=1e-5)


def test_only_the_latest_neighbours_make_triads(monkeypatch):
    monkeypatch.setattr(history, "NEIGHBOURS", 3)
    monkeypatch.setattr(history, "CHUNK", 7)
    events = noise(6, 300, 0)
    found = History(events).features(events.source, events.target, events.time)
    for i in range(0, 300, 23):
        expected = slow_features(events, events.source[i], events.target[i], events.time[i], neighbours=3)
        assert found[i] == pytest.approx([expected[name] for name in HISTORY_FEATURES], abs=1e-5)


@given(networks(), pairs, st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_appending_is_the_same_as_having_had_all(events, asked, border):
    grown = History(events[:border])
    grown.features(*as_arrays(asked))
    grown.append(events[border:])
    assert len(grown) == len(events)
    whole = History(events).features(*as_arrays(asked))
    assert grown.features(*as_arrays(asked)).tobytes() == whole.tobytes()


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
    assert History(later).features(u, v, t).tobytes() == History(events).features(u, v, t).tobytes()


def test_other_users_move_no_bit_of_a_sum_of_weights():
    """One cumulative sum over all users would."""
    draw = np.random.default_rng(0)
    user, weight = draw.integers(0, 9, 500), draw.random(500)
    mine = user == 8
    running = Role(user, weight).running[-mine.sum() :]
    assert running.tobytes() == Role(user[mine], weight[mine]).running.tobytes()
    assert running == pytest.approx(np.cumsum(weight[mine]))


def test_events_must_not_go_back_in_time():
    events = noise(5, 20, 0)
    grown = History(events)
    with pytest.raises(ValueError, match="cannot follow"):
        grown.append(events[:1])


def test_an_empty_past_gives_finite_numbers():
    empty = noise(5, 20, 0)[:0]
    found = History(empty).features(np.array([1]), np.array([2]), np.array([5.0]))
    assert np.isfinite(found).all()
    assert found[0, HISTORY_FEATURES.index("u_is_new")] == 1


def test_every_feature_is_described():
    assert tuple(DESCRIPTIONS) == HISTORY_FEATURES
    assert len(set(DESCRIPTIONS.values())) == len(HISTORY_FEATURES)
