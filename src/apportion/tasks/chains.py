"""Chains: the steps of a worked solution, linked by their numbers, and how one chain differs from another."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import inf
from typing import Literal, NamedTuple

from apportion.tasks.arithmetic import MARK, Step, steps, without_marks
from apportion.tasks.grade import UNSIGNED, number

Factor = tuple[float, int]
"""A number as it was given, and whether it multiplies (1) or divides (-1)."""

_UNKNOWN = re.compile(r"(?<![\d.,])[\d.,]*\d ?[a-zA-Z](?![a-zA-Z])(?=[ \t]*[-+*/=)])")
_TOKEN = re.compile(rf"[ \t]*(?:(\$?{UNSIGNED})(%?)|([-+*/()]))")
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "x": "*", "÷": "/"})
_ADDED_NEGATIVE = re.compile(rf"\+[ \t]*(?:\([ \t]*[-−][ \t]*({UNSIGNED})[ \t]*\)|[-−]({UNSIGNED}))")
_BEFORE_BRACKET = re.compile(r"(?<=\d)\((?=\d)")
_UNITS = re.compile(rf"({UNSIGNED})(?:[ \t]+(?!x\b)[a-zA-Z/]+){{1,4}}(?=[ \t]*[-+*/×÷=x][ \t])")
_BY_100 = re.compile(r"[ \t]*/[ \t]*100(?![\d.,])")
_COPIED = re.compile(
    rf"<<[^<>]*=[ \t]*([-−]?{UNSIGNED})[ \t]*>>[ \t]*\$?((?:(?<![\w.])[-−])?{UNSIGNED})(?!/)"
)
_MOST_TERMS = 64
_STEPS_BACK = (
    64  # how far a number is looked for among earlier results, which keeps a chain linear in its steps
)


class Term(NamedTuple):
    """A product of given numbers, with its sign in the sum that it is a part of, and the sums that divide it."""

    sign: int
    factors: tuple[Factor, ...]
    over: tuple[tuple["Term", ...], ...] = ()


class Worked(NamedTuple):
    """A number of a chain: its value, and the terms that it sums when every step is written out."""

    value: float
    terms: tuple[Term, ...]


class Reading(NamedTuple):
    """A way to link the numbers of a chain where its text leaves a choice.

    `reuse`: a result that has been used stands for itself again, instead of being a given number that happens
    to be the same. `distribute`: a product with a sum is written out, instead of taking the sum's value for
    one number.
    """

    reuse: bool
    distribute: bool


READINGS = tuple(Reading(reuse, distribute) for reuse in (True, False) for distribute in (True, False))


class Written(NamedTuple):
    """A step as written: the expression, what is claimed for it, and whether that holds."""

    expression: str
    claim: Fraction
    holds: bool


def written(text: str) -> tuple[Written, ...]:
    """Return the steps of a solution with calculator marks (<<a*b=c>>), plain equations, or both, in order.

    Where a line has a mark and a plain equation for the same result, the mark counts.
    """
    return tuple(step for line in text.splitlines() if "=" in line for step in _steps_of(line))


def chain(found: Sequence[Written], reading: Reading = READINGS[0]) -> tuple[Worked, ...]:
    """Return the results of written steps in order, each written out as a sum of products of given numbers.

    A number that one of the 64 steps before came to stands for that step, the latest that is not used yet; any
    other is given.

    >>> [worked.value for worked in chain(written("16 - 3 = 13 eggs; 13 * 2 = $26"))]
    [13.0, 26.0]
    """
    reader = _Reader([], set(), reading)
    for step in found:
        worked = reader.worked(step.expression)
        if worked is not None:
            reader.results.append(Worked(as_float(step.claim), tuple(sorted(worked.terms))))
    return tuple(reader.results)


def operations(found: Iterable[Written]) -> int:
    """Return how many operations written steps carry out; with a one, there is nothing to do.

    >>> operations(written("1 * 12 = 12; 12 + 3 - 2 = 13"))
    2
    """
    tokens = [token for step in found for token in _tokens(step.expression) or ()]
    return sum(token in ("+", "-", "*", "/") for token in tokens) - sum(
        token == (1.0, False) for token in tokens
    )


def slips(text: str, found: Sequence[Written]) -> tuple[str, ...]:
    """Return the steps that are false as written, and the marks with another number behind them.

    A step is false if it does not hold by `arithmetic.steps` and is off by more than a thousandth (a
    calculator's last digits are no slip). Behind a mark its result may be rounded, cut off or in hundredths.
    """
    reader = _Reader([], set(), READINGS[0])
    false = []
    for step in found:
        worked = None if step.holds else reader.worked(step.expression)
        if worked is not None and abs(worked.value - as_float(step.claim)) > abs(worked.value) / 1000:
            false.append(step.expression)
    return (*false, *_miscopied(text))


def as_float(value: Fraction) -> float:
    """Return the nearest float, infinite where the number is past all of them.

    >>> as_float(Fraction(1, 2)), as_float(Fraction(-(10**400)))
    (0.5, -inf)
    """
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def _miscopied(text: str) -> list[str]:
    """The marks whose result is not the number behind them."""
    found = []
    for match in _COPIED.finditer(text):
        result, copy = number(match[1]), number(match[2])
        if result is None or copy is None:
            continue
        unit = Fraction(1, 10 ** len(match[2].partition(".")[2]))
        if not any(abs(result * scale - copy) < unit for scale in (1, 100, Fraction(1, 100))):
            found.append(match[0])
    return found


def difference(answer: Iterable[Term], reference: Iterable[Term]) -> Literal["less", "more", "other"]:
    """Return whether one step made `answer` out of `reference`: "less" is one left out, "more" one added.

    Both are sums of products. Each term of the smaller sum has to be found in a term of its own of the larger
    one, of the same sign, all its factors among the other's. What is over has to be one step: either whole
    terms, or one and the same product wherever a term lacks something.
    """
    left, right = list(answer), list(reference)
    if _is_within(left, right):
        return "less"
    return "more" if _is_within(right, left) else "other"


def _is_within(small: Sequence[Term], large: Sequence[Term]) -> bool:
    """Whether `small` is `large` without one step; never of equal sums."""
    gaps: set[tuple[object, ...]] = set()
    free = list(large)
    for term in sorted(small, key=lambda term: -len(term.factors)):
        lacking = [(place, gap) for place, other in enumerate(free) if (gap := _gap(term, other)) is not None]
        if not lacking:
            return False
        place, gap = min(lacking, key=lambda found: len(found[1]))
        del free[place]
        if gap:
            gaps.add(gap)
    return len(gaps) + bool(free) == 1


def _gap(term: Term, other: Term) -> tuple[object, ...] | None:
    """What `term` lacks of `other`, nothing where they are equal; None where it is no part of it."""
    if term.sign != other.sign:
        return None
    own, whole = Counter(term.factors), Counter(other.factors)
    extra = list((own - whole).elements())
    if len(extra) == 1 == len(other.over) and extra[0][1] < 0 and not term.over:
        part = _is_within((Term(1, ((extra[0][0], 1),)),), other.over[0])
        return (*sorted((whole - own).elements()), "a part of the divisor") if part else None
    if extra:
        return None
    gap: tuple[object, ...] = tuple(sorted((whole - own).elements()))
    if term.over == other.over:
        return gap
    if not term.over:
        return (*gap, *other.over)
    pairs = len(term.over) == len(other.over) == 1
    return (*gap, "a part of the divisor") if pairs and _is_within(term.over[0], other.over[0]) else None


def _steps_of(line: str) -> list[Written]:
    """The marks of a line, and its plain equations that come to something else."""
    line = _BEFORE_BRACKET.sub("*(", line)
    line = _ADDED_NEGATIVE.sub(r"- \1\2", _UNKNOWN.sub("?", line))
    if "<<" not in line:
        line = _UNITS.sub(r"\1 ", line)
    marks = MARK.findall(line)
    marked = [one for mark in marks for one in _taken_apart(steps(mark)[-1:])]
    known = {one.claim for one in marked}
    if len(marks) == len(marked) and line.count("=") == 2 * len(marks):
        return marked  # each plain equation is that of its mark
    return [*marked, *(one for one in _taken_apart(steps(without_marks(line))) if one.claim not in known)]


def _taken_apart(found: Iterable[Step]) -> list[Written]:
    parts = ((step, *step.text.rpartition("=")[::2]) for step in found)
    return [
        Written(left, claim, step.holds)
        for step, left, right in parts
        if (claim := number(right.strip())) is not None
    ]


class _Reader(NamedTuple):
    """Reads the expressions of a chain: what it has come to so far, which of that is used, and how to link."""

    results: list[Worked]
    used: set[int]
    reading: Reading

    def worked(self, expression: str) -> Worked | None:
        """The value and the terms of an expression, or None where it is none or divides by zero."""
        found = _tokens(expression)
        if found is None:
            return None
        tokens = [token if isinstance(token, str) else self.operand(*token) for token in found]
        tokens.reverse()
        try:
            worked = self.sum(tokens)
        except (IndexError, TypeError, ZeroDivisionError, RecursionError):
            return None
        return worked if not tokens else None

    def operand(self, value: float, percent: bool) -> Worked:
        """What an operand stands for: an earlier result, or a given number."""
        if percent:
            return _given(value / 100)
        places = range(max(0, len(self.results) - _STEPS_BACK), len(self.results))
        same = [place for place in places if _same(self.results[place].value, value)]
        unused = [place for place in same if place not in self.used]
        if unused or (same and self.reading.reuse):
            place = (unused or same)[-1]
            self.used.add(place)
            return self.results[place]
        return _given(value)

    def sum(self, tokens: list[str | Worked]) -> Worked:
        total = self.product(tokens)
        while tokens and tokens[-1] in ("+", "-"):
            sign = 1 if tokens.pop() == "+" else -1
            other = self.product(tokens)
            terms = (*total.terms, *(Term(sign * term.sign, term.factors) for term in other.terms))
            total = _short(Worked(total.value + sign * other.value, terms))
        return total

    def product(self, tokens: list[str | Worked]) -> Worked:
        total = self.atom(tokens)
        while tokens and tokens[-1] in ("*", "/"):
            operation = {"*": self.times, "/": self.over}[str(tokens.pop())]
            total = operation(total, self.atom(tokens))
        return total

    def atom(self, tokens: list[str | Worked]) -> Worked:
        token = tokens.pop()
        if isinstance(token, Worked):
            return token
        if token == "-":
            inside = self.atom(tokens)
            return Worked(-inside.value, tuple(Term(-term.sign, term.factors) for term in inside.terms))
        if token != "(":
            raise TypeError(token)
        inside = self.sum(tokens)
        if tokens.pop() != ")":
            raise TypeError("(")
        return inside

    def times(self, left: Worked, right: Worked) -> Worked:
        value = left.value * right.value
        if not self.reading.distribute:
            left, right = _single(left), _single(right)
        terms = tuple(
            Term(
                one.sign * other.sign,
                tuple(sorted((*one.factors, *other.factors))),
                tuple(sorted((*one.over, *other.over))),
            )
            for one in left.terms
            for other in right.terms
        )
        return _short(Worked(value, terms))

    def over(self, left: Worked, right: Worked) -> Worked:
        """A quotient; a divisor that is a sum stays one."""
        divisor, *others = right.terms
        if others or divisor.over:
            inverse = Term(1, (), (tuple(sorted(right.terms)),))
        else:
            inverse = Term(divisor.sign, tuple((size, -power) for size, power in divisor.factors))
        return self.times(left, Worked(1 / right.value, (inverse,)))


@lru_cache(4096)
def _tokens(expression: str) -> tuple[str | tuple[float, bool], ...] | None:
    """The signs and the numbers (each with whether it is a percentage) of an expression, or None."""
    tokens: list[str | tuple[float, bool]] = []
    place, source = 0, expression.translate(_SIGNS).rstrip()
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None:
            return None
        place = match.end()
        if match[3]:
            tokens.append(match[3])
            continue
        value = float(match[1].replace(",", "").replace("$", ""))
        hundredth = _BY_100.match(source, place) if value <= 100 and not match[2] else None
        place = place if hundredth is None else hundredth.end()
        tokens.append((value, bool(match[2] or hundredth)))
    return tuple(tokens)


def _same(one: float, other: float) -> bool:
    """Whether an operand is a result; one with decimals may be rounded."""
    return one == other or (other % 1 > 0 and abs(one - other) <= abs(one) / 1000)


@lru_cache(4096)
def _given(value: float) -> Worked:
    """A given number; one below 1 is the quotient that it is, so that .25, 25% and 1/4 are one thing."""
    sign = -1 if value < 0 else 1
    size = abs(value)
    if size == 1:
        return Worked(value, (Term(sign, ()),))
    if 0 < size < 1:
        share = Fraction(size).limit_denominator(10000)
        above = () if share.numerator == 1 else ((float(share.numerator), 1),)
        return Worked(value, (Term(sign, (*above, (float(share.denominator), -1))),))
    return Worked(value, (Term(sign, ((size, 1),)),))


def _single(worked: Worked) -> Worked:
    """A number that is one product; a sum counts as given."""
    return worked if len(worked.terms) == 1 else _given(worked.value)


def _short(worked: Worked) -> Worked:
    """A number whose terms got out of hand counts as given."""
    return worked if len(worked.terms) <= _MOST_TERMS else _given(worked.value)
