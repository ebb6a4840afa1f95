"""`apportion signed generate` and `info`: what they print where, and with which status they end."""

import json
from pathlib import Path

import pytest

from apportion.cli.app import main
from apportion.signed.generator import NetworkSettings, generate
from apportion.signed.readers import read_events


def status(*words: str) -> int:
    try:
        main(["signed", *words])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_generate_writes_what_the_generator_makes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "network.csv"
    assert (
        status(
            "generate",
            "--out",
            str(file),
            "--users",
            "50",
            "--events",
            "900",
            "--balance",
            "0.5",
            "--seed",
            "7",
        )
        == 0
    )
    expected = generate(NetworkSettings(users=50, events=900, balance=0.5), 7)
    assert read_events(file).events.digest == expected.digest
    assert (
        capsys.readouterr().out
        == f"{file}: 900 events, 50 users, {(expected.sign < 0).mean():.1%} negative; seed 7\n"
    )
    first = file.read_text().splitlines()[0].split(",")
    assert len(first) == 4 and abs(int(first[2])) <= 10


def test_generate_json_and_without_structure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "network.parquet"
    assert status("generate", "--out", str(file), "--events", "4000", "--structureless", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["settings"]["balance"] == 0 and document["settings"]["events"] == 4000
    assert document["digest"] == read_events(file).events.digest
    assert document["negatives"] / 4000 == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("generate", "--out", "x.xlsx"),
            "apportion: x.xlsx: found another ending; expected .csv or .csv.gz or .parquet.",
        ),
        (
            ("generate", "--out", "x.csv", "--balance", "2"),
            "apportion: the setting balance: found 2; expected 0 to 1.",
        ),
        (("generate", "--out", "x.csv", "--users", "few"), "apportion: Invalid value"),
        (("generate",), "apportion: "),
        (("info", "nowhere.csv"), "apportion: nowhere.csv: found no such file; expected a file of events."),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    words: tuple[str, ...],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status(*words) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith(line) and captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_info_tells_what_was_dropped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "events.csv"
    rows = [f"{i % 7},{(i + 1 + i % 3) % 7},{1 if i % 4 else -1},{1000 - i}\n" for i in range(300)]
    file.write_text("".join(rows) + "1,1,1,5\n1,2,0,6\n" + rows[0])
    assert status("info", str(file)) == 0
    captured = capsys.readouterr()
    shown = {line[:20].strip(): line[20:] for line in captured.out.splitlines()}
    assert shown["rows"] == "303, dropped: 1 exact duplicate row, 1 self loop, 1 weight of 0"
    assert shown["events"] == "300" and shown["negative"] == "75 (25.00%)"
    assert shown["out of order"] == "300 rows earlier than the row before; sorted"
    assert shown["split"] == "210 training, 45 validation, 45 test"
    assert captured.err == ""


@pytest.mark.parametrize(
    ("per_second", "said"),
    [
        (1, None),
        (1000, "milliseconds: divide them by 1,000"),
        (10**9, "nanoseconds: divide them by 1,000,000,000"),
    ],
)
def test_info_says_when_times_are_no_seconds(
    per_second: int, said: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.csv"
    rows = [
        f"{i % 7},{(i + 1) % 7},{1 if i % 4 else -1},{(1_300_000_000 + i) * per_second}\n" for i in range(300)
    ]
    file.write_text("".join(rows) + rows[0] * 2)
    assert status("info", str(file)) == 0
    captured = capsys.readouterr()
    assert captured.err == ("" if said is None else f"{file}: the times look like {said}\n")
    assert "dropped: 2 exact duplicate rows" in captured.out and "at most 1 event at one" in captured.out


def test_info_of_one_sign_works_and_says_what_cannot_be_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.csv"
    file.write_text("".join(f"{i},{i + 1},1,{i}\n" for i in range(30)))
    assert status("info", str(file)) == 0
    said = [line.removeprefix(f"{file}: ") for line in capsys.readouterr().err.splitlines()]
    assert said[0] == (
        "the tasks sign and signed-existence cannot be done: no event is negative in the training part"
    )
    assert [line.partition(" cannot")[0] for line in said[1:]] == ["the task weight", "the task existence"]
    assert status("info", str(file), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["triads"] == {"counted": 0, "is_sample": False, "balanced": None, "expected": None}
    assert document["cannot"]["weight"] == "all weights of the training part are the same"


def test_info_of_otc(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("info", str(data_folder / "signed" / "soc-sign-bitcoinotc.csv"), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["users"], document["events"], document["negatives"]) == (5881, 35592, 3563)
    assert document["reciprocity"] == pytest.approx(0.792, abs=0.001)
    assert document["triads"]["counted"] == 33493
