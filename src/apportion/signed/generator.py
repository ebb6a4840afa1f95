"""Generator: signed networks with planted factions, drift, reciprocity and a known strength of balance."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.identity import generator
from apportion.signed.events import Events

IDENTITY = "signed network"
DAY = 86_400.0  # seconds
BEGIN = 1_262_304_000.0  # 2010-01-01, UTC
ROUNDS = 64  # of drawing targets anew until the faction is the one that was wanted
REPLY_LAG = 20.0  # events, the mean distance of a reply from what it answers

SHARES = ("balance", "negatives", "rise", "drift", "reciprocity", "trust")


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How a generated network comes about.

    A share of the events, as large as the share of negatives at that time, goes to another faction, the rest stays
    within; where an event's sign says so, it is negative across and positive within, as balance theory wants it, and
    noise else.

    Parameters
    ----------
    users: int
        How many there are; those that no event names do not come out.
    events: int
        How many.
    factions: int
        Each user belongs to one, all equally likely.
    balance: float
        The probability that an event's sign says whether its ends are of one faction at that time.
    negatives: float
        The share of negatives over all.
    rise: float
        How far that share begins below and ends above, in parts of it; it rises linearly.
    drift: float
        The probability that a user changes to another faction at some time.
    reciprocity: float
        The probability that an event turns a recent one round.
    trust: float
        The probability that a sign that does not follow the factions is negative just if the target is one of the
        untrustworthy, who are as large a share of the users as the negatives of the events.
    skew: float
        A user of rank x, from 0 to 1, is as active as x to the power of minus this.
    growth: bool
        Users arrive in step with the events; else all are there from the beginning.
    magnitudes: int
        Weights are 1 to this in size, by the habit of the source.
    days: float
        The span of the times.
    whole_days: bool
        Times are whole days, so that many are equal.
    """

    users: int = 1_000
    events: int = 20_000
    factions: int = 2
    balance: float = 0.8
    negatives: float = 0.15
    rise: float = 0.5
    drift: float = 0.1
    reciprocity: float = 0.2
    trust: float = 0.0
    skew: float = 0.5
    growth: bool = False
    magnitudes: int = 10
    days: float = 1_000.0
    whole_days: bool = False

    def __post_init__(self) -> None:
        """Raise `UserError` for a setting out of range."""
        for name, lowest in {"users": 2, "events": 1, "factions": 1, "magnitudes": 1}.items():
            if getattr(self, name) < lowest:
                raise _out_of_range(name, getattr(self, name), f"at least {lowest}")
        for name in SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise _out_of_range(name, getattr(self, name), "0 to 1")
        if not 0 <= self.skew < 1:
            raise _out_of_range("skew", self.skew, "0 to less than 1")
        if not 0 < self.days < np.inf:
            raise _out_of_range("days", self.days, "more than 0")
        if self.negatives * (1 + self.rise) > 1:
            raise _out_of_range(
                "rise", self.rise, f"at most {1 / self.negatives - 1:.2f} at such a share of negatives"
            )

    def without_structure(self) -> "NetworkSettings":
        """Return settings of a network in which nothing can be learned: uniform ends, signs by the toss of a coin."""
        nothing = {"balance": 0.0, "rise": 0.0, "drift": 0.0, "reciprocity": 0.0, "trust": 0.0, "skew": 0.0}
        return replace(self, factions=1, growth=False, magnitudes=1, negatives=0.5, **nothing)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What was planted, by user number of the events: the faction before and after the time of change, int64
    [n_users]; that time in seconds, infinite where there is none; who is untrustworthy, bool [n_users]."""

    first_faction: NDArray[np.int64]
    last_faction: NDArray[np.int64]
    change: NDArray[np.float64]
    untrustworthy: NDArray[np.bool_]

    def factions(self, users: NDArray[np.int64], time: NDArray[np.float64] | float) -> NDArray[np.int64]:
        """Return the factions of users at times, int64 [m]."""
        return np.where(time < self.change[users], self.first_faction[users], self.last_faction[users])


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A generated network and the truth about it."""

    events: Events
    truth: Truth


def generate(settings: NetworkSettings, seed: int = 0) -> Events:
    """Return the events of a generated network; the same settings and seed give the same bytes."""
    return planted_network(settings, seed).events


def planted_network(settings: NetworkSettings, seed: int = 0) -> Network:
    """Return a generated network with its truth. Users that no event names are in neither."""
    time = _times(settings, seed)
    truth = _truth(settings, seed)
    share = np.linspace(1 - settings.rise, 1 + settings.rise, settings.events) * settings.negatives
    is_across = generator(IDENTITY, "across", seed).random(settings.events) < share
    if settings.factions == 1:
        is_across[:] = False
    source, target = _ends(settings, seed, truth, time, is_across)
    source, target = _with_replies(settings, seed, source, target)
    is_across = truth.factions(source, time) != truth.factions(target, time)
    is_negative = _negatives(settings, seed, truth, target, is_across, share)
    weight = np.where(is_negative, -1.0, 1.0) * _magnitudes(settings, seed, source)
    if settings.whole_days:
        time = np.floor(time / DAY) * DAY
    events = Events.of(source + 1, target + 1, time, weight)
    kept = events.users.astype(np.int64) - 1
    kept_truth = Truth(
        truth.first_faction[kept], truth.last_faction[kept], truth.change[kept], truth.untrustworthy[kept]
    )
    return Network(events, kept_truth)


def _times(settings: NetworkSettings, seed: int) -> NDArray[np.float64]:
    """Return the times of a Poisson process, cut to the span."""
    gaps = generator(IDENTITY, "times", seed).standard_exponential(settings.events + 1)
    passed = np.cumsum(gaps)
    return BEGIN + passed[:-1] / passed[-1] * settings.days * DAY


def _truth(settings: NetworkSettings, seed: int) -> Truth:
    draw = generator(IDENTITY, "factions", seed)
    first = draw.integers(settings.factions, size=settings.users)
    step = draw.integers(1, max(settings.factions, 2), size=settings.users)
    changes = (draw.random(settings.users) < settings.drift) & (settings.factions > 1)
    moment = BEGIN + draw.random(settings.users) * settings.days * DAY
    last = np.where(changes, (first + step) % settings.factions, first)
    untrustworthy = draw.random(settings.users) < settings.negatives
    return Truth(first, last, np.where(changes, moment, np.inf), untrustworthy)


def _ends(
    settings: NetworkSettings,
    seed: int,
    truth: Truth,
    time: NDArray[np.float64],
    is_across: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return sources and targets, int64 [n]; a target is drawn again until its faction is the wanted one."""
    draw = generator(IDENTITY, "ends", seed)
    present = np.full(settings.events, settings.users)
    if settings.growth:
        present = np.ceil(settings.users * np.arange(1, settings.events + 1) / settings.events).astype(
            np.int64
        )
        present = np.minimum(np.maximum(present, 2 * settings.factions), settings.users)
    source = _drawn(draw, present, settings.skew)
    faction = truth.factions(source, time)
    target = source.copy()
    open_places = np.arange(settings.events)
    for _ in range(ROUNDS):
        target[open_places] = _drawn(draw, present[open_places], settings.skew)
        there = target[open_places]
        is_other = truth.factions(there, time[open_places]) != faction[open_places]
        is_wrong = (there == source[open_places]) | (is_other != is_across[open_places])
        open_places = open_places[is_wrong]
        if not len(open_places):
            break
    loops = np.flatnonzero(target == source)  # a user alone in its faction
    target[loops] = (target[loops] + 1) % present[loops]
    return source, target


def _drawn(draw: np.random.Generator, present: NDArray[np.int64], skew: float) -> NDArray[np.int64]:
    """Return one of the first `present` users each, with a density that falls as rank**-skew, by inversion."""
    uniform = draw.random(len(present))
    rank = uniform if skew == 0 else uniform ** (1 / (1 - skew))
    return np.minimum((rank * present).astype(np.int64), present - 1)


def _with_replies(
    settings: NetworkSettings, seed: int, source: NDArray[np.int64], target: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ends, some events replaced by the reverse of a recent event that is no reply itself."""
    draw = generator(IDENTITY, "replies", seed)
    is_reply = draw.random(len(source)) < settings.reciprocity
    is_reply[0] = False
    places = np.arange(len(source))
    original = np.maximum.accumulate(np.where(is_reply, 0, places))
    replies = places[is_reply]
    lag = 1 + (draw.standard_exponential(len(replies)) * REPLY_LAG).astype(np.int64)
    answered = original[np.maximum(replies - lag, 0)]
    both = source.copy(), target.copy()
    both[0][replies], both[1][replies] = target[answered], source[answered]
    return both


def _negatives(
    settings: NetworkSettings,
    seed: int,
    truth: Truth,
    target: NDArray[np.int64],
    is_across: NDArray[np.bool_],
    share: NDArray[np.float64],
) -> NDArray[np.bool_]:
    draw = generator(IDENTITY, "signs", seed)
    decided, by_trust, chance = (draw.random(len(target)) for _ in range(3))
    is_negative = chance < share
    if settings.trust:
        is_negative = np.where(by_trust < settings.trust, truth.untrustworthy[target], is_negative)
    return np.where(decided < settings.balance, is_across, is_negative)


def _magnitudes(settings: NetworkSettings, seed: int, source: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return |weight|: the source's habit, small numbers more often, give or take 1."""
    draw = generator(IDENTITY, "magnitudes", seed)
    habit = draw.geometric(0.5, settings.users)
    return np.clip(habit[source] + draw.integers(-1, 2, len(source)), 1, settings.magnitudes).astype(
        np.float64
    )


def _out_of_range(name: str, value: float, expected: str) -> UserError:
    return UserError(
        f"the setting {name}", f"{value:g}", expected, f"Give --{name.replace('_', '-')} such a value."
    )
