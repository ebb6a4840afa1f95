"""What a network is like: its size, signs, drift, reciprocity and balance, and which tasks it can serve."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from apportion.errors import UserError
from apportion.identity import generator
from apportion.signed.events import Events
from apportion.signed.gathering import counted
from apportion.signed.negatives import Negatives
from apportion.signed.scorer import SignedTask
from apportion.signed.splits import Split

DAY = 86_400.0  # seconds
MOST_PAIRS = 100_000  # connected pairs whose triads are counted; of more, so many drawn at random
WEDGES = 4_000_000  # looked at at a time
LATEST_DATE = 32_503_680_000.0  # the year 3000, in seconds: no time of an event
LIKELY = (315_532_800.0, 4_102_444_800.0)  # 1980 to 2100
FEWEST = 10  # events, or events of a sign, that a part needs for its numbers to say much


@dataclass(frozen=True, slots=True)
class Triads:
    """Closed triads among users, the sign of a pair being that of its latest event in either direction.

    `counted` were looked at, a random part of all where `is_sample`; a triad is balanced if its signs multiply to
    +. `balanced` is their share; `expected` what it would be if the same signs were dealt to pairs by chance,
    p**3 + 3 p (1 - p)**2 for a share p of positive pairs. Both are None where there is no triad.
    """

    counted: int
    is_sample: bool
    balanced: float | None
    expected: float | None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time shorter than a second."""

    name: str
    per_second: int


UNITS = (
    Unit("milliseconds", 1_000),
    Unit("microseconds", 1_000_000),
    Unit("nanoseconds", 1_000_000_000),
)


@dataclass(frozen=True, slots=True)
class Description:
    """What a network is like.

    `begin` and `end` are seconds; `instants` the number of different times; `repeated` the share of events whose
    source has rated the same target before; `reciprocity` the share of (source, target) pairs whose reverse occurs
    too; `positive_by_quarter` the share of positives in four parts of as many events; `split` the numbers of
    training, validation and test events, None where there are too few; `cannot` why a task cannot be done, and
    `of_little_use` why its numbers would say little; `unit` what the times seem to be in where they are no seconds.
    """

    users: int
    events: int
    negatives: int
    begin: float
    end: float
    instants: int
    largest_group: int
    weights: tuple[float, float]
    raters: int
    rated: int
    repeated: float
    reciprocity: float
    positive_by_quarter: tuple[float, ...]
    triads: Triads
    split: tuple[int, int, int] | None
    cannot: dict[SignedTask, str]
    of_little_use: dict[SignedTask, str]
    unit: Unit | None


def describe(events: Events) -> Description:
    """Return what a network is like."""
    _, first, together = np.unique(events.time, return_index=True, return_counts=True)
    pairs = np.unique(events.source * events.n_users + events.target)
    reverse = pairs % events.n_users * events.n_users + pairs // events.n_users
    is_positive = events.sign > 0
    try:
        split = Split.by_quantiles(events)
    except UserError:
        split = None
    refused = cannot(events, split)
    return Description(
        users=events.n_users,
        events=len(events),
        negatives=int((~is_positive).sum()),
        begin=float(events.time[0]),
        end=float(events.time[-1]),
        instants=len(first),
        largest_group=int(together.max()),
        weights=(float(events.weight.min()), float(events.weight.max())),
        raters=len(np.unique(events.source)),
        rated=len(np.unique(events.target)),
        repeated=1 - len(pairs) / len(events),
        reciprocity=float(np.isin(reverse, pairs).mean()),
        positive_by_quarter=tuple(float(q.mean()) for q in np.array_split(is_positive, 4) if len(q)),
        triads=triads(events),
        split=None if split is None else (len(split.train), len(split.validation), len(split.test)),
        cannot=refused,
        of_little_use={task: why for task, why in of_little_use(split).items() if task not in refused},
        unit=unit_of(float(events.time[0]), float(events.time[-1])),
    )


def cannot(events: Events, split: Split | None) -> dict[SignedTask, str]:
    """Return the tasks that no model can be trained on with these events and why."""
    if split is None:
        reason = "too few events at different times to split them"
        return dict.fromkeys(("existence", "sign", "signed-existence", "weight"), reason)
    reasons = _few_of_a_sign(split.train, "training", 1)
    if len(np.unique(split.train.weight)) == 1:
        reasons["weight"] = "all weights of the training part are the same"
    if events.n_users < 3:
        without_links = f"{events.n_users} users are too few for pairs that do not happen"
    elif not Negatives(split.train, 0).seen(np.arange(split.train_end)).any():
        without_links = "no training event is between two users who had been seen before in their roles"
    else:
        return reasons
    reasons["existence"] = without_links
    reasons.setdefault("signed-existence", without_links)
    return reasons


def of_little_use(split: Split | None) -> dict[SignedTask, str]:
    """Return the tasks that can be trained on but hardly chosen or measured, for want of events, and why."""
    if split is None:
        return {}
    return _scarce(split.test, "test") | _scarce(split.validation, "validation")


def _scarce(part: Events, name: str) -> dict[SignedTask, str]:
    if len(part) < FEWEST:
        return dict.fromkeys(get_args(SignedTask), f"{counted(len(part), 'event')} in the {name} part")
    return _few_of_a_sign(part, name, FEWEST)


def _few_of_a_sign(part: Events, name: str, least: int) -> dict[SignedTask, str]:
    for kind, sign in (("negative", -1), ("positive", 1)):
        n = int((part.sign == sign).sum())
        if n < least:
            found = counted(n, f"{kind} event") if n else f"no event is {kind}"
            return dict.fromkeys(("sign", "signed-existence"), f"{found} in the {name} part")
    return {}


def unit_of(begin: float, end: float) -> Unit | None:
    """Return the unit in which times would be dates of our days, where as seconds they are not; else None.

    >>> unit_of(1.3e12, 1.4e12).name, unit_of(1.3e9, 1.4e9), unit_of(0, 1e12)
    ('milliseconds', None, None)
    """
    if end < LATEST_DATE:
        return None
    for unit in UNITS:
        if LIKELY[0] <= begin / unit.per_second and end / unit.per_second <= LIKELY[1]:
            return unit
    return None


def triads(events: Events, most_pairs: int = MOST_PAIRS) -> Triads:
    """Return the balance of closed triads; with more connected pairs than `most_pairs`, of those on a part of them."""
    low, high = np.minimum(events.source, events.target), np.maximum(events.source, events.target)
    key = low * events.n_users + high
    last = len(key) - 1 - np.unique(key[::-1], return_index=True)[1]  # events are in time order
    u, v, sign = low[last], high[last], events.sign[last].astype(np.int64)
    both = (np.concatenate([u, v]), np.concatenate([v, u]))
    shape = (events.n_users, events.n_users)
    graph = csr_array((np.concatenate([sign, sign]), both), shape=shape)
    is_sample = len(u) > most_pairs
    chosen = np.arange(len(u))
    if is_sample:
        draw = generator("signed network", "triads")
        chosen = np.sort(draw.choice(len(u), most_pairs, replace=False))
    product, counted = _triads_on(graph, u[chosen], v[chosen], sign[chosen])
    if not counted:
        return Triads(0, is_sample, None, None)
    p = float((sign > 0).mean())
    times = 1 if is_sample else 3  # a triad is met on each of its three pairs
    balanced = (product + counted) / 2 / counted
    return Triads(counted // times, is_sample, balanced, p**3 + 3 * p * (1 - p) ** 2)


def _triads_on(
    graph: csr_array, u: NDArray[np.int64], v: NDArray[np.int64], sign: NDArray[np.int64]
) -> tuple[int, int]:
    """Return the sum of the products of signs over the triads on pairs, and how many triads those are."""
    degree = np.diff(graph.indptr)
    work = np.cumsum(degree[u] + degree[v])
    product = counted = 0
    start = 0
    while start < len(u):
        done = work[start - 1] if start else 0
        end = max(int(np.searchsorted(work, done + WEDGES)), start + 1)
        shared = graph[u[start:end]].multiply(graph[v[start:end]]).tocsr()
        product += int((shared.sum(axis=1) * sign[start:end]).sum())
        counted += int(shared.nnz)
        start = end
    return product, counted
