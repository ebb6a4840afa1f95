"""Noise in, chance out: on structureless events no model may do better than a coin, unless the protocol leaks."""

from dataclasses import replace
from math import sqrt

import pytest
from tests.signed.made_networks import noise

from apportion.signed.evaluation import Evaluation, evaluate
from apportion.signed.gcn import Gcn
from apportion.signed.graph_so_far import GraphSettings
from apportion.signed.learned import Learned
from apportion.signed.positive import AlwaysPositive
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.reputation import Reputation
from apportion.signed.semba import SembaSettings, as_published, semba_pure, tgn
from apportion.signed.sgcn import Sgcn
from apportion.signed.splits import Split
from apportion.signed.trees import BoostedTrees, TreesSettings

QUICK = SembaSettings(
    dim=16, time_dim=8, hidden=16, heads=2, members=2, neighbours=5, epochs=3, learning_rate=5e-3
)
QUICK_GRAPH = GraphSettings(dim=16, epochs=4, learning_rate=0.01)
QUICK_PRESETS = {
    name: replace(
        settings, dim=16, time_dim=8, hidden=16, heads=2, neighbours=5, epochs=2, learning_rate=5e-3
    )
    for name, settings in (
        ("tgn", tgn()),
        ("semba-pure", semba_pure()),
        ("semba-as-published", as_published()),
    )
}
MODELS = {
    "positive": lambda walk: AlwaysPositive(walk.task),
    "reputation": lambda walk: Reputation(walk.task),
    "trees": lambda walk: BoostedTrees(walk.task, trials=(TreesSettings(max_leaf_nodes=4, max_iter=50),)),
    "gcn": lambda walk: Gcn(walk.task, walk.n_users, QUICK_GRAPH),
    "sgcn": lambda walk: Sgcn(walk.task, walk.n_users, QUICK_GRAPH),
    "semba": lambda walk: Learned(QUICK, walk.task, walk.n_users, walk.n_features),
    **{
        name: lambda walk, settings=settings: Learned(settings, walk.task, walk.n_users, walk.n_features)
        for name, settings in QUICK_PRESETS.items()
    },
}


@pytest.fixture(scope="module", params=[True, False], ids=["all seen", "sparse"])
def split(request):
    """Users who all have events before the test, or many of whom have none."""
    return Split.by_quantiles(noise(60 if request.param else 1500, 3000, 1))


def walked(name: str, split: Split, task: str, protocol: Protocol) -> Evaluation:
    walk = Walk(split, task, protocol)
    scorer = MODELS[name](walk)
    scorer.fit(walk, 0)
    return evaluate(scorer, walk)


def standard_error(positives: int, others: int) -> float:
    """Return the standard error of AUROC at chance (Hanley, McNeil 1982)."""
    return sqrt((positives + others + 1) / (12 * positives * others))


@pytest.mark.parametrize("name", MODELS)
def test_sign_of_noise_is_a_coin(name, split):
    found = walked(name, split, "sign", Protocol())
    negatives = int((found.test.label == 0).sum())
    error = standard_error(negatives, len(found.test) - negatives)
    assert found.metrics()["auroc"] == pytest.approx(0.5, abs=3 * error)


@pytest.mark.parametrize("name", ["positive", "trees", "gcn", "sgcn", "semba", "tgn"])
def test_existence_in_noise_is_a_coin(name, split):
    found = walked(name, split, "existence", Protocol(non_links=3))
    events = int((found.test.kind == 0).sum())
    assert events > 100
    assert found.metrics()["auroc"] == pytest.approx(0.5, abs=3 * standard_error(events, 3 * events))


@pytest.mark.parametrize("name", ["trees", "gcn", "semba"])
def test_as_published_the_same_noise_looks_predictable(name, split):
    found = walked(name, split, "existence", Protocol.named("as-published", group_size=200, non_links=3))
    events = int((found.test.kind == 0).sum())
    assert found.metrics()["auroc"] > 0.5 + 10 * standard_error(events, 3 * events)
