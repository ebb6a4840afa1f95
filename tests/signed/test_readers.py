"""Readers: what a file of each format gives, what is dropped and counted, and which line is named when it is bad."""

import bz2
import gzip
import io
import os
import random
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apportion.errors import UserError
from apportion.signed import delimited, opening
from apportion.signed.events import Events
from apportion.signed.gathering import ReadEvents
from apportion.signed.readers import read_events
from apportion.signed.tables import read_frame, to_frame
from apportion.signed.users import LONGEST_ID
from apportion.signed.wiki_rfa import date_seconds
from apportion.signed.writing import write_events

LINES = ["6,2,4,1289241911.72836", "10,5,-2,1289241941.5", "1,15,1,1289243140", "2,6,-10,1289243141"]
EXPECTED = Events.of(
    [6, 10, 1, 2], [2, 5, 15, 6], [1289241911.72836, 1289241941.5, 1289243140, 1289243141], [4, -2, 1, -10]
)
Write = Callable[[str | bytes], ReadEvents]


@pytest.fixture
def read(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> ReadEvents:
        path = tmp_path / "events"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_events(path)

    return written


def text(lines: list[str], end: str = "\n") -> str:
    return "".join(line + end for line in lines)


def in_tar(name: str, content: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:bz2") as archive:
        for member, held in (("set/README", "about"), (name, content)):
            entry = tarfile.TarInfo(member)
            entry.size = len(held)
            archive.addfile(entry, io.BytesIO(held.encode()))
    return buffer.getvalue()


SPACED = "% sym signed\n% 4 10 10\n" + text([line.replace(",", " ") for line in LINES])
FORMS: dict[str, str | bytes] = {
    "SNAP": text(LINES),
    "gzip": gzip.compress(text(LINES).encode()),
    "bzip2": bz2.compress(text(LINES).encode()),
    "Windows line ends": text(LINES, "\r\n"),
    "byte order mark": b"\xef\xbb\xbf" + text(LINES).encode(),
    "no last line end": text(LINES).rstrip("\n"),
    "blank lines": "\n" + "\n\n".join(LINES) + "\n \n",
    "any order": text(LINES[::-1]),
    "header": "source,target,rating,time\n" + text(LINES),
    "header in capitals": "SRC,DST,Weight,Timestamp\n" + text(LINES),
    "spaces": text([line.replace(",", ", ") for line in LINES]),
    "quoted": text(['"' + '","'.join(line.split(",")) + '"' for line in LINES]),
    "semicolons": text([line.replace(",", ";") for line in LINES]),
    "other columns and order": "time,note,to,from,sign\n"
    + text([f"{t},x y,{b},{a},{w}" for a, b, w, t in (line.split(",") for line in LINES)]),
    "tabs with a header": "from\tto\tsign\ttime\n" + text([line.replace(",", "\t") for line in LINES]),
    "KONECT": SPACED,
    "KONECT, tabs and spaces": SPACED.replace(" ", "\t").replace("\t-", "  -"),
    "KONECT without comments": text([line.replace(",", " ") for line in LINES]),
    "KONECT, a comment among the lines": SPACED + "% the end\n",
    "KONECT archive": in_tar("set/out.set", SPACED),
    "ISO dates": "source,target,weight,time\n"
    "6,2,4,2010-11-08T18:45:11.728360\n10,5,-2,2010-11-08 18:45:41.500\n"
    "1,15,1,2010-11-08T19:05:40Z\n2,6,-10,2010-11-08T20:05:41+01:00\n",
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_every_form_gives_the_same_events(read: Write, content: str | bytes) -> None:
    found = read(content)
    assert found.events.digest == EXPECTED.digest
    assert (found.rows, found.dropped) == (4, {})


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_small_blocks_change_nothing(
    read: Write, content: str | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "HEAD_BYTES", 300)
    monkeypatch.setattr(opening, "BLOCK_BYTES", 7)
    assert read(content).events.digest == EXPECTED.digest


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_what_is_written_is_read_again(tmp_path: Path, ending: str) -> None:
    named = Events.of(["ann", "7"], ["bob", "ann"], [0.1 + 0.2, 1e9], [-0.25, 3])
    for place, events in enumerate((EXPECTED, named)):
        path = tmp_path / f"{place}{ending}"
        write_events(events, path)
        assert read_events(path).events.digest == events.digest
        before = path.read_bytes()
        write_events(events, path)
        assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_of_another_ending_or_in_no_folder_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"another ending; expected \.csv or \.csv\.gz or \.parquet"):
        write_events(EXPECTED, tmp_path / "events.xlsx")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="a place that cannot be written"):
        write_events(EXPECTED, tmp_path / "file" / "events.csv")


def test_data_frames() -> None:
    frame = to_frame(EXPECTED)
    assert read_frame(frame).events.digest == EXPECTED.digest
    frames = frame.rename({"weight": "rating"}).select("time", "rating", "target", "source")
    assert read_frame(pd.DataFrame(frames.to_dict(as_series=False))).events.digest == EXPECTED.digest
    dates = frame.with_columns(pl.from_epoch((pl.col("time") * 1e6).round().cast(pl.Int64), "us"))
    assert read_frame(dates).events.digest == EXPECTED.digest
    texts = frame.with_columns(pl.col("source").cast(pl.String).cast(pl.Categorical))
    assert read_frame(texts).events.digest == EXPECTED.digest


BAD_FRAMES: dict[str, tuple[dict[str, list[object]], str]] = {
    "no time": ({"source": [1], "target": [2], "weight": [1]}, "no column for the time"),
    "unknown names": ({"a": [1], "b": [2], "c": [1], "d": [1]}, r"4 fields \('a,b,c,d'\)"),
    "missing weight": (
        {"source": [1, 1], "target": [2, 3], "weight": [1, None], "time": [1, 2]},
        "row 2, column weight: found no value",
    ),
    "nan": (
        {"source": [1, 1], "target": [2, 3], "weight": [1.0, float("nan")], "time": [1, 2]},
        "row 2, column weight: found the value 'nan'",
    ),
    "huge weight": (
        {"source": [1, 1], "target": [2, 3], "weight": [1.0, -1e39], "time": [1, 2]},
        "row 2, column weight: found the value '-1e[+]39'; expected a finite number, at most",
    ),
    "missing id": (
        {"source": ["a", None], "target": ["b", "c"], "weight": [1, 1], "time": [1, 2]},
        "row 2, column source: found no value",
    ),
    "empty id": (
        {"source": ["a", " "], "target": ["b", "c"], "weight": [1, 1], "time": [1, 2]},
        "row 2, column source: found the value ' '",
    ),
    "fractional id": (
        {"source": [1.5], "target": [2], "weight": [1], "time": [1]},
        "row 1, column source: found the value '1.5'; expected a whole number below",
    ),
    "id that is NaN": (
        {"source": [1.0, float("nan")], "target": [2, 3], "weight": [1, 1], "time": [1, 2]},
        "row 2, column source: found the value 'nan'",
    ),
    "huge id": (
        {"source": [1e30], "target": [2], "weight": [1], "time": [1]},
        "row 1, column source: found the value '1e[+]30'",
    ),
    "text as time": (
        {"source": [1], "target": [2], "weight": [1], "time": ["noon"]},
        "column time: found values of type String",
    ),
}


@pytest.mark.parametrize(("columns", "message"), BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_a_faulty_frame_or_parquet_file_is_told(
    tmp_path: Path, columns: dict[str, list[object]], message: str
) -> None:
    frame = pl.DataFrame(columns)
    with pytest.raises(UserError, match=message):
        read_frame(frame)
    frame.write_parquet(tmp_path / "events.parquet")
    with pytest.raises(UserError, match=r"events\.parquet.*" + message):
        read_events(tmp_path / "events.parquet")


def test_half_a_character_in_a_frame_of_pandas_is_told() -> None:
    frame = pd.DataFrame(
        {"source": ["a", None, "\udc80"], "target": [1, 1, 1], "weight": 1, "time": 1}, dtype=object
    )
    with pytest.raises(UserError, match="row 3, column source: found text with half a character"):
        read_frame(frame)


def test_what_is_dropped_is_counted(read: Write) -> None:
    rows = [*LINES, "5,5,1,1", "5,5,0,1", "7,8,0,2", LINES[0], LINES[0], "6,2,4.0,1289241911.728360"]
    found = read(text(rows))
    assert found.events.digest == EXPECTED.digest
    assert found.dropped == {"exact duplicate row": 3, "self loop": 2, "weight of 0": 1}
    assert found.rows == 10
    assert found.backwards == 1


def test_rows_of_one_time_and_pair_that_differ_are_kept(read: Write) -> None:
    assert len(read("1,2,1,5\n1,2,-1,5\n2,1,1,5\n1,2,1,6\n").events) == 4


def test_times_going_backwards_are_sorted_and_counted(read: Write) -> None:
    found = read("1,2,1,30\n2,3,1,20\n3,1,-1,25\n1,3,1,10\n")
    assert found.events.time.tolist() == [10, 20, 25, 30]
    assert (found.backwards, found.dropped) == (2, {})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "2", "10", "a", "b", "007", "7"]),
            st.sampled_from(["1", "2", "10", "a", "c"]),
            st.sampled_from([-1, 0, 1, 2]),
            st.integers(0, 4),
        ),
        min_size=1,
        max_size=25,
    ),
    st.randoms(),
    st.integers(5, 60),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_in_any_order_and_blocks_against_the_obvious(
    read: Write, rows: list[tuple[str, str, int, int]], shuffled: random.Random, block: int
) -> None:
    kept = {row for row in rows if row[0] != row[1] and row[2] != 0}
    lines = [",".join(map(str, row)) for row in shuffled.sample(rows, len(rows))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "HEAD_BYTES", 20)
        patch.setattr(opening, "BLOCK_BYTES", block)
        if not kept:
            with pytest.raises(UserError, match="all dropped"):
                read(text(lines))
            return
        found = read(text(lines))
    source, target, weight, time = zip(*kept, strict=True)
    assert found.events.digest == Events.of(source, target, time, weight).digest
    assert sum(found.dropped.values()) == len(rows) - len(kept)


BAD: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "events: found an empty file; expected events"),
    "blank": ("\n \n", "found an empty file"),
    "header only": ("source,target,rating,time\n", "found no rows; expected at least one event"),
    "comments only": ("% sym signed\n% 0 0 0\n", "found no rows"),
    "one user": ("1,1,5,10\n1,1,-5,11\n", r"found 2 rows, all dropped \(2 for self loop\)"),
    "weights of 0": ("1,2,0,10\n", r"all dropped \(1 for weight of 0\)"),
    "NaN weight": (text(LINES) + "1,2,nan,5\n", "line 5: found the weight 'nan'; expected a finite number"),
    "NaN in the first line": ("1,2,NaN,5\n1,2,1,5\n", "line 1: found the weight 'NaN'"),
    "infinite time": (text(LINES) + "1,2,1,inf\n", "line 5: found the time 'inf'"),
    "huge number": (text(LINES) + "1,2,1e999,5\n", "line 5: found the weight '1e999'"),
    "a number too large for a model": (
        text(LINES) + "1,2,-1e300,5\n",
        "line 5: found the weight '-1e300'; expected a finite number, at most 1e[+]15 in size",
    ),
    "a time too large": (
        text(LINES) + "1,2,1,-1e305\n",
        "line 5: found the time '-1e305'; expected a finite number of seconds, at most 1e[+]20 in size, or YYYY",
    ),
    "KONECT, a time too large": ("1 2 1 1e21\n", "line 1: found the time '1e21'"),
    "KONECT, a number too large": ("1 2 1e16 4\n", "line 1: found the weight '1e16'"),
    "Python's number": (text(LINES) + "1,2,1_0,5\n", "line 5: found the weight '1_0'"),
    "missing field": (
        text(LINES) + "1,2,1\n",
        r"line 5: found 3 fields \('1,2,1'\); expected 4: source,target,weight,time",
    ),
    "field too many": (text(LINES) + "1,2,1,5,9\n", "line 5: found 5 fields"),
    "empty id": (text(LINES) + ",2,1,5\n", "line 5, source: found an empty id"),
    "empty weight": (text(LINES) + "1,2,,5\n", "line 5: found no weight"),
    "endless id": (text(LINES) + "x" * 300 + ",2,1,5\n", "line 5, source: found an id of 300 characters"),
    "an endless line": (
        text(LINES) + "x" * 1_000_000 + ",2,1,5,6\n",
        "line 5: found a line of 1,000,008 characters; expected fields of at most 131,072",
    ),
    "an endless first line": (
        "1," + "x" * 1_000_000 + ",1,5\n",
        "line 1: found a line of 1,000,006 characters",
    ),
    "no UTF-8": (text(LINES).encode() + b"J\xf6rg,2,1,5\n", "line 5: found byte 0xf6, which is not UTF-8"),
    "blank source": (text(LINES) + " ,2,1,5\n", "line 5, source: found an empty id"),
    "quoted empty source": (text(LINES) + '"",2,1,5\n', "line 5, source: found an empty id"),
    "target of a no-break space": (text(LINES) + "1,\u00a0,1,5\n", "line 5, target: found an empty id"),
    "zero byte far down": (
        text(LINES) + "1,2,3,4\n" * 9_000 + "a\0,1,1,5\n",
        "line 9,005: found a zero byte; expected text",
    ),
    "broken quotes": (text(LINES) + '"a"b,2,1,5\n', "line 5: found broken quotes"),
    "quote over lines": (text(LINES) + '"a\nb",2,1,5\n', "line 5: found broken quotes"),
    "unreadable date": (
        "source,target,weight,time\n1,2,1,2013-13-45\n",
        "line 2: found the time '2013-13-45'",
    ),
    "late fault": (text(["1,2,1,5"] * 5000) + "1,2,x,5\n" + text(LINES), "line 5,001: found the weight 'x'"),
    "time before weight": (
        "1,2,1289241911,4\n3,2,1289241912,-4\n",
        "begin the file with the line source,target,time",
    ),
    "KONECT, time before weight": ("1 2 1289241911 4\n", "begin the file with the line"),
    "no times": ("# FromNodeId ToNodeId Sign\n0 1 -1\n", "line 2: found lines of 3 fields, without a time"),
    "KONECT fault": (SPACED + "3 4 + 5\n", r"line 7: found the weight '\+'"),
    "three columns": ("1,2,1\n", r"line 1: found 3 fields \('1,2,1'\); expected source,target,rating,time"),
    "header without time": ("source,target,rating\n1,2,1\n", "line 1.*found no column for the time"),
    "header with two sources": (
        "source,from,to,rating,time\n1,1,2,1,5\n",
        "found two columns for the source",
    ),
    "a table of runs": ("n_demonstrations,n_pairs,score\n100,0,0.5\n", "line 1: found 3 fields"),
    "JSON": ('{"source": 1}\n', "found JSON; expected events"),
    "JSON list": ("[1, 2]", "found JSON"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\n", "found a PDF"),
    "HTML": ("<!DOCTYPE html><html>", "found an HTML or XML page"),
    "zip": (b"PK\x03\x04....", "found a zip archive or a spreadsheet"),
    "line ends of old Macs": (text(LINES, "\r"), r"carriage return alone; expected .* tr '.r' '.n' < OLD"),
    "a line end of old Macs among others": (f"6,2,4\r{text(LINES)}", "line 1: found a line that is no row"),
    "decimal commas": ("6;2;3,5;7\n", r"line 1: found the weight '3,5'; .* Write a decimal point: 3.5[.]"),
    "comments before CSV": ("# my events\n6,2,4,7\n", "line 1: found a comment before separated fields"),
    "a commented header": ("# source;target;rating;time\n6;2;4;7\n", "CSV without comments"),
    "binary": (b"\x7fELF\0\0\1\2", "found binary data"),
    "UTF-16": ("1,2,1,5\n".encode("utf-16"), "found text in UTF-16"),
    "prose": ("It was a dark and stormy night.\n", "line 1: found 'It was a dark"),
    "a word": ("hello\n", "line 1: found 'hello'; expected events"),
    "truncated Parquet": (b"PAR1\x15\x04", "found a Parquet file that cannot be read"),
    "archive without events": (in_tar("set/meta.set", "x"), r"found an archive without a file out\.\*"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_bad_files_are_told_in_one_line(read: Write, content: str | bytes, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read(content)
    assert "\n" not in str(caught.value) and "events" in str(caught.value)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_a_compressed_file_that_breaks_off_is_told(read: Write, compress: Callable[[bytes], bytes]) -> None:
    whole = compress(text([f"{i},{i + 1},1,{i}" for i in range(200_000)]).encode())
    with pytest.raises(
        UserError, match=r"after line [\d,]+: found a compressed file that breaks off"
    ) as caught:
        read(whole[: len(whole) // 2])
    line = int(str(caught.value).split("after line ")[1].split(":")[0].replace(",", ""))
    assert 50_000 < line < 150_000
    with pytest.raises(UserError, match="found a compressed file that breaks off or is damaged"):
        read(whole[:50])
    broken = in_tar("set/out.set", SPACED * 2000)
    with pytest.raises(UserError, match="breaks off or is damaged"):
        read(broken[: len(broken) // 2])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_lines_are_counted_through_all_blocks(read: Write, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(opening, "HEAD_BYTES", 100)
    monkeypatch.setattr(opening, "BLOCK_BYTES", 1000)
    line = 3_001 if end != "\n\n" else 6_001
    with pytest.raises(UserError, match=f"line {line:,}: found the weight 'x'"):
        read(text([f"{i},{i + 1},1,5" for i in range(3000)] + ["1,2,x,5", "1,2,1,5"], end))


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_a_pipe_is_read_as_a_file_is(tmp_path: Path, ending: str) -> None:
    write_events(EXPECTED, tmp_path / f"events{ending}")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes((tmp_path / f"events{ending}").read_bytes()))
    writer.start()
    found = read_events(pipe)
    writer.join()
    assert found.events.digest == EXPECTED.digest


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere: found no such file"):
        read_events(tmp_path / "nowhere")
    with pytest.raises(UserError, match="found a folder"):
        read_events(tmp_path)


RECORDS = """SRC:Steel1943
TGT:BDD
VOT:1
RES:1
YEA:2013
DAT:23:13, 19 April 2013
TXT:'''Support''' as co-nom: SRC:nobody

SRC:Cuchullain
TGT:BDD
VOT:-1
RES:1
YEA:2013
DAT:01:04, 20 April 2013
TXT:

"""


def record(**changes: str) -> str:
    fields = {
        "SRC": "a",
        "TGT": "b",
        "VOT": "1",
        "RES": "1",
        "YEA": "2004",
        "DAT": "00:01, 1 May 2004",
        "TXT": "x",
    }
    return "".join(f"{name}:{value}\n" for name, value in (fields | changes).items()) + "\n"


def test_wiki_rfa(read: Write) -> None:
    found = read(RECORDS)
    assert found.layout == "Wiki-RfA"
    assert found.events.users.tolist() == ["BDD", "Cuchullain", "Steel1943"]
    assert found.events.source.tolist() == [2, 1]
    assert found.events.weight.tolist() == [1, -1]
    assert found.events.time.tolist() == [1366413180.0, 1366419840.0]


def test_wiki_rfa_counts_what_it_drops_by_reason(read: Write) -> None:
    faulty = [
        record(SRC=""),
        record(TGT=" "),
        record(SRC="x" * 1_000_000),
        record(TGT="b" * 201, VOT="0"),
        record(VOT="yes"),
        record(VOT="0"),
        record(VOT="0", DAT=""),
        record(DAT=""),
        record(DAT=""),
        record(DAT="19 April 2013"),
        record(DAT="23:13, 31 April 2013"),
        record(TGT="a"),
        record(),
        record(),
    ]
    expected = {
        "no source or no target": 2,
        "unusable id": 2,
        "unreadable vote": 1,
        "neutral vote": 2,
        "undated": 2,
        "unreadable date": 2,
        "self loop": 1,
        "exact duplicate row": 1,
    }
    for order in (faulty, faulty[::-1]):
        found = read(RECORDS + "".join(order))
        assert (found.dropped, found.rows, len(found.events)) == (expected, 16, 3)
    without_blank_lines = "".join(order).replace("\n\n", "\n")
    assert read(RECORDS + without_blank_lines).dropped == expected
    with pytest.raises(UserError, match=r"found 1 row, all dropped \(1 for undated\)"):
        read(record(DAT=""))


def test_wiki_rfa_is_read_in_any_order(read: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [
        record(SRC=f"user {i % 7}", TGT=f"u{i % 5}", DAT=f"{i % 24}:{i % 60:02}, {1 + i % 28} June 2009")
        for i in range(200)
    ]
    one = read("".join(records))
    monkeypatch.setattr(opening, "BLOCK_BYTES", 11)
    assert read("".join(random.Random(1).sample(records, 200))).events.digest == one.events.digest


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("23:13, 19 April 2013", 1366413180.0),
        ("0:00, 29 February 2012", 1330473600.0),
        (" 00:01, 01 january 1970 ", 60.0),
        ("24:00, 1 May 2004", None),
        ("10:60, 1 May 2004", None),
        ("00:00, 29 February 2013", None),
        ("00:00, 0 May 2004", None),
        ("23:13, 19 Avril 2013", None),
        ("23:13, 19 April 2013 (UTC)", None),
        ("19 April 2013", None),
        ("00:00, 1 May 0000", None),
    ],
)
def test_dates(date: str, seconds: float | None) -> None:
    assert date_seconds(date) == seconds


def test_the_fast_way_and_the_slow_one_agree(read: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = text([f"u{i % 9},{i % 5},{(i % 7) - 3}.25,{i * 0.3!r}" for i in range(500)])
    fast = read(rows)
    monkeypatch.setattr(delimited, "_fast", lambda *_: None)
    slow = read(rows)
    assert (fast.events.digest, fast.dropped) == (slow.events.digest, slow.dropped)


def test_ids_are_read_fast_up_to_the_longest(monkeypatch: pytest.MonkeyPatch, read: Write) -> None:
    monkeypatch.setattr(delimited, "_line_by_line", None)  # not needed
    found = read(f"{'a' * LONGEST_ID},b,1,5\n")
    assert found.events.users.tolist() == ["a" * LONGEST_ID, "b"]


def test_bitcoin_otc(data_folder: Path) -> None:
    found = read_events(data_folder / "signed" / "soc-sign-bitcoinotc.csv")
    assert (len(found.events), found.events.n_users, int((found.events.sign < 0).sum())) == (
        35592,
        5881,
        3563,
    )
    assert (found.dropped, found.backwards, found.rows) == ({}, 0, 35592)
    assert (found.events.time[0], found.events.time[-1]) == (1289241911.72836, 1453684323.75728)
