"""Inspect's logs: the header of an evaluation, with its scorers' metrics."""

from typing import Any

from apportion.errors import UserError
from apportion.laws.imported.outcome import Outcome

PREFERRED = ("accuracy", "mean")


def outcomes(log: dict[str, Any], where: str, metric: str | None) -> list[Outcome]:
    """Return the outcome of one evaluation: `accuracy` or `mean` of its first scorer unless `metric` names another.

    A metric is named as the log does, `accuracy`, or with its scorer, `match/accuracy`. Items are the samples that
    were completed, each counted once however many epochs it had.
    """
    if log.get("status") != "success":
        raise UserError(
            where,
            f"status {log.get('status')!r}",
            "an evaluation that ended well",
            f"Type: inspect eval-retry {where}",
        )
    try:
        about, results = log["eval"], log["results"]
        found = {
            f"{score['name']}/{name}": float(entry["value"])
            for score in results["scores"]
            for name, entry in score["metrics"].items()
        }
        epochs = int((about.get("config") or {}).get("epochs") or 1)
        items = int(results["completed_samples"]) // epochs
        task = str(about["task"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            where, f"a log without its results ({error})", "an Inspect log", "Score it first: inspect score."
        ) from None
    for wanted in (metric,) if metric else PREFERRED:
        for name, value in found.items():
            if wanted in (name, name.split("/")[1]):
                return [Outcome(task, name, "score", value, items or None, file=where)]
    listed = ", ".join(found) or "none"
    expected = f"'{metric}'" if metric else f"one of {', '.join(PREFERRED)}"
    raise UserError(where, f"metrics {listed}", expected, "Choose one with --metric.")
