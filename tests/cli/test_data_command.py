"""`apportion data`: what it prints where, and with which status it ends."""

import json
import os
from pathlib import Path

import pytest

from apportion.cli.data import app
from apportion.errors import UserError

GOOD = [{"prompt": f"p{i}", "response": "r" * i} for i in range(1, 4)]
PAIR = {"prompt": "P1 ", "chosen": "good", "rejected": "bad"}


def write(path: Path, rows: list[dict[str, str]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def status(*words: str) -> int:
    try:
        app(words, exit_on_error=False, result_action="return_value")
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("list") == 0
    assert "gsm8k_train" in capsys.readouterr().out
    assert status("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert {entry["name"]: entry["rows"] for entry in listed}["gsm8k_preference_pairs"] == 2429
    assert all(len(entry["sha256"]) == 64 for entry in listed if entry["kind"] != "network")
    networks = {entry["name"]: entry["rows"] for entry in listed if entry["kind"] == "network"}
    assert networks == {"bitcoin-otc": 35592, "bitcoin-alpha": 24186, "wiki-rfa": 170500, "epinions": 841372}


def test_a_sound_file_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "d.jsonl", GOOD)
    assert status("check", file) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == f"{file}: 3 demonstrations, 3 prompts, 0 faulty rows"
    assert captured.err == ""


def test_json_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "p.jsonl", [PAIR, PAIR, PAIR | {"rejected": "good"}])
    assert status("check", file, "--json") == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["sound"], document["rows"]) == ("pairs", False, 2)
    assert (document["faulty_rows"], document["repeated_rows"], document["unique_prompts"]) == (1, 1, 1)
    assert document["findings"][0].startswith(f"{file}, row 3, field 'rejected': found the same text")


def test_every_fault_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "d.jsonl", GOOD + [{"prompt": "p", "response": ""}] * 25)
    assert status("check", file) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert lines[0].startswith(f"{file}, row 4, field 'response': found an empty text")
    assert lines[-1] == f"{file}: 5 more faulty rows."


def test_contamination_is_refused_or_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, held_out = write(tmp_path / "d.jsonl", GOOD), write(tmp_path / "p.jsonl", [PAIR])
    with pytest.raises(UserError, match="held-out prompts among the training prompts: 1, such as 'p1'"):
        status("check", train, "--against", held_out)
    capsys.readouterr()
    assert status("check", train, "--against", held_out, "--allow-contamination") == 0
    assert f"prompts shared with {held_out}: 1" in capsys.readouterr().out
    assert status("check", train, "--against", held_out, "--json") == 2
    assert json.loads(capsys.readouterr().out)["shared_prompts"] == 1


def test_of_a_held_out_file_the_prompts_are_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = write(tmp_path / "d.jsonl", GOOD)
    held_out = write(tmp_path / "t.jsonl", [{"question": "p1", "reference": "4"}, {"question": "new"}])
    assert status("check", train, "--against", held_out, "--allow-contamination") == 0
    assert f"prompts shared with {held_out}: 1" in capsys.readouterr().out


def test_a_held_out_file_that_cannot_be_read_is_no_clean_bill(tmp_path: Path) -> None:
    train, held_out = write(tmp_path / "d.jsonl", GOOD), write(tmp_path / "h.jsonl", [{"text": "x"}])
    with pytest.raises(UserError, match=r"h\.jsonl, field 'response'"):
        status("check", train, "--against", held_out)


def test_columns_and_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "p.jsonl", [PAIR])
    assert status("check", file, "--columns.response", "chosen") == 0
    assert "1 demonstrations" in capsys.readouterr().out
    assert status("check", file, "--kind", "demonstrations") == 2
    assert "field 'response'" in capsys.readouterr().err


@pytest.mark.skipif(
    "APPORTION_DATA" not in os.environ, reason="APPORTION_DATA is not set: export the data's folder"
)
def test_fetch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("fetch", "bamboogle", "--out", str(tmp_path)) == 0
    assert (tmp_path / "bamboogle.jsonl.gz").exists()
    assert "125 rows" in capsys.readouterr().out
    assert status("fetch", "bamboogle", "--out", str(tmp_path), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["path"], told["rows"]) == (str(tmp_path / "bamboogle.jsonl.gz"), 125)


@pytest.mark.skipif(
    "APPORTION_DATA" not in os.environ, reason="APPORTION_DATA is not set: export the data's folder"
)
def test_fetch_a_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("fetch", "bitcoin-otc", "--out", str(tmp_path)) == 0
    file = tmp_path / "soc-sign-bitcoinotc.csv.gz"
    assert capsys.readouterr().out.startswith(f"{file}: 35,592 events, 5,881 users; ")
    assert status("fetch", "bitcoin-otc", "--out", str(tmp_path), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["path"], told["events"], told["users"]) == (str(file), 35_592, 5_881)


def test_a_network_by_nearly_its_name() -> None:
    with pytest.raises(UserError, match=r"no set named 'bitcoin_otc'.*Did you mean bitcoin-otc"):
        status("fetch", "bitcoin_otc")
