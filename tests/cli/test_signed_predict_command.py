"""`apportion signed predict`: what it prints where, and with which status it ends, run as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import polars as pl
import pytest
from tests.signed.test_learned import SMALL

from apportion.cli.app import main
from apportion.cli.signed_predict import _lines
from apportion.signed import trained
from apportion.signed.artefact import save
from apportion.signed.calibration import Calibration
from apportion.signed.generator import NetworkSettings, generate
from apportion.signed.learned import Learned
from apportion.signed.metrics import Decision
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.scorer import SignedTask
from apportion.signed.splits import Split
from apportion.signed.writing import write_events

SETTINGS = replace(SMALL, epochs=1, features=False)
END = 1_400_000_000  # later than every generated event


def write_model(folder: Path, task: SignedTask = "sign") -> None:
    events = generate(NetworkSettings(users=30, events=400))
    walk = Walk(Split.by_quantiles(events), task, Protocol(), features=False)
    model = Learned(SETTINGS, task, events.n_users, 0)
    model.fit(walk, 0)
    model.observe(walk.split.test)
    folder.mkdir(parents=True)
    save(model, folder)
    write_events(events, folder / "events.parquet")
    shift = (0.5,) * (3 if task == "signed-existence" else 1)
    about = trained.Trained(
        "semba-pure", task, 0, Protocol(), 0.0, 0.0, events.n_users, len(events), events.digest,
        Decision(), Calibration(2.0, shift), {}, {},
    )  # fmt: skip
    (folder / trained.DESCRIPTION).write_bytes(msgspec.json.encode(about))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trained") / "model"
    write_model(path)
    return path


@dataclass
class Shown:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Shown]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def ran(*words: object, lines: str | bytes = b"") -> Shown:
        (tmp_path / "stdin").write_bytes(lines if isinstance(lines, bytes) else lines.encode())
        status = 0
        with (tmp_path / "stdin").open() as file:
            monkeypatch.setattr(sys, "stdin", file)
            try:
                main(["signed", "predict", *map(str, words)])
            except SystemExit as end:
                status = int(end.code or 0)
        captured = capsys.readouterr()
        return Shown(status, captured.out, captured.err)

    return ran


def test_pairs(run: Run, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("source,target\n1,2\n2,stranger\n")
    shown = run(folder, "--pairs", file)
    assert (shown.returncode, shown.stderr) == (
        0,
        f"apportion: {file}: 1 user that the model has never seen\n",
    )
    rows = pl.read_csv(shown.stdout.encode())
    assert rows.columns == ["source", "target", "score", "calibrated"] and len(rows) == 2
    assert rows["calibrated"][0] != rows["score"][0]
    document = json.loads(run(folder, "--pairs", file, "--json").stdout)
    assert (document["task"], document["new_users"], len(document["pairs"])) == ("sign", 1, 2)
    assert document["pairs"][0]["score"] == pytest.approx(rows["score"][0])


def test_signed_existence_gives_three_probabilities(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "model", "signed-existence")
    (tmp_path / "pairs").write_text("1,2\n")
    header, row = run(tmp_path / "model", "--pairs", tmp_path / "pairs").stdout.splitlines()
    assert header.startswith("source,target,score_negative,score_none,score_positive,calibrated_negative")
    assert sum(map(float, row.split(",")[2:5])) == pytest.approx(1)
    line = json.loads(run(tmp_path / "model", "--stream", lines=f"1,2,{END}\n").stdout)
    assert sum(line["score"].values()) == pytest.approx(1)


def test_a_stream_goes_on_past_bad_lines_and_ends_with_2(run: Run, folder: Path, tmp_path: Path) -> None:
    faulty = f"2,2,{END + 1},1\nx\n1,2,5,1\n1,2,{END + 2},0\n"
    lines = f"source,target,time,weight\n1,2,{END},3\n\n{faulty}new,1,{END + 2},-1\n1,new,{END + 3}"
    shown = run(folder, "--stream", "--out", tmp_path / "later", lines=lines)
    assert shown.returncode == 2
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [(row["source"], row["target"], row.get("weight")) for row in rows] == [
        ("1", "2", 3.0),
        ("new", "1", -1.0),
        ("1", "new", None),
    ]
    errors = shown.stderr.splitlines()
    for error, number in zip(errors, (4, 5, 6, 7), strict=False):
        assert error.startswith(f"apportion: standard input, line {number}: found ")
    assert errors[4:] == [f"apportion: {tmp_path / 'later'}: the model as of {END + 2}"]
    again = run(tmp_path / "later", "--stream", lines=f"1,new,{END + 3}\n")
    assert again.returncode == 0
    assert json.loads(again.stdout)["score"] == rows[2]["score"]
    too_early = run(tmp_path / "later", "--stream", lines=f"1,new,{END}\n")
    assert too_early.returncode == 2 and "the latest before it, or later" in too_early.stderr


def test_each_line_is_answered_before_the_next_is_given_until_the_reader_goes_away(folder: Path) -> None:
    command = [sys.executable, "-m", "apportion", "signed", "predict", str(folder), "--stream"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin and process.stdout and process.stderr
        for k in range(3):
            process.stdin.write(f"1,2,{END + k},-1\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["time"] == END + k
        process.stdout.close()
        process.stdin.write(f"1,2,{END + 3},1\n".encode())
        process.stdin.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""


def test_ctrl_c_ends_a_stream_and_what_it_has_seen_is_kept(run: Run, folder: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    command = [
        sys.executable,
        "-m",
        "apportion",
        "signed",
        "predict",
        str(folder),
        "--stream",
        "--out",
        later,
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        # a shell lets what it runs in the background ignore Ctrl-C, and that is inherited
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        for k in range(2):
            process.stdin.write(f"1,new,{END + k},-1\n".encode())
            process.stdin.flush()
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=300) == 130
        assert process.stderr.read().decode() == f"apportion: {later}: the model as of {END + 1}\n"
    ask = f"1,new,{END + 2}\n"
    whole = run(folder, "--stream", lines=f"1,new,{END},-1\n1,new,{END + 1},-1\n{ask}")
    assert json.loads(run(later, "--stream", lines=ask).stdout) == json.loads(whole.stdout.splitlines()[-1])


def test_ctrl_c_ends_the_wait_for_a_line_whatever_a_library_has_made_of_the_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads, writes = os.pipe()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.siginterrupt(signal.SIGINT, False)  # as polars does: system calls go on after the signal
    ctrl_c = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    end = threading.Timer(20, os.close, (writes,))  # rather a failed test than one that waits for ever
    try:
        with os.fdopen(reads) as file:
            monkeypatch.setattr(sys, "stdin", file)
            ctrl_c.start()
            end.start()
            with pytest.raises(KeyboardInterrupt):
                next(_lines())
            assert end.is_alive()
    finally:
        signal.signal(signal.SIGINT, before)
        if end.is_alive():
            end.cancel()
            os.close(writes)


def test_a_stream_in_another_order_needs_a_header(run: Run, folder: Path) -> None:
    row = f"1,2,-4,{END}\n"
    shown = run(folder, "--stream", lines=f"\ufeffsource,target,rating,time\n{row}")
    assert shown.returncode == 0
    answer = json.loads(shown.stdout)
    assert (answer["time"], answer["weight"]) == (END, -4)
    same = run(folder, "--stream", lines=f"\ufeff1,2,{END},-4\n")
    assert same.stdout == shown.stdout
    without = run(folder, "--stream", lines=row)
    assert without.returncode == 2
    assert "Lines are source,target,time,weight; for another order begin with a header." in without.stderr
    bad = run(folder, "--stream", lines=f"source,target,rating\n{row}")
    assert (bad.returncode, bad.stdout) == (2, "") and "found no column for the time" in bad.stderr


def test_bytes_that_are_no_text(run: Run, folder: Path) -> None:
    shown = run(folder, "--stream", lines=b"J\xf6rg,2,5,1\n")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "line 1: found bytes that are not UTF-8" in shown.stderr


def test_embeddings_and_a_picture(run: Run, folder: Path, tmp_path: Path) -> None:
    shown = run(folder, "--embeddings", tmp_path / "e.parquet", "--picture", tmp_path / "new" / "users.svg")
    assert (shown.returncode, shown.stdout) == (0, "")
    assert pl.read_parquet(tmp_path / "e.parquet").columns == ["user", "as_source", "as_target"]
    assert "principal component" in (tmp_path / "new" / "users.svg").read_text()


def test_mistakes_are_one_line(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs").write_text("1,1\n")
    for words, message in (
        ((folder,), "found nothing to predict"),
        ((folder, "--stream", "--pairs", "x"), "found both --pairs and --stream"),
        ((tmp_path, "--stream"), "found no trained.json"),
        ((folder, "--pairs", tmp_path / "nowhere"), "found no such file; expected a file of pairs"),
        ((folder, "--pairs", tmp_path / "pairs"), "pairs, line 1: found a user's event with itself"),
        ((folder, "--picture", "users.pdf"), "found another ending; expected .svg or .png"),
        ((folder, "--embeddings", tmp_path / "pairs" / "x.parquet"), "a place that cannot be written"),
        ((folder, "--stream", "--out", tmp_path / "pairs"), "found a file; expected a folder to write to"),
        ((folder, "--stream", "--out", tmp_path / "pairs" / "x"), "a place that cannot be written"),
    ):
        shown = run(*words)
        assert (shown.returncode, shown.stdout) == (2, "")
        assert message in shown.stderr and shown.stderr.count("\n") == 1
