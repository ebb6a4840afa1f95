"""The one error that is the user's to mend; everything else is a bug and may crash."""

import errno
import re


class UserError(Exception):
    """Input that Apportion cannot use, told in one line: where, what was found, what was expected, what to do.

    The command line prints it without a traceback and exits with status 2.
    """

    def __init__(self, where: str, found: str, expected: str, cure: str) -> None:
        self.where = where
        self.found = found
        self.expected = expected
        self.cure = cure
        super().__init__(where, found, expected, cure)

    def __str__(self) -> str:
        line = f"{self.where}: found {self.found}; expected {self.expected}. {self.cure}"
        return " ".join(line.split())


OF_TRAIN = ("accelerate", "datasets", "gguf", "peft", "safetensors", "sklearn", "tokenizers", "torch", "transformers",
            "trl")  # fmt: skip
"""Packages of the extra `train`, without which nothing is trained."""


def missing_extra(package: str) -> UserError:
    """Return what to install for a package of the extra `train` that is missing."""
    cure = "Type: pip install 'apportion[train]'"
    return UserError("this command", f"no {package} here", "the extra 'train'", cure)


_NO_ROOM = ("no room left", "room for the files", "Make room there and type the same command again.")
_NO_PERMISSION = (
    "no permission",
    "a place that may be read and written",
    "Name another place, or change its permissions (chmod).",
)
_OF_THE_DISK = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: ("a limit on the size of files", "room for the files", "Raise it (ulimit -f) and go on."),
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.EISDIR: ("a folder", "a file to write", "Name another file, or move the folder away."),
    errno.EROFS: ("a read-only file system", "a place that can be written", "Name another place."),
}


_NUMBER = re.compile(r"\(os error (\d+)\)")


def disk_error(error: Exception) -> UserError | None:
    """Return what the user can mend about an error of the disk: no room, no permission; None for anything else.

    Libraries written in Rust (safetensors, polars) have errors of their own, with the system's number in the text.
    """
    told = _NUMBER.search(str(error))
    number = error.errno if isinstance(error, OSError) else int(told[1]) if told else None
    if number not in _OF_THE_DISK:
        return None
    return UserError(str(getattr(error, "filename", None) or "the disk"), *_OF_THE_DISK[number])
