"""The anatomy of errors: exactly one class for every graded answer, by deterministic rules."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

from apportion.error_classes import ErrorClass
from apportion.tasks.chains import (
    READINGS,
    Worked,
    Written,
    as_float,
    chain,
    difference,
    operations,
    slips,
    written,
)
from apportion.tasks.grade import all_numbers, last_number, strict_number

_REFUSAL = re.compile(
    r"\bI(?:['’]m| am) sorry\b|\bsorry, (?:but )?I\b"
    r"|\bI(?:['’]m| am)? ?(?:cannot|can['’]?t|can not|could ?n['’]t|unable|not able|won['’]t|will not"
    r"|do not know|don['’]t (?:know|have)|refuse)\b"
    r"|\bas an? (?:AI|language model)\b.{0,80}(?:cannot|can['’]t|unable|not able|do(?:es)? not|don['’]t)"
    r"|\bnot (?:enough|sufficient) information\b|\bcannot be (?:determined|answered|solved)\b",
    re.IGNORECASE | re.DOTALL,
)
_OPENING = 300  # characters in which a refusal is looked for: later, it is part of something else
_ENDED = re.compile(r"[.!?)\]}\"'”’`]\s*$")
_LONGEST_PIECE = 120
_SHORTEST_ROUND = 48


def is_repetition(text: str) -> bool:
    """Return whether a text goes in circles at its end.

    Either its last 48 characters or more, and at least four times the piece, are one piece of up to 120
    characters over and over; or each of the seven lines before the last is there four times or more.

    >>> is_repetition("He is " + "very " * 12), is_repetition("very, very, very good")
    (True, False)
    """
    tail = text.rstrip()
    for period in range(1, min(_LONGEST_PIECE, len(tail) // 4) + 1):
        filled = tail[-max(_SHORTEST_ROUND, 4 * period) :]
        if filled[period:] == filled[:-period] and len(filled) >= _SHORTEST_ROUND:
            return any(character.isalnum() for character in filled[:period])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-8:-1]
    return len(last) == 7 and all(lines.count(line) >= 4 for line in last)


def is_refusal(text: str) -> bool:
    """Return whether a text declines to answer, in its first 300 characters.

    >>> is_refusal("I'm sorry, but I can't help with that."), is_refusal("She is sorry. A: 3")
    (True, False)
    """
    return bool(_REFUSAL.search(text[:_OPENING]))


def opens_with_refusal(text: str) -> bool:
    """Return whether a text declines with its first words: for open answers, in which "I can't" may be a story's.

    >>> opens_with_refusal("I'm sorry, but I can't."), opens_with_refusal("Dear Bob, I cannot come.")
    (True, False)
    """
    return bool(_REFUSAL.match(text.lstrip()))


def is_cut_off(text: str) -> bool:
    """Return whether a text stops in the middle of a line of prose or of a calculation."""
    last = text.rstrip().rpartition("\n")[2]
    return bool(last) and not _ENDED.search(last)


def unanswered(text: str, finished: bool | None) -> ErrorClass:
    """Return the class of a text from which no answer could be taken in the demanded form.

    `finished` says whether the model ended the text itself; None is unknown, and then a text that stops in
    the middle of a line counts as cut off.
    """
    if is_repetition(text):
        return "repetition"
    if is_refusal(text):
        return "refused"
    if finished is False or (finished is None and is_cut_off(text)):
        return "truncated"
    return "malformed"


def classify_solution(
    reference: str,
    text: str,
    strict: bool,
    flexible: bool,
    finished: bool | None = None,
    *,
    answer_of: Callable[[str], Fraction | None] = strict_number,
) -> ErrorClass:
    """Return the class of a worked solution, given its grades and the worked reference.

    The first that fits: "none" (strict); "style-only" (flexible); without an answer in the demanded form
    (`answer_of`) what `unanswered` says; "repetition"; "arithmetic", a written step is false by more than a
    thousandth, or the answer is not what the working comes to; "missing-or-extra-step", see below;
    "wrong-plan" for any other working; "other" without any working to judge, and where the reference has none.

    A step is missing if the answer is what an earlier step of the reference came to, or the answer's own
    calculation, written out as a sum of products of given numbers, is the reference's without one step
    (`chains.difference`) and fewer operations were carried out. A step is too many if the right answer was
    there before the last one, or the same holds the other way round.
    """
    if strict:
        return "none"
    if flexible:
        return "style-only"
    answer = answer_of(text)
    if answer is None or is_repetition(text):
        return unanswered(text, finished)
    own = written(text)
    if slips(text, own) or _contradicts(own, answer, text):
        return "arithmetic"
    right = written(reference)
    truth = answer_of(reference) or last_number(reference)
    chains = {chain(own, reading) for reading in READINGS}
    goals = {chain(right, reading) for reading in READINGS}
    if () in chains or () in goals:
        return "other"
    done, needed = operations(own), operations(right)
    kind = "less" if done < needed else "more" if done > needed else None
    apart = any(_one_step_apart(goal, truth, one, answer, kind) for goal in goals for one in chains)
    return "missing-or-extra-step" if apart else "wrong-plan"


def _one_step_apart(
    right: tuple[Worked, ...],
    truth: Fraction | None,
    own: tuple[Worked, ...],
    answer: Fraction,
    kind: Literal["less", "more"] | None,
) -> bool:
    goal, last = _result(right, truth), _result(own, answer)
    stops_early = any(last == earlier for earlier in right if earlier is not goal)
    goes_on = any(goal == earlier for earlier in own if earlier is not last)
    return stops_early or goes_on or (kind is not None and difference(last.terms, goal.terms) == kind)


def _result(found: tuple[Worked, ...], value: Fraction | None) -> Worked:
    """The last result that is the value, else the last of all."""
    wanted = None if value is None else as_float(value)
    return next((worked for worked in reversed(found) if worked.value == wanted), found[-1])


def _contradicts(own: tuple[Written, ...], answer: Fraction, text: str) -> bool:
    """Whether there is working, and the answer stands nowhere in it, not even rounded or in hundredths."""
    if not own:
        return False
    working = text.rstrip().rpartition("\n")[0]
    for value in {step.claim for step in own} | set(all_numbers(working)):
        rounded = answer.denominator == 1 and value.denominator > 1
        if abs(abs(value) - abs(answer)) < (1 if rounded else Fraction(1, 100)):
            return False
        if answer in (value * 100, value / 100):
            return False
    return True
