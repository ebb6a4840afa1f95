"""Is SEMBA above its rivals on the minority class? (arXiv 2207.03408), from what `signed compare` wrote."""

import json
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from statistics import NormalDist
from typing import Any, TypeGuard

from apportion.errors import UserError
from apportion.findings.finding import Finding, Number, Said, Verdict, missing

MINORITY = Said(
    "2207.03408",
    "SEMBA is above the baselines by up to 80 % on the signs of future links, due to the minority negative class.",
)
METRICS = {"ap_negative": "average precision of the negatives", "f1_negative": "F1 of the negatives"}
"""Metrics of the minority class; the first that a comparison has decides."""
MODEL = "semba"
ENDS = ("mean", "low", "high")
CURE = "Type: apportion signed compare EVENTS --task sign --out compare.json"
LEVEL = 0.95


def read_comparison(path: Path) -> dict[str, Any]:
    """Return the document that `signed compare --out` wrote; raises `UserError` for any other file.

    An estimate of a metric of the minority class has mean, low and high, each a number or null, or is null itself.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = document["rows"]
        assert isinstance(document["task"], str) and isinstance(rows, list)
        names = [row["model"] for row in rows]
        assert all(isinstance(name, str) for name in names)
    except (OSError, ValueError, KeyError, TypeError, AssertionError, RecursionError) as error:
        found = f"no comparison ({type(error).__name__})"
        raise UserError(str(path), found, "what `signed compare` writes", CURE) from None
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(str(path), f"the model {twice[:40]!r} twice", "one row a model", CURE)
    for row in rows:
        where = f"{path}, model {row['model'][:40]}"
        for count in ("seeds", "users"):
            _check(where, count, row.get(count, 1), "a whole number, 1 or more", _is_count)
        leads = row.get("semba_minus_this")
        _check(where, "semba_minus_this", leads, "an object or null", _is_object)
        parts: dict[str, dict[str, Any]] = {"": row, "semba_minus_this.": leads or {}}
        for prefix, part in parts.items():
            for metric in METRICS:
                name, estimate = f"{prefix}{metric}", part.get(metric)
                _check(where, name, estimate, "an object with mean, low, high, or null", _is_object)
                if estimate is not None:
                    for end in ENDS:
                        value = estimate.get(end, "nothing")
                        _check(where, f"{name}.{end}", value, "a number or null", _is_number)
    return document


def _check(where: str, field: str, value: object, expected: str, fits: Callable[[object], bool]) -> None:
    if not fits(value):
        shown = "no value" if value == "nothing" else repr(value)[:40]
        raise UserError(f"{where}, field {field}", shown, expected, CURE)


def _is_object(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _is_number(value: object) -> bool:
    return value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def semba_above_rivals(document: Mapping[str, Any]) -> Finding:
    """Return whether SEMBA scores above every rival on the minority class, by the paired differences of the document.

    Holds if the whole 95 % interval of every difference lies above 0 (an intersection of tests, which needs no
    correction); fails if SEMBA is behind some rival with the whole interval, widened for their number (Bonferroni, the
    interval taken as normal). Where an interval holds 0 the two are tied.
    `items` counts the users of the test events, which the intervals are over.
    """
    task = document["task"]
    claim = f"SEMBA is above its rivals on the minority class (task {task})."
    rows = {row["model"]: row for row in document["rows"]}
    if MODEL not in rows:
        return missing(claim, f"{MODEL} itself; compare it too (--models {MODEL},...)", MINORITY)
    metric = next((name for name in METRICS if _is_whole(rows[MODEL].get(name))), None)
    if metric is None:
        return missing(
            claim, f"{MODEL} with a metric of the minority class: {' or '.join(METRICS)}", MINORITY
        )
    leads = {
        name: lead
        for name, row in rows.items()
        if _is_whole(lead := (row.get("semba_minus_this") or {}).get(metric))
    }
    if not leads:
        return missing(claim, f"a rival beside {MODEL} with an interval", MINORITY)
    wider = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / len(leads)) / NormalDist().inv_cdf((1 + LEVEL) / 2)
    verdict: Verdict = "undecided"
    if all(lead["low"] > 0 for lead in leads.values()):
        verdict = "holds"
    elif any(lead["mean"] + wider * (lead["high"] - lead["mean"]) < 0 for lead in leads.values()):
        verdict = "fails"
    numbers: dict[str, Number] = {"metric": metric, MODEL: _three(rows[MODEL][metric])}
    numbers |= {f"lead_over_{name}": _three(lead) for name, lead in leads.items()}
    numbers |= {"seeds": rows[MODEL].get("seeds", 1), "items": rows[MODEL].get("users")}
    own = rows[MODEL][metric]
    sentence = f"{METRICS[metric]} {own['mean']:.3f} [{own['low']:.3f}, {own['high']:.3f}]: "
    sentence += "; ".join(f"{_lead(lead)} over {name}" for name, lead in leads.items()) + "."
    return Finding(claim, verdict, numbers, sentence[0].upper() + sentence[1:], MINORITY)


def _is_whole(found: Mapping[str, float | None] | None) -> TypeGuard[Mapping[str, float]]:
    """Whether an estimate is there with both ends of its interval."""
    return found is not None and None not in (found[end] for end in ENDS)


def _lead(lead: Mapping[str, float]) -> str:
    tied = ", tied," if lead["low"] <= 0 <= lead["high"] else ""
    return f"{lead['mean']:+.3f} [{lead['low']:+.3f}, {lead['high']:+.3f}]{tied}"


def _three(found: Mapping[str, float]) -> list[float | None]:
    return [found["mean"], found["low"], found["high"]]
