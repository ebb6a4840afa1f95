"""Readers: every format and shape of row gives the same judgements, with ids that stay."""

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from apportion.errors import UserError
from apportion.judgements.demonstrations import Demonstration, Message
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.readers import read_demonstrations, read_pairs
from apportion.judgements.rows import read_rows

ROWS = [
    {"prompt": "1 + 1?", "response": "2"},
    {"prompt": "Say «oui»,\nthen stop.", "response": 'He said "oui".'},
]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
        return path
    if name.endswith(".csv"):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    return path


@pytest.mark.parametrize(
    "name",
    ["d.jsonl", "d.jsonl.gz", "d.json", "d.json.gz", "d.csv", "d.csv.gz", "d.parquet", "d.JSONL"],
)
def test_every_format_gives_the_same_demonstrations(tmp_path: Path, name: str) -> None:
    if name == "d.JSONL":
        path = write(tmp_path / "d.jsonl", ROWS).rename(tmp_path / name)
    else:
        path = write(tmp_path / name, ROWS)
    assert read_demonstrations(path) == tuple(
        Demonstration(f"d-{number:05d}", row["prompt"], row["response"]) for number, row in enumerate(ROWS, 1)
    )


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"prompt": "p", "response": "r"}\r\n\r\n{"prompt": "q", "response": "s"}\r\n'
    )
    assert [row.id for row in read_demonstrations(path)] == ["d-00001", "d-00003"]


@pytest.mark.parametrize("prompt", ["prompt", "question", "instruction"])
@pytest.mark.parametrize("response", ["response", "answer", "completion", "output"])
def test_usual_column_names_are_recognised(tmp_path: Path, prompt: str, response: str) -> None:
    path = write(tmp_path / "d.jsonl", [{prompt: "p", response: "r", "note": 3}])
    assert read_demonstrations(path) == (Demonstration("d-00001", "p", "r"),)


def test_an_instruction_takes_its_input_along(tmp_path: Path) -> None:
    rows = [
        {"instruction": "Add.", "input": "1 2", "output": "3"},
        {"instruction": "Hi", "input": "", "output": "Ho"},
    ]
    assert [row.prompt for row in read_demonstrations(write(tmp_path / "a.json", rows))] == [
        "Add.\n\n1 2",
        "Hi",
    ]


USER = {"role": "user", "content": "Hello"}
GOOD = {"role": "assistant", "content": "Good day"}
BAD = {"role": "assistant", "content": "Go away"}
SYSTEM = {"role": "system", "content": "Be kind."}


@pytest.mark.parametrize("name", ["c.jsonl", "c.parquet"])
@pytest.mark.parametrize(
    "row",
    [
        {"messages": [USER, GOOD]},
        {"prompt": "Hello", "messages": [USER, GOOD]},
        {"prompt": [USER], "completion": [GOOD]},
        {"prompt": [USER], "response": "Good day"},
    ],
)
def test_chats_become_a_prompt_of_messages_and_a_text(
    tmp_path: Path, name: str, row: dict[str, object]
) -> None:
    demonstration = read_demonstrations(write(tmp_path / name, [row]))[0]
    assert demonstration.prompt == (Message("user", "Hello"),)
    assert demonstration.response == "Good day"


@pytest.mark.parametrize(
    "row",
    [
        {"chosen": [SYSTEM, USER, GOOD], "rejected": [SYSTEM, USER, BAD]},
        {"prompt": "Hello", "chosen": [SYSTEM, USER, GOOD], "rejected": [SYSTEM, USER, BAD]},
        {"prompt": [SYSTEM, USER], "chosen": [GOOD], "rejected": [BAD]},
        {"prompt": [SYSTEM, USER], "chosen": "Good day", "rejected": "Go away"},
    ],
)
def test_pairs_of_chats_share_their_prompt(tmp_path: Path, row: dict[str, object]) -> None:
    prompt = (Message("system", "Be kind."), Message("user", "Hello"))
    assert read_pairs(write(tmp_path / "c.jsonl", [row])) == (
        PreferencePair("c-00001", prompt, "Good day", "Go away"),
    )


def test_transcripts_become_chats(tmp_path: Path) -> None:
    head = "\n\nHuman: Hello\n\nAssistant: Yes?\n\nHuman: Bye\n\nAssistant:"
    path = write(tmp_path / "hh.jsonl", [{"chosen": f"{head} Bye!", "rejected": f"{head} No."}])
    turns = (Message("user", "Hello"), Message("assistant", "Yes?"), Message("user", "Bye"))
    assert read_pairs(path) == (PreferencePair("hh-00001", turns, "Bye!", "No."),)


def test_columns_take_the_chosen_side_for_a_demonstration(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", [{"prompt": "p", "chosen": "good", "rejected": "bad"}])
    assert read_demonstrations(path, columns={"response": "chosen"}) == (
        Demonstration("p-00001", "p", "good"),
    )


def test_columns_settle_what_would_be_ambiguous(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p.jsonl", [{"prompt": "p", "question": "q", "answer": "a", "output": "o", "key": 7}]
    )
    columns = {"prompt": "question", "response": "output", "id": "key"}
    assert read_demonstrations(path, columns) == (Demonstration("7", "q", "o"),)


def test_a_long_text_in_csv_is_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", [{"prompt": "p", "response": "r, " * 100_000}])
    usual = csv.field_size_limit()
    assert len(read_demonstrations(path)[0].response) == 300_000
    assert csv.field_size_limit() == usual


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        ([4, 5], ["4", "5"]),
        (["a", "a"], ["d-00001", "d-00002"]),
        (["a", None], ["d-00001", "d-00002"]),
    ],
)
def test_ids_come_from_the_file_if_unique(tmp_path: Path, ids: list[object], expected: list[str]) -> None:
    rows = [{"id": id_, **row} for id_, row in zip(ids, ROWS, strict=True)]
    assert [row.id for row in read_demonstrations(write(tmp_path / "d.jsonl", rows))] == expected


def test_limit_takes_the_first_and_leaves_ids_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", ROWS)
    assert read_demonstrations(path, limit=1) == read_demonstrations(path)[:1]


def test_faulty_rows_can_be_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "d.jsonl", [*ROWS, {"prompt": "p", "response": " "}])
    with caplog.at_level("WARNING"):
        assert len(read_demonstrations(path, faulty="drop")) == 2
    assert "faulty rows left out: 1" in caplog.text
    with pytest.raises(UserError, match="set faulty = 'drop'"):
        read_demonstrations(path)


def test_a_folder_of_shards_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    write(tmp_path / "train-00001.parquet", ROWS[1:])
    write(tmp_path / "train-00000.parquet", ROWS[:1])
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "dataset_infos.json").write_text("{}")
    assert [row.id for row in read_demonstrations(tmp_path)] == ["train-00000-00001", "train-00001-00001"]


def test_a_saved_dataset_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [{"messages": [USER, GOOD]}, {"messages": [USER, BAD]}]
    datasets.Dataset.from_list(rows).save_to_disk(str(tmp_path / "chats"), num_shards=2)
    demonstrations = read_demonstrations(tmp_path / "chats")
    assert [(row.id, row.response) for row in demonstrations] == [
        ("chats-00001", "Good day"),
        ("chats-00002", "Go away"),
    ]


def test_a_hub_id_goes_through_load_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    asked: list[tuple[str, object, object]] = []

    def load_dataset(path: str, name: object = None, split: object = None) -> object:
        asked.append((path, name, split))
        return datasets.Dataset.from_list(ROWS)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert read_demonstrations("hf:openai/gsm8k/main:test")[1].id == "gsm8k-00002"
    assert len(read_rows("hf:owner/name")) == 2
    assert asked == [("openai/gsm8k", "main", "test"), ("owner/name", None, "train")]
