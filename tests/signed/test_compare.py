import json
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import numpy as np
import pytest
from tests.signed.made_networks import noise
from tests.signed.test_rivals import harsh

from apportion.errors import UserError
from apportion.signed import models
from apportion.signed.compare import compare, rows_of
from apportion.signed.evaluation import evaluate
from apportion.signed.metrics import METRICS
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.reputation import Reputation
from apportion.signed.running import Ran, Run, run_all
from apportion.signed.semba import SembaSettings
from apportion.signed.splits import Split

EVENTS = harsh(60, 1200)
QUICK = Protocol(non_links=2, validation_non_links=1)


@pytest.mark.parametrize("task", ["sign", "existence", "signed-existence", "weight"])
def test_the_document_has_every_metric_and_no_nan(task):
    found = compare(EVENTS, task, ["positive", "reputation"], seeds=3, protocol=QUICK, parts=("inductive",))
    document = found.document()
    assert all(row["users"] > 1 for row in document["rows"])
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["task"], document["protocol"]) == (task, "causal")
    applies = task in ("sign", "weight")
    assert [row["model"] for row in document["rows"]] == (
        ["positive", "reputation"] if applies else ["positive"]
    )
    assert set(found.left_out) == (set() if applies else {"reputation"})
    for row in document["rows"]:
        for metric in METRICS[task]:
            value = row[metric]
            assert value is None or set(value) == {"mean", "low", "high"}
            assert value is None or value["low"] <= value["mean"] <= value["high"]
        if task == "existence":
            assert set(row["by_negatives"]) == {"uniform", "historical", "degree_matched"}
            assert row["by_negatives"]["uniform"]["auroc"] == row["auroc"]
        assert "inductive" in row


def ran_with(shift: float, model: str, seeds: int = 3) -> list[Ran]:
    """Return runs of reputation with noise, and with a shift by which negatives are pulled down."""
    walk = Walk(Split.by_quantiles(EVENTS), "sign", QUICK)
    found = evaluate(Reputation("sign"), walk)
    runs = []
    for seed in range(seeds):
        jitter = np.random.default_rng(seed).normal(0, 0.05, len(found.test))
        score = found.test.score + jitter - shift * (found.test.label == 0)
        runs.append(Ran(Run(model, seed), found._replace(test=found.test.with_scores(score)), 1.0))
    return runs


def test_a_difference_is_paired_by_seed_and_event():
    rows = rows_of("sign", [*ran_with(0.05, "semba"), *ran_with(0.0, "other")], "overall")
    semba, other = rows
    assert semba.ahead == {}
    ahead = other.ahead["auroc"]
    assert ahead.mean == pytest.approx(semba.metrics["auroc"].mean - other.metrics["auroc"].mean)
    assert ahead.low > 0
    alone = max(r.metrics["auroc"].high - r.metrics["auroc"].low for r in rows)
    assert ahead.high - ahead.low < alone / 2  # what both find hard cancels


def test_leads_are_corrected_for_the_number_of_models():
    semba, worse = ran_with(0.05, "semba"), ran_with(0.0, "worse")
    alone = rows_of("sign", [*semba, *worse], "overall")[1]
    levels = [ran_with(0.05, f"level-{i}") for i in range(3)]
    among = rows_of("sign", [*semba, *worse, *(run for runs in levels for run in runs)], "overall")
    assert among[0].p == {}
    assert among[1].ahead == alone.ahead
    for metric, p in alone.p.items():
        assert p <= among[1].p[metric] <= min(1, 4 * p + 1e-6)
    assert alone.p["auroc"] < 0.05 and among[2].p["auroc"] > 0.05


def test_equal_models_differ_by_nothing():
    rows = rows_of("sign", [*ran_with(0.0, "semba"), *ran_with(0.0, "other")], "overall")
    ahead = rows[1].ahead["ap_negative"]
    assert ahead.low == ahead.mean == ahead.high == 0
    assert rows[1].p["ap_negative"] == 1


def test_a_model_of_one_run_is_compared_with_every_seed():
    rows = rows_of("sign", [*ran_with(0.1, "semba"), *ran_with(0.0, "reputation", seeds=1)], "overall")
    assert rows[1].seeds == 1
    assert rows[1].ahead["auroc"].seeds == 3


def test_models_that_no_seed_changes_run_once():
    found = compare(EVENTS, "sign", ["reputation", "positive", "reputation"], seeds=5, protocol=QUICK)
    assert [r.run for r in found.ran] == [Run("reputation", 0), Run("positive", 0)]


def test_several_processes_give_the_same_as_one():
    split = Split.by_quantiles(EVENTS)
    runs = [Run("gcn", 0), Run("reputation", 0), Run("gcn", 1)]
    told = []
    alone, together = (
        run_all(split, "sign", QUICK, runs, workers=w, told=lambda share, now: told.append(share))
        for w in (1, 2)
    )
    assert [r.run for r in together] == runs
    for a, b in zip(alone, together, strict=True):
        assert a.evaluation.test.score.tobytes() == b.evaluation.test.score.tobytes()
        assert a.evaluation.decision == b.evaluation.decision
    assert told[-1] == pytest.approx(1)
    assert 0 < told[0] < 1


def test_an_error_of_a_worker_reaches_the_caller():
    with pytest.raises(UserError, match="no such model"):
        run_all(Split.by_quantiles(EVENTS), "sign", QUICK, [Run("gcn", 0), Run("made-up", 0)], workers=2)
    positive = replace(EVENTS, weight=np.abs(EVENTS.weight))
    with pytest.raises(UserError, match="only positive"):
        compare(positive, "sign", ["reputation"], protocol=QUICK)


def test_a_worker_that_is_killed_is_one_error(monkeypatch):
    def killed(*_, **__):
        raise BrokenProcessPool

    monkeypatch.setattr("apportion.signed.running.wait", killed)
    with pytest.raises(UserError, match=r"ended from outside.*--workers 1"):
        run_all(Split.by_quantiles(EVENTS), "sign", QUICK, [Run("gcn", 0), Run("gcn", 1)], workers=2)


def test_events_that_are_not_asked_for_are_counted():
    found = compare(noise(500, 900, 0), "existence", ["positive"], protocol=QUICK)
    (note,) = found.notes
    asked = int((found.ran[0].evaluation.test.kind == 0).sum())
    assert note.startswith(f"{135 - asked} of 135 test events")
    assert compare(EVENTS, "sign", ["positive"], protocol=QUICK).notes == []


def test_shuffled_rows_give_the_same_scores(tmp_path, monkeypatch):
    from apportion.signed.readers import read_events

    quick = SembaSettings(dim=8, time_dim=4, hidden=8, heads=2, members=2, neighbours=4, epochs=1)
    monkeypatch.setitem(models.MODELS, "semba", lambda: models._learned(quick))
    names = ["positive", "gcn", "sgcn", "semba"]
    rows = [
        f"{u},{v},{w:g},{t:g}\n"
        for u, v, w, t in zip(EVENTS.source, EVENTS.target, EVENTS.weight, EVENTS.time // 7, strict=True)
    ]
    documents = []
    for seed in (0, 1):
        path = tmp_path / f"{seed}.csv"
        path.write_text("".join(np.random.default_rng(seed).permutation(rows)))
        found = compare(read_events(path).events, "existence", names, seeds=1, protocol=QUICK)
        documents.append([r.evaluation.test.score.tobytes() for r in found.ran])
    assert documents[0] == documents[1]
