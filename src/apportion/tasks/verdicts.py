"""Verdicts: what a judge's saying in its own words comes to. What is not said plainly is junk."""

import re
from collections.abc import Callable
from typing import Literal

Verdict = Literal["first", "second", "tie", "junk"]

_WORDS: dict[str, Verdict] = {
    "a": "first", "1": "first", "first": "first",
    "b": "second", "2": "second", "second": "second",
    "c": "tie", "0": "tie", "tie": "tie", "equal": "tie", "both": "tie", "draw": "tie",
}  # fmt: skip
_NOUN = r"(?:output|answer|response|assistant|summary)"
_BRACKETED = re.compile(r"\[\[[ \t]*(a|b|c|1|2|tie)[ \t]*\]\]", re.IGNORECASE)
_COMPARED = re.compile(r"(?<![\w<>=/])[AB](?:[ \t]*[<>=]+[ \t]*[AB]\b)+[ \t]*[<>=/]?")
_SIGN = re.compile(r"[<>=]+")
_NAMED = re.compile(
    rf"\b{_NOUN}\s*[(\"'*\[]*(a|b|1|2)\b[)\"'*\]]*\s+(?:(?:is|was)\s+"
    r"(?:(?:the|a|an|clearly|definitely|obviously|simply|overall|also|thus|therefore|much|far|slightly|significantly"
    r"|bit|little)\s+){0,3}(?:better|best|preferred|preferable|superior|winner)\b"
    rf"|wins\b|(?:gives|provides)\s+(?:a|the)\s+(?:much\s+)?(?:better|best)\s+{_NOUN}\b)",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"[\s*#\"'`(\[:]*(?:(?:{_NOUN}|verdict|winner)\b[\s:(*\[\"'`]*)?(\w+)[\s)*\].!\"'`]*", re.IGNORECASE
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_FINAL = re.compile(r"\b(?:final\w*|verdict|conclusion|decision|judge?ment|overall)\b", re.IGNORECASE)
_STARTS_ANEW = re.compile(r"[:;]|\b(?:so|therefore|thus|hence)\b", re.IGNORECASE)
_GIVES_REASONS = re.compile(r"[:;]|\b(?:because|since|due|as(?! (?:is|are|well)\b))\b", re.IGNORECASE)
_DOUBT = (
    r"n['’]t\b|\b(?:not|no|never|neither|nor|none|nothing|nobody|cannot|hardly|unsure|uncertain|undecided|unclear|maybe"
    r"|perhaps|possibly|probably|might|may|could|if|whether|unless|or|either|both|between|doubt\w*|false|impossible"
    r"|unlikely)\b"
)
_DOUBTED_BEFORE = re.compile(_DOUBT, re.IGNORECASE)
_DOUBTED_AFTER = re.compile(
    _DOUBT
    + r"|\b(?:worse|worst|inferior|wrong|incorrect|loses|but|however|although|though|yet|except|(?:so|as)"
    r" (?:is|are|well))\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"(?:\b(?:not|never|no)|n['’]t)\s+(?:\w+\s+){0,2}[\"'`*(]*\Z", re.IGNORECASE)


def read_verdict(said: object) -> Verdict:
    """Return what a judge has said: [[A]], [[B]] or [[C]], else A>B, else "output (a) is better", else a bare letter,
    number or word.

    Everything else is junk: what is denied, doubted, asked or made to depend on something in its own sentence, and
    what names both sides. Of several sentences that differ, the last counts if it alone is a final verdict by its
    words or holds nothing else. Takes time linear in the text.

    >>> [read_verdict(said) for said in ("[[A]]", "Output (b) is better.", "A", "tie", "A or B?", "", None)]
    ['first', 'second', 'first', 'tie', 'junk', 'junk', 'junk']
    >>> read_verdict("Response A is not better than response B."), read_verdict("[[A]] or [[B]]?")
    ('junk', 'junk')
    """
    if not isinstance(said, str):
        return "junk"
    if (found := _stated(said, _BRACKETED, lambda match: _WORDS[match[1].lower()])) is not None:
        rest = said[said.rindex("]]") :]
        return "junk" if _stated(rest, _NAMED, _side) not in (None, found) else found
    for marks, meaning in ((_COMPARED, _compared), (_NAMED, _side)):
        if (found := _stated(said, marks, meaning)) is not None:
            return found
    bare = _BARE.fullmatch(said)
    return _WORDS.get(bare[1].lower(), "junk") if bare is not None else "junk"


def _stated(said: str, marks: re.Pattern[str], meaning: Callable[[re.Match[str]], Verdict]) -> Verdict | None:
    """The verdict of all sentences that hold a mark, None where none does."""
    found: list[Verdict] = []
    finals: set[Verdict] = set()
    is_final = False
    for sentence in _SENTENCE.findall(said):
        held = list(marks.finditer(sentence))
        if not held:
            continue
        before, after = sentence[: held[0].start()], sentence[held[-1].end() :]
        verdicts: set[Verdict] = {meaning(match) for match in held}
        verdict = verdicts.pop() if len(verdicts) == 1 else "junk"
        found.append("junk" if _is_doubted(before, after, verdict) else verdict)
        is_final = bool(_FINAL.search(sentence)) or not any(map(str.isalnum, before + after))
        if is_final:
            finals.add(found[-1])
    if len(set(found)) <= 1:
        return found[0] if found else None
    return found[-1] if is_final and len(finals) == 1 else "junk"


def _is_doubted(before: str, after: str, verdict: Verdict) -> bool:
    """Whether a sentence denies, doubts or asks what it says between these parts."""
    if "?" in after:
        return True
    if verdict == "tie":  # "neither is better", "I cannot decide" are reasons for one
        return _DENIED.search(before) is not None
    near = _STARTS_ANEW.split(before)[-1], _GIVES_REASONS.split(after, maxsplit=1)[0]
    return any(
        words.search(part) for words, part in zip((_DOUBTED_BEFORE, _DOUBTED_AFTER), near, strict=True)
    )


def _compared(match: re.Match[str]) -> Verdict:
    """A>B, A>>B, A<B, A<<B or A=B; a chain, and a side against itself, is junk."""
    signs = _SIGN.findall(match[0])
    left, right = match[0][0], match[0].rstrip()[-1]
    if len(signs) != 1 or left == right or right not in "AB":
        return "junk"
    if signs == ["="]:
        return "tie"
    winner = {">": left, ">>": left, "<": right, "<<": right}.get(signs[0])
    return "junk" if winner is None else _WORDS[winner.lower()]


def _side(match: re.Match[str]) -> Verdict:
    return _WORDS[match[1].lower()]
