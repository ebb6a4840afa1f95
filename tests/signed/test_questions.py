"""Questions to a model: lines of a stream and files of pairs, and which line is named when it is bad."""

from pathlib import Path

import polars as pl
import pytest

from apportion.errors import UserError
from apportion.signed.questions import asked_of, is_header, read_pairs_file
from apportion.signed.stream import Asked


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("6,2,1289241911.5", Asked("6", "2", 1289241911.5, None)),
        (" ann , bob ,7, -3\r", Asked("ann", "bob", 7.0, -3.0)),
        ('"a,b",c,1970-01-02,', Asked("a,b", "c", 86400.0, None)),
        ("007,7,5,0", Asked("007", "7", 5.0, 0.0)),
    ],
)
def test_lines(line: str, expected: Asked) -> None:
    assert asked_of(line, "here") == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("6,2", r"here: found 2 fields \('6,2'\); expected source,target,time or"),
        ("1,2,3,4,5", "found 5 fields"),
        ("1,2,noon", "found the time 'noon'"),
        ("1,2,nan", "found the time 'nan'"),
        ("1,2,3,good", "found the weight 'good'"),
        ("1,2,3,inf", "found the weight 'inf'"),
        ('1,"2,3', "found broken quotes"),
        ("", "found 0 fields"),
    ],
)
def test_bad_lines(line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        asked_of(line, "here")


def test_headers() -> None:
    assert is_header("source,target,time") and is_header('"Rater","x"') and not is_header("6,2,5")


def test_files_of_pairs(tmp_path: Path) -> None:
    file = tmp_path / "pairs"
    expected = pl.DataFrame({"source": ["1", "ann"], "target": ["2", "3"]})
    for text in ("source,target\n1,2\n\nann,3,5,x\n", "1,2\nann, 3"):
        file.write_text(text)
        assert read_pairs_file(file).equals(expected)
    pl.DataFrame({"x": [0, 0], "source": ["1", "ann"], "target": [2, 3]}).write_parquet(file)
    assert read_pairs_file(file).equals(expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "pairs: found no pairs"),
        (b"source,target\n", "pairs: found no pairs"),
        (b"1,2\n3\n", "pairs, line 2: found '3'; expected source,target"),
        (b"1,2\n,3\n", "pairs, line 2: found ',3'"),
        (b"1,2\n\xff,3\n", "pairs, line 2: found bytes that are not UTF-8"),
        (b"PAR1xx", "found a Parquet file that cannot be read"),
    ],
)
def test_bad_files_of_pairs(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "pairs").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_pairs_file(tmp_path / "pairs")


def test_parquet_without_pairs(tmp_path: Path) -> None:
    file = tmp_path / "pairs"
    frames = {
        "found the columns a, target": pl.DataFrame({"a": [1], "target": [2]}),
        "found no pairs": pl.DataFrame({"source": [], "target": []}),
        "found missing ids": pl.DataFrame({"source": [1, None], "target": [2, 3]}),
    }
    for message, frame in frames.items():
        frame.write_parquet(file)
        with pytest.raises(UserError, match=message):
            read_pairs_file(file)
