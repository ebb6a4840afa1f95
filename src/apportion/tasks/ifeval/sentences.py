"""Sentences and words of an English text, counted nearly as NLTK's tokenizers do, without their data.

Sentences end at . ? or ! before white space. A full stop after an abbreviation, an initial or before a small letter
after dots ends none; a number with a full stop, as in a numbered list, does, and a line break alone does not: this
is how the benchmark's own splitter (Punkt) counts.
"""

import re

_ABBREVIATED = (
    "mr mrs ms dr prof sr jr st vs etc e.g i.e u.s u.k u.n a.m p.m no inc ltd co corp fig vol dept est approx gen rep "
    "sen gov capt lt col sgt rev hon ave blvd mt ft jan feb mar apr jun jul aug sept sep oct nov dec ph.d m.d b.a m.a "
    "p.s p.p.s d.c"
)
_OFTEN_LAST = "etc u.s u.k u.n a.m p.m inc ltd co corp jr sr ph.d m.d b.a m.a d.c st"
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_MAY_END = frozenset(_OFTEN_LAST.split())  # a sentence ends with one of these if a capital follows
_TOKEN = re.compile(r"\S+")
_CLOSING = "\"'”’)]}»*_"
_CONTRACTION = re.compile(r"(?i)(n't|'(?:s|m|d|re|ve|ll))$")
_INSIDE = re.compile(r"[^\s\"“”()\[\]{}<>,;:!?@#$%&]+")


def count_sentences(text: str) -> int:
    """Return how many sentences a text has.

    >>> count_sentences("Dr. Smith came at 5 p.m. on Monday. He left!"), count_sentences("")
    (2, 0)
    """
    tokens = [match[0] for match in _TOKEN.finditer(text)]
    ends = sum(
        _ends(token, tokens[i + 1] if i + 1 < len(tokens) else "") for i, token in enumerate(tokens[:-1])
    )
    return ends + bool(tokens)


def _ends(token: str, following: str) -> bool:
    bare = token.rstrip(_CLOSING)
    if bare.endswith(("?", "!")):
        return True
    if not bare.endswith("."):
        return False
    begins = following.lstrip("\"'“‘([{*_-#")
    if bare.endswith(".."):
        return begins[:1].isupper()
    word = bare[:-1].lstrip("\"'“‘([{*_").casefold()
    if word in _ABBREVIATIONS:
        return word in _MAY_END and begins[:1].isupper()
    return not (len(word) == 1 and word.isalpha() and bare[-2].isupper())


def count_words(text: str) -> int:
    r"""Return how many runs of letters, digits and _ a text has: `\w+`, as the benchmark counts."""
    return sum(1 for _ in re.finditer(r"\w+", text))


def count_capital_words(text: str) -> int:
    """Return how many words are in capitals alone; a contraction counts as two, punctuation not at all.

    >>> count_capital_words("DON'T PANIC, Arthur: I said NASA's fine."), count_capital_words("A B-52")
    (5, 2)
    """
    count = 0
    for match in _INSIDE.finditer(text):
        word = match[0].strip("'’`*_.-–—/")
        parts = _CONTRACTION.split(word.replace("’", "'"))
        count += sum(part.isupper() for part in parts)
    return count
