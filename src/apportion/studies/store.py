"""A study's folder on disk: units are published whole, checked by their hashes, and locked while in work.

The rule that makes any kill harmless: a unit is done when its marker, written last by an atomic rename, names
the hashes of its files. Whatever has no such marker, or does not match it, is done anew.
"""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apportion.errors import UserError
from apportion.identity import file_sha256

MARKER = "DONE"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is either the old one or the new one, whole, whenever the process dies."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _remove(path: Path) -> None:
    """Remove a folder with what is in it, a file or a link, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong inside, while a run's file is read, into a UserError that names the file."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        found = f"a damaged file ({type(error).__name__})"
        cure = "Run the study again: what is damaged is found and done again."
        raise UserError(str(path), found, "what a run writes", cure) from error


class Store:
    """The folder of one study."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def fault(self, folder: str) -> str | None:
        """Return what is wrong with a unit that is there, as a phrase that names the file; None if all is well."""
        place = self.root / folder
        if not place.is_dir():
            return f"{folder} is not a folder"
        try:
            hashes = json.loads((place / MARKER).read_text())["files"]
            expected = {str(name): str(sha256) for name, sha256 in hashes.items()}
        except (ValueError, KeyError, AttributeError, TypeError):
            return f"{folder}/{MARKER} is damaged"
        if not expected:  # every unit has files
            return f"{folder}/{MARKER} is damaged"
        for name, sha256 in expected.items():
            if not (place / name).is_file():
                return f"{folder}/{name} is missing"
            if file_sha256(place / name) != sha256:
                return f"{folder}/{name} is truncated or altered"
        return None

    def has_marker(self, folder: str) -> bool:
        """Return whether a unit claims to be done."""
        return (self.root / folder / MARKER).is_file()

    def is_there(self, folder: str) -> bool:
        """Return whether a unit claims to be done, or something that is no folder is in its place."""
        place = self.root / folder
        return self.has_marker(folder) or (os.path.lexists(place) and not place.is_dir())

    def is_whole(self, folder: str) -> bool:
        """Return whether a unit is done and its files are what its marker says."""
        return self.has_marker(folder) and self.fault(folder) is None

    def publish(self, folder: str, write: Callable[[Path], None]) -> None:
        """Have `write` fill a folder, then make it the unit's, marker last. The caller holds the unit's lock."""
        final = self.root / folder
        part = final.with_name(f"{final.name}.part")
        _remove(part)
        part.mkdir(parents=True)
        write(part)
        files = sorted(path for path in part.rglob("*") if path.is_file())
        for path in files:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        hashes = {str(path.relative_to(part)): file_sha256(path) for path in files}
        self.discard(folder)
        part.rename(final)
        write_atomically(final / MARKER, json.dumps({"files": hashes}, indent=1).encode())

    def discard(self, folder: str) -> None:
        """Remove a unit, its marker first, or whatever is in its place."""
        place = self.root / folder
        if place.is_dir():
            _remove(place / MARKER)
        _remove(place)

    @contextmanager
    def presence(self) -> Iterator[None]:
        """Show that a runner is at work in the folder, for as long as its process lives."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        mine = locks / f"runner-{os.getpid()}"
        try:
            with mine.open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
        finally:
            mine.unlink(missing_ok=True)

    def has_runner(self) -> bool:
        """Return whether any runner is at work in the folder; those who look do not see one another."""
        for path in self.root.glob("locks/runner-*"):
            try:
                with path.open() as file:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            except FileNotFoundError:
                continue
        return False

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Yield whether the lock could be taken now. It is the kernel's: it ends with the process that holds it."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / name).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
