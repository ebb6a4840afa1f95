"""The 25 kinds of instruction: each a function from a response and the instruction's own words to followed or not.

Rules as in the benchmark's release (google-research, instruction_following_eval), written anew: each takes time
linear in the response. Departures: the language is found by `languages`, sentences and capital words by `sentences`;
keywords are taken literally, where the release takes them as regular expressions.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from apportion.tasks.ifeval.languages import UNDETERMINED, language_of
from apportion.tasks.ifeval.sentences import count_capital_words, count_sentences, count_words

Details = Mapping[str, Any]
Check = Callable[[str, Details], bool]

_OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_PUNCTUATION = ".,?!'\""


def _related(count: int, relation: str, bound: int) -> bool:
    return count >= bound if relation == "at least" else count < bound


def _existence(text: str, d: Details) -> bool:
    lower = text.casefold()
    return all(keyword.casefold() in lower for keyword in d["keywords"])


def _keyword_frequency(text: str, d: Details) -> bool:
    return _related(text.casefold().count(d["keyword"].casefold()), d["relation"], d["frequency"])


def _forbidden_words(text: str, d: Details) -> bool:
    words = "|".join(rf"\b{re.escape(word)}\b" for word in d["forbidden_words"])
    return re.search(words, text, re.IGNORECASE) is None


def _letter_frequency(text: str, d: Details) -> bool:
    return _related(text.lower().count(d["letter"].lower()), d["let_relation"], d["let_frequency"])


def _response_language(text: str, d: Details) -> bool:
    return language_of(text) in (d["language"], None)


def _number_sentences(text: str, d: Details) -> bool:
    return _related(count_sentences(text), d["relation"], d["num_sentences"])


def _number_words(text: str, d: Details) -> bool:
    return _related(count_words(text), d["relation"], d["num_words"])


def _number_paragraphs(text: str, d: Details) -> bool:
    """Paragraphs stand between lines of three asterisks; none but the outer two may be empty."""
    parts = re.split(r"\s?\*\*\*\s?", text)
    if not all(part.strip() for part in parts[1:-1]):
        return False
    return sum(bool(part.strip()) for part in parts) == d["num_paragraphs"]


def _nth_paragraph_first_word(text: str, d: Details) -> bool:
    """Paragraphs stand between blank lines; the word is compared up to its first sign of punctuation."""
    parts = text.split("\n\n")
    count, wanted = sum(bool(part.strip()) for part in parts), d["nth_paragraph"]
    if not 1 <= wanted <= count or not parts[wanted - 1].strip():
        return False
    word = parts[wanted - 1].split()[0].lstrip("'").lstrip('"')
    end = next((i for i, letter in enumerate(word) if letter in _PUNCTUATION), len(word))
    return count == d["num_paragraphs"] and word[:end].lower() == d["first_word"].lower()


def _number_placeholders(text: str, d: Details) -> bool:
    return _count_placeholders(text) >= d["num_placeholders"]


def _count_placeholders(text: str) -> int:
    """Return how many [brackets] there are, each on one line."""
    return sum(_brackets(line) for line in text.split("\n"))


def _brackets(line: str) -> int:
    count, place = 0, line.find("[")
    while place >= 0:
        place = line.find("]", place)
        if place < 0:
            break
        count, place = count + 1, line.find("[", place)
    return count


def _postscript(text: str, d: Details) -> bool:
    marker: str = d["postscript_marker"]
    patterns: dict[str, str] = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
    pattern = patterns.get(marker, re.escape(marker.lower()))
    return re.search(pattern, text.lower()) is not None


def _number_bullet_lists(text: str, d: Details) -> bool:
    starts = [line.lstrip()[:2] for line in text.split("\n")]
    count = sum(start[:1] == "-" or (start[:1] == "*" and start != "**") for start in starts)
    return count == d["num_bullets"]


def _constrained_response(text: str, _: Details) -> bool:
    return any(option in text for option in _OPTIONS)


def _number_highlighted_sections(text: str, d: Details) -> bool:
    once = re.findall(r"\*[^\n*]*\*", text)
    twice = re.findall(r"\*\*[^\n*]*\*\*", text)
    return sum(bool(part.strip("*").strip()) for part in (*once, *twice)) >= d["num_highlights"]


def _multiple_sections(text: str, d: Details) -> bool:
    found = re.findall(rf"{re.escape(d['section_spliter'])}\s?\d+", text)
    return len(found) >= d["num_sections"]


def _json_format(text: str, _: Details) -> bool:
    bare = text.strip()
    for start in ("```json", "```Json", "```JSON", "```"):
        bare = bare.removeprefix(start)
    try:
        json.loads(bare.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def _title(text: str, _: Details) -> bool:
    return any(_holds_title(line) for line in text.split("\n"))


def _holds_title(line: str) -> bool:
    start, end = line.find("<<"), line.rfind(">>")
    return start >= 0 and start + 2 < end and bool(line[start:end].lstrip("<").rstrip(">").strip())


def _repeat_prompt(text: str, d: Details) -> bool:
    return text.strip().lower().startswith(d["prompt_to_repeat"].strip().lower())


def _two_responses(text: str, _: Details) -> bool:
    parts = [part.strip() for part in text.split("******")]
    if not all(parts[1:-1]):
        return False
    found = [part for part in parts if part]
    return len(found) == 2 and found[0] != found[1]


def _end_checker(text: str, d: Details) -> bool:
    return text.strip().strip('"').lower().endswith(d["end_phrase"].strip().lower())


def _quotation(text: str, _: Details) -> bool:
    bare = text.strip()
    return len(bare) > 1 and bare[0] == bare[-1] == '"'


def _is_english(text: str) -> bool:
    """Return whether a text may be English: words that no list knows are not held against it."""
    return language_of(text) in ("en", UNDETERMINED, None)


CHECKS: dict[str, tuple[Check, tuple[str, ...]]] = {
    "change_case:capital_word_frequency": (
        lambda text, d: _related(count_capital_words(text), d["capital_relation"], d["capital_frequency"]),
        ("capital_relation", "capital_frequency"),
    ),
    "change_case:english_capital": (lambda text, d: text.isupper() and _is_english(text), ()),
    "change_case:english_lowercase": (lambda text, d: text.islower() and _is_english(text), ()),
    "combination:repeat_prompt": (_repeat_prompt, ("prompt_to_repeat",)),
    "combination:two_responses": (_two_responses, ()),
    "detectable_content:number_placeholders": (_number_placeholders, ("num_placeholders",)),
    "detectable_content:postscript": (_postscript, ("postscript_marker",)),
    "detectable_format:constrained_response": (_constrained_response, ()),
    "detectable_format:json_format": (_json_format, ()),
    "detectable_format:multiple_sections": (_multiple_sections, ("section_spliter", "num_sections")),
    "detectable_format:number_bullet_lists": (_number_bullet_lists, ("num_bullets",)),
    "detectable_format:number_highlighted_sections": (_number_highlighted_sections, ("num_highlights",)),
    "detectable_format:title": (_title, ()),
    "keywords:existence": (_existence, ("keywords",)),
    "keywords:forbidden_words": (_forbidden_words, ("forbidden_words",)),
    "keywords:frequency": (_keyword_frequency, ("relation", "keyword", "frequency")),
    "keywords:letter_frequency": (_letter_frequency, ("letter", "let_relation", "let_frequency")),
    "language:response_language": (_response_language, ("language",)),
    "length_constraints:nth_paragraph_first_word": (
        _nth_paragraph_first_word,
        ("first_word", "num_paragraphs", "nth_paragraph"),
    ),
    "length_constraints:number_paragraphs": (_number_paragraphs, ("num_paragraphs",)),
    "length_constraints:number_sentences": (_number_sentences, ("relation", "num_sentences")),
    "length_constraints:number_words": (_number_words, ("relation", "num_words")),
    "punctuation:no_comma": (lambda text, d: "," not in text, ()),
    "startend:end_checker": (_end_checker, ("end_phrase",)),
    "startend:quotation": (_quotation, ()),
}
"""Every kind of instruction: its rule, and the details that it has to come with."""
