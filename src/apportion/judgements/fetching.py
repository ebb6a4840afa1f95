"""Fetching: one public set from the data folder, from its home or built of another, its hash checked."""

import gzip
import hashlib
import json
import os
import tempfile
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import NamedTuple

from apportion.errors import UserError
from apportion.judgements.catalogue import PublicSet, public_set

TIMEOUT_SECONDS = 60
GZIP_MAGIC = b"\x1f\x8b"
SYSTEMS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


class Fetched(NamedTuple):
    """Where a set's file now is and where it came from."""

    path: Path
    origin: str


def fetch(entry: PublicSet, out: Path, data_folder: str | None) -> Fetched:
    """Return the set's file under the folder `out`, written whole or not at all.

    It is taken, in this order, from `out` itself, from `data_folder`/text ($APPORTION_DATA), built of the set
    that it is made from, or downloaded. Raises `UserError` where its lines have another hash than the
    catalogue's, and where it can be had in none of these ways.
    """
    target = out / entry.file
    if target.exists():
        checked(target.read_bytes(), entry, str(target))
        return Fetched(target, "already there")
    data, origin = _obtained(entry, data_folder)
    _write_whole(target, data)
    return Fetched(target, origin)


def checked(data: bytes, entry: PublicSet, where: str) -> bytes:
    """Return the data gzip-compressed if its lines are those of the catalogue, else raise `UserError`."""
    is_compressed = data.startswith(GZIP_MAGIC)
    expected = f"those of {entry.name}, {entry.content_sha256[:16]}"
    cure = f"Remove the file and take it from its home again: {entry.home}."
    try:
        content = gzip.decompress(data) if is_compressed else data
    except (EOFError, OSError, zlib.error):
        raise UserError(where, "a broken gzip file", expected, cure) from None
    found = hashlib.sha256(content).hexdigest()
    if found != entry.content_sha256:
        raise UserError(where, f"lines with the SHA-256 {found[:16]}", expected, cure)
    return data if is_compressed else gzip.compress(content, mtime=0)


def gsm8k_pairs(solutions: bytes) -> bytes:
    """Return gsm8k_preference_pairs as JSON Lines, made of the lines of gsm8k_model_solutions.

    For one problem, every correct solution of the four systems is preferred to every incorrect one.
    """
    lines: list[str] = []
    for index, line in enumerate(solutions.splitlines()):
        row = json.loads(line)
        chosen = [system for system in SYSTEMS if row[system]["is_correct"]]
        rejected = [system for system in SYSTEMS if not row[system]["is_correct"]]
        for better in chosen:
            for worse in rejected:
                pair = {
                    "id": f"gsm8k-test-{index:04d}-{better}-{worse}",
                    "question": row["question"],
                    "chosen": row[better]["solution"],
                    "rejected": row[worse]["solution"],
                    "chosen_system": better,
                    "rejected_system": worse,
                    "reference": row["ground_truth"],
                }
                lines.append(json.dumps(pair, ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def _obtained(entry: PublicSet, data_folder: str | None) -> tuple[bytes, str]:
    kept = Path(data_folder) / "text" / entry.file if data_folder else None
    if kept is not None and kept.exists():
        return checked(kept.read_bytes(), entry, str(kept)), str(kept)
    if entry.made_from is not None:
        source, origin = _obtained(public_set(entry.made_from), data_folder)
        return checked(gsm8k_pairs(gzip.decompress(source)), entry, entry.name), f"built of {origin}"
    if entry.url is None:
        whole = f" The whole set is on the hub: hf:{entry.hub}." if entry.hub else ""
        cure = f"Its home is {entry.home}; put the file into $APPORTION_DATA/text as {entry.file}.{whole}"
        raise UserError(entry.name, "no address that holds these very lines", "a copy of the file", cure)
    return checked(_downloaded(entry.url, entry), entry, entry.url), entry.url


def _downloaded(url: str, entry: PublicSet) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            return response.read()
    except (urllib.error.URLError, OSError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        cure = f"Check the connection, or put {entry.file} into $APPORTION_DATA/text by hand."
        raise UserError(url, f"no answer ({reason})", "a download", cure) from None


def _write_whole(target: Path, data: bytes) -> None:
    """Write under another name and rename, so that nobody ever sees half a file."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".fetching-", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).chmod(0o644)
                Path(file.name).replace(target)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        found = f"a folder that cannot be written ({error.strerror})"
        raise UserError(
            str(target.parent), found, "a folder to write to", "Name another: --out DIR."
        ) from None
