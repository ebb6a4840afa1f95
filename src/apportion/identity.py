"""Identity is content: one canonical hash for names, and every random draw derived from it."""

import hashlib
from pathlib import Path

import msgspec
import numpy as np


def digest(value: object) -> str:
    """Return the first 16 hex digits of the SHA-256 of a value's canonical JSON (keys sorted, shortest floats).

    Takes anything that msgspec encodes: dataclasses, dicts, sequences, numbers, strings.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    canonical = msgspec.json.encode(msgspec.to_builtins(value), order="sorted")
    return hashlib.sha256(canonical).hexdigest()[:16]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seed_for(identity: str, purpose: str, index: int = 0) -> int:
    """Return a 31-bit seed that depends on nothing but (identity, purpose, index)."""
    text = f"{identity}\x00{purpose}\x00{index}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") >> 1


def generator(identity: str, purpose: str, index: int = 0) -> np.random.Generator:
    """Return a NumPy generator derived from (identity, purpose, index), so that one draw never moves another."""
    text = f"{identity}\x00{purpose}\x00{index}".encode()
    return np.random.default_rng(np.frombuffer(hashlib.sha256(text).digest(), dtype=np.uint32))
