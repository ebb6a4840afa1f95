"""Reads a TOML table into a settings dataclass, with errors that name the key and the nearest right one."""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from apportion.errors import UserError

Settings = TypeVar("Settings")

IN_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "object": "a table of keys and values",
    "str": "a text in quotes",
}


def from_table(kind: type[Settings], table: object, where: str, defaults: Settings | None = None) -> Settings:
    """Return the table as a `kind`; keys that are missing come from `defaults`, else from the class.

    Raises UserError for a key that `kind` does not have, a value of the wrong type, or a missing key.
    """
    table = expect_table(table, where)
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    refuse_unknown(table, names, where)
    given = {} if defaults is None else {name: getattr(defaults, name) for name in names}
    try:
        return msgspec.convert(msgspec.to_builtins(given) | dict(table), kind)
    except msgspec.ValidationError as error:
        raise type_error(error, where, table, kind) from error
    except UserError as error:  # of the settings' own check, which does not know the file
        raise UserError(f"{where}: {error.where}", error.found, error.expected, error.cure) from error


def expect_table(value: object, where: str) -> Mapping[str, Any]:
    """Return the value if it is a table, else raise UserError."""
    if isinstance(value, Mapping):
        return value
    raise UserError(
        where,
        f"{value!r}",
        "a table of keys and values",
        f"Write {where.rsplit(maxsplit=1)[-1]} as a heading, and its keys below it.",
    )


def refuse_unknown(table: Mapping[str, Any], known: list[str], where: str) -> None:
    """Raise UserError for the first key that is not known, with the nearest known one as the cure."""
    for key in table:
        if key not in known:
            cure = near(key, known, "Remove it, or check the spelling.")
            raise UserError(where, f"unknown key '{key}'", f"one of {', '.join(known)}", cure)


def near(word: object, known: Iterable[str], otherwise: str) -> str:
    """Return the question whether the nearest known word was meant, or something else where none is near."""
    found = difflib.get_close_matches(str(word), list(known), n=1)
    return f"Did you mean '{found[0]}'?" if found else otherwise


def type_error(error: msgspec.ValidationError, where: str, table: Mapping[str, Any], kind: type) -> UserError:
    """Return the user's error behind a failed conversion: the key, the value found, the type expected."""
    message, _, place = str(error).partition(" - at `$")
    key = place.rstrip("`").lstrip(".") or "the table"
    name = key.split("[")[0].split(".")[0]
    value = table.get(name)
    expected = message.removeprefix("Expected ").replace("`", "").split(", got")[0].removesuffix(" | null")
    expected = IN_WORDS.get(expected, expected)
    if expected.startswith("Invalid enum value"):
        expected = f"one of {', '.join(_accepted(get_type_hints(kind).get(name)))}"
    if "missing required field" in message:
        missing = message.rsplit(" ", 1)[-1].strip("`")
        return UserError(where, f"no key '{missing}'", "it to be given", f"Add {missing} = ... there.")
    return UserError(f"{where}, {key}", f"{value!r}", expected, "Change the value.")


def _accepted(hint: object) -> list[str]:
    """Return the values of the Literal in a type, however deep it lies, as a TOML file has them."""
    if get_origin(hint) is Literal:
        return [f'"{value}"' for value in get_args(hint)]
    return [value for inner in get_args(hint) for value in _accepted(inner)]
