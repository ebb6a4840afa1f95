"""Readers for public sets in their own columns: TL;DR, HelpSteer 1 and 2, UltraFeedback; ratings become pairs.

Sets that come as prompt, chosen and rejected, or as chats (Tulu 3's persona sets, UltraFeedback binarized,
HH-RLHF), are read by `readers` as they are.
"""

from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from apportion.identity import generator
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.findings import Finding, Row, described, text_fault
from apportion.judgements.pairs import PreferencePair
from apportion.judgements.readers import read_demonstrations, read_pairs
from apportion.judgements.rows import read_rows, stem

PairForm = Literal["pairs", "tldr", "helpsteer", "helpsteer2", "ultrafeedback"]
DemonstrationForm = Literal["demonstrations", "tldr", "helpsteer"]
FINE = 3  # of 0 to 4: the helpfulness from which a rated response counts as a demonstration


def read_pair_form(source: str | Path, form: PairForm) -> tuple[PreferencePair, ...]:
    """Return the preference pairs of a set in its own columns; raises `UserError` at the first faulty row.

    tldr: OpenAI's comparisons (`info.post`, `summaries[2].text`, `choice`). helpsteer: responses to one prompt with
    ratings; every two of different helpfulness are a pair. helpsteer2: its preferences (`response_1`, `response_2`,
    `preference_strength` from -3, the first is much better, to 3); ties are left out. ultrafeedback: `instruction`
    and `completions` with `overall_score`; the best against one of the others, drawn, as in the binarized set.
    pairs: anything that `read_pairs` reads.
    """
    readers: dict[str, Callable[[tuple[Row, ...]], list[PreferencePair]]] = {
        "tldr": _tldr_pairs,
        "helpsteer": _helpsteer_pairs,
        "helpsteer2": _helpsteer2_pairs,
        "ultrafeedback": _ultrafeedback_pairs,
    }
    return read_pairs(source) if form == "pairs" else tuple(readers[form](read_rows(source)))


def read_demonstration_form(source: str | Path, form: DemonstrationForm) -> tuple[Demonstration, ...]:
    """Return the demonstrations of a set in its own columns; raises `UserError` at the first faulty row.

    tldr: posts with their authors' summaries (`prompt`, `label`). helpsteer: the responses rated helpful (3 or 4 of
    4); HelpSteer2 has the same columns. demonstrations: anything that `read_demonstrations` reads.
    """
    if form == "demonstrations":
        return read_demonstrations(source)
    if form == "tldr":
        return read_demonstrations(source, {"response": "label"})
    rows = [(row, *_rated(row)) for row in read_rows(source)]
    return tuple(Demonstration(_id(row), prompt, text) for row, prompt, text, fine in rows if fine >= FINE)


def tldr_prompt(post: Mapping[str, Any]) -> str:
    """Return a post as OpenAI's TL;DR data poses it (Stiennon et al. 2020, appendix B): it ends with `TL;DR:`."""
    heads = (
        ("SUBREDDIT", f"r/{post.get('subreddit')}"),
        ("TITLE", post.get("title")),
        ("POST", post.get("post")),
    )
    return "\n\n".join(f"{name}: {text}" for name, text in heads) + "\n\nTL;DR:"


def _tldr_pairs(rows: tuple[Row, ...]) -> list[PreferencePair]:
    found = []
    for row in rows:
        info, summaries = _of(row, "info", dict), _of(row, "summaries", list)
        choice = _of(row, "choice", int)
        if len(summaries) != 2 or choice not in (0, 1):
            expected = "two summaries and a choice of 0 or 1"
            raise _wrong(row, "choice", f"{len(summaries)} summaries and the choice {choice}", expected)
        article = info.get("article")
        prompt = f"{article}\n\nTL;DR:" if info.get("post") is None and article else tldr_prompt(info)
        _text(row, "info.post", info.get("post") or article)
        texts = [_text(row, f"summaries[{n}].text", one.get("text") if isinstance(one, dict) else one).strip()
                 for n, one in enumerate(summaries)]  # fmt: skip
        if texts[0] != texts[1]:
            found.append(PreferencePair(_id(row), prompt, texts[choice], texts[1 - choice]))
    return found


def _rated(row: Row) -> tuple[str, str, float]:
    prompt, response = (_text(row, field, row.values.get(field)) for field in ("prompt", "response"))
    return prompt, response, _of(row, "helpfulness", int | float)


def _helpsteer_pairs(rows: tuple[Row, ...]) -> list[PreferencePair]:
    by_prompt: dict[str, list[tuple[Row, str, float]]] = {}
    for row in rows:
        prompt, response, fine = _rated(row)
        by_prompt.setdefault(prompt, []).append((row, response, fine))
    found = []
    for prompt, rated in by_prompt.items():
        for one, other in combinations(rated, 2):
            if one[2] != other[2] and one[1] != other[1]:
                better, worse = (one, other) if one[2] > other[2] else (other, one)
                id_ = f"{_id(one[0])}-{other[0].number:05d}"
                found.append(PreferencePair(id_, prompt, better[1], worse[1]))
    return found


def _helpsteer2_pairs(rows: tuple[Row, ...]) -> list[PreferencePair]:
    found = []
    for row in rows:
        prompt = _text(row, "prompt", row.values.get("prompt"))
        first, second = (_text(row, f, row.values.get(f)) for f in ("response_1", "response_2"))
        strength = _of(row, "preference_strength", int | float)
        if not -3 <= strength <= 3:
            raise _wrong(row, "preference_strength", f"the number {strength}", "-3 to 3")
        if strength != 0 and first != second:
            better, worse = (first, second) if strength < 0 else (second, first)
            found.append(PreferencePair(_id(row), prompt, better, worse))
    return found


def _ultrafeedback_pairs(rows: tuple[Row, ...]) -> list[PreferencePair]:
    found = []
    for row in rows:
        prompt = _text(row, "instruction", row.values.get("instruction"))
        scored = []
        for place, one in enumerate(_of(row, "completions", list)):
            at = f"completions[{place}]"
            score = one.get("overall_score") if isinstance(one, dict) else None
            if isinstance(score, bool) or not isinstance(score, int | float):
                raise _wrong(row, f"{at}.overall_score", described(score), "a number")
            scored.append((float(score), _text(row, f"{at}.response", one.get("response"))))
        if not scored:
            continue
        best = max(scored, key=lambda one: one[0])
        worse = [one for one in scored if one[0] < best[0] and one[1] != best[1]]
        if worse:
            draw = int(generator("ultrafeedback", prompt).integers(len(worse)))
            found.append(PreferencePair(_id(row), prompt, best[1], worse[draw][1]))
    return found


def _id(row: Row) -> str:
    return f"{stem(row.file)}-{row.number:05d}"


def _of(row: Row, field: str, kind: Any) -> Any:
    value = row.values.get(field)
    if isinstance(value, bool) or not isinstance(value, kind):
        names = {dict: "an object", list: "a list", int: "a whole number"}
        raise _wrong(row, field, described(value), names.get(kind, "a number"))
    return value


def _text(row: Row, field: str, value: object) -> str:
    fault: Finding | None = text_fault(row, field, value)
    if fault is not None:
        raise fault.error()
    return str(value)


def _wrong(row: Row, field: str, found: str, expected: str) -> Exception:
    return row.finding(field, found, expected, "Use the set's own columns, or map columns to ours.").error()
