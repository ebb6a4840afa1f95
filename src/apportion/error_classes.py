"""The one vocabulary of errors: what can be wrong with a graded answer, the same words for every task."""

from typing import Literal

ErrorClass = Literal[
    "none",
    "malformed",
    "style-only",
    "arithmetic",
    "missing-or-extra-step",
    "wrong-plan",
    "wrong-hop",
    "refused",
    "truncated",
    "repetition",
    "other",
]

MEANINGS: dict[ErrorClass, str] = {
    "none": "correct: the right answer in the demanded form",
    "malformed": "no answer can be found in the demanded form",
    "style-only": "the right answer, but not in the demanded form",
    "arithmetic": "a written calculation is false, or the answer is not what the working comes to",
    "missing-or-extra-step": "something that was asked for is left out, or something is added that was not",
    "wrong-plan": "the steps are not those that the question asks for",
    "wrong-hop": "an answer through several facts, one of which is wrong",
    "refused": "declines to answer",
    "truncated": "cut off at the limit, before an answer",
    "repetition": "goes round in circles",
    "other": "wrong in the demanded form, and the cause cannot be told",
}
"""Every graded answer has exactly one class; a task's finer words stand beside it as the grade's `detail`."""

FORMLESS: frozenset[str] = frozenset({"malformed", "style-only", "refused", "truncated", "repetition"})
"""Errors of form: classes of answers that do not have the demanded form, whatever they say."""


def known(error_class: str) -> bool:
    """Return whether a class is one of the vocabulary."""
    return error_class in MEANINGS
