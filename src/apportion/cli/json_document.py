"""What --json prints: one JSON document on standard output."""

from typing import Any

import msgspec


def print_json(document: object) -> None:
    """Print a document of plain values, dataclasses or numpy's scalars; a number that is not finite becomes null."""
    print(as_json(document), flush=True)


def as_json(document: object) -> str:
    """Return the one line that `print_json` prints."""
    return msgspec.json.encode(document, enc_hook=_plain).decode()


def _plain(value: Any) -> object:
    return value.item() if hasattr(value, "item") else str(value)
