"""The details of instructions: which values each may have, so that a file's mistake is no rule that nobody follows."""

from typing import Any

from apportion.tasks.ifeval.languages import LANGUAGES

RELATIONS = ("at least", "less than")
_WHOLE = "a whole number of 0 or more"
_TEXT = "a text that is not blank"
_TEXTS = "a list of texts that are not blank"
_PLACE = "a whole number of 1 or more"
_RELATION = " or ".join(RELATIONS)
_LANGUAGE = f"one of {', '.join(sorted(LANGUAGES))}"
_EXPECTED = {
    "keywords": _TEXTS,
    "forbidden_words": _TEXTS,
    "relation": _RELATION,
    "let_relation": _RELATION,
    "capital_relation": _RELATION,
    "language": _LANGUAGE,
    "nth_paragraph": _PLACE,
    "keyword": _TEXT,
    "letter": _TEXT,
    "prompt_to_repeat": _TEXT,
    "postscript_marker": _TEXT,
    "section_spliter": _TEXT,
    "first_word": _TEXT,
    "end_phrase": _TEXT,
}


def expected(name: str) -> str:
    """Return what a detail has to be, in words; one that is not text is a number."""
    return _EXPECTED.get(name, _WHOLE)


def sound(name: str, value: object) -> Any:
    """Return a detail as the checks take it, None where it is not what is expected; 3.0 is 3.

    >>> sound("num_words", 3.0), sound("num_words", "ten"), sound("keywords", "cat"), sound("keywords", ["cat"])
    (3, None, None, ['cat'])
    """
    kind = expected(name)
    if kind in (_WHOLE, _PLACE):
        return _whole(value, least=1 if kind == _PLACE else 0)
    if kind == _TEXTS:
        return value if isinstance(value, list) and value and all(map(_is_text, value)) else None
    if kind == _TEXT:
        return value if _is_text(value) else None
    return (
        value if isinstance(value, str) and value in (RELATIONS if kind == _RELATION else LANGUAGES) else None
    )


def _whole(value: object, least: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value >= least and value % 1 == 0 else None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""
