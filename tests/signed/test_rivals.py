from itertools import pairwise

import numpy as np
import pytest
import torch
from tests.signed.made_networks import changed_after, network, noise

from apportion.signed.evaluation import evaluate
from apportion.signed.gcn import Gcn, GcnEmbedder
from apportion.signed.graph_so_far import Graph, GraphSettings
from apportion.signed.history import HISTORY_FEATURES, features_of
from apportion.signed.positive import AlwaysPositive
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.readers import read_events
from apportion.signed.reputation import Reputation
from apportion.signed.scorer import Queries
from apportion.signed.sgcn import Sgcn, SgcnEmbedder
from apportion.signed.splits import Split
from apportion.signed.trees import BoostedTrees, TreesSettings

TASKS = ["existence", "sign", "signed-existence", "weight"]
SMALL = GraphSettings(dim=8, own_dim=4, epochs=2)
EVENTS = noise(20, 400, 0)


def harsh(n_users: int = 40, n: int = 2000, seed: int = 0):
    """Return events in which the sign is the rater's or the ratee's way: a third of users are bad, as both."""
    draw = np.random.default_rng(seed)
    source = draw.integers(0, n_users, n)
    target = (source + draw.integers(1, n_users, n)) % n_users
    bad = np.arange(n_users) % 3 == 0
    negative = draw.random(n) < 0.05 + 0.45 * bad[source] + 0.45 * bad[target]
    return network(
        [
            (u, v, float(i), -2.0 if x else 3.0)
            for i, (u, v, x) in enumerate(zip(source, target, negative, strict=True))
        ]
    )


def test_reputation_is_its_formula():
    walk = Walk(Split.by_quantiles(EVENTS), "sign")
    scorer = Reputation("sign")
    scorer.fit(walk, 0)
    test = evaluate(scorer, walk).test
    for i in range(0, len(test), 7):
        before = EVENTS.time < test.time[i]
        gave, got = EVENTS.source[before] == test.source[i], EVENTS.target[before] == test.target[i]
        rates = [((EVENTS.weight[before][x] > 0).sum() + 9) / (x.sum() + 10) for x in (gave, got)]
        assert test.score[i] == pytest.approx(sum(rates) / 2, abs=1e-6)


def test_reputation_is_the_same_whatever_the_groups():
    split = Split.by_quantiles(EVENTS)
    scores = []
    for size in (1, 60):
        walk = Walk(split, "sign", Protocol(group_size=size))
        scores.append(evaluate(Reputation("sign"), walk).test.score)
    assert np.array_equal(*scores)


def test_reputation_rescaled_to_weights_is_the_least_squares_line():
    walk = Walk(Split.by_quantiles(harsh()), "weight")
    scorer = Reputation("weight")
    scorer.fit(walk, 0)
    queries = [group.queries for group in walk.train(0)]
    x = np.concatenate([Reputation("sign").score(q) for q in queries])
    y = np.concatenate([group.labels for group in walk.train(0)])
    slope, intercept = np.polyfit(x, y, 1)
    assert np.concatenate([scorer.score(q) for q in queries]) == pytest.approx(slope * x + intercept)
    with pytest.raises(ValueError, match="no answer on existence"):
        Reputation("existence")


@pytest.mark.parametrize("task", TASKS)
def test_always_positive_gives_one_answer(task):
    walk = Walk(Split.by_quantiles(EVENTS), task)
    scorer = AlwaysPositive(task)
    scorer.fit(walk, 0)
    found = evaluate(scorer, walk)
    assert len(np.unique(found.test.score, axis=0)) == 1
    if task == "sign":
        share = (found.test.label == 1).mean()
        assert found.metrics()["f1_positive"] == pytest.approx(2 * share / (1 + share))
        assert found.metrics()["f1_negative"] == 0


MAKERS = {
    "trees": lambda walk: BoostedTrees(walk.task, trials=(TreesSettings(max_leaf_nodes=4, max_iter=50),)),
    "gcn": lambda walk: Gcn(walk.task, walk.n_users, SMALL),
    "sgcn": lambda walk: Sgcn(walk.task, walk.n_users, SMALL),
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", MAKERS)
def test_the_same_seed_gives_the_same_scores_and_another_gives_others(name, task):
    walk = Walk(Split.by_quantiles(EVENTS), task, Protocol(non_links=2))
    found = []
    for seed in (0, 0, 1):
        own = walk.for_model(seed, features=True)
        scorer = MAKERS[name](own)
        scorer.fit(own, seed)
        found.append(evaluate(scorer, own).test.score)
    assert found[0].tobytes() == found[1].tobytes()
    assert found[0].tobytes() != found[2].tobytes()
    assert np.isfinite(found[0]).all()
    if task == "signed-existence":
        assert found[0].sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("name", MAKERS)
def test_who_is_bad_is_learned(name):
    walk = Walk(Split.by_quantiles(harsh()), "sign")
    scorer = (
        MAKERS[name](walk)
        if name == "trees"
        else {"gcn": Gcn, "sgcn": Sgcn}[name]("sign", walk.n_users, None)
    )
    scorer.fit(walk, 0)
    assert evaluate(scorer, walk).metrics()["auroc"] > 0.7


def test_trees_keep_the_best_trial_of_validation():
    walk = Walk(Split.by_quantiles(harsh()), "sign")
    slow = TreesSettings(max_leaf_nodes=2, learning_rate=1e-4, max_iter=50)
    trials = slow, TreesSettings(max_leaf_nodes=8, max_iter=50)
    alone = []
    for trial in trials:
        scorer = BoostedTrees("sign", trials=(trial,))
        scorer.fit(walk, 0)
        alone.append(scorer.validation_score)
    both = BoostedTrees("sign", trials=trials)
    both.fit(walk, 0)
    assert both.validation_score == max(alone)
    assert both.settings == trials[int(np.argmax(alone))]


def test_trees_of_one_class_answer_its_share():
    events = noise(20, 400, 0)
    walk = Walk(Split.by_quantiles(events), "sign")
    scorer = BoostedTrees("sign")

    class OneClass(Walk):
        def train(self, epoch):
            return [group for group in super().train(epoch) if (group.labels == 1).all()]

    only = OneClass(walk.split, "sign", Protocol(training_group_size=1))
    scorer.fit(only, 0)
    assert scorer.score(walk.validation()[0].queries) == pytest.approx(1)


def test_neighbours_means_are_those_of_the_signed_graph():
    graph = Graph(network([(0, 1, 1.0, 2), (2, 0, 2.0, -1), (0, 3, 3.0, 1), (0, 1, 4.0, 1)]), 5)
    x = torch.tensor([[1.0], [10], [100], [1000], [10000]])
    assert torch.sparse.mm(graph.positive, x)[:, 0].tolist() == pytest.approx([1020 / 3, 1, 0, 1, 0])
    assert torch.sparse.mm(graph.negative, x)[:, 0].tolist() == pytest.approx([100, 0, 1, 0, 0])
    assert torch.sparse.mm(graph.any, x)[:, 0].tolist() == pytest.approx([1120 / 4, 1, 1, 1, 0])
    assert torch.expm1(graph.counts)[0].tolist() == pytest.approx([3, 0, 0, 1])


def test_gcn_sees_no_sign_and_sgcn_does():
    rows = [(0, 1, 1.0, 2), (2, 0, 2.0, -1), (1, 3, 3.0, 1)]
    graph = Graph(network(rows), 4)
    flipped = Graph(network([(u, v, t, -w) for u, v, t, w in rows]), 4)
    gcn, sgcn = GcnEmbedder(4, SMALL).eval(), SgcnEmbedder(4, SMALL).eval()
    assert torch.equal(gcn(graph), gcn(flipped))
    assert not torch.allclose(sgcn(graph), sgcn(flipped))


def test_sgcn_friend_of_an_enemy_reaches_the_enemy_vector():
    """0 distrusts 1, 1 trusts 2: what is known of 2 reaches 0, two steps away, through the second layer."""
    sgcn = SgcnEmbedder(4, SMALL).eval()
    graph = Graph(network([(0, 1, 1.0, -1), (1, 2, 2.0, 1)], 4), 4)
    with torch.no_grad():
        before = sgcn(graph)[0].clone()
        sgcn.own.weight[2] = 1.0
        moved = (sgcn(graph)[0] - before).abs()
    half = sgcn.width // 2
    assert moved[half:].max() > 1e-5  # the enemy's friends are enemies
    assert moved[:half].max() < 1e-7


def test_the_graph_is_embedded_anew_as_it_grows():
    walk = Walk(Split.by_quantiles(noise(20, 600, 0)), "sign")
    scorer = Sgcn("sign", walk.n_users, SMALL)
    scorer.fit(walk, 0)
    scorer.reset()
    asked = walk.validation()[0].queries
    asked = Queries(asked.source, asked.target, asked.time)
    scorer.observe(walk.split.events[:100])
    first = scorer.score(asked)
    scorer.observe(walk.split.events[100:150])
    assert np.array_equal(scorer.score(asked), first)  # not yet
    scorer.observe(walk.split.events[150:200])
    assert not np.array_equal(scorer.score(asked), first)


@pytest.mark.parametrize(("make", "task"), [(Gcn, "existence"), (Sgcn, "sign")], ids=["gcn", "sgcn"])
def test_changing_every_event_after_a_time_leaves_scores_up_to_it_as_they_are(make, task):
    walk = Walk(Split.by_quantiles(EVENTS), task, Protocol())
    scorer = make(task, walk.n_users, SMALL)
    scorer.fit(walk, 0)

    def scores(events):
        scorer.reset()
        found = []
        for start, end in pairwise(events.groups(30).tolist()):
            part = events[start:end]
            found.append(scorer.score(Queries(part.source, part.target, part.time)))
            scorer.observe(part)
        return np.concatenate(found)

    for last in (97, 230, 301):  # within groups, not at their borders
        until = EVENTS.time <= EVENTS.time[last]
        plain, other = scores(EVENTS), scores(changed_after(EVENTS, last))
        assert np.array_equal(plain[until], other[until])
        assert not np.array_equal(plain[~until], other[~until])


def test_reputation_reads_the_columns_that_it_names():
    features = features_of(EVENTS, EVENTS.source, EVENTS.target, EVENTS.time)
    queries = Queries(EVENTS.source, EVENTS.target, EVENTS.time, features)
    place = [HISTORY_FEATURES.index(name) for name in ("u_gave_rate", "v_got_rate")]
    assert Reputation("sign").score(queries) == pytest.approx(features[:, place].mean(axis=1))
    with pytest.raises(ValueError, match="needs the history features"):
        Reputation("sign").score(Queries(EVENTS.source, EVENTS.target, EVENTS.time))


def test_reputation_on_bitcoin_otc_is_what_the_documents_say(data_folder):
    events = read_events(data_folder / "signed" / "soc-sign-bitcoinotc.csv").events
    walk = Walk(Split.by_quantiles(events), "sign")
    found = evaluate(Reputation("sign"), walk).metrics()
    assert (round(found["auroc"], 3), round(found["ap_negative"], 3)) == (0.852, 0.566)
