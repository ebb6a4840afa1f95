"""Opening: a file, plain, gzip, bzip2 or a tar of KONECT, as blocks of whole lines, so that memory stays small."""

import bz2
import gzip
import io
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from apportion.errors import UserError

BLOCK_BYTES = 8 << 20
HEAD_BYTES = 1 << 16
PIECE_BYTES = 1 << 14  # what is lost of a file that breaks off
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
WAYS_TO_BREAK = (EOFError, OSError, zlib.error, tarfile.TarError)


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = ..., /) -> bytes:
        """Return at most so many bytes, none at the end."""
        ...


class Block(NamedTuple):
    """Whole lines of a file and the number of the first, from 1."""

    text: bytes
    line: int


class Opened:
    """An open file whose beginning can be looked at before it is read."""

    def __init__(self, file: str, stream: "Readable", whole: Path | IO[bytes]) -> None:
        self.file = file
        self.whole = whole  # for readers that have to move about in it
        self._stream = stream
        self._line = 1
        self.head = self._read(HEAD_BYTES).removeprefix(BYTE_ORDER_MARK)

    def blocks(self) -> Iterator[Block]:
        """Yield the file from its beginning in blocks of whole lines; raises `UserError` where it breaks off."""
        rest = self.head
        while True:
            read = self._read(BLOCK_BYTES)
            text = rest + read
            end = text.rfind(b"\n") + 1 if read else len(text)
            rest = text[end:]
            if end:
                yield Block(text[:end], self._line)
                self._line += text.count(b"\n", 0, end)
            if not read:
                return

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines from the beginning, without their ends, with their numbers from 1."""
        for block in self.blocks():
            yield from enumerate(block.text.splitlines(), block.line)

    def _read(self, size: int) -> bytes:
        parts: list[bytes] = []
        try:
            while size > 0 and (part := self._stream.read(min(size, PIECE_BYTES))):
                parts.append(part)
                size -= len(part)
        except WAYS_TO_BREAK as error:
            line = self._line + sum(part.count(b"\n") for part in parts)
            found = f"a compressed file that breaks off or is damaged ({error})"
            cure = "Download or compress it again."
            raise UserError(f"{self.file}, after line {line:,}", found, "a whole file", cure) from None
        return b"".join(parts)


@contextmanager
def opened(path: Path, expected: str = "a file of events") -> Iterator[Opened]:
    """Open a file by its content; raises `UserError` where it cannot be read."""
    try:
        raw = path.open("rb")
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise UserError(str(path), str(reason), expected, "Check the path.") from None
    with raw, _movable(raw, path) as (raw, whole):
        start = raw.read(3)
        raw.seek(0)
        stream: Readable = raw
        if start.startswith(b"\x1f\x8b"):
            stream = gzip.GzipFile(fileobj=raw)
        elif start == b"BZh":
            stream = bz2.BZ2File(raw)
        file = Opened(str(path), stream, whole)
        if file.head[257:262] == b"ustar":
            raw.seek(0)
            yield _konect_member(path, raw, whole)
        else:
            yield file


@contextmanager
def _movable(raw: IO[bytes], path: Path) -> Iterator[tuple[IO[bytes], Path | IO[bytes]]]:
    """Give a file to read from and what to open it by anew: a pipe is copied to a temporary file first."""
    if raw.seekable():
        yield raw, path
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(raw, copy)
        copy.seek(0)
        yield copy, copy


def _konect_member(path: Path, raw: IO[bytes], whole: Path | IO[bytes]) -> Opened:
    try:
        archive = tarfile.open(fileobj=raw, mode="r|*")  # noqa: SIM115 (a stream, read until the file is closed)
        for member in archive:
            if member.isfile() and Path(member.name).name.startswith("out."):
                held = archive.extractfile(member)
                return Opened(f"{path} ({member.name})", held or io.BytesIO(), whole)
    except WAYS_TO_BREAK as error:
        found, cure = f"an archive that breaks off or is damaged ({error})", "Download it again."
        raise UserError(str(path), found, "a whole archive", cure) from None
    cure = "Unpack it and name the file with the events."
    raise UserError(str(path), "an archive without a file out.*", "an archive of KONECT", cure)
