"""Predict, then observe: the order in which a model meets a network, in training and in evaluation.

Two orders of things. `causal`: a group of events is scored from the state before it, then observed; groups never
split equal times; non-links come from the past. `as-published`, which leaks and is there to show by how much: a
group is observed *before* it is scored, so that memories and the attention graph hold the very events that are
asked for, signs and all, and non-links are drawn from a doubled id range, half of which no real target has.
History features are from strictly earlier times in both.

The published release leaks the graph alone: its memories are written after scoring, and its edges show no sign. So
ours leaks more than the release does. What else the release does (three passes of test on one state, epochs chosen
by test metrics, a threshold of .5 on the logit) is not reproduced.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.signed.events import Events
from apportion.signed.history import HISTORY_FEATURES, History, features_along
from apportion.signed.metrics import validation_score
from apportion.signed.negatives import NEGATIVE_KINDS, NegativeKind, Negatives
from apportion.signed.past import Ints
from apportion.signed.scored import KINDS, Scored
from apportion.signed.scorer import CLASSES, Group, Queries, SignedTask, TrainingStream
from apportion.signed.splits import Split

ProtocolName = Literal["causal", "as-published"]
BLOCK = 50_000  # queries whose features are looked up at a time
AS_PUBLISHED_GROUP_SIZE = 1000
MOST_KEPT = 1_000_000  # queries of test; more are looked up anew by each model, in bounded memory


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a network is walked through.

    `group_size` events are scored from one state; small is fresh and slow. `training_group_size` is the same
    while learning. Beside each event stand `non_links` pairs of each kind in test, `validation_non_links` of each kind
    in validation and a uniform one in training; signed existence has a uniform one everywhere. `seed` draws the
    non-links of validation and test, so that all models and seeds are asked the same.
    """

    name: ProtocolName = "causal"
    group_size: int = 50
    training_group_size: int = 200
    non_links: int = 20
    validation_non_links: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise `UserError` for a number of events or non-links below 1."""
        for name in ("group_size", "training_group_size", "non_links", "validation_non_links"):
            if getattr(self, name) < 1:
                found = f"a {name} of {getattr(self, name)}"
                raise UserError("the protocol", found, "1 at least", "Give a larger one, or leave it out.")

    @classmethod
    def named(cls, name: ProtocolName, *, group_size: int | None = None, non_links: int = 20) -> "Protocol":
        """Return a protocol with its usual group size, or another; as published that is 1,000."""
        if name == "causal":
            return cls(group_size=group_size or cls().group_size, non_links=non_links)
        size = group_size or AS_PUBLISHED_GROUP_SIZE
        return cls(name, group_size=size, training_group_size=size, non_links=non_links)


class Walk(TrainingStream):
    """A network on its way: what a model is asked in training, validation and test, and what it then observes.

    Without `features` the queries carry none, for models that use none.
    """

    def __init__(
        self,
        split: Split,
        task: SignedTask,
        protocol: Protocol = Protocol(),
        *,
        seed: int = 0,
        features: bool = True,
    ) -> None:
        refuse_what_cannot_be_learned(split, task)
        self.split = split
        self.task: SignedTask = task
        self.protocol = protocol
        self._leaks = protocol.name == "as-published"
        self._asks_existence = task in ("existence", "signed-existence")
        self._kinds: tuple[NegativeKind, ...] = NEGATIVE_KINDS if task == "existence" else ("uniform",)
        self.n_users = split.events.n_users * (2 if self._leaks and self._asks_existence else 1)
        self._kept: dict[tuple[str, bool, int], list[Group]] = {}
        self._seen = split.transductive().astype(np.int8) + ~split.inductive()
        self.validation_asked = self._asked(
            slice(split.train_end, split.validation_end),
            self._kinds,
            protocol.validation_non_links if task == "existence" else 1,
        )
        self.test_asked = self._asked(
            slice(split.validation_end, len(split.events)),
            self._kinds,
            protocol.non_links if task == "existence" else 1,
        )
        self._seed, self._with_features = seed, features
        self._training_group_size = protocol.training_group_size
        self.n_features = len(HISTORY_FEATURES) if features else 0

    def for_model(self, seed: int, *, features: bool, training_group_size: int | None = None) -> "Walk":
        """Return the same way as one model and seed goes it; validation and test are the same for all.

        Other seeds have other non-links in training. What is looked up for one is shared with the others.
        """
        other = copy(self)
        other._seed, other._with_features = seed, features
        own = None if self._leaks else training_group_size  # as published, all go in the same groups
        other._training_group_size = own or self.protocol.training_group_size
        other.n_features = len(HISTORY_FEATURES) if features else 0
        return other

    def train(self, epoch: int) -> list[Group]:
        """Return the groups of the training part, in time order; non-links are drawn anew for each epoch.

        A group may ask nothing (at the start nobody has been seen) or hold no events (as published).
        """
        part = slice(0, self.split.train_end)
        size = self._training_group_size
        if not self._asks_existence:
            return self._keep("train", lambda: self._asked(part, (), 0), part, size)
        asked = self._asked(part, ("uniform",), 1, seed=1 + self._seed, index=epoch)
        return list(self._groups(asked, part, size))

    def validation(self) -> list[Group]:
        """Return the groups of the validation part, in time order; non-links are the same at every call."""
        part = slice(self.split.train_end, self.split.validation_end)
        return self._keep("validation", lambda: self.validation_asked, part, self.protocol.group_size)

    def test(self) -> Iterable[Group]:
        """Return the groups of the test part, in time order; non-links are the same at every call."""
        part = slice(self.split.validation_end, len(self.split.events))
        if len(self.test_asked) > MOST_KEPT:
            return self._groups(self.test_asked, part, self.protocol.group_size)
        return self._keep("test", lambda: self.test_asked, part, self.protocol.group_size)

    def training_events(self) -> Iterator[Events]:
        """Yield the events of the training part in groups, for a model that only observes them."""
        train = self.split.train
        borders = train.groups(self._training_group_size)
        for start, end in pairwise(borders):
            yield train[int(start) : int(end)]

    def validation_score(self, scores: NDArray[np.float64]) -> float:
        """Return the number to choose by, higher is better, of the scores of all validation queries in order."""
        return validation_score(self.task, self.validation_asked.with_scores(scores))

    def _keep(self, name: str, asked: Callable[[], Scored], part: slice, size: int) -> list[Group]:
        key = (name, self._with_features, size)
        if key not in self._kept:
            self._kept[key] = list(self._groups(asked(), part, size))
        return self._kept[key]

    def _asked(
        self, part: slice, kinds: tuple[NegativeKind, ...], k: int, *, seed: int = 0, index: int = 0
    ) -> Scored:
        """Return the queries of a part of the events, without scores; seed 0 is validation's and test's."""
        events = self.split.events
        event = np.arange(part.start, part.stop)
        kind = np.zeros(len(event), dtype=np.int8)
        source, target = events.source[part], events.target[part]
        if self._asks_existence:
            negatives = Negatives(events, self.protocol.seed if seed == 0 else (self.protocol.seed, seed))
            if not self._leaks:
                seen = negatives.seen(event)
                event, kind, source, target = event[seen], kind[seen], source[seen], target[seen]
            columns = [(event, kind, source, target)]
            for name in kinds:
                columns.append(self._non_links(negatives, columns[0][0], name, k, index))
            event, kind, source, target = (np.concatenate(c) for c in zip(*columns, strict=True))
            order = np.argsort(event, kind="stable")
            event, kind, source, target = event[order], kind[order], source[order], target[order]
        return Scored(
            event,
            kind,
            source,
            target,
            events.time[event],
            self._labels(event, kind),
            self._seen[event],
            events.source[event],
            events.target[event],
            np.zeros(len(event)),
        )

    def _non_links(
        self, negatives: Negatives, event: Ints, kind: NegativeKind, k: int, index: int
    ) -> tuple[Ints, NDArray[np.int8], Ints, Ints]:
        if self._leaks and kind == "uniform":
            drawn = negatives.draw_as_published(event, k, index)
        else:
            drawn = negatives.draw(kind, event, k, index)
        there = drawn.source >= 0
        number = np.full(there.sum(), KINDS.index(kind), dtype=np.int8)
        return np.repeat(event, there.sum(axis=1)), number, drawn.source[there], drawn.target[there]

    def _labels(self, event: Ints, kind: NDArray[np.int8]) -> NDArray[np.float64]:
        weight = self.split.events.weight[event]
        if self.task == "weight":
            return weight
        if self.task == "sign":
            return (weight > 0).astype(float)
        if self.task == "existence":
            return (kind == 0).astype(float)
        return np.where(kind > 0, CLASSES.index("none"), np.where(weight > 0, 2.0, 0.0)).astype(float)

    def _groups(self, asked: Scored, part: slice, size: int) -> Iterator[Group]:
        """Yield what is asked and then observed; as published, each group's events come before its queries."""
        events = self.split.events[part]
        borders = events.groups(size)
        rows = np.searchsorted(asked.event, borders + part.start)
        groups = [events[int(a) : int(b)] for a, b in pairwise(borders)]
        if self._leaks:
            groups, rows = [*groups, events[len(events) :]], np.append(0, rows)
        history, held = History(), 0  # and how many events of the network it holds
        block, features = range(0), np.zeros((0, self.n_features), dtype=np.float32)
        for group, start, end in zip(groups, rows[:-1], rows[1:], strict=True):
            if end > block.stop:
                block = range(
                    start,
                    int(rows[np.searchsorted(rows, start + BLOCK)]) if start + BLOCK < rows[-1] else rows[-1],
                )
                features, held = self._features(asked[block.start : block.stop], history, held)
            queries = Queries(
                asked.source[start:end].copy(),  # can be written to, as torch wants it
                asked.target[start:end].copy(),
                asked.time[start:end].copy(),
                features[start - block.start : end - block.start] if self._with_features else None,
            )
            yield Group(queries, asked.label[start:end], group)

    def _features(self, asked: Scored, history: History, held: int) -> tuple[NDArray[np.float32], int]:
        """Return the features of what is asked, and how many events of the network the history then holds."""
        if not self._with_features:
            return np.zeros((len(asked), 0), dtype=np.float32), held
        events = self.split.events
        now = int(np.searchsorted(events.time, asked.time[-1])) if len(asked) else held
        found = features_along(history, events[held:now], asked.source, asked.target, asked.time)
        return found, now


def refuse_what_cannot_be_learned(split: Split, task: SignedTask) -> None:
    """Raise a `UserError` for a task that training holds no two answers to."""
    sign, asks_existence = split.train.sign, task in ("existence", "signed-existence")
    if task in ("sign", "signed-existence") and (sign == sign[0]).all():
        kind = "positive" if sign[0] > 0 else "negative"
        raise UserError(
            f"the task {task}",
            f"only {kind} events in the training part",
            "events of both signs",
            "Choose another task: --task existence.",
        )
    if asks_existence and split.events.n_users < 3:
        raise UserError(
            f"the task {task}",
            f"{split.events.n_users} users",
            "three at least, so that there is a pair that does not happen",
            "Choose another task: --task sign.",
        )
    if asks_existence and not Negatives(split.events, 0).seen(np.arange(split.train_end)).any():
        raise UserError(
            f"the task {task}",
            "no training event between two users who had been seen before",
            "users who take part more than once",
            "Give a longer record of the network, or choose --task sign.",
        )
    if task == "weight" and np.ptp(split.train.weight) == 0:
        raise UserError(
            "the task weight",
            "one weight in the training part",
            "several",
            "Choose another task: --task sign.",
        )
