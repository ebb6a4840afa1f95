"""Questions to a model: lines of a stream and files of pairs, and which line is named when it is bad."""

from pathlib import Path

import polars as pl
import pytest

from apportion.errors import UserError
from apportion.signed.questions import asked_of, read_pairs_file, stream_header
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
        (
            "1," + "2" * 1_000_000 + ",3",
            "found a line of 1,000,004 characters; expected fields of at most 131,072",
        ),
        ("", "found 0 fields"),
    ],
)
def test_bad_lines(line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        asked_of(line, "here")


def test_a_header_of_a_stream_names_the_columns() -> None:
    columns = stream_header("Source,target,rating,time\r", "here")
    assert columns is not None and columns == ("source", "target", "weight", "time")
    assert asked_of("6,2,-4,1289241911", "here", columns) == Asked("6", "2", 1289241911.0, -4.0)
    columns = stream_header('id,time,"rater",ratee', "here")
    assert columns is not None
    assert asked_of("x,7,ann,bob", "here", columns) == Asked("ann", "bob", 7.0)
    with pytest.raises(UserError, match="found 3 fields"):
        asked_of("x,7,ann", "here", columns)
    for row in ("6,2,5", "u,bob,5", "u,v,1970-01-02,3", '1,"2,3'):
        assert stream_header(row, "here") is None
    for line, message in (
        ("source,target,when", "here .*found no column for the time"),
        ("source,from,to,time", "found two columns for the source"),
    ):
        with pytest.raises(UserError, match=message):
            stream_header(line, "here")


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("target,source\n2,1\n3,ann\n", ()),
        ("source,rating,target\n1,5,2\nann,5,3\n", ()),
        ("id,Rater,ratee,time\n9,1,2,5\n9,ann,3,5\n", ("1", "2")),
        ("\ufeff\nfrom,to\n1,2\nann,3\n", ("to", "1")),
    ],
)
def test_a_header_names_the_columns_of_pairs(tmp_path: Path, text: str, users: tuple[str, ...]) -> None:
    (tmp_path / "pairs").write_text(text, encoding="utf-8")
    expected = pl.DataFrame({"source": ["1", "ann"], "target": ["2", "3"]})
    assert read_pairs_file(tmp_path / "pairs", users).equals(expected)


def test_a_first_pair_of_users_with_the_names_of_columns_is_kept(tmp_path: Path) -> None:
    for text, users in (("u,bob\n", ("bob",)), ("from,to\n", ("to", "from"))):
        (tmp_path / "pairs").write_text(text)
        assert len(read_pairs_file(tmp_path / "pairs", users)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source,user\n1,2\n", r"line 1 \('source,user'\): found no column for the target"),
        ("source,from,to\n1,1,2\n", "found two columns for the source"),
        ("giver,taker\n1,2\n", "line 1: found the names 'giver,taker', where users are numbers"),
        ("1,2\n3,3\n", "line 2: found a user's event with itself"),
    ],
)
def test_a_header_that_cannot_be_read_is_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pairs").write_text(text)
    with pytest.raises(UserError, match=message):
        read_pairs_file(tmp_path / "pairs", ("1", "2"))


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
        "found no column for the source": pl.DataFrame({"a": [1], "target": [2]}),
        "found no pairs": pl.DataFrame({"source": [], "target": []}),
        "row 2, column source: found no value": pl.DataFrame({"source": [1, None], "target": [2, 3]}),
        "row 1, column source: found the value 'nan'": pl.DataFrame(
            {"source": [float("nan")], "target": [2]}
        ),
        "row 1: found a user's event with itself": pl.DataFrame({"source": [2.0], "target": [2]}),
    }
    for message, frame in frames.items():
        frame.write_parquet(file)
        with pytest.raises(UserError, match=message):
            read_pairs_file(file)


def test_parquet_pairs_are_read_as_events_are(tmp_path: Path) -> None:
    pl.DataFrame({"Ratee": ["2", " x"], "rater": [1.0, 3.0]}).write_parquet(tmp_path / "pairs")
    expected = pl.DataFrame({"source": ["1", "3"], "target": ["2", "x"]})
    assert read_pairs_file(tmp_path / "pairs").equals(expected)
