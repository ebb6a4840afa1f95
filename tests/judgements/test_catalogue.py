"""The catalogue and fetching: every entry is true of its file, and no wrong byte is ever put in place."""

import dataclasses
import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest

from apportion.errors import UserError
from apportion.identity import file_sha256
from apportion.judgements import fetching
from apportion.judgements.catalogue import PublicSet, catalogue, public_set
from apportion.judgements.fetching import fetch, gsm8k_pairs
from apportion.judgements.readers import read_demonstrations, read_pairs
from apportion.judgements.rows import read_rows

data = os.environ.get("APPORTION_DATA")
needs_data = pytest.mark.skipif(not data, reason="APPORTION_DATA is not set: export the folder of text/")

LINES = b'{"prompt": "p", "response": "r"}\n'


def small(**changes: str | None) -> PublicSet:
    content = hashlib.sha256(LINES).hexdigest()
    entry = PublicSet("small", "demonstrations", "a test", 1, "nowhere", "MIT", "prompt", "", content)
    return dataclasses.replace(entry, **changes)


@needs_data
@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_entries_are_true_of_their_files(entry: PublicSet) -> None:
    path = Path(str(data)) / "text" / entry.file
    assert file_sha256(path) == entry.sha256
    assert hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest() == entry.content_sha256
    assert len(read_rows(path)) == entry.rows
    if entry.kind == "demonstrations":
        assert len(read_demonstrations(path)) == entry.rows
    if entry.kind == "pairs":
        faulty = {"hh_rlhf_harmless_base_test": 4, "ultrafeedback_binarized_sample_train": 6}
        faulty["ultrafeedback_binarized_sample_eval"] = 1
        assert len(read_pairs(path, faulty="drop")) == entry.rows - faulty.get(entry.name, 0)


def test_names_are_unique_and_found() -> None:
    names = [entry.name for entry in catalogue()]
    assert len(names) == len(set(names)) == 22
    assert public_set("gsm8k_test.jsonl.gz").name == "gsm8k_test"
    with pytest.raises(UserError, match="Did you mean gsm8k_train"):
        public_set("gsm8k_trian")


@needs_data
def test_the_pairs_are_made_of_the_solutions(tmp_path: Path) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    solutions = "gsm8k_model_solutions.jsonl.gz"
    (folder / solutions).write_bytes((Path(str(data)) / "text" / solutions).read_bytes())
    fetched = fetch(public_set("gsm8k_preference_pairs"), tmp_path / "out", str(tmp_path))
    assert fetched.origin == f"built of {folder / solutions}"
    assert len(read_pairs(fetched.path)) == 2429


def test_every_right_solution_is_preferred_to_every_wrong_one() -> None:
    systems = {name: {"is_correct": name.startswith("6b"), "solution": name} for name in fetching.SYSTEMS}
    lines = json.dumps({"question": "q", "ground_truth": "g", **systems}).encode()
    pairs = [json.loads(line) for line in gsm8k_pairs(lines).splitlines()]
    assert len(pairs) == 4
    assert all(pair["chosen"].startswith("6b") and pair["rejected"].startswith("175b") for pair in pairs)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_download_is_checked_and_kept_compressed(tmp_path: Path, compressed: bool) -> None:
    home = tmp_path / "home.bin"
    home.write_bytes(gzip.compress(LINES) if compressed else LINES)
    fetched = fetch(small(url=home.as_uri()), tmp_path / "out", None)
    assert fetched == (tmp_path / "out" / "small.jsonl.gz", home.as_uri())
    assert len(read_demonstrations(fetched.path)) == 1
    assert fetch(small(), tmp_path / "out", None).origin == "already there"


def test_the_data_folder_comes_first(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    kept = tmp_path / "text" / "small.jsonl.gz"
    kept.write_bytes(gzip.compress(LINES))
    fetched = fetch(small(url="file:///nowhere"), tmp_path / "out", str(tmp_path))
    assert fetched.origin == str(kept)
    assert fetched.path.read_bytes() == kept.read_bytes()


def test_other_bytes_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home.jsonl"
    home.write_bytes(LINES + LINES)
    with pytest.raises(UserError, match=r"home\.jsonl: found lines with the SHA-256 \w{16}; expected those"):
        fetch(small(url=home.as_uri()), tmp_path / "out", None)
    assert not (tmp_path / "out").exists()
    (tmp_path / "small.jsonl.gz").write_bytes(gzip.compress(LINES)[:-9])
    with pytest.raises(UserError, match="found a broken gzip file"):
        fetch(small(), tmp_path, None)


def test_what_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no address that holds these very lines"):
        fetch(small(), tmp_path, None)
    with pytest.raises(UserError, match=r"gone.jsonl: found no answer .* into \$APPORTION_DATA/text by hand"):
        fetch(small(url=(tmp_path / "gone.jsonl").as_uri()), tmp_path, None)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home.jsonl"
    home.write_bytes(LINES)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching.os, "fsync", fail)
    with pytest.raises(UserError, match="No space left on device"):
        fetch(small(url=home.as_uri()), tmp_path / "out", None)
    assert list((tmp_path / "out").iterdir()) == []
