"""Is SEMBA above its rivals on the minority class? (arXiv 2207.03408), from what `signed compare` wrote."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any

from apportion.errors import UserError
from apportion.findings.finding import Finding, Number, Said, Verdict, missing

MINORITY = Said(
    "2207.03408",
    "SEMBA is above the baselines by up to 80 % on the signs of future links, due to the minority negative class.",
)
METRICS = {"ap_negative": "average precision of the negatives", "f1_negative": "F1 of the negatives"}
"""Metrics of the minority class; the first that a comparison has decides."""
MODEL = "semba"
LEVEL = 0.95


def read_comparison(path: Path) -> dict[str, Any]:
    """Return the document that `signed compare --out` wrote; raises `UserError` for any other file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = document["rows"]
        assert isinstance(document["task"], str) and all(isinstance(row["model"], str) for row in rows)
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        found = f"no comparison ({type(error).__name__})"
        cure = "Type: apportion signed compare EVENTS --task sign --out compare.json"
        raise UserError(str(path), found, "what `signed compare` writes", cure) from None
    return document


def semba_above_rivals(document: Mapping[str, Any]) -> Finding:
    """Return whether SEMBA scores above every rival on the minority class, by the paired differences of the document.

    Holds if the whole 95 % interval of every difference lies above 0 (an intersection of tests, which needs no
    correction); fails if SEMBA is behind some rival with the whole interval, widened for their number (Bonferroni, the
    interval taken as normal). Where an interval holds 0 the two are tied.
    """
    task = document["task"]
    claim = f"SEMBA is above its rivals on the minority class (task {task})."
    rows = {row["model"]: row for row in document["rows"]}
    metric = next((name for name in METRICS if name in rows.get(MODEL, {})), None)
    if metric is None:
        return missing(
            claim, f"{MODEL} with a metric of the minority class: {' or '.join(METRICS)}", MINORITY
        )
    leads = {
        name: lead
        for name, row in rows.items()
        if (lead := (row.get("semba_minus_this") or {}).get(metric)) is not None
        and None not in (lead["low"], lead["high"])
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
    numbers["seeds"] = int(rows[MODEL].get("seeds", 1))
    own = rows[MODEL][metric]
    sentence = f"{METRICS[metric]} {own['mean']:.3f} [{own['low']:.3f}, {own['high']:.3f}]: "
    sentence += "; ".join(f"{_lead(lead)} over {name}" for name, lead in leads.items()) + "."
    return Finding(claim, verdict, numbers, sentence[0].upper() + sentence[1:], MINORITY)


def _lead(lead: Mapping[str, float]) -> str:
    tied = ", tied," if lead["low"] <= 0 <= lead["high"] else ""
    return f"{lead['mean']:+.3f} [{lead['low']:+.3f}, {lead['high']:+.3f}]{tied}"


def _three(found: Mapping[str, float]) -> list[float | None]:
    return [found["mean"], found["low"], found["high"]]
