"""Fetching networks: resumed, checked, and never a wrong byte under the file's name."""

import dataclasses
import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from apportion.errors import UserError
from apportion.signed import fetching
from apportion.signed.catalogue import NETWORKS, PublicNetwork, public_network
from apportion.signed.fetching import checked, fetch_network
from apportion.signed.readers import read_events

LINES = "".join(f"{i},{(i * 7 + 1) % 501},{1 if i % 3 else -1},{i}\n" for i in range(1, 500)).encode()
CONTENT = gzip.compress(LINES, mtime=0)
FILE = "made.csv.gz"


class Home:
    """A public home on this machine: what it holds, how it behaves, and what it was asked."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.breaks_after: int | None = None
        self.knows_ranges = True
        self.ranges: list[str | None] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        if request.path != f"/{FILE}":
            request.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.knows_ranges else 0
        if start >= len(self.content):
            request.send_error(416)
            return
        request.send_response(206 if asked and self.knows_ranges else 200)
        request.send_header("Content-Length", str(len(self.content) - start))
        request.end_headers()
        end = len(self.content) if self.breaks_after is None else start + self.breaks_after
        request.wfile.write(self.content[start:end])


@pytest.fixture
def home() -> Iterator[tuple[Home, str]]:
    held = Home()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            held.answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield held, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def network(url: str, **changes: Any) -> PublicNetwork:
    sha = hashlib.sha256(LINES).hexdigest()
    made = PublicNetwork(
        "made", "a test", FILE, f"{url}/{FILE}", "nowhere", "MIT", 500, 499, 166, "", "", sha
    )
    return dataclasses.replace(made, **changes)


def test_a_download_is_checked_and_kept(tmp_path: Path, home: tuple[Home, str]) -> None:
    fetched = fetch_network(network(home[1]), tmp_path / "new", None)
    assert fetched.path.read_bytes() == CONTENT
    assert (fetched.origin, len(fetched.read.events)) == (f"{home[1]}/{FILE}", 499)
    again = fetch_network(network("http://127.0.0.1:9"), tmp_path / "new", None)
    assert again.origin == "already there"
    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE]


def test_a_download_that_broke_off_is_gone_on_with(tmp_path: Path, home: tuple[Home, str]) -> None:
    held, url = home
    held.breaks_after = len(CONTENT) // 3
    for times in (1, 2):
        with pytest.raises(UserError, match=r"broke off after [\d,]+ bytes .* Type the same command again"):
            fetch_network(network(url), tmp_path, None)
        assert (tmp_path / f"{FILE}.part").stat().st_size == times * held.breaks_after
        assert not (tmp_path / FILE).exists()
    held.breaks_after = None
    assert fetch_network(network(url), tmp_path, None).path.read_bytes() == CONTENT
    assert held.ranges == [None, f"bytes={len(CONTENT) // 3}-", f"bytes={2 * (len(CONTENT) // 3)}-"]
    assert not (tmp_path / f"{FILE}.part").exists()


def test_a_home_without_ranges_is_asked_from_the_beginning(tmp_path: Path, home: tuple[Home, str]) -> None:
    home[0].knows_ranges = False
    (tmp_path / f"{FILE}.part").write_bytes(CONTENT[:100])
    assert fetch_network(network(home[1]), tmp_path, None).path.read_bytes() == CONTENT


def test_a_part_that_is_whole_already(tmp_path: Path, home: tuple[Home, str]) -> None:
    (tmp_path / f"{FILE}.part").write_bytes(CONTENT)
    assert fetch_network(network(home[1]), tmp_path, None).path.read_bytes() == CONTENT
    assert home[0].ranges == [f"bytes={len(CONTENT)}-"]


def test_other_bytes_are_refused_and_the_part_is_removed(tmp_path: Path, home: tuple[Home, str]) -> None:
    held, url = home
    held.content = gzip.compress(LINES + b"1,2,1,5000\n")
    with pytest.raises(
        UserError, match=r"made\.csv\.gz: found lines with the SHA-256 \w{16}; expected those of made"
    ):
        fetch_network(network(url), tmp_path, None)
    held.content = b"<html>moved</html>"
    with pytest.raises(UserError, match="found an HTML or XML page"):
        fetch_network(network(url, content_sha256=None), tmp_path, None)
    (tmp_path / f"{FILE}.part").write_bytes(b"other")
    held.content = CONTENT
    with pytest.raises(UserError):
        fetch_network(network(url), tmp_path, None)
    assert list(tmp_path.iterdir()) == []
    assert fetch_network(network(url), tmp_path, None).path.read_bytes() == CONTENT


def test_without_a_network_or_a_file_one_line_says_so(tmp_path: Path, home: tuple[Home, str]) -> None:
    with pytest.raises(
        UserError, match=r"found no answer \(.*refused\).*or put made\.csv\.gz into \$APPORTION_DATA/signed"
    ):
        fetch_network(network("http://127.0.0.1:9"), tmp_path, None)
    with pytest.raises(UserError, match=r"found no answer \(.*[Nn]ame.*\)"):
        fetch_network(network("http://nowhere.invalid"), tmp_path, None)
    with pytest.raises(UserError, match=r"found no answer \(404 Not Found\)"):
        fetch_network(network(f"{home[1]}/other"), tmp_path, None)
    assert list(tmp_path.iterdir()) == []


def test_the_data_folder_comes_first_compressed_or_not(tmp_path: Path) -> None:
    folder = tmp_path / "signed"
    folder.mkdir()
    (folder / "made.csv").write_bytes(LINES)
    fetched = fetch_network(network("http://127.0.0.1:9"), tmp_path / "out", str(tmp_path))
    assert fetched.origin == str(folder / "made.csv")
    assert gzip.decompress(fetched.path.read_bytes()) == LINES
    (folder / FILE).write_bytes(CONTENT)
    other = fetch_network(network("http://127.0.0.1:9"), tmp_path / "other", str(tmp_path))
    assert (other.origin, other.path.read_bytes()) == (str(folder / FILE), CONTENT)


def test_counts_are_checked_where_no_hash_is_known(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_bytes(CONTENT)
    assert len(checked(path, network("", content_sha256=None)).events) == 499
    assert (
        len(checked(path, network("", content_sha256=None, events=502, negatives=167, tolerance=0.01)).events)
        == 499
    )
    for changes in ({"events": 520}, {"events": 470}, {"negatives": 180}, {"negatives": 150}):
        with pytest.raises(UserError, match="found 499 signed events, 166 of them negative; expected"):
            checked(path, network("", content_sha256=None, tolerance=0.01, **changes))
    path.write_bytes(LINES + b"7,7,-1,3\n" + LINES[: LINES.index(b"\n") + 1])
    assert checked(path, network("", content_sha256=None, events=501, negatives=167)).dropped


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="found a folder that cannot be written"):
        fetch_network(network(""), tmp_path / "file" / "sub", None)


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "signed").mkdir()
    (tmp_path / "signed" / FILE).write_bytes(CONTENT)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching.shutil, "copyfileobj", fail)
    with pytest.raises(UserError, match="No space left on device"):
        fetch_network(network(""), tmp_path / "out", str(tmp_path))
    assert list((tmp_path / "out").iterdir()) == []


def test_names() -> None:
    assert [entry.name for entry in NETWORKS] == ["bitcoin-otc", "bitcoin-alpha", "wiki-rfa", "epinions"]
    assert public_network("wiki-RfA.txt.gz") == public_network("wiki-rfa") != None  # noqa: E711
    assert public_network("gsm8k_test") is None
    alpha = public_network("bitcoin-alpha")
    assert alpha is not None and alpha.negatives / alpha.events == pytest.approx(0.0635, abs=0.0001)


def test_otc_is_what_the_catalogue_says(tmp_path: Path, data_folder: Path) -> None:
    fetched = fetch_network(NETWORKS[0], tmp_path, str(data_folder))
    assert (len(fetched.read.events), fetched.read.events.n_users) == (NETWORKS[0].events, NETWORKS[0].users)
    assert len(read_events(fetched.path).events) == NETWORKS[0].events
