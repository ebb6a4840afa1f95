"""What the past says about a pair: numbers from events strictly earlier than the moment at which one asks."""

import numpy as np
from numpy.typing import NDArray

from apportion.signed.events import Events
from apportion.signed.pair_table import PairTable
from apportion.signed.past import Floats, Ints, Past
from apportion.signed.so_far import Edge, PairsSoFar, RoleSoFar, Standing
from apportion.signed.third_users import SIGNS, WAYS, of_third_users, rate
from apportion.signed.user_table import LATEST, NEIGHBOURS, UserTable

CHUNK = 500  # pairs that are looked up at a time
BLOCK = 50_000  # events that are observed at a time

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
        for way, (first, second) in WAYS.items()
        for signs in SIGNS
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
    """What was observed, in tables that grow with users and pairs: an event, and a pair, cost the same however many
    events came before.

    Answers for pairs at times from the latest event on, from the events with a time strictly less. In how many calls
    events were observed moves no bit. Triads go through the `neighbours` latest events of a user in a role.
    """

    def __init__(self, neighbours: int = NEIGHBOURS) -> None:
        self._gave, self._got = UserTable(neighbours), UserTable(neighbours)
        self._pairs = PairTable()
        self._start = np.inf  # the time of the first event of all
        nothing = np.zeros(0, dtype=np.int64)
        self._latest = Past(
            nothing, nothing, np.zeros(0), np.zeros(0)
        )  # of the latest time, not in the tables
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def observe(self, events: Events) -> None:
        """Take in later events; none may be earlier than one that is there."""
        for first in range(0, len(events), BLOCK):
            self._observe(events[first : first + BLOCK])

    def _observe(self, events: Events) -> None:
        follows = self._followed_by(events)
        self._n += len(events)
        self._start = min(self._start, float(follows.time[0]))
        past = slice(0, int(np.searchsorted(follows.time, follows.time[-1])))
        self._latest = _part(follows, slice(past.stop, None))
        if past.stop:
            past = _part(follows, past)
            self._make_room(past.source, past.target)
            self._gave.observe(past.source, past.target, past.time, past.weight)
            self._got.observe(past.target, past.source, past.time, past.weight)
            self._pairs.observe(past.source, past.target, past.time, past.weight)

    def features(
        self, source: Ints, target: Ints, time: Floats, followed_by: Events | None = None
    ) -> NDArray[np.float32]:
        """Return the features of pairs (u, v) at their times, float32 [m, F], in the order of `HISTORY_FEATURES`.

        `followed_by` are later events that are not observed yet; each pair sees those strictly before its time.
        Raises `ValueError` for a time before the latest observed event.
        """
        if len(time) and self._n and time.min() < self._latest.time[-1]:
            raise ValueError(
                f"a pair at {time.min()} is asked about after an event at {self._latest.time[-1]}"
            )
        follows = self._latest if followed_by is None else self._followed_by(followed_by)
        self._make_room(source, target, follows.source, follows.target)
        gave, got = RoleSoFar(self._gave, follows, True), RoleSoFar(self._got, follows, False)
        pairs = PairsSoFar(self._pairs, follows, gave, got)
        start = min([self._start, *follows.time[:1].tolist()])
        before = np.searchsorted(follows.time, time, side="left")  # [m] number of those strictly earlier
        out = np.empty((len(source), len(HISTORY_FEATURES)), dtype=np.float32)
        for first in range(0, len(source), CHUNK):
            part = slice(first, first + CHUNK)
            asked = source[part], target[part], before[part]
            columns = _of_roles(gave, got, *asked, time[part], start)
            columns |= _of_edges(pairs, *asked, time[part], start)
            columns |= of_third_users(gave, got, pairs, *asked)
            for name, column in columns.items():
                out[part, _PLACE[name]] = column
        return out

    def _followed_by(self, events: Events) -> Past:
        """Return the events of the latest time and those that follow them."""
        latest = self._latest
        if len(events) and len(latest.time) and events.time[0] < latest.time[-1]:
            raise ValueError(f"an event at {events.time[0]} cannot follow one at {latest.time[-1]}")
        return Past(
            np.concatenate([latest.source, events.source]),
            np.concatenate([latest.target, events.target]),
            np.concatenate([latest.time, events.time]),
            np.concatenate([latest.weight, events.weight]),
        )

    def _make_room(self, *users: Ints) -> None:
        top = max(int(x.max(initial=-1)) for x in users) + 1
        self._gave.grow(top)
        self._got.grow(top)


def features_along(
    history: History, events: Events, source: Ints, target: Ints, time: Floats
) -> NDArray[np.float32]:
    """Return the features of pairs whose times do not go back, from the history and the `events` that follow it.

    The history then holds the events that are strictly before the last pair's time.
    """
    out = np.empty((len(source), len(HISTORY_FEATURES)), dtype=np.float32)
    before = np.searchsorted(events.time, time, side="left")
    done = 0
    for first in range(0, len(source), CHUNK):
        part = slice(first, min(first + CHUNK, len(source)))
        start, end = int(before[first]), int(before[part.stop - 1])
        history.observe(events[done:start])
        done = start
        out[part] = history.features(source[part], target[part], time[part], events[start:end])
    if len(source):
        history.observe(events[done : int(before[-1])])
    return out


def features_of(events: Events, source: Ints, target: Ints, time: Floats) -> NDArray[np.float32]:
    """Return the features of pairs at any times, in any order, from the events strictly before each."""
    order = np.argsort(time, kind="stable")
    out = np.empty((len(source), len(HISTORY_FEATURES)), dtype=np.float32)
    out[order] = features_along(History(), events, source[order], target[order], time[order])
    return out


_PLACE = {name: i for i, name in enumerate(HISTORY_FEATURES)}


def _of_roles(
    gave: RoleSoFar, got: RoleSoFar, u: Ints, v: Ints, before: Ints, time: Floats, start: float
) -> dict[str, NDArray]:
    asked = ((gave, u), (got, v), (got, u), (gave, v))
    found = {name: role.standing(user, before) for name, (role, user) in zip(_ROLES, asked, strict=True)}
    columns: dict[str, NDArray] = {}
    for name, standing in found.items():
        columns |= {f"{name}_{key}": x for key, x in _of_a_role(standing, time, start).items()}
    for name, roles in (("u", ("u_gave", "u_got")), ("v", ("v_gave", "v_got"))):
        first = np.minimum(found[roles[0]].first, found[roles[1]].first)
        columns[f"{name}_is_new"] = ~np.isfinite(first)
        columns[f"{name}_age"] = np.log1p(np.where(np.isfinite(first), time - first, 0.0))
    return columns


def _of_a_role(standing: Standing, time: Floats, start: float) -> dict[str, Floats]:
    count, positives = standing.number, standing.positives
    return {
        "rate": rate(positives, count),
        "positive": np.log1p(positives),
        "negative": np.log1p(count - positives),
        "mean": standing.total / np.maximum(count, 1),
        "last": standing.last,
        "recent": (standing.recent + 0.9) / (np.minimum(count, LATEST) + 1.0),
        "elapsed": _elapsed(standing.latest, time, start),
        "burst": _elapsed(standing.burst, time, start),
    }


def _of_edges(
    pairs: PairsSoFar, u: Ints, v: Ints, before: Ints, time: Floats, start: float
) -> dict[str, NDArray]:
    columns: dict[str, NDArray] = {}
    for name, edge in zip(("forth", "back"), pairs.edges(u, v, before), strict=True):
        columns |= {f"{name}_{key}": x for key, x in _of_an_edge(edge, time, start).items()}
    return columns


def _of_an_edge(edge: Edge, time: Floats, start: float) -> dict[str, Floats]:
    return {
        "count": np.log1p(edge.number),
        "sign": np.sign(edge.weight),
        "weight": edge.weight,
        "elapsed": _elapsed(edge.time, time, start),
    }


def _elapsed(since: Floats, time: Floats, start: float) -> Floats:
    """Return log(1 + time since an event), since the first of all where there is none (infinite)."""
    since = np.where(np.isfinite(since), since, start)
    return np.log1p(np.maximum(time - since, 0.0))  # before the first event of all there is no past: 0


def _part(events: Past, part: slice) -> Past:
    return Past(events.source[part], events.target[part], events.time[part], events.weight[part])
