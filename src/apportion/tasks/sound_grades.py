"""Sound grades: what a grader, maybe the user's own, may return."""

from dataclasses import replace
from math import isfinite
from numbers import Real

import numpy as np

from apportion.error_classes import known
from apportion.judgements.findings import described
from apportion.tasks.task import Grade


def flaw(grade: object, metric: str = "accuracy") -> str | None:
    """Return what keeps a grader's result from being a sound grade, in words, or None.

    Sound is a `Grade` whose `strict` and `flexible` are truth values, whose class is a text, whose score is absent
    or in [0, 1], whose detail is absent or a text, and whose scores `beside` are in [0, 1], without a contradiction: a
    strictly right answer has no class of error, a wrong one has one. Where the metric is not accuracy no answer is
    right or wrong, and one with a score may be of the class "none". A class of the user's own contradicts nothing.
    """
    if not isinstance(grade, Grade):
        return f"{described(grade)} instead of a Grade"
    sound = {
        "strict": isinstance(grade.strict, bool | np.bool_),
        "flexible": isinstance(grade.flexible, bool | np.bool_),
        "error_class": isinstance(grade.error_class, str),
        "score": grade.score is None or _is_share(grade.score),
        "detail": grade.detail is None or isinstance(grade.detail, str),
        "beside": isinstance(grade.beside, tuple) and all(map(_is_share, grade.beside)),
    }
    unsound = next((name for name, is_sound in sound.items() if not is_sound), None)
    if unsound is not None:
        return f"a grade whose {unsound} is {described(getattr(grade, unsound))}"
    if grade.strict and known(grade.error_class) and grade.error_class != "none":
        return f'a strictly right grade of the class "{grade.error_class}"'
    if not grade.strict and grade.error_class == "none" and (grade.score is None or metric == "accuracy"):
        return 'a wrong grade of the class "none"'
    return None


def settled(grade: Grade) -> Grade:
    """Return a sound grade in Python's own types; what is strictly right is flexibly right, too."""
    strict, score = bool(grade.strict), grade.score
    return replace(
        grade,
        strict=strict,
        flexible=strict or bool(grade.flexible),
        score=None if score is None else float(score),
        beside=tuple(map(float, grade.beside)),
    )


def _is_share(score: object) -> bool:
    return isinstance(score, Real | np.bool_) and isfinite(float(score)) and 0 <= float(score) <= 1
