"""Values on the wire between tester and candidate: plain Python values as JSON, everything else as a handle.

What comes back is rebuilt from its contents, so an object with a doctored `__eq__` is worth no more than they are.
"""

import json
import os
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

_LARGEST_PLAIN_BITS = 1000  # above it an integer goes in hexadecimal: decimal digits are limited by Python
_DEEPEST = 200


class Malformed(Exception):
    """A message that no sound candidate sends."""


def encode(value: Any, handle: Callable[[Any], int], depth: int = 0) -> Any:
    """Return a value as JSON: scalars and lists as they are, the rest as an object of one key, its kind.

    What is not plain goes by the number that `handle` gives it. Subclasses go as their plain ancestors.
    """
    if depth > _DEEPEST:
        return {"h": handle(value)}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        plain = int.__int__(value)
        return plain if plain.bit_length() <= _LARGEST_PLAIN_BITS else {"i": hex(plain)}

    def inner(item: Any) -> Any:
        return encode(item, handle, depth + 1)

    kinds: Any = (
        (str, "", str.__str__),
        (float, "", float.__float__),
        (list, "", lambda v: [inner(item) for item in list.__iter__(v)]),
        (tuple, "t", lambda v: [inner(item) for item in tuple.__iter__(v)]),
        (dict, "d", lambda v: [[inner(key), inner(item)] for key, item in dict.items(v)]),
        (set, "s", lambda v: [inner(item) for item in set.__iter__(v)]),
        (frozenset, "f", lambda v: [inner(item) for item in frozenset.__iter__(v)]),
        (range, "r", lambda v: [v.start, v.stop, v.step]),
        (bytes, "b", lambda v: v.hex()),
        (bytearray, "a", lambda v: v.hex()),
        (complex, "c", lambda v: [v.real, v.imag]),
        (Fraction, "q", lambda v: [hex(v.numerator), hex(v.denominator)]),
        (Decimal, "m", str),
    )
    for kind, name, contents in kinds:
        if isinstance(value, kind):
            return {name: contents(value)} if name else contents(value)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        return inner(value.item())
    return {"h": handle(value)}


def decode(value: Any, resolve: Callable[[int], Any], depth: int = 0) -> Any:
    """Return the value that JSON stands for; raises `Malformed` for JSON that `encode` does not write."""
    if depth > _DEEPEST + 1:
        raise Malformed("nested too deeply")

    def inner(items: Any) -> list[Any]:
        if not isinstance(items, list):
            raise Malformed("no list")
        return [decode(item, resolve, depth + 1) for item in items]

    if isinstance(value, list):
        return inner(value)
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise Malformed("an object of several keys")
    ((kind, contents),) = value.items()
    kinds: dict[str, Callable[[Any], Any]] = {
        "i": lambda c: int(c, 16),
        "t": lambda c: tuple(inner(c)),
        "d": lambda c: dict(map(inner, c)),
        "s": lambda c: set(inner(c)),
        "f": lambda c: frozenset(inner(c)),
        "r": lambda c: range(*c),
        "b": bytes.fromhex,
        "a": bytearray.fromhex,
        "c": lambda c: complex(*c),
        "q": lambda c: Fraction(int(c[0], 16), int(c[1], 16)),
        "m": Decimal,
        "h": resolve,
    }
    if kind not in kinds:
        raise Malformed(f"an object of the kind {kind!r}")
    try:
        return kinds[kind](contents)
    except (TypeError, ValueError, ArithmeticError, IndexError) as error:
        raise Malformed(str(error)) from None


def send(descriptor: int, message: Any) -> None:
    """Write one message: its length in 4 bytes, then JSON."""
    data = json.dumps(message).encode()
    view = memoryview(len(data).to_bytes(4, "big") + data)
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int, most: int) -> Any:
    """Return the next message, or raise EOFError at the end of the pipe; `Malformed` if it is longer than `most`."""
    length = int.from_bytes(_exactly(descriptor, 4), "big")
    if length > most:
        raise Malformed(f"an answer of more than {most} bytes")
    try:
        return json.loads(_exactly(descriptor, length))
    except (ValueError, RecursionError):
        raise Malformed("no JSON") from None


def _exactly(descriptor: int, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        part = os.read(descriptor, min(count - len(found), 1 << 20))
        if not part:
            raise EOFError
        found += part
    return bytes(found)
