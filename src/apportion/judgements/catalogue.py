"""The catalogue of public sets: what each is, its home, licence and hashes, and which file holds it."""

import difflib
import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import msgspec

from apportion.errors import UserError


@dataclass(frozen=True, slots=True)
class PublicSet:
    """One public set, kept as `NAME.jsonl.gz`.

    `kind` says which reader takes it as it is; "raw" sets need columns named, or a task of their own.
    `sha256` is of the file as Apportion's authors keep it, `content_sha256` of its uncompressed lines: the
    same lines compressed elsewhere have other bytes. `url` is given only where that address is known to hold
    those lines; `hub` is the id of the whole set, where the file is a sample; `made_from` names the set that
    it is built of.
    """

    name: str
    kind: Literal["demonstrations", "pairs", "raw"]
    about: str
    rows: int
    home: str
    licence: str
    fields: str
    sha256: str
    content_sha256: str
    url: str | None = None
    hub: str | None = None
    made_from: str | None = None
    caution: str | None = None

    @property
    def file(self) -> str:
        """Return the name of the set's file."""
        return f"{self.name}.jsonl.gz"


@functools.cache
def catalogue() -> tuple[PublicSet, ...]:
    """Return every public set that Apportion knows, from `catalogue.toml` beside this module."""
    text = resources.files("apportion.judgements").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["sets"], tuple[PublicSet, ...])


def public_set(name: str) -> PublicSet:
    """Return the set of that name or file name; raise `UserError` with the nearest if there is none."""
    known = {entry.name: entry for entry in catalogue()}
    bare = name.removesuffix(".gz").removesuffix(".jsonl")
    if bare in known:
        return known[bare]
    near = difflib.get_close_matches(bare, known, n=1)
    cure = f"Did you mean {near[0]}?" if near else "Type: apportion data list."
    raise UserError("the catalogue", f"no set named '{name}'", "one of its names", cure)
