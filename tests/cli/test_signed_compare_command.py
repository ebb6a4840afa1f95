"""`apportion signed compare`, `train` and `evaluate`: what they print where, and how they end."""

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console
from tests.processes import descendants, runs
from tests.signed.test_rivals import harsh

from apportion.cli.app import main
from apportion.cli.signed_compare import show_table
from apportion.signed import models
from apportion.signed.metrics import METRICS
from apportion.signed.semba import SembaSettings
from apportion.signed.writing import write_events
from apportion.statistics import Estimate


@pytest.fixture
def events(tmp_path: Path) -> str:
    write_events(harsh(40, 700), tmp_path / "events.csv")
    return str(tmp_path / "events.csv")


def status(*words: str) -> int:
    return main_status(["signed", *words])


def main_status(words: list[str]) -> int:
    try:
        main(words)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_json_stands_alone_on_standard_output(events, capsys):
    words = ("--task", "existence", "--models", "positive,reputation,gcn", "--seeds", "1", "--non-links", "2")
    assert status("compare", events, *words, "--json") == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["task"], document["protocol"]) == ("existence", "causal")
    assert [row["model"] for row in document["rows"]] == ["positive", "gcn"]
    assert all(
        set(row[m]) == {"mean", "low", "high"} for row in document["rows"] for m in METRICS["existence"]
    )
    assert "reputation is left out" in err


def test_the_table_has_every_model_and_part(events, capsys):
    assert (
        status("compare", events, "--models", "positive,reputation", "--parts", "--protocol", "as-published")
        == 0
    )
    out = capsys.readouterr().out
    for word in ("as-published", "reputation", "positive", "transductive", "inductive", "ap_negative"):
        assert word in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--models", "sembra"), "no such model"),
        (("--models", ""), "no model"),
        (("--task", "signs"), "--task"),
        (("--seeds", "0"), "--seeds"),
        (("--protocol", "leaky"), "--protocol"),
    ],
)
def test_what_cannot_be_compared_ends_with_one_line(words, said, events, capsys):
    assert status("compare", events, *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty file"),
        ("1,2,5,10\n2,1,4,10\n", "distinct times"),
        ("".join(f"{i % 7},{8 + i % 5},3,{i}\n" for i in range(200)), "only positive events"),
    ],
    ids=["empty", "one time", "one sign"],
)
def test_networks_that_cannot_be_learned_end_with_one_line(text, said, tmp_path, capsys):
    (tmp_path / "bad.csv").write_text(text)
    for command in (("compare",), ("train", "--out", str(tmp_path / "out"))):
        assert status(command[0], str(tmp_path / "bad.csv"), *command[1:]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert said in err.strip().splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("from_", "to", "part"), [(0.7, 0.85, "validation"), (0.85, 1.0, "test")])
def test_negatives_that_are_missing_after_training_are_told(from_, to, part, tmp_path, capsys, monkeypatch):
    quick = SembaSettings(dim=8, time_dim=4, hidden=8, heads=2, members=2, epochs=1, boosting=False)
    monkeypatch.setitem(models.MODELS, "semba", lambda: models._learned(quick))
    lines = [
        f"{i % 7},{8 + i % 5},{3 if i % 4 or from_ * 300 <= i < to * 300 + 1 else -3},{i}\n"
        for i in range(300)
    ]
    (tmp_path / "positive.csv").write_text("".join(lines))
    said = f"apportion: numbers on the task sign are of little use: no event is negative in the {part} part"
    for command in (("compare", "--models", "positive"), ("train", "--out", str(tmp_path / "out"))):
        assert status(command[0], str(tmp_path / "positive.csv"), *command[1:], "--quiet") == 0
        assert said in capsys.readouterr().err.splitlines()


def test_how_much_history(events, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("--model", "reputation", "--history", "0.2,0.5,1", "--out", str(out), "--json")
    assert status("train", events, *words) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    table = pl.read_csv(out / "history.csv")
    assert table.to_dicts() == rows
    assert table["n_demonstrations"].to_list() == [98, 245, 490]
    assert table.columns == ["n_demonstrations", "score", "seed", "items", "task", "model", "metric"]
    main_status(["fit", str(out / "history.csv"), "--json"])
    (curve,) = json.loads(capsys.readouterr().out)["curves"]
    assert (curve["model"], curve["task"], curve["runs"]) == ("reputation", "sign", 3)


def test_a_model_without_an_answer_has_no_history(events, tmp_path, capsys):
    words = (
        "--task",
        "existence",
        "--model",
        "reputation",
        "--history",
        "0.5",
        "--out",
        str(tmp_path / "out"),
    )
    assert status("train", events, *words) == 2
    assert "--model reputation: found no answer on existence" in capsys.readouterr().err


def test_a_share_of_history_that_is_none(events, tmp_path, capsys):
    for history in ("0.2,many", "0", "1.5"):
        words = ("--model", "reputation", "--history", history, "--out", str(tmp_path / "out"))
        assert status("train", events, *words) == 2
        assert "--history" in capsys.readouterr().err


def test_evaluate_refuses_what_it_cannot_read_or_write(tmp_path, capsys):
    assert status("evaluate", str(tmp_path)) == 2
    assert "no trained.json" in capsys.readouterr().err
    assert status("evaluate", str(tmp_path), "--predictions", "x.txt") == 2
    assert "no .parquet or .csv" in capsys.readouterr().err


@pytest.mark.parametrize("width", [20, 60, 80, 120, 160])
def test_no_number_is_cut_off_in_a_narrow_terminal(width):
    metrics = {name: Estimate(-0.123, -0.456, 0.789, 5, 99, "items") for name in METRICS["sign"]}
    rows = [("semba less semba-no-memory", metrics), ("positive", dict.fromkeys(metrics))]
    shown = io.StringIO()
    show_table(Console(file=shown, width=width), "sign, causal, overall test events", rows)
    for part in ("-0.123", "[-0.456, 0.789]", *metrics):
        assert shown.getvalue().count(part) >= (len(metrics) if part[-1] in "3]" else 1)
    assert "semba less semba-no-memory" in shown.getvalue() and "…" not in shown.getvalue()
    if width > 40:
        assert max(map(len, shown.getvalue().splitlines())) <= width


def test_a_star_marks_what_holm_leaves():
    metrics = {name: Estimate(0.123, 0.045, 0.678, 5, 99, "items") for name in ("auroc", "mcc")}
    shown = io.StringIO()
    show_table(
        Console(file=shown, width=120),
        "leads",
        [("semba less a", metrics)],
        frozenset({("semba less a", "mcc")}),
    )
    assert "0.123 [0.045, 0.678]" in shown.getvalue() and "0.123* [0.045, 0.678]" in shown.getvalue()


def test_a_comparison_that_ends_without_a_result_leaves_files_as_they_were(tmp_path, capsys):
    out = tmp_path / "compare.json"
    (tmp_path / "bad.csv").write_text("1,2,5,10\n2,1,4,10\n")
    assert status("compare", str(tmp_path / "bad.csv"), "--out", str(out)) == 2
    assert not out.exists()
    out.write_text("{}")
    assert status("compare", str(tmp_path / "bad.csv"), "--out", str(out)) == 2
    assert out.read_text() == "{}"


def test_places_that_cannot_be_written_are_told_before_the_work(events, tmp_path, capsys, monkeypatch):
    def worked(*_, **__):
        raise AssertionError("the work was begun")

    monkeypatch.setattr("apportion.cli.signed_train.events_of", worked)
    monkeypatch.setattr("apportion.cli.signed_compare.events_of", worked)
    monkeypatch.setattr("apportion.signed.trained.open_trained", worked)
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.csv").mkdir()
    for words in (
        ("train", events, "--out", tmp_path / "file"),
        ("train", events, "--out", tmp_path / "file" / "in" / "it"),
        ("train", events, "--history", "0.5", "--out", tmp_path / "file" / "in"),
        ("compare", events, "--out", tmp_path / "file" / "c.json"),
        ("evaluate", tmp_path, "--predictions", tmp_path / "file" / "p.csv"),
        ("evaluate", tmp_path, "--predictions", tmp_path / "folder.csv"),
    ):
        assert status(*map(str, words)) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "expected a f" in line and ("cannot be written" in line or "found a file" in line)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv", "file", "folder.csv"]


def test_models_without_an_answer_are_no_comparison(events, tmp_path, capsys):
    for command in (
        ("compare", events, "--models", "reputation"),
        ("train", events, "--model", "reputation", "--history", "0.5", "--out", str(tmp_path / "out")),
    ):
        assert status(*command, "--task", "existence", "--quiet") == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1
        assert "answer on existence" in err and "about the sign or weight of a rating" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_end_with_a_comparison_that_is_killed(tmp_path: Path) -> None:
    write_events(harsh(40, 700), tmp_path / "events.csv")
    words = ["compare", str(tmp_path / "events.csv"), "--models", "semba,tgn", "--workers", "2"]
    command = [sys.executable, "-m", "apportion", "signed", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        workers: list[int] = []
        while len(workers) < 3 and process.poll() is None:  # two and the tracker of what they share
            workers = descendants(process.pid)
            time.sleep(0.05)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    last = time.monotonic() + 120
    while any(map(runs, workers)) and time.monotonic() < last:
        time.sleep(0.1)
    assert not any(map(runs, workers))
