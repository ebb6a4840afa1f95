import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.signed.test_rivals import harsh

from apportion.errors import UserError
from apportion.signed import live_artefact, models
from apportion.signed.evaluation import evaluate
from apportion.signed.events import Events
from apportion.signed.models import MODELS
from apportion.signed.protocol import Protocol
from apportion.signed.semba import SembaSettings
from apportion.signed.trained import metrics_by_part, open_trained, predictions, train

EVENTS = harsh(40, 700)
QUICK = SembaSettings(dim=8, time_dim=4, hidden=8, heads=2, members=2, neighbours=4, epochs=2)
SMALL = Protocol(group_size=30, non_links=2, validation_non_links=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Make "semba" a small one."""
    monkeypatch.setitem(MODELS, "semba", lambda: models._learned(QUICK))


@pytest.mark.parametrize("task", ["sign", "existence", "signed-existence", "weight"])
def test_what_is_written_is_what_was_evaluated(task, tmp_path):
    """Opened and walked anew, with nothing observed before, the model has the metrics that training wrote down."""
    trained = train(EVENTS, task, "semba", tmp_path, protocol=SMALL, seed=3)
    scorer, walk, read = open_trained(tmp_path)
    assert read == trained
    state = {name: x.copy() for name, x in scorer.state().items()}
    found = evaluate(scorer, walk)
    assert metrics_by_part(found) == trained.metrics
    for name, x in scorer.state().items():  # after the last event, as it was written
        assert x.tobytes() == state[name].tobytes(), name
    assert trained.reliability["raw"].said
    table = predictions(found, walk.split.events.users, trained.calibration)
    assert len(table) == len(found.validation) + len(found.test)
    numbers = table.select(pl.col(pl.Float64))
    assert all(np.isfinite(column.to_numpy()).all() for column in numbers)
    test = table.filter(pl.col("part") == "test")
    column = "score_positive" if task == "signed-existence" else "score"
    score = found.test.score[:, 2] if task == "signed-existence" else found.test.score
    assert test[column].to_numpy().tobytes() == np.ascontiguousarray(score).tobytes()
    first = test.filter(pl.col("kind") == "event").row(0, named=True)
    assert first["source"] == EVENTS.users[EVENTS.source[first["event"]]]
    assert first["time"] == EVENTS.time[first["event"]]
    assert json.loads((tmp_path / "trained.json").read_text())["digest"] == EVENTS.digest


def test_as_published_users_that_exist_nowhere_have_no_id(tmp_path):
    protocol = Protocol.named("as-published", group_size=50, non_links=2)
    train(EVENTS, "existence", "semba", tmp_path, protocol=protocol, seed=0)
    scorer, walk, trained = open_trained(tmp_path)
    table = predictions(evaluate(scorer, walk), walk.split.events.users, trained.calibration)
    invented = table.filter((pl.col("kind") == "uniform") & (pl.col("target") == ""))
    assert len(invented) > 50
    assert len(table.filter(pl.col("source") == "")) == 0


def test_a_folder_that_is_none_or_damaged(tmp_path):
    with pytest.raises(UserError, match=r"no trained\.json"):
        open_trained(tmp_path)
    train(EVENTS, "sign", "semba", tmp_path, protocol=SMALL, seed=0)
    other = harsh(40, 700, seed=1)
    from apportion.signed.writing import write_events

    write_events(other, tmp_path / "events.parquet")
    for opens in (open_trained, live_artefact.load):
        with pytest.raises(UserError, match="other events"):
            opens(tmp_path)
    write_events(EVENTS, tmp_path / "events.parquet")
    text = (tmp_path / "trained.json").read_text()
    for name, value in (("task", "existence"), ("network", "0" * 64)):
        (tmp_path / "trained.json").write_text(json.dumps(json.loads(text) | {name: value}))
        for opens in (open_trained, live_artefact.load):
            with pytest.raises(UserError, match="the description of another model"):
                opens(tmp_path)
    (tmp_path / "trained.json").write_text(text)
    assert live_artefact.load(tmp_path).latest == EVENTS.time[-1]
    edited = json.loads(text)
    for change, said in (
        ({"train_until": -1}, r"trained\.json: found a split at the times -1 and"),
        ({"protocol": edited["protocol"] | {"group_size": 0}}, r"trained\.json: found .*a group_size of 0"),
    ):
        (tmp_path / "trained.json").write_text(json.dumps(edited | change))
        with pytest.raises(UserError, match=said):
            open_trained(tmp_path)
    (tmp_path / "trained.json").write_text("{}")
    with pytest.raises(UserError, match="missing required field"):
        open_trained(tmp_path)


def test_models_without_weights_are_refused_before_anything_is_done(tmp_path):
    with pytest.raises(UserError, match="without weights to keep"):
        train(EVENTS, "sign", "trees", tmp_path / "out", protocol=SMALL, seed=0)
    assert not (tmp_path / "out").exists()


def test_events_that_a_reader_of_files_would_change_come_back_as_they_are(tmp_path, monkeypatch):
    quicker = replace(QUICK, boosting=False, epochs=1)
    monkeypatch.setitem(MODELS, "semba", lambda: models._learned(quicker))
    ends = [[f" u{user}" for user in column.tolist()] for column in (EVENTS.source, EVENTS.target)]
    twice = [column + column[:3] for column in ends]
    time, weight = (np.concatenate([column, column[:3]]) for column in (EVENTS.time, EVENTS.weight))
    events = Events.of(*twice, time, weight)
    assert events.repeats().sum() == 3
    train(events, "sign", "semba", tmp_path, protocol=SMALL, seed=0)
    assert open_trained(tmp_path).walk.split.events.digest == events.digest
    assert live_artefact.load(tmp_path).users == events.users.tolist()


def test_events_that_a_folder_cannot_hold_are_refused_before_anything_is_done(tmp_path):
    others = Events(EVENTS.source, EVENTS.target, EVENTS.time, EVENTS.weight, np.append(EVENTS.users, "99"))
    with pytest.raises(UserError, match="found users without an event"):
        train(others, "sign", "semba", tmp_path / "out", protocol=SMALL, seed=0)
    assert not (tmp_path / "out").exists()
