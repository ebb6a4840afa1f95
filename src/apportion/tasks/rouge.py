"""ROUGE-L: how much of a reference's words an answer has in the same order (Lin 2004)."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_WORD = re.compile(r"[a-z0-9]+")


class RougeL(NamedTuple):
    """Precision, recall and their harmonic mean."""

    precision: float
    recall: float
    f1: float


def rouge_l(answer: str, reference: str) -> RougeL:
    """Return ROUGE-L of an answer: the longest common subsequence of words over the words of each side.

    Words are runs of a-z and 0-9 in lower case, unstemmed, and F weighs both sides alike, as in the `rouge_score`
    package; texts count whole (not ROUGE-Lsum). Without words on a side all three are 0.

    >>> rouge_l("the cat sat", "the cat was here")
    RougeL(precision=0.6666666666666666, recall=0.5, f1=0.5714285714285714)
    """
    own, right = _WORD.findall(answer.lower()), _WORD.findall(reference.lower())
    common = common_subsequence(own, right)
    if common == 0:
        return RougeL(0.0, 0.0, 0.0)
    return RougeL(common / len(own), common / len(right), 2 * common / (len(own) + len(right)))


def common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    One bit of a whole number for each word on the left, all updated at once for each word on the right
    (Hyyrö 2004, after Crochemore et al. 2001).
    """
    places: dict[str, int] = {}
    for place, word in enumerate(left):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(left)) - 1
    row = full
    for word in right:
        matches = row & places.get(word, 0)
        row = (row + matches | row - matches) & full
    return len(left) - row.bit_count()
