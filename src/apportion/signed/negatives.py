"""Pairs that did not happen, drawn from the past of the event that they stand beside."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from apportion.identity import generator
from apportion.signed.events import Events
from apportion.signed.past import Ints, Past

NegativeKind = Literal["uniform", "historical", "degree_matched"]
NEGATIVE_KINDS: tuple[NegativeKind, ...] = ("uniform", "historical", "degree_matched")
ROUNDS = 30  # a pair that happens at this very time, or of a user with itself, is drawn again so many times

Uniforms = NDArray[np.float64]


class NonLinks(NamedTuple):
    """Pairs [m, k]: user numbers, -1 in both where none could be drawn."""

    source: Ints
    target: Ints


class Negatives:
    """Draws non-links that depend on a seed, an event's position and what happened strictly before it, and no more.

    Position i has its own random numbers (a hash of the seed, i, the place in the row and the round), so that
    neither the other positions asked nor later events move a draw. Kinds:

    uniform: both ends uniform over the users seen before in that role.
    historical: a pair that happened before, drawn as often as it happened, and does not happen now.
    degree_matched: both ends drawn as often as they took that role before.
    """

    def __init__(self, events: Events, seed: object) -> None:
        self._events = events
        self._past = Past(events.source, events.target, events.time, events.weight)
        self._raters = _first_seen(events.source)
        self._ratees = _first_seen(events.target)
        self._key = generator(f"non-links {seed}", "key").integers(0, 2**63, dtype=np.uint64)

    def draw(self, kind: NegativeKind, position: Ints, k: int, index: int = 0) -> NonLinks:
        """Return k non-links beside the event at each position; another `index` (an epoch, say) gives others."""
        before, after = self._instant(position)
        source = np.full((len(position), k), -1, dtype=np.int64)
        target = source.copy()
        left = np.indices(source.shape).reshape(2, -1)  # [2, left] row and place of what is yet to be drawn
        left = left[:, before[left[0]] > 0]
        for turn in range(ROUNDS):
            row, place = left
            stream = (NEGATIVE_KINDS.index(kind), index, turn)
            first = self._uniforms(*stream, 0, position[row], place)
            second = self._uniforms(*stream, 1, position[row], place)
            u, v = self._ends(kind, before[row], first, second)
            good = (u != v) & ~self._happens(u, v, before[row], after[row])
            source[row[good], place[good]], target[row[good], place[good]] = u[good], v[good]
            left = left[:, ~good]
            if not left.size:
                break
        return NonLinks(source, target)

    def draw_as_published(self, position: Ints, k: int, index: int = 0) -> NonLinks:
        """Return the event's own rater with a target from a doubled id range, as the published release draws it.

        The release gives raters and ratees a block of numbers each and draws from both, so that half of its
        non-links end in a number that no real target has.
        """
        place = np.broadcast_to(np.arange(k), (len(position), k))
        draws = self._uniforms(len(NEGATIVE_KINDS), index, 0, 1, position[:, None], place)
        source = np.broadcast_to(self._events.source[position][:, None], place.shape).copy()
        return NonLinks(source, np.floor(draws * 2 * self._events.n_users).astype(np.int64))

    def seen(self, position: Ints) -> NDArray[np.bool_]:
        """Return whether both ends of events had been seen in their roles before: non-links are drawn from such.

        Asked of an event with an end that was never seen, "did this happen?" needs no model: no non-link has one.
        """
        before, _ = self._instant(position)
        known = np.ones(len(position), dtype=bool)
        for role, user in (
            (self._past.gave, self._events.source[position]),
            (self._past.got, self._events.target[position]),
        ):
            start, end = role.span(user, before)
            known &= end > start
        return known

    def _instant(self, position: Ints) -> tuple[Ints, Ints]:
        """Return the numbers of events strictly before each position's time, and up to it."""
        time = self._events.time[position]
        return np.searchsorted(self._events.time, time), np.searchsorted(
            self._events.time, time, side="right"
        )

    def _ends(self, kind: NegativeKind, before: Ints, first: Uniforms, second: Uniforms) -> tuple[Ints, Ints]:
        source, target = self._events.source, self._events.target
        if kind == "uniform":
            return _pick(*self._raters, before, first), _pick(*self._ratees, before, second)
        one = np.floor(first * before).astype(np.int64)
        other = one if kind == "historical" else np.floor(second * before).astype(np.int64)
        return source[one], target[other]

    def _happens(self, u: Ints, v: Ints, before: Ints, after: Ints) -> NDArray[np.bool_]:
        """Return whether pairs have an event at the very time."""
        return self._past.pairs.span(u, v, after)[1] > self._past.pairs.span(u, v, before)[1]

    def _uniforms(self, kind: int, index: int, turn: int, end: int, position: Ints, place: Ints) -> Uniforms:
        """Return numbers in [0, 1), each a hash of everything that it may depend on (splitmix64, Steele 2014)."""
        state = np.broadcast_to(self._key, np.broadcast_shapes(position.shape, place.shape))
        for value in (kind, index, turn, end, position, place):
            state = _mix(state + (np.atleast_1d(value).astype(np.uint64) + np.uint64(1)) * _GOLDEN)
        return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _first_seen(user: Ints) -> tuple[Ints, Ints]:
    """Return the users of a role in order of their first event, and the positions of these."""
    users, first = np.unique(user, return_index=True)
    order = np.argsort(first)
    return users[order], first[order]


def _pick(users: Ints, first: Ints, before: Ints, draws: Uniforms) -> Ints:
    """Return one of the users first seen among the first `before` events, uniformly."""
    return users[np.floor(draws * np.searchsorted(first, before)).astype(np.int64)]
