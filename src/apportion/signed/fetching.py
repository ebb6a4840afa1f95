"""Fetching: one public network from the data folder or from its home, a download resumed, what came checked."""

import gzip
import hashlib
import http.client
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

from apportion.errors import UserError
from apportion.signed.catalogue import PublicNetwork
from apportion.signed.gathering import REPEATED, SELF_LOOP, ReadEvents
from apportion.signed.opening import opened
from apportion.signed.readers import read_events

TIMEOUT_SECONDS = 60
PIECE = 1 << 16
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416


class FetchedNetwork(NamedTuple):
    """Where a network's file now is, where it came from and what it holds."""

    path: Path
    origin: str
    read: ReadEvents


def fetch_network(network: PublicNetwork, out: Path, data_folder: str | None) -> FetchedNetwork:
    """Return the network's file under the folder `out`, whole and checked.

    Taken, in this order, from `out`, from `data_folder`/signed ($APPORTION_DATA), compressed or not, or from its
    home. A download that breaks off leaves FILE.part, from which the next call goes on. Raises `UserError` where
    the network cannot be had, or is not what the catalogue says.
    """
    target = out / network.file
    if target.exists():
        return FetchedNetwork(target, "already there", checked(target, network))
    try:
        out.mkdir(parents=True, exist_ok=True)
        kept = _kept(network, data_folder)
        if kept is not None:
            read = checked(kept, network)
            _copy(kept, target)
            return FetchedNetwork(target, str(kept), read)
        part = out / f"{network.file}.part"
        _download(network, part)
        try:
            read = checked(part, network)
        except UserError as error:
            part.unlink()  # going on from it could only end the same way
            cure = f"It was removed. Type the same command again, or take the file from its home: {network.home}."
            raise UserError(network.url, error.found, error.expected, cure) from None
        part.replace(target)
    except OSError as error:
        found = f"a folder that cannot be written ({error.strerror or error})"
        raise UserError(str(out), found, "a folder to write to", "Name another: --out DIR.") from None
    return FetchedNetwork(target, network.url, read)


def checked(path: Path, network: PublicNetwork) -> ReadEvents:
    """Return the events of a network's file; raises `UserError` where they are not what the catalogue says."""
    cure = f"Remove the file and take it from its home again: {network.home}."
    if network.content_sha256 is not None:
        found = hashlib.sha256()
        with opened(path) as file:
            for block in file.blocks():
                found.update(block.text)
        if found.hexdigest() != network.content_sha256:
            line = f"lines with the SHA-256 {found.hexdigest()[:16]}"
            expected = f"those of {network.name}, {network.content_sha256[:16]}"
            raise UserError(str(path), line, expected, cure)
    read = read_events(path)
    repeated = read.dropped.get(REPEATED, 0)
    events = len(read.events) + repeated + read.dropped.get(SELF_LOOP, 0)
    negatives = int((read.events.sign < 0).sum())
    is_near = abs(events - network.events) <= network.tolerance * network.events
    dropped = events - len(read.events)
    off = network.negatives - negatives  # some of those that were dropped may be negative
    room = network.tolerance * network.negatives
    if not (is_near and -room <= off <= dropped + room):
        found_here = f"{events:,} signed events, {negatives:,} of them negative"
        raise UserError(str(path), found_here, f"{network.events:,} and {network.negatives:,}", cure)
    return read


def _kept(network: PublicNetwork, data_folder: str | None) -> Path | None:
    """Return the file in the data folder, as its home has it or unpacked."""
    if not data_folder:
        return None
    names = (network.file, network.file.removesuffix(".gz"))
    return next((p for name in names if (p := Path(data_folder) / "signed" / name).is_file()), None)


def _copy(kept: Path, target: Path) -> None:
    """Copy a file, compressing it where the target's name says so; seen whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".fetching-", delete=False) as copy:
        part = Path(copy.name)
        try:
            with kept.open("rb") as file:
                if target.suffix == ".gz" and kept.suffix != ".gz":
                    with gzip.GzipFile(filename="", mode="wb", fileobj=copy, mtime=0) as compressed:
                        shutil.copyfileobj(file, compressed)
                else:
                    shutil.copyfileobj(file, copy)
            copy.flush()
            part.chmod(0o644)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _download(network: PublicNetwork, part: Path) -> None:
    """Write what the home holds to `part`, going on behind what is there already if the home can do that."""
    there = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(network.url, headers={"Range": f"bytes={there}-"} if there else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            is_rest = response.status == PARTIAL_CONTENT
            length = response.headers.get("Content-Length")
            expected = None if length is None else int(length) + (there if is_rest else 0)
            with part.open("ab" if is_rest else "wb") as file:
                while piece := response.read(PIECE):
                    file.write(piece)
    except urllib.error.HTTPError as error:
        if error.code == RANGE_NOT_SATISFIABLE and there:
            return  # all of it is there; the check says whether it is right
        raise _no_answer(network, f"{error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise _no_answer(network, str(error.reason)) from None
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise _broke_off(network, part, None, str(error) or type(error).__name__) from None
    if expected is not None and part.stat().st_size < expected:
        raise _broke_off(network, part, expected, "the connection was closed")


def _no_answer(network: PublicNetwork, reason: str) -> UserError:
    cure = f"Check the connection, or put {network.file} into $APPORTION_DATA/signed by hand."
    return UserError(network.url, f"no answer ({reason})", "a download", cure)


def _broke_off(network: PublicNetwork, part: Path, expected: int | None, reason: str) -> UserError:
    size = part.stat().st_size if part.exists() else 0
    found = f"a download that broke off after {size:,} bytes ({reason})"
    whole = "the whole file" if expected is None else f"{expected:,} bytes"
    return UserError(
        network.url, found, whole, "Type the same command again: it goes on where this one stopped."
    )
