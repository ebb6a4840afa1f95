"""Short answers in words: normalised as the field does it, exact match, F1, and what a text gives as its answer."""

import re
import string
from collections import Counter
from collections.abc import Iterable

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SPECIAL = {"yes", "no", "noanswer"}
_YES_OR_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_BOTH = re.compile(  # "yes or no", "yes, no"; not "yes, no doubt"
    r"\W*(yes|true|no|false)\b\W+"
    r"(?:or\W+(yes|true|no|false)\b|(?:(?:and|but)\W+)?(yes|true|no|false)\b(?=\s*(?:[^\w\s]|\Z)))",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"^[ \t]*####[ \t]*(?P<marked>.+)$|\banswer(?: to [^.\n]{1,200}?)? (?:is|was)(?: likely| probably)?:?[ \t]*"
    r"(?=(?P<said>\S[^\n]*))|^[ \t]*(?:final )?answer:[ \t]*(?P<named>.+)$",
    re.MULTILINE | re.IGNORECASE,
)
_END = re.compile(
    r"(?<=[^\s.]{2})(?<!\b[A-Z][a-z])\.(?:\s|$)"
)  # the end of a sentence, not an initial, Mr. or St.


def normalised(text: str) -> str:
    """Return an answer in lower case, without punctuation, articles and superfluous space.

    SQuAD's evaluation v1.1 (Rajpurkar et al. 2016), which HotpotQA's takes over. What would leave nothing (a
    currency's sign) stays as it is.

    >>> normalised("The Nobel Prize, in 1982."), normalised("$")
    ('nobel prize in 1982', '$')
    """
    bare = _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION))
    return " ".join(bare.split()) or " ".join(text.lower().split())


def exact_match(answer: str, references: Iterable[str]) -> bool:
    """Return whether the answer is one of the references once all are normalised."""
    return normalised(answer) in {normalised(reference) for reference in references}


def f1(answer: str, references: Iterable[str]) -> float:
    """Return the best F1 of the answer's normalised words against a reference's, in [0, 1].

    Precision and recall count each word as often as it is there (SQuAD v1.1). As HotpotQA (Yang et al. 2018)
    does, yes and no, on either side, have to be the whole answer.

    >>> round(f1("George Bush", ["George H. W. Bush"]), 3), f1("yes, it is", ["yes"])
    (0.667, 0.0)
    """
    return max((_f1(normalised(answer), normalised(reference)) for reference in references), default=0.0)


def _f1(answer: str, reference: str) -> float:
    if answer != reference and (answer in _SPECIAL or reference in _SPECIAL):
        return 0.0
    own, right = answer.split(), reference.split()
    common = (Counter(own) & Counter(right)).total()
    return 2 * common / (len(own) + len(right)) if common else 0.0


def final_answer(text: str) -> str | None:
    """Return what a text names as its answer, or None.

    That is what follows the last "the answer is", "Answer:" or "####", to the end of the sentence.

    >>> final_answer("Citibank was founded in 1812. So the answer is James Madison.")
    'James Madison'
    """
    found = list(_FINAL.finditer(text))
    if not found:
        return None
    said = next(group for group in reversed(found[-1].groups()) if group is not None)
    return _END.split(said, maxsplit=1)[0].strip().removesuffix(".").strip() or None


def yes_or_no(text: str) -> str | None:
    """Return "yes" or "no" where the text begins with it, once normalised, else None; both at once are neither.

    >>> yes_or_no("Yes, it will."), yes_or_no("true"), yes_or_no("Not likely"), yes_or_no("yes or no")
    ('yes', 'yes', None, None)
    """
    both = _BOTH.match(text)
    if both is not None and len({_YES_OR_NO[said.lower()] for said in both.groups() if said}) > 1:
        return None
    return _YES_OR_NO.get(normalised(text).partition(" ")[0])


def mentions(text: str, references: Iterable[str]) -> bool:
    """Return whether a reference stands in the text, both normalised, as whole words."""
    padded = f" {normalised(text)} "
    return any(f" {normalised(reference)} " in padded for reference in references)
