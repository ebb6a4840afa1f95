from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from tests.signed.made_networks import changed_after, noise

from apportion.errors import UserError
from apportion.signed.events import Events
from apportion.signed.learned import Learned
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.scorer import Queries, SignedTask
from apportion.signed.semba import SembaSettings, as_published, semba_pure, tgn, without
from apportion.signed.splits import Split

SMALL = SembaSettings(
    boosting=False,
    dim=8,
    time_dim=4,
    hidden=8,
    members=2,
    bins=3,
    neighbours=4,
    common_size=3,
    heads=2,
    epochs=2,
    learning_rate=0.01,
)
PROTOCOL = Protocol(group_size=20, training_group_size=40, non_links=2, validation_non_links=1)
TASKS: tuple[SignedTask, ...] = ("existence", "sign", "signed-existence", "weight")


def small(settings: SembaSettings) -> SembaSettings:
    names = ("dim", "time_dim", "hidden", "bins", "neighbours", "common_size", "epochs")
    return replace(settings, heads=2, **{name: getattr(SMALL, name) for name in names})


def walk(task: SignedTask = "sign", seed: int = 0, features: bool = True) -> Walk:
    return Walk(Split.by_quantiles(noise(25, 500, seed)), task, PROTOCOL, features=features)


def fitted(settings: SembaSettings = SMALL, task: SignedTask = "sign", seed: int = 0) -> tuple[Learned, Walk]:
    stream = walk(task, features=settings.features)
    model = Learned(settings, task, stream.n_users, stream.n_features)
    model.fit(stream, seed)
    return model, stream


@pytest.fixture(scope="module")
def trained() -> tuple[Learned, Walk]:
    return fitted()


def asked(events: Events, features: bool = True, width: int | None = None) -> Queries:
    from apportion.signed.history import features_of

    found = features_of(events, events.source, events.target, events.time) if features else None
    return Queries(events.source, events.target, events.time, found)


def scored(model: Learned, events: Events, size: int = 20) -> np.ndarray:
    """Return the scores of all events, each group predicted and then observed."""
    queries = asked(events, model.uses_features)
    out = []
    model.reset()
    borders = events.groups(size)
    for start, end in pairwise(borders):
        out.append(model.score(part(queries, slice(int(start), int(end)))))
        model.observe(events[int(start) : int(end)])
    return np.concatenate(out)


def part(queries: Queries, rows: slice) -> Queries:
    features = None if queries.features is None else queries.features[rows]
    return Queries(queries.source[rows], queries.target[rows], queries.time[rows], features)


def same_state(a: Learned, b: Learned) -> bool:
    return all(
        np.array_equal(x, b.state()[name], equal_nan=x.dtype.kind == "f") for name, x in a.state().items()
    )


@pytest.mark.parametrize("task", TASKS)
def test_every_task_trains_and_scores(task):
    model, stream = fitted(task=task)
    scores = np.concatenate([model.score(g.queries) for g in stream.validation()])
    n = sum(len(g.queries) for g in stream.validation())
    assert scores.shape == ((n, 3) if task == "signed-existence" else (n,))
    assert np.isfinite(scores).all()
    assert np.ptp(scores, axis=0).min() > 0
    if task != "weight":
        assert scores.min() >= 0
        assert scores.max() <= 1
    if task == "signed-existence":
        np.testing.assert_allclose(scores.sum(1), 1)


def test_weights_come_out_in_their_own_unit():
    model, stream = fitted(task="weight")
    labels = np.concatenate([g.labels for g in stream.train(0)])
    scores = np.concatenate([model.score(g.queries) for g in stream.validation()])
    assert abs(scores.mean() - labels.mean()) < 2
    assert labels.std() > 3


@pytest.mark.parametrize("settings", [semba_pure(), tgn(), as_published()], ids=["pure", "tgn", "published"])
def test_presets_train_without_features(settings):
    model, stream = fitted(small(settings))
    assert not model.uses_features
    assert np.isfinite(model.score(stream.validation()[0].queries)).all()


@pytest.mark.parametrize("part", ["memory", "propagation", "balance", "common", "features", "signs"])
def test_each_part_can_be_left_out_and_makes_a_difference(part, trained):
    model, _ = fitted(without(SMALL, part))
    queries = asked(noise(25, 60, 5), model.uses_features)
    model.reset()
    trained[0].reset()
    assert not np.allclose(model.score(queries), trained[0].score(asked(noise(25, 60, 5))))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(trained):
    again, _ = fitted()
    other, _ = fitted(seed=1)
    events = noise(25, 80, 7)
    assert np.array_equal(scored(again, events), scored(trained[0], events))
    assert not np.array_equal(scored(other, events), scored(trained[0], events))


@pytest.mark.parametrize(
    "settings",
    [SMALL, replace(SMALL, boosting=True), small(as_published()), small(tgn())],
    ids=["semba", "with forests", "published", "tgn"],
)
def test_changing_every_event_after_a_time_leaves_scores_up_to_it_as_they_are(settings):
    model, _ = fitted(replace(settings, epochs=1))
    events = noise(25, 300, 3)
    for last in (10, 97, 151, 230):  # within groups, not at their borders
        until = events.time <= events.time[last]
        plain, other = scored(model, events), scored(model, changed_after(events, last))
        assert np.array_equal(plain[until], other[until])
        assert not np.array_equal(plain[~until], other[~until])


@pytest.mark.parametrize(
    "settings",
    [SembaSettings(), SembaSettings(members=1, boosting=False), as_published()],
    ids=["semba", "one member", "published"],
)
def test_a_score_does_not_depend_on_what_else_is_asked(settings):
    model, _ = fitted(replace(settings, epochs=1))  # narrower networks round by where a row lies in memory
    queries = asked(noise(25, 60, 9), model.uses_features)
    together = model.score(queries)
    for size in (1, 2, 3, 5, 13):
        pieces = [model.score(part(queries, slice(i, i + size))) for i in range(0, 60, size)]
        assert np.array_equal(np.concatenate(pieces), together)
    assert model.score(part(queries, slice(0, 0))).shape == (0,)
    users = np.arange(25)
    assert np.array_equal(
        np.concatenate([model.embeddings(users[i : i + 3]) for i in range(0, 25, 3)]), model.embeddings(users)
    )


def test_nor_when_hardly_anything_has_been_observed():
    """With few events known, the products inside have few rows, and such products round otherwise."""
    model, _ = fitted(replace(semba_pure(), epochs=1))
    events = noise(25, 60, 9)
    queries = asked(events, features=False)
    model.reset()
    for start, end in pairwise((0, 0, 1, 2, 5, 12, 20)):
        model.observe(events[start:end])
        together = model.score(queries)
        for size in (1, 3, 13):
            pieces = [model.score(part(queries, slice(i, i + size))) for i in range(0, 60, size)]
            assert np.array_equal(np.concatenate(pieces), together)


def test_a_querys_own_time_counts_through_its_features_alone(trained):
    queries = asked(noise(25, 60, 9))
    later = replace(queries, time=queries.time + 1e9)
    assert np.array_equal(trained[0].score(later), trained[0].score(queries))


def test_scoring_changes_nothing(trained):
    model, stream = trained
    before = {name: x.copy() for name, x in model.state().items()}
    first, second = (model.score(stream.validation()[0].queries) for _ in range(2))
    assert np.array_equal(first, second)
    for name, x in model.state().items():
        np.testing.assert_array_equal(x, before[name])


def test_after_fit_the_state_stands_just_after_the_last_validation_event():
    model, stream = fitted()
    other, _ = fitted()
    other.reset()
    for group in [*stream.train(0), *stream.validation()]:
        other.observe(group.events)
    assert same_state(model, other)
    other.observe(next(iter(stream.test())).events)
    assert not same_state(model, other)


@pytest.mark.parametrize("settings", [SMALL, small(semba_pure())], ids=["semba", "pure"])
def test_the_past_of_a_neighbour_changes_the_score_of_a_user(settings):
    """0 and 1 have met; what 1 then has with 2 must reach the scores of 0, which took no part in it."""
    model, _ = fitted(replace(settings, common=False, epochs=1))
    users = np.array([str(i) for i in range(25)])

    def events(*rows):
        source, target, time, weight = np.array(rows, dtype=float).T
        return Events(source.astype(int), target.astype(int), time, weight, users)

    def score_of_0(last_weight):
        model.reset()
        model.observe(events((0, 1, 100, 1)))
        if last_weight:
            model.observe(events((1, 2, 200, last_weight)))
        features = np.zeros((1, model.n_features), dtype=np.float32) if model.uses_features else None
        return model.score(Queries(np.array([0]), np.array([5]), np.array([300.0]), features))[0]

    assert len({score_of_0(w) for w in (0, 3, -3)}) == 3


def test_users_unknown_at_fit_are_scored_and_observed(trained):
    model, _ = trained
    model.reset()
    model.observe(noise(25, 40, 1))
    top = 3000
    features = np.zeros((2, model.n_features), dtype=np.float32)
    queries = Queries(np.array([top, 0]), np.array([1, top + 1]), np.full(2, 1e6), features)
    first = model.score(queries)
    model.observe(
        Events(np.array([top]), np.array([1]), np.array([1e6]), np.array([-1.0]), np.array([], dtype=str))
    )
    second = model.score(replace(queries, time=queries.time + 1))
    assert np.isfinite(first).all()
    assert not np.array_equal(first, second)


def test_the_epoch_that_validation_likes_best_is_kept():
    class Told(Walk):
        told = (0.1, 0.9, 0.3, 0.2, 0.95)
        calls = 0

        def validation_score(self, scores):
            self.calls += 1
            self.seen = [*getattr(self, "seen", []), scores]
            return self.told[self.calls - 1]

    stream = Told(Split.by_quantiles(noise(25, 500, 0)), "sign", PROTOCOL)
    model = Learned(replace(SMALL, epochs=5, patience=2), "sign", stream.n_users, stream.n_features)
    model.fit(stream, 0)
    assert stream.calls == 4  # two epochs without improvement end it
    assert [epoch["validation"] for epoch in model.epochs] == [0.1, 0.9, 0.3, 0.2]
    scores = model._walk(stream.train(0), stream.validation())
    assert np.array_equal(scores, stream.seen[1])
    assert not np.array_equal(scores, stream.seen[2])


def test_no_state_grows_from_epoch_to_epoch():
    sizes = []
    for epochs in (1, 3):
        model, _ = fitted(replace(SMALL, epochs=epochs, patience=9))
        sizes.append(sum(x.nbytes for x in model.state().values()))
        assert model._fresh is None
        assert not any(x.requires_grad for x in (model.table.positive, model.table.negative))
    assert sizes[0] == sizes[1]


def test_the_memories_are_trained_through_the_last_group():
    model, stream = fitted(replace(SMALL, features=False, epochs=1))
    model.network.train()
    model.reset()
    first, second = stream.train(0)[:2]
    model.observe(first.events)
    model.network.zero_grad()
    model.answers(replace(second.queries, features=None)).sum().backward()
    gradient = model.network.memory.to_positive.weight_ih.grad
    assert gradient is not None
    assert bool(gradient.abs().sum() > 0)


def test_progress_runs_from_0_to_1():
    stream = walk()
    told = []
    Learned(replace(SMALL, epochs=1), "sign", stream.n_users, stream.n_features).fit(
        stream, 0, lambda what, share: told.append((what, share))
    )
    shares = [share for _, share in told]
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)


def test_the_weights_do_not_depend_on_torchs_own_stream_of_draws():
    before = torch.random.get_rng_state()
    fitted(replace(SMALL, epochs=1))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_loss_that_is_no_finite_number_ends_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Learned, "learn", lambda *_: float("nan"))
    with pytest.raises(UserError, match="training: found a loss that is no finite number in epoch 1"):
        fitted(replace(SMALL, epochs=1))
