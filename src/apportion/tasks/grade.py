"""Answers: the number that a text gives as its answer, strictly in the demanded form or flexibly anywhere."""

import re
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache

UNSIGNED = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
NUMBER = rf"(?<![\w.])(?:[-−]\$?|\$[-−]?)?{UNSIGNED}"
_NUMBER = re.compile(NUMBER)
MARKER = "####"


@lru_cache(65536)
def number(text: str) -> Fraction | None:
    """Return the value of one number as written, or None; $, thousands commas, trailing zeros do not matter.

    >>> number("$1,080.00") == 1080, number("-3."), number("18 eggs")
    (True, Fraction(-3, 1), None)
    """
    bare = text.strip().removesuffix("%").removesuffix(".")
    if not _NUMBER.fullmatch(bare):
        return None
    return Fraction(Decimal(bare.replace("$", "").replace(",", "").replace("−", "-")))


def strict_number(text: str, marker: str = MARKER) -> Fraction | None:
    """Return the number of the first line that reads `#### N`, or None where there is no such line.

    `marker` is what stands before the number in another house's form.

    >>> strict_number("6 / 2 = 3\\n#### 3"), strict_number("The answer is 3."), strict_number("A: 3", "A:")
    (Fraction(3, 1), None, Fraction(3, 1))
    """
    match = _final_line(marker).search(text)
    return None if match is None else number(match[1])


@cache
def _final_line(marker: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*{re.escape(marker)}[ \t]*({NUMBER})[ \t]*%?\.?[ \t]*$", re.MULTILINE)


def last_number(text: str) -> Fraction | None:
    """Return the last number in the text, or None where there is none.

    >>> last_number("So 20 - 3 is 17, not 1,000?") == 1000
    True
    """
    found = _NUMBER.findall(text)
    return number(found[-1]) if found else None


def all_numbers(text: str) -> list[Fraction]:
    """Return every number in the text, in order.

    >>> [str(value) for value in all_numbers("$1,000 for 2.5 days")]
    ['1000', '5/2']
    """
    return [value for value in map(number, _NUMBER.findall(text)) if value is not None]
