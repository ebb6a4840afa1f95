"""Plain graders for files of one's own: by the text, or by its last number."""

from apportion.error_classes import ErrorClass
from apportion.tasks.anatomy import is_refusal, is_repetition, unanswered
from apportion.tasks.grade import last_number
from apportion.tasks.task import Grade, Problem


def grade_exact(problem: Problem, text: str) -> Grade:
    """Grade by the text: strict is equality after trimming, flexible ignores case, spaces and a final dot.

    Any text is an answer; one that is wrong is "repetition", "refused" or, with no working to judge, "other".
    """
    strict = text.strip() == problem.reference.strip()
    flexible = strict or _plain(text) == _plain(problem.reference)
    return Grade(strict, flexible, _class(text, strict, flexible, text.strip() != ""))


def grade_last_number(problem: Problem, text: str) -> Grade:
    """Grade by the last number: strict and flexible are one, it equals the last number of the reference.

    An answer without a number has the class that `anatomy.unanswered` gives it, one with another number as
    `grade_exact` says.
    """
    answer = last_number(text)
    right = answer is not None and answer == last_number(problem.reference)
    return Grade(right, right, _class(text, right, right, answer is not None))


def _class(text: str, strict: bool, flexible: bool, answered: bool) -> ErrorClass:
    if strict or flexible:
        return "none" if strict else "style-only"
    if not answered or is_repetition(text) or is_refusal(text):
        return unanswered(text, None)
    return "other"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).removesuffix(".")
