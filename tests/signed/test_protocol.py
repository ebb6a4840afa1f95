from dataclasses import replace

import numpy as np
import pytest
from tests.signed.made_networks import noise
from threadpoolctl import threadpool_info, threadpool_limits

from apportion.errors import UserError
from apportion.signed.evaluation import evaluate
from apportion.signed.events import Events
from apportion.signed.history import features_of
from apportion.signed.positive import AlwaysPositive
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.reputation import Reputation
from apportion.signed.scorer import Queries, Scorer
from apportion.signed.splits import Split
from apportion.signed.trees import BoostedTrees, TreesSettings

EVENTS = noise(25, 900, 0, instants=300)
SPLIT = Split.by_quantiles(EVENTS)
TASKS = ["existence", "sign", "signed-existence", "weight"]
SMALL = Protocol(group_size=20, training_group_size=50, non_links=3, validation_non_links=2)


class Diary(Scorer):
    """Writes down what it is asked and shown, in order; answers with the number of events seen of the pair."""

    uses_features = True

    def __init__(self, task):
        self.task = task
        self.lines = []
        self.pairs = {}

    def fit(self, stream, seed, progress=None):
        pass

    def reset(self):
        self.lines, self.pairs = [], {}

    def score(self, queries: Queries):
        self.lines.append(("asked", queries))
        found = [float(self.pairs.get(p, 0)) for p in zip(queries.source, queries.target, strict=True)]
        return np.array(found)[:, None] * np.ones(3) if self.task == "signed-existence" else np.array(found)

    def observe(self, events: Events):
        self.lines.append(("shown", events))
        for pair in zip(events.source, events.target, strict=True):
            self.pairs[pair] = self.pairs.get(pair, 0) + 1


@pytest.mark.parametrize("task", TASKS)
def test_every_event_is_shown_once_and_asked_before(task):
    diary = Diary(task)
    evaluate(diary, Walk(SPLIT, task, SMALL))
    latest = -np.inf
    shown = []
    for what, content in diary.lines:
        if what == "asked":
            assert content.time.min() > latest
        else:
            assert content.time[0] > latest  # equal times are in one group
            latest = content.time[-1]
            shown.append(content.weight)
    assert np.array_equal(np.concatenate(shown), EVENTS.weight)


@pytest.mark.parametrize("task", TASKS)
def test_as_published_every_event_is_shown_before_it_is_asked(task):
    diary = Diary(task)
    evaluate(diary, Walk(SPLIT, task, replace(SMALL, name="as-published")))
    latest, asked, shown = -np.inf, 0, []
    for what, content in diary.lines:
        if what == "asked":
            assert content.time.max() <= latest
            asked += 1
        else:
            latest = content.time[-1]
            shown.append(content.weight)
    assert asked > 5
    assert np.array_equal(np.concatenate(shown), EVENTS.weight)


@pytest.mark.parametrize("protocol", ["causal", "as-published"])
@pytest.mark.parametrize("task", TASKS)
def test_training_asks_in_the_order_that_evaluation_does(protocol, task):
    walk = Walk(SPLIT, task, replace(SMALL, name=protocol))
    for groups, part in (
        (walk.train(0), SPLIT.train),
        (walk.validation(), SPLIT.validation),
        (walk.test(), SPLIT.test),
    ):
        latest, weights = -np.inf, []
        for group in groups:
            assert len(group.queries) == len(group.labels)
            if len(group.queries):
                late = group.queries.time <= latest
                assert late.all() if protocol == "as-published" else not late.any()
            if len(group.events):
                latest = group.events.time[-1]
                weights.append(group.events.weight)
        assert np.array_equal(np.concatenate(weights), part.weight)


def test_labels():
    for task, expected in (("sign", EVENTS.weight > 0), ("weight", EVENTS.weight)):
        labels = np.concatenate([group.labels for group in Walk(SPLIT, task, SMALL).train(0)])
        assert np.array_equal(labels, expected[: SPLIT.train_end])
    asked = Walk(SPLIT, "signed-existence", SMALL).test_asked
    assert (
        asked.label[asked.kind == 0] == np.where(EVENTS.weight[asked.event] > 0, 2, 0)[asked.kind == 0]
    ).all()
    assert (asked.label[asked.kind > 0] == 1).all()
    asked = Walk(SPLIT, "existence", SMALL).test_asked
    assert np.array_equal(asked.label, asked.kind == 0)
    assert (np.bincount(asked.kind)[1:] == 3 * (asked.kind == 0).sum()).all()


def test_features_are_those_of_the_queries_from_strictly_earlier_times():
    walk = Walk(SPLIT, "existence", SMALL)
    for group in [*walk.train(0), *walk.validation(), *walk.test()]:
        q = group.queries
        assert np.array_equal(q.features, features_of(EVENTS, q.source, q.target, q.time))
    assert all(group.queries.features is None for group in walk.for_model(0, features=False).test())


def test_epochs_and_seeds_have_their_own_non_links_and_validation_has_one():
    walk = Walk(SPLIT, "existence", SMALL)

    def ends(groups):
        return np.concatenate([group.queries.target for group in groups])

    other = walk.for_model(1, features=True)
    assert np.array_equal(ends(walk.train(0)), ends(walk.train(0)))
    assert not np.array_equal(ends(walk.train(0)), ends(walk.train(1)))
    assert not np.array_equal(ends(walk.train(0)), ends(other.train(0)))
    assert np.array_equal(ends(walk.validation()), ends(other.validation()))
    assert np.array_equal(ends(walk.test()), ends(other.test()))


def test_training_groups_may_have_another_size():
    walk = Walk(SPLIT, "sign", SMALL)
    assert len(walk.for_model(0, features=True, training_group_size=100).train(0)) < len(walk.train(0))


def small_trees(task):
    return BoostedTrees(task, trials=(TreesSettings(max_leaf_nodes=4, max_iter=50),))


@pytest.mark.parametrize("make", [Reputation, AlwaysPositive, small_trees, Diary])
@pytest.mark.parametrize("task", TASKS)
def test_changing_the_future_moves_no_score_up_to_then(make, task):
    """A fitted model, the split times fixed; every event after T is another one."""
    if make is Reputation and task not in ("sign", "weight"):
        return
    first, second = EVENTS.time[SPLIT.train_end - 1], EVENTS.time[SPLIT.validation_end - 1]
    until = EVENTS.time[860]
    kept = int(np.searchsorted(EVENTS.time, until, side="right"))
    rest = noise(25, 50, 5)
    changed = Events(
        np.concatenate([EVENTS.source[:kept], rest.source]),
        np.concatenate([EVENTS.target[:kept], rest.target]),
        np.concatenate([EVENTS.time[:kept], until + 1 + rest.time]),
        np.concatenate([EVENTS.weight[:kept], rest.weight]),
        EVENTS.users,
    )
    walk = Walk(SPLIT, task, SMALL)
    scorer = make(task)
    scorer.fit(walk, 0)
    before = evaluate(scorer, walk).test
    after = evaluate(scorer, Walk(Split.at_times(changed, first, second), task, SMALL)).test
    n = int((before.event < kept).sum())
    assert n > 50
    for name in ("event", "source", "target", "label", "score"):
        assert getattr(before, name)[:n].tobytes() == getattr(after, name)[:n].tobytes(), name


def test_parts_are_subsets_of_one_pass():
    """The state that scores a transductive event has not seen it: the same as in the overall test."""
    events = noise(1500, 900, 3)
    found = evaluate(Diary("sign"), Walk(Split.by_quantiles(events), "sign", SMALL))
    trained = Split.by_quantiles(events).seen_in_training()
    for part, ends in ((found.test.transductive(), 2), (found.test.inductive(), 0)):
        assert len(part) > 0
        assert (trained[part.source].astype(int) + trained[part.target] == ends).all()


def test_a_test_part_that_asks_nothing_has_scores_of_the_right_shape():
    """All its ends are new, and existence is not asked of those."""
    old, new = noise(25, 400, 0), np.arange(100, 240)
    last = old.time[-1]
    events = Events.of(
        np.append(old.source, new[::2]),
        np.append(old.target, new[1::2]),
        np.append(old.time, last + 1 + np.arange(70)),
        np.append(old.weight, np.ones(70)),
    )
    walk = Walk(Split.at_times(events, old.time[300], last), "signed-existence", SMALL)
    model = AlwaysPositive("signed-existence")
    model.fit(walk, 0)
    assert evaluate(model, walk).test.score.shape == (0, 3)


def test_evaluation_takes_one_thread():
    class Threads(AlwaysPositive):
        def score(self, queries):
            self.seen = {pool["num_threads"] for pool in threadpool_info()}
            return super().score(queries)

    walk = Walk(SPLIT, "sign", SMALL)
    model = Threads("sign")
    model.fit(walk, 0)
    with threadpool_limits(2):
        evaluate(model, walk)
    assert model.seen == {1}


def test_what_cannot_be_learned_is_refused():
    positive = Events(EVENTS.source, EVENTS.target, EVENTS.time, np.ones(len(EVENTS)), EVENTS.users)
    split = Split.by_quantiles(positive)
    for task in ("sign", "signed-existence"):
        with pytest.raises(UserError, match="only positive events"):
            Walk(split, task)
    with pytest.raises(UserError, match="one weight"):
        Walk(split, "weight")
    assert len(Walk(split, "existence").test_asked)
    with pytest.raises(UserError, match="2 users"):
        Walk(Split.by_quantiles(noise(2, 100, 0)), "existence")
    once = noise(500, 30, 0)
    with pytest.raises(UserError, match="no training event between two users who had been seen before"):
        Walk(Split.by_quantiles(once), "existence")
    assert len(Walk(Split.by_quantiles(once), "sign").test_asked)


def test_a_protocol_of_no_events_is_refused():
    for name in ("group_size", "training_group_size", "non_links", "validation_non_links"):
        with pytest.raises(UserError, match=f"a {name} of 0; expected 1 at least"):
            Protocol(**{name: 0})  # type: ignore[arg-type]
