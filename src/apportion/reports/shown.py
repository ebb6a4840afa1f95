"""Text from data as a page and a figure show it: every character visible, none of them in charge."""

import unicodedata

from markupsafe import Markup

LINES = {"\n", "\t"}
DIRECTIONS = {
    "\u061c",
    "\u200e",
    "\u200f",
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
}


def visible(value: object) -> object:
    """Return a text with its control characters as pictures or code points; other values, and markup, as they are.

    A right-to-left override, for one, would turn around what follows it.

    >>> visible("a\\x00b"), visible("\\u202eabc")
    ('a␀b', '⟨U+202E⟩abc')
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(c if _is_harmless(c) else _pictured(c) for c in value)


def shortened(text: str, most: int = 40) -> str:
    """Return a text that fits beside a figure, visible and on one line.

    >>> shortened("x" * 10_000, 5)
    'xxxx…'
    """
    shown = " ".join(str(visible(text)).split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _is_harmless(character: str) -> bool:
    return character in LINES or (
        character not in DIRECTIONS and unicodedata.category(character) not in ("Cc", "Cs")
    )


def _pictured(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return f"⟨U+{code:04X}⟩"
