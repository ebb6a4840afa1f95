"""Streaming: a trained model that goes on, scoring each event before it observes it; users come in under any id."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from apportion.errors import UserError
from apportion.signed.event_log import NOBODY, EventLog, joined
from apportion.signed.events import LARGEST_TIME, LARGEST_WEIGHT, Events, number_column
from apportion.signed.history import History
from apportion.signed.learned import Learned
from apportion.signed.scorer import Queries
from apportion.signed.users import id_fault, id_texts

Ids = Sequence[object]
Floats = NDArray[np.float64]


class Asked(NamedTuple):
    """One line of a stream: would `source` rate `target` at `time`; `weight` says how it did, None that it is asked."""

    source: str
    target: str
    time: float
    weight: float | None = None


class Live:
    """A trained model as of now: its state, the ids of the users, and the past that the features look at.

    Scores come from strictly earlier times: events that share a time wait and are observed together, once a later
    time is asked about. One that comes after that with the same time is taken in as well, but memories have then seen
    the others. Users that were not there before are new users, not errors. Ids are compared as text.
    """

    def __init__(self, model: Learned, events: Events, waiting: Events | None = None) -> None:
        """Take a model whose state is just after the last of `events`, and these; `waiting` are of the latest time
        and not yet observed."""
        self.model = model
        self.users: list[str] = events.users.tolist()  # in the order of the model's numbers
        self._numbers = {user: number for number, user in enumerate(self.users)}
        self._log = EventLog(events)  # what the model has observed
        self._history = History()
        if model.uses_features:
            self._history.observe(events)
        self._waiting = [] if waiting is None else [waiting]

    @property
    def latest(self) -> float:
        """Return the time of the latest event, in seconds."""
        return float((self._waiting[-1] if self._waiting else self._log.events()).time[-1])

    @property
    def now(self) -> float:
        """Return the first time at which all events so far are past."""
        return float(np.nextafter(self.latest, np.inf))

    @property
    def observed(self) -> Events:
        """Return all events that the model has observed, `users` in the order of its numbers."""
        return self._log.events(np.array(self.users, dtype=np.str_))

    @property
    def waiting(self) -> Events:
        """Return the events of the latest time that the model has not observed yet."""
        return joined(self._waiting, np.array(self.users, dtype=np.str_))

    def score(self, source: Ids, target: Ids, time: ArrayLike | None = None) -> Floats:
        """Return a score for each pair of ids, [m] or for signed existence [m, 3]; learns nothing from being asked.

        As of now, or at times from the latest event on; what a score is, `Scorer.score` says. Raises `UserError`
        for a time in the past, an id that is none, a pair of one user, and what is no column of ids or of times.
        """
        source, target = id_texts(source, "source"), id_texts(target, "target")
        when = np.full(len(source), self.now) if time is None else number_column(time, "time")
        _same_length(source, target, when)
        asked = [Asked(s, t, float(at)) for s, t, at in zip(source, target, when, strict=True)]
        for one in asked:
            refuse(one, self.latest)
        rows = _rows(asked, self._strangers_too())
        if not asked:
            return self.model.score(Queries(rows.source, rows.target, rows.time))
        is_later = when > self.latest
        order = np.argsort(is_later, kind="stable")  # those at the latest time first
        scores: list[Floats] = []
        for part in np.split(order, [int((~is_later).sum())]):
            if len(part):
                now = _chosen(rows, part)
                self._settle(float(now.time[0]))
                features = self._features(now, []) if self.model.uses_features else None
                scores.append(self.model.score(Queries(now.source, now.target, now.time, features)))
        return np.concatenate(scores)[np.argsort(order)]

    def observe(self, source: Ids, target: Ids, time: ArrayLike, weight: ArrayLike) -> None:
        """Take in events in time order, from the latest on; in one call or many is the same. Raises as `walk`."""
        source, target = id_texts(source, "source"), id_texts(target, "target")
        seconds, weights = number_column(time, "time"), number_column(weight, "weight")
        _same_length(source, target, seconds, weights)
        columns = zip(source, target, seconds, weights, strict=True)
        asked = [Asked(s, t, float(at), float(w)) for s, t, at, w in columns]
        self._check(asked)
        rows = _rows(asked, self._number)
        for start, end in pairwise(rows.groups(1)):
            self._settle(float(rows.time[start]))
            self._waiting.append(rows[int(start) : int(end)])

    def walk(self, asked: Sequence[Asked]) -> Iterator[Floats]:
        """Yield the score of each, a number [] or [3], and take it in if it says how it went.

        Those whose scores are not consumed are not taken in. Raises `UserError` at once, naming the first, if one has
        a fault: a time before the latest event, an id that is none, a user's event with itself, a weight of 0.
        """
        self._check(asked)
        return self._steps(asked)

    def embeddings(self) -> NDArray[np.float32]:
        """Return what the model makes of each user as of now, [n_users, 2, dim]: as a source and as a target."""
        from apportion.signed.embeddings import embeddings

        self._settle(self.now)
        return embeddings(self.model, len(self.users))

    def _steps(self, asked: Sequence[Asked]) -> Iterator[Floats]:
        rows = _rows(asked, self._number)
        happens = np.array([one.weight is not None for one in asked], dtype=bool)
        back = np.flatnonzero(np.diff(rows.time) < 0) + 1  # after a question about a later time
        for start, end in pairwise([0, *back.tolist(), len(asked)]):
            run, happen = rows[start:end], happens[start:end]
            # all at once: what follows a time changes none of its features
            features = self._features(run, [_chosen(run, happen)]) if self.model.uses_features else None
            for i in range(len(run)):
                row = run[i : i + 1]
                self._settle(float(row.time[0]))
                now = None if features is None else features[i : i + 1]
                score = self.model.score(Queries(row.source, row.target, row.time, now))[0]
                if happen[i]:  # before the score is handed out: zip stops asking after the last
                    self._waiting.append(row)
                yield score

    def _features(self, rows: Events, followed_by: list[Events]) -> NDArray[np.float32]:
        """Return the features of rows, from what was observed, what waits, and events that follow."""
        later = _in_order(joined([*self._waiting, *followed_by]))
        return self._history.features(rows.source, rows.target, rows.time, later)

    def _settle(self, time: float) -> None:
        """Let the model observe what waits from before `time`."""
        if self._waiting and self._waiting[0].time[0] < time:
            group = _in_order(joined(self._waiting))
            self.model.observe(group)
            if self.model.uses_features:
                self._history.observe(group)
            self._log.append(group)
            self._waiting = []

    def _number(self, user: str) -> int:
        """Return the number of a user, the next one for a user that was not there."""
        number = self._numbers.setdefault(user, len(self._numbers))
        if number == len(self.users):
            self.users.append(user)
        return number

    def _strangers_too(self) -> Callable[[str], int]:
        """Return what numbers users and remembers none."""
        strangers: dict[str, int] = {}

        def number(user: str) -> int:
            known = self._numbers.get(user)
            if known is not None:
                return known
            return strangers.setdefault(user, len(self._numbers) + len(strangers))

        return number

    def _check(self, asked: Sequence[Asked]) -> None:
        latest = self.latest
        for one in asked:
            refuse(one, latest)
            latest = latest if one.weight is None else one.time


def refuse(one: Asked, latest: float, where: str | None = None) -> None:
    """Raise `UserError` for what cannot be scored or taken in after the time `latest`; `where` names a line."""
    back = "Sort by time: a model cannot go back."
    if where is not None:
        back += " Lines are source,target,time,weight; for another order begin with a header."
    where = where or f"the event {one.source},{one.target}"
    for role, user in (("source", one.source), ("target", one.target)):
        if not isinstance(user, str):
            raise UserError(f"{where}, {role}", f"the id {user!r}", "an id as text", "Turn ids into text.")
        problem = id_fault(user)
        if problem is not None:
            raise UserError(f"{where}, {role}", *problem)
    cure = "Leave it out."
    if one.source == one.target:
        raise UserError(where, "a user's event with itself", "two users", cure)
    if not abs(one.time) <= LARGEST_TIME:
        expected = f"a finite number of seconds, at most {LARGEST_TIME:g} in size"
        raise UserError(where, f"the time {one.time}", expected, cure)
    if one.time < latest:
        found, expected = f"the time {one.time:.10g}", f"{latest:.10g}, the latest before it, or later"
        raise UserError(where, found, expected, back)
    if one.weight is not None and not 0 < abs(one.weight) <= LARGEST_WEIGHT:
        expected = f"a number that is not 0, at most {LARGEST_WEIGHT:g} in size"
        raise UserError(where, f"the weight {one.weight:g}", expected, cure)


def _rows(asked: Sequence[Asked], number: Callable[[str], int]) -> Events:
    """Return what is asked as events, weights of questions 0."""
    # line by line, so that new users get the same numbers in one batch and in many
    ends = np.array([(number(one.source), number(one.target)) for one in asked], dtype=np.int64).reshape(
        -1, 2
    )
    source, target = ends.T.copy()
    time = np.array([one.time for one in asked], dtype=np.float64)
    weight = np.array([one.weight or 0.0 for one in asked], dtype=np.float64)
    return Events(source, target, time, weight, NOBODY)


def _in_order(events: Events) -> Events:
    """Return events in the order of the store, so that it does not matter in which order equal times came."""
    if len(events) < 2:
        return events
    return _chosen(events, np.lexsort((events.weight, events.target, events.source, events.time)))


def _chosen(events: Events, rows: NDArray) -> Events:
    columns = (events.source[rows], events.target[rows], events.time[rows], events.weight[rows])
    return Events(*columns, events.users)


def _same_length(*columns: Ids | NDArray) -> None:
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        found = " and ".join(f"{length:,}" for length in lengths)
        raise UserError(
            "the pairs", f"columns of {found}", "columns of one length", "Hand over one value a pair."
        )
