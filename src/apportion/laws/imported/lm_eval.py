"""lm-evaluation-harness: aggregated results, a row a task, and samples, one graded item a line."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from apportion.errors import UserError
from apportion.laws.imported.outcome import Outcome

PREFERRED = ("exact_match,strict-match", "exact_match", "acc_norm", "acc", "pass@1", "f1")
"""The first of these that a task has, whatever its filter, is its score; else its first metric."""
SAMPLES_NAME = re.compile(r"samples_(.+?)(_\d{4}-\d\d-\d\dT[\d.:-]+)?")


def outcomes(document: dict[str, Any], where: str, metric: str | None) -> list[Outcome]:
    """Return an outcome for each task of a results file; groups of tasks, which repeat them, are left out.

    Items are `n-samples`' effective ones. A metric that is better when lower (`higher_is_better`) is a loss.
    """
    tasks = {name: found for name, found in document["results"].items() if isinstance(found, dict)}
    single = document.get("configs")
    if isinstance(single, dict) and single:
        tasks = {name: found for name, found in tasks.items() if name in single}
    rows = []
    for task, found in tasks.items():
        numbers = {
            name: value
            for name, value in found.items()
            if isinstance(value, int | float)
            and "_stderr" not in name
            and name not in ("alias", "sample_len")
        }
        chosen = _chosen(numbers, metric)
        if chosen is None:
            listed = ", ".join(numbers) or "none"
            raise UserError(
                f"{where}, task {task}",
                f"metrics {listed}",
                f"'{metric}'" if metric else "a metric",
                "Choose one with --metric.",
            )
        items = _entry(document, "n-samples", task).get("effective", found.get("sample_len"))
        higher = _entry(document, "higher_is_better", task).get(chosen.split(",")[0], True)
        count = int(items) if isinstance(items, int | float) and items > 0 else None
        kind = "score" if higher is not False else "loss"
        rows.append(Outcome(task, chosen, kind, float(numbers[chosen]), count, file=where))
    return rows


def sample_outcomes(text: str, path: Path, metric: str | None) -> list[Outcome]:
    """Return the mean over the lines of a samples file, of one metric and one filter; the name says the task."""
    scores: dict[str, list[float]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            names = row["metrics"] if "metrics" in row else [n for n in PREFERRED if n in row]
            for name in names:
                called = f"{name},{row['filter']}" if "filter" in row else name
                scores.setdefault(called, []).append(float(row[name]))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UserError(
                f"{path}, line {number}",
                "no graded sample",
                "a line as lm-evaluation-harness --log_samples writes it",
                "Name such a file.",
            ) from None
    chosen = _chosen(dict.fromkeys(scores, 0.0), metric)
    if chosen is None:
        listed = ", ".join(scores) or "none"
        raise UserError(str(path), f"metrics {listed}", f"'{metric}'", "Choose one with --metric.")
    matched = SAMPLES_NAME.fullmatch(path.stem)
    task = matched[1] if matched else path.stem
    return [Outcome(task, chosen, "score", fmean(scores[chosen]), len(scores[chosen]), file=str(path))]


def _chosen(numbers: Mapping[str, float], metric: str | None) -> str | None:
    """Return the full name of the metric that is asked for, or of the first preferred one."""
    for wanted in (metric,) if metric else PREFERRED:
        for name in numbers:
            if wanted in (name, name.split(",")[0]):
                return name
    return None if metric else next(iter(numbers), None)


def _entry(document: dict[str, Any], name: str, task: str) -> dict[str, Any]:
    table = document.get(name)
    found = table.get(task) if isinstance(table, dict) else None
    return found if isinstance(found, dict) else {}
