"""Broken files: each is refused in one line naming the file, the row, the field, what was found, a cure."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.judgements.readers import read_demonstrations, read_pairs

FINE = '{"prompt": "p", "response": "r"}\n'
PAIR = '{"prompt": "p", "chosen": "good", "rejected": "bad"}\n'
USER = {"role": "user", "content": "Hello"}
GOOD = {"role": "assistant", "content": "Good day"}


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(pa.Table.from_pylist([json.loads(PAIR)]), sink)
    return sink.getvalue().to_pybytes()


WHOLE = {
    ".jsonl": PAIR.encode(),
    ".json": b"[" + PAIR.encode() + b"]",
    ".csv": b'prompt,chosen,rejected\np,"g, good",bad\n',
    ".parquet": parquet(),
    ".gz": gzip.compress(PAIR.encode(), mtime=0),
}


class Broken(NamedTuple):
    name: str
    content: bytes | str
    line: str  # the whole message; FILE stands for the path


def row(**values: object) -> str:
    return json.dumps(values) + "\n"


FILL = "Fill it in, or remove the row."
DROP = "To leave faulty rows out, set faulty = 'drop'."

DEMONSTRATIONS = {
    "empty text": Broken(
        "d.jsonl",
        FINE + row(prompt="p", response=""),
        f"FILE, row 2, field 'response': found an empty text; expected text that is not blank. {FILL} {DROP}",
    ),
    "white space": Broken(
        "d.jsonl",
        FINE + "\n" + row(prompt=" \n", response="r") + row(prompt="", response="r"),
        "FILE, row 3, field 'prompt': found nothing but white space ' \\n'; expected text that is not blank. "
        f"{FILL} More faulty rows: 1 ('apportion data check' lists them). {DROP}",
    ),
    "null": Broken(
        "d.jsonl",
        FINE + row(prompt="p", response=None),
        "FILE, row 2, field 'response': found null; expected text. "
        f"Write it as text, or remove the row. {DROP}",
    ),
    "a number": Broken(
        "d.json",
        json.dumps([{"question": "q", "answer": 4}]),
        "FILE, row 1, field 'answer': found the number 4; expected text. "
        f"Write it as text, or remove the row. {DROP}",
    ),
    "a field left out": Broken(
        "d.jsonl",
        FINE + row(prompt="p", reponse="r"),
        "FILE, row 2, field 'response': found only the fields prompt, reponse; expected this field in every "
        f"row. {FILL} {DROP}",
    ),
    "half a surrogate": Broken(
        "d.jsonl",
        '{"prompt": "p", "response": "ab\\ud83d"}\n',
        "FILE, row 1, field 'response': found half of a surrogate pair at character 3; expected text that "
        "can "
        f"be written as UTF-8. Write the whole character. {DROP}",
    ),
    "missing column": Broken(
        "d.csv",
        "prompt,reply\np,r\n",
        "FILE, field 'response': found the columns prompt, reply; expected a column named response or "
        "answer or "
        "completion or output. Rename a column, or say which it is: columns = { response = 'NAME' }.",
    ),
    "two candidates": Broken(
        "d.csv",
        "question,answer,output\np,r,s\n",
        "FILE, field 'response': found 2 columns that could be it (answer, output); expected one. "
        "Say which: columns = { response = 'answer' }.",
    ),
    "chat and response": Broken(
        "d.jsonl",
        row(messages=[USER, GOOD], response="r"),
        "FILE, field 'response': found 2 columns that could be it (messages, response); expected one. "
        "Say which: columns = { messages = 'messages' }.",
    ),
    "not UTF-8": Broken(
        "d.jsonl",
        FINE.encode() + '{"prompt": "café", "response": "r"}\n'.encode("latin1"),
        "FILE, row 2: found byte 0xe9 at byte 16, which is not UTF-8; expected UTF-8 text. "
        "Save it as UTF-8: iconv -f latin1 -t utf-8 OLD > NEW.",
    ),
    "CSV not UTF-8": Broken(
        "d.csv",
        b"prompt,response\np,r\nq,\xff\n",
        "FILE, line 3: found byte 0xff at byte 3, which is not UTF-8; expected UTF-8 text. "
        "Save it as UTF-8: iconv -f latin1 -t utf-8 OLD > NEW.",
    ),
    "UTF-16": Broken(
        "d.csv",
        "prompt,response\np,r\n".encode("utf-16"),
        "FILE, line 1: found byte 0xff at byte 1, which is not UTF-8; expected UTF-8 text. "
        "Save it as UTF-8: iconv -f utf-16 -t utf-8 OLD > NEW.",
    ),
    "semicolons": Broken(
        "d.csv",
        "prompt;response\np;r\n",
        "FILE, header: found columns divided by ';'; expected commas between columns. "
        "Save it with commas, as comma-separated values.",
    ),
    "broken JSON": Broken(
        "d.jsonl",
        FINE + '{"prompt": "p", "response": "r"\n',
        "FILE, row 2: found broken JSON at character 32 (Expecting ',' delimiter); expected an object such "
        "as "
        '{"prompt": "...", "response": "..."}. Mend the row: one whole object on one line.',
    ),
    "JSON Lines named .json": Broken(
        "d.json",
        FINE + FINE,
        "FILE: found broken JSON at line 2, column 1 (Extra data); expected one JSON list of objects. "
        "Mend it; a file with one object a line must be named .jsonl.",
    ),
    "JSON that is no list": Broken(
        "d.json",
        '{"rows": []}',
        "FILE: found an object with the keys rows; expected one JSON list of objects. "
        "Put the rows in a list, or name a file with one object a line .jsonl.",
    ),
    "row that is no object": Broken(
        "d.jsonl",
        FINE + '["p", "r"]\n',
        "FILE, row 2: found a list of 2; expected an object such as "
        '{"prompt": "...", "response": "..."}. Give the fields names.',
    ),
    "nested without end": Broken(
        "d.jsonl",
        FINE + '{"prompt": ' + "[" * 100_000,
        "FILE, row 2: found JSON nested too deeply or with a number of thousands of digits; expected an "
        'object such as {"prompt": "...", "response": "..."}. Flatten or shorten it.',
    ),
    "number without end": Broken(
        "d.json",
        '[{"prompt": ' + "9" * 5000 + "}]",
        "FILE: found JSON nested too deeply or with a number of thousands of digits; expected a list of flat "
        "objects. Flatten or shorten it.",
    ),
    "cut gzip": Broken(
        "d.jsonl.gz",
        gzip.compress(FINE.encode() * 50)[:-12],
        "FILE: found a gzip file that is cut short; expected a whole gzip file. Download or write it again.",
    ),
    "not gzip": Broken(
        "d.jsonl.gz",
        FINE,
        "FILE: found bytes that are not gzip (Not a gzipped file (b'{\"')); expected a gzip file. Compress "
        "or "
        "download it again, or drop .gz from its name if it is not compressed.",
    ),
    "empty file": Broken(
        "d.jsonl", "", "FILE: found an empty file; expected at least one row. Write or download it again."
    ),
    "empty gzip": Broken(
        "d.jsonl.gz",
        gzip.compress(b"\n"),
        "FILE: found an empty file; expected at least one row. Write or download it again.",
    ),
    "header alone": Broken(
        "d.csv",
        "prompt,response\n",
        "FILE: found no rows; expected at least one row. Write the data to it, or name another file.",
    ),
    "unknown extension": Broken(
        "d.tsv",
        "prompt\tresponse\n",
        "FILE: found the extension '.tsv'; expected .jsonl, .json, .csv (each also with .gz) or .parquet. "
        "Rename or convert the file.",
    ),
    "ragged CSV": Broken(
        "d.csv",
        "prompt,response\np,r\nq,r, or so\n",
        "FILE, row 2 (line 3): found 3 fields; expected 2, as in the header. "
        "Quote texts that hold commas or line breaks.",
    ),
    "open quote": Broken(
        "d.csv",
        'prompt,response\np,"r\n',
        "FILE, row 1 (line 2): found broken CSV (unexpected end of data); expected comma-separated values. "
        "Double the quotes inside a quoted text, close every quote, or write JSONL.",
    ),
    "a column twice": Broken(
        "d.csv",
        "prompt,response,response\np,r,s\n",
        "FILE, header: found the column 'response' twice; expected every column once. Rename one of them.",
    ),
    "wrong role": Broken(
        "d.jsonl",
        row(messages=[{"role": "human", "content": "Hello"}, GOOD]),
        "FILE, row 1, field 'messages[0].role': found the role 'human'; expected system (first only), user "
        "or "
        f"assistant. Rename the role, or remove the row. {DROP}",
    ),
    "ShareGPT turns": Broken(
        "d.jsonl",
        row(messages=[{"from": "human", "value": "Hello"}]),
        "FILE, row 1, field 'messages[0]': found an object with the keys from, value; expected an object "
        "with "
        f"role and content. Give every turn a role and a content. {DROP}",
    ),
    "chat without an answer": Broken(
        "d.jsonl",
        row(messages=[USER, GOOD, USER]),
        "FILE, row 1, field 'messages[2].role': found a last turn of the role user; expected assistant. "
        f"End the chat with the answer, or remove the row. {DROP}",
    ),
    "answer to an answer": Broken(
        "d.jsonl",
        row(messages=[USER, GOOD, GOOD]),
        "FILE, row 1, field 'messages[1].role': found a turn of the role assistant before the answer; "
        "expected "
        f"user. Put the user's turn before the answer, or remove the row. {DROP}",
    ),
    "empty turn": Broken(
        "d.jsonl",
        row(messages=[USER, {"role": "assistant", "content": ""}]),
        "FILE, row 1, field 'messages[1].content': found an empty text; expected text that is not blank. "
        f"{FILL} {DROP}",
    ),
    "empty chat": Broken(
        "d.jsonl",
        row(messages=[]),
        "FILE, row 1, field 'messages': found a list of 0; expected a list of {role, content}. "
        f"Write the chat's turns, or remove the row. {DROP}",
    ),
}

PAIRS = {
    "equal sides": Broken(
        "p.jsonl",
        PAIR + row(prompt="p", chosen="same", rejected="same"),
        "FILE, row 2, field 'rejected': found the same text as in chosen ('same'); expected two texts that "
        f"differ. Remove the row, or mend it. {DROP}",
    ),
    "no prompt": Broken(
        "p.jsonl",
        row(chosen="good", rejected="bad"),
        "FILE, row 1, field 'chosen': found an answer alone, and no prompt column; expected a column named "
        "prompt, question or instruction, or a whole chat here. Add the prompts, or say: "
        f"columns = {{ prompt = 'NAME' }}. {DROP}",
    ),
    "two prompts": Broken(
        "p.jsonl",
        row(chosen=[USER, GOOD], rejected=[{"role": "user", "content": "Bye"}, GOOD]),
        "FILE, row 1, field 'rejected': found other turns before the answer than in chosen; expected one "
        "prompt "
        f"for both sides. Make them agree, or remove the row. {DROP}",
    ),
    "chat that strays from its prompt": Broken(
        "p.jsonl",
        row(prompt=[{"role": "user", "content": "Bye"}], chosen=[USER, GOOD], rejected=[USER, GOOD]),
        "FILE, row 1, field 'chosen': found a chat that does not begin with the row's prompt; expected the "
        f"prompt's turns, then the answer. Make them agree, or leave the answer alone in this field. {DROP}",
    ),
    "missing side": Broken(
        "p.csv",
        "prompt,chosen\np,good\n",
        "FILE, field 'rejected': found the columns chosen, prompt; expected a column named rejected. "
        "Rename a column, or say which it is: columns = { rejected = 'NAME' }.",
    ),
    "not Parquet": Broken(
        "p.parquet",
        PAIR * 3,
        "FILE: found bytes that are not Parquet, or not all of it; expected a whole Parquet file. "
        "Write or download it again.",
    ),
}


def refusal(read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read(path)
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("case", DEMONSTRATIONS.values(), ids=DEMONSTRATIONS)
def test_broken_demonstrations_are_told_in_one_line(tmp_path: Path, case: Broken) -> None:
    path = tmp_path / case.name
    path.write_bytes(case.content.encode() if isinstance(case.content, str) else case.content)
    assert refusal(read_demonstrations, path) == case.line
    assert "\n" not in case.line


@pytest.mark.parametrize("case", PAIRS.values(), ids=PAIRS)
def test_broken_pairs_are_told_in_one_line(tmp_path: Path, case: Broken) -> None:
    path = tmp_path / case.name
    path.write_bytes(case.content.encode() if isinstance(case.content, str) else case.content)
    assert refusal(read_pairs, path) == case.line


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv", "x.parquet", "x.jsonl.gz"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=80), keep=st.integers(0, 400))
def test_no_file_ends_in_anything_but_rows_or_a_user_error(
    tmp_path: Path, name: str, content: bytes, keep: int
) -> None:
    path = tmp_path / name
    path.write_bytes(WHOLE[Path(name).suffix][:keep] + content)
    try:
        assert read_pairs(path)
    except UserError as error:
        assert str(error).startswith(str(path))
        assert "\n" not in str(error)


def test_damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(b"PAR1" + b"x" * 40 + b"PAR1")
    assert refusal(read_pairs, path).startswith("FILE: found a Parquet file that cannot be read (")


def test_named_ids_must_be_unique(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(row(key="a", prompt="p", response="r") * 2 + row(key=None, prompt="p", response="r"))
    assert refusal(lambda path: read_demonstrations(path, {"id": "key"}), path) == (
        "FILE, row 2, field 'key': found the id 'a' a second time; expected an id of its own in every row. "
        "Make the ids unique, or leave id out of columns to number the rows. "
        f"More faulty rows: 1 ('apportion data check' lists them). {DROP}"
    )


def test_columns_must_name_fields_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(FINE)
    assert refusal(lambda path: read_demonstrations(path, {"response": "chosen"}), path) == (
        "FILE, field 'response': found no column 'chosen' (columns: prompt, response); "
        "expected one of the file's columns. Correct columns."
    )
    assert refusal(lambda path: read_demonstrations(path, {"reponse": "chosen"}), path) == (
        "columns for FILE: found the field 'reponse'; expected id, prompt, input, response, messages. "
        "Write the field on the left and the file's column on the right."
    )


def test_what_is_not_there(tmp_path: Path) -> None:
    assert refusal(read_pairs, tmp_path / "none.jsonl") == (
        "FILE: found no such file; expected a data file or folder. Check the path's spelling."
    )
    with pytest.raises(UserError, match="no hub id"):
        read_pairs("hf:gsm8k")


def test_folders_without_one_set_of_rows(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing here")
    assert refusal(read_pairs, tmp_path).startswith(
        "FILE: found a folder without data; expected files ending in"
    )
    (tmp_path / "train.jsonl").write_text(PAIR)
    (tmp_path / "test.jsonl").write_text(PAIR)
    assert refusal(read_pairs, tmp_path) == (
        "FILE: found files of several formats, splits or copies (test.jsonl, train.jsonl); "
        "expected files of one format and one split. Name one file, for example FILE/test.jsonl."
    )


def test_a_saved_set_of_splits_wants_one(tmp_path: Path) -> None:
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["test", "train"]}')
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "state.json").write_text("{}")
    assert refusal(read_pairs, tmp_path) == (
        "FILE: found a set of splits (test, train); expected the folder of one split. "
        "Name it, for example FILE/test."
    )
    assert "a saved dataset that cannot be read" in refusal(read_pairs, tmp_path / "train")


def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")

    def load_dataset(*_: object, **__: object) -> object:
        raise ConnectionError("Couldn't reach 'owner/name' on the Hub\nand more")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(UserError) as caught:
        read_pairs("hf:owner/name")
    assert str(caught.value) == (
        "hf:owner/name: found a dataset that cannot be loaded (Couldn't reach 'owner/name' on the Hub); "
        "expected "
        "a dataset on the Hugging Face hub. Check the id, the split and the connection, or download its "
        "files "
        "and name the folder."
    )
