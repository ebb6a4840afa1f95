"""What the past says about a pair: numbers from events strictly earlier than the moment at which one asks."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from apportion.signed.events import Events
from apportion.signed.past import Pairs, Past, Role

LATEST = 10  # events of a user that its recent rates look at
NEIGHBOURS = 100  # latest events of a user in a role that triads go through
CHUNK = 10_000  # pairs whose triads are looked up at a time

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_ROLES = ("u_gave", "v_got", "u_got", "v_gave")
_OF_A_ROLE = {
    "rate": "smoothed share of positives, (positives + 9) / (all + 10)",
    "positive": "log(1 + number of positives)",
    "negative": "log(1 + number of negatives)",
    "mean": "mean weight, 0 without events",
    "last": "latest weight, 0 without events",
    "recent": f"smoothed share of positives of the latest {LATEST}, (positives + .9) / (all + 1)",
    "elapsed": "log(1 + seconds since the latest), since the network's first event without one",
    "burst": f"log(1 + seconds since the {LATEST}th latest), since the network's first event without one",
}
_OF_AN_EDGE = {
    "count": "log(1 + number of events)",
    "sign": "sign of the latest, 0 without events",
    "weight": "weight of the latest, 0 without events",
    "elapsed": "log(1 + seconds since the latest), since the network's first event without one",
}
_WAYS = {  # w - v edge whose latest events are gone through, u - w edge that is looked up for each
    "u_w_v": ("w gave v", "u gave w"),
    "wu_wv": ("w gave v", "w gave u"),
    "uw_vw": ("v gave w", "u gave w"),
    "v_w_u": ("v gave w", "w gave u"),
}

DESCRIPTIONS: dict[str, str] = {
    **{f"{role}_{name}": f"{role}: {what}" for role in _ROLES for name, what in _OF_A_ROLE.items()},
    **{
        f"{edge}_{name}": f"{edge}: {what}"
        for edge in ("forth", "back")
        for name, what in _OF_AN_EDGE.items()
    },
    "u_is_new": "u has no event in either role",
    "v_is_new": "v has no event in either role",
    "u_age": "log(1 + seconds since u's first event in either role), 0 without one",
    "v_age": "log(1 + seconds since v's first event in either role), 0 without one",
    **{
        f"{way}_{signs}": f"log(1 + paths over the third user w: {second} {signs[0]}, {first} {signs[1]}); "
        "p is positive, n negative"
        for way, (first, second) in _WAYS.items()
        for signs in ("pp", "pn", "np", "nn")
    },
    "balance": "(paths with a positive product - those with a negative one) / (all + 1)",
    "v_rate_trusted": "smoothed share of positives that v got from w whom u rated positive, (p + 4.5) / (all + 5)",
    "v_rate_weighted": "v's latest ratings, each weighted with its rater's own rate as ratee, smoothed as the rate",
    "v_rate_surprise": "mean over v's latest ratings of sign - (2 rate - 1) of the rater as rater, 0 without",
    "u_rate_surprise": "mean over what u gave latest of sign - (2 rate - 1) of the ratee as ratee, 0 without",
}
"""What each feature is: u would rate v; `u_gave` is u as rater, `v_got` v as ratee, `forth` u to v, `back` v to u."""

HISTORY_FEATURES: tuple[str, ...] = tuple(DESCRIPTIONS)


class History:
    """An index over events that answers for any pair and time from the events with a time strictly less.

    All by index arithmetic: because events are sorted by time, "strictly earlier than t" is "one of the first p
    events". Appending keeps what was there; the index is made anew when it is next asked.
    """

    def __init__(self, events: Events) -> None:
        self._past = Past(events.source, events.target, events.time, events.weight)

    def append(self, events: Events) -> None:
        """Take in later events; none may be earlier than one that is there."""
        self._past = self._past.followed_by(events.source, events.target, events.time, events.weight)

    def __len__(self) -> int:
        return len(self._past.time)

    def features(self, source: Ints, target: Ints, time: Floats) -> NDArray[np.float32]:
        """Return the features of pairs (u, v) at their times, float32 [m, F], in the order of `HISTORY_FEATURES`."""
        past = self._past
        before = np.searchsorted(past.time, time, side="left")  # [m] number of events strictly earlier
        columns: dict[str, NDArray] = {}
        asked = ((source, past.gave), (target, past.got), (source, past.got), (target, past.gave))
        for name, (user, role) in zip(_ROLES, asked, strict=True):
            columns |= {f"{name}_{key}": x for key, x in _of_a_role(past, role, user, before, time).items()}
        for name, u, v in (("forth", source, target), ("back", target, source)):
            columns |= {f"{name}_{key}": x for key, x in _of_an_edge(past, u, v, before, time).items()}
        for name, user in (("u", source), ("v", target)):
            since = _since_first(past, user, before, time)
            columns[f"{name}_is_new"] = np.isnan(since)
            columns[f"{name}_age"] = np.log1p(np.nan_to_num(since))
        out = np.empty((len(source), len(HISTORY_FEATURES)), dtype=np.float32)
        for name, column in columns.items():
            out[:, _PLACE[name]] = column
        for part in _chunks(len(source)):
            for name, column in _of_third_users(past, source[part], target[part], before[part]).items():
                out[part, _PLACE[name]] = column
        return out


_PLACE = {name: i for i, name in enumerate(HISTORY_FEATURES)}


def rate(positives: NDArray, count: NDArray) -> Floats:
    """Return the smoothed share of positives, (positives + 9) / (count + 10)."""
    return (positives + 9.0) / (count + 10.0)


def _of_a_role(past: Past, role: Role, user: Ints, before: Ints, time: Floats) -> dict[str, Floats]:
    start, end = role.span(user, before)
    count, positives = end - start, role.positives[end] - role.positives[start]
    recent = np.maximum(start, end - LATEST)
    mean, last = np.zeros(len(user)), np.zeros(len(user))
    has = count > 0
    mean[has] = role.running[end[has] - 1] / count[has]
    last[has] = past.weight[role.order[end[has] - 1]]
    return {
        "rate": rate(positives, count),
        "positive": np.log1p(positives),
        "negative": np.log1p(count - positives),
        "mean": mean,
        "last": last,
        "recent": (role.positives[end] - role.positives[recent] + 0.9) / (end - recent + 1.0),
        "elapsed": _elapsed(past, role, end - 1, has, time),
        "burst": _elapsed(past, role, end - LATEST, count >= LATEST, time),
    }


def _elapsed(past: Past, role: Role | Pairs, place: Ints, has: NDArray[np.bool_], time: Floats) -> Floats:
    """Return log(1 + time since the event at a place of a role), where it has one, else since the first of all."""
    since = np.full(len(time), past.time[0]) if len(past.time) else time.copy()
    since[has] = past.time[role.order[place[has]]]
    return np.log1p(np.maximum(time - since, 0.0))  # before the first event of all there is no past: 0


def _of_an_edge(past: Past, u: Ints, v: Ints, before: Ints, time: Floats) -> dict[str, Floats]:
    start, end = past.pairs.span(u, v, before)
    has = end > start
    weight = np.zeros(len(u))
    weight[has] = past.weight[past.pairs.order[end[has] - 1]]
    return {
        "count": np.log1p(end - start),
        "sign": np.sign(weight),
        "weight": weight,
        "elapsed": _elapsed(past, past.pairs, end - 1, has, time),
    }


def _since_first(past: Past, user: Ints, before: Ints, time: Floats) -> Floats:
    """Return the time since a user's first event in either role, NaN without one."""
    first = np.full(len(user), np.inf)
    for role in (past.gave, past.got):
        start, end = role.span(user, before)
        has = end > start
        first[has] = np.minimum(first[has], past.time[role.order[start[has]]])
    return np.where(np.isfinite(first), time - np.where(np.isfinite(first), first, 0.0), np.nan)


def _of_third_users(past: Past, u: Ints, v: Ints, before: Ints) -> dict[str, Floats]:
    """Return what is known over third users w: their ratings of v or v's of them, and their edges with u."""
    m, columns = len(u), {}
    balance, paths = np.zeros(m), np.zeros(m)
    for role, ways in ((past.got, ("u_w_v", "wu_wv")), (past.gave, ("uw_vw", "v_w_u"))):
        query, event = role.latest(v, before, NEIGHBOURS)  # flat: the latest events of v, query by query
        w = (past.source if role is past.got else past.target)[event]
        positive = past.weight[event] > 0
        for way in ways:
            ends = (u[query], w) if way in ("u_w_v", "uw_vw") else (w, u[query])
            sign = past.pairs.latest_sign(*ends, before[query], past.weight)  # 0 where there is no such edge
            for first, letter in ((1, "p"), (-1, "n")):
                for second, other in ((True, "p"), (False, "n")):
                    found = np.bincount(query[(sign == first) & (positive == second)], minlength=m)
                    columns[f"{way}_{letter}{other}"] = np.log1p(found)
                    balance += found if (first > 0) == second else -found
                    paths += found
                    if way == "u_w_v" and first > 0:
                        columns[f"trusted_{other}"] = found
        if role is past.got:
            columns |= _of_raters(past, query, w, before, positive, m)
    good, bad = columns.pop("trusted_p"), columns.pop("trusted_n")
    columns["v_rate_trusted"] = (good + 4.5) / (good + bad + 5.0)
    columns["balance"] = balance / (paths + 1.0)
    query, event = past.gave.latest(u, before, NEIGHBOURS)
    expected = rate(*past.got.counts(past.target[event], before[query]))
    columns["u_rate_surprise"] = _mean(query, np.sign(past.weight[event]) - (2 * expected - 1), m)
    return columns


def _of_raters(
    past: Past, query: Ints, w: Ints, before: Ints, positive: NDArray[np.bool_], m: int
) -> dict[str, Floats]:
    """Return v's latest ratings weighted with who gave them, and how far they are from what these usually give."""
    trust = rate(*past.got.counts(w, before[query]))
    usual = rate(*past.gave.counts(w, before[query]))
    weighted = np.bincount(query, weights=trust * positive, minlength=m)
    total = np.bincount(query, weights=trust, minlength=m)
    surprise = np.where(positive, 1.0, -1.0) - (2 * usual - 1)
    return {"v_rate_weighted": rate(weighted, total), "v_rate_surprise": _mean(query, surprise, m)}


def _mean(query: Ints, values: Floats, m: int) -> Floats:
    count = np.bincount(query, minlength=m)
    return np.bincount(query, weights=values, minlength=m) / np.maximum(count, 1)


def _chunks(m: int) -> Iterator[slice]:
    for start in range(0, m, CHUNK):
        yield slice(start, min(m, start + CHUNK))
