"""Arithmetic steps written in a solution, and which of them are false."""

import re
from fractions import Fraction
from typing import NamedTuple

from apportion.tasks.grade import NUMBER, UNSIGNED, number

MARK = re.compile(r"<<([^<>]*)>>")
_EQUATION = re.compile(rf"([\d.,$()+\-−–*/x×·÷% \t]*)=[ \t]*({NUMBER})(%?)")
_CONTINUES = re.compile(r"[ \t]*(?:[+*/×·÷=]|[-−–x][ \t]*[\d(]|[\d(])")
_TOKEN = re.compile(rf"[ \t]*(?:(\$?{UNSIGNED})(%?)|([-+*/()]))")
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "x": "*", "÷": "/"})


class Step(NamedTuple):
    """An equation as written and whether it holds."""

    text: str
    holds: bool


def without_marks(text: str) -> str:
    """Return a GSM8K solution without its calculator marks.

    >>> without_marks("48/2 = <<48/2=24>>24 clips")
    '48/2 = 24 clips'
    """
    return MARK.sub("", text)


def steps(text: str) -> tuple[Step, ...]:
    """Return every step `a op b ... = c` of numbers, + - * / and brackets, in marks (<<a*b=c>>) or plain.

    A step holds if c is within one unit of its own last digit, so that rounding and cutting off both pass;
    whole numbers under + - * must be exact. A percent sign may mean hundredths or be only a label. What
    cannot be read with certainty (units among the numbers, unknowns, chains, mixed numbers) is no step.
    """
    inside = [step for mark in MARK.findall(text) for step in _plain_steps(mark)]
    return (*inside, *_plain_steps(without_marks(text)))


def false_steps(text: str) -> tuple[str, ...]:
    """Return the steps that do not hold, as written.

    >>> false_steps("2 + 2 = 5 and 7 / 2 = 3.5")
    ('2 + 2 = 5',)
    """
    return tuple(step.text for step in steps(text) if not step.holds)


def _plain_steps(text: str) -> list[Step]:
    found: list[Step] = []
    for match in _EQUATION.finditer(text):
        left, result, percent = match[1].strip(), match[2], match[3]
        if _CONTINUES.match(text, match.end()) or _touches(text, match.start(1)):
            continue
        readings = (_value(left, hundredths) for hundredths in (True, False))
        values = [value for value in readings if value is not None]
        claim = number(result)
        if not values or claim is None or not re.search(r"[-+*/]", left.translate(_SIGNS)):
            continue
        claims = {claim, claim / 100} if percent else {claim}
        unit = Fraction(1, 10 ** len(result.partition(".")[2]))
        holds = any(abs(v - c) < (unit if c == claim else unit / 100) for v in values for c in claims)
        found.append(Step(match[0].strip(), holds))
    return found


def _touches(text: str, start: int) -> bool:
    """Return whether the expression that starts here is the rest of a longer one or of a word or a time."""
    return start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_:^") and text[start] not in " \t"


def _value(expression: str, hundredths: bool) -> Fraction | None:
    """Return the value of an arithmetic expression, or None if it is none (or divides by zero)."""
    tokens: list[str | Fraction] = []
    place, source = 0, expression.translate(_SIGNS)
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None:
            return None
        place = match.end()
        value = number(match[1]) if match[1] else None
        if match[1] and value is None:
            return None
        tokens.append(match[3] if value is None else value / 100 if match[2] and hundredths else value)
    tokens.reverse()
    try:
        value = _sum(tokens)
    except (IndexError, ValueError, ZeroDivisionError, RecursionError):
        return None
    return value if not tokens else None


def _sum(tokens: list[str | Fraction]) -> Fraction:
    total = _product(tokens)
    while tokens and tokens[-1] in ("+", "-"):
        total += _product(tokens) if tokens.pop() == "+" else -_product(tokens)
    return total


def _product(tokens: list[str | Fraction]) -> Fraction:
    total = _atom(tokens)
    while tokens and tokens[-1] in ("*", "/"):
        total = total * _atom(tokens) if tokens.pop() == "*" else total / _atom(tokens)
    return total


def _atom(tokens: list[str | Fraction]) -> Fraction:
    token = tokens.pop()
    if isinstance(token, Fraction):
        return token
    if token != "(":
        raise ValueError(token)
    inside = _sum(tokens)
    if tokens.pop() != ")":
        raise ValueError("(")
    return inside
