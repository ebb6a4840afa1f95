"""What was run: sizes, time and money, settings and versions, and what another person needs to refit the law."""

from pathlib import Path

import msgspec

from apportion.laws.checklist import checklist
from apportion.laws.forecast import forecast
from apportion.laws.prior import shipped_prior
from apportion.laws.runs import Runs
from apportion.reports.record import StudyRecord
from apportion.reports.tables import money
from apportion.studies.expectation import how_far_off
from apportion.studies.progress import duration, spent_seconds

Lines = list[tuple[str, str]]
"""Names and values, in order."""


def run_facts(record: StudyRecord, root: Path, cells_graded: int, cells_asked: int) -> Lines:
    """Return what was run in a few lines: cells, seeds, labels and their price, machine, time."""
    study = record.study
    largest = [
        max((getattr(p, kind) for p in study.bought()), default=0) for kind in ("n_demonstrations", "n_pairs")
    ]
    usd = largest[0] * study.prices.demonstration + largest[1] * study.prices.pair
    lines = [
        ("cells graded", f"{cells_graded} of {cells_asked}"),
        ("seeds", ", ".join(map(str, study.grid.seeds))),
        ("preference methods", ", ".join(study.grid.methods)),
        (
            "labels behind all cells, a seed",
            f"{largest[0]:,} demonstrations and {largest[1]:,} pairs, {money(usd)} USD (subsets nest)",
        ),
        (
            "prices",
            f"{money(study.prices.demonstration)} USD a demonstration, {money(study.prices.pair)} USD a pair",
        ),
    ]
    return [*lines, *_times(root)]


def _times(root: Path) -> Lines:
    """Return the time that runs took, and how far off a dry run was, as far as the folder tells."""
    spent, timing = spent_seconds(root), how_far_off(root)
    lines = [("time of training and grading", duration(spent))] if spent else []
    if timing is not None:
        expected, took = duration(timing.expected_seconds), duration(timing.actual_seconds)
        text = f"{expected} by the dry run; it took {took}, {timing.factor:.2f} times as long"
        lines.append(("time expected", text))
    return lines


def settings_lines(record: StudyRecord) -> Lines:
    """Return what was set and with which versions; every value that differs from cell to cell is shown."""
    study = record.study
    preference = {method: study.preference[method] for method in study.grid.methods}

    def line(value: object) -> str:
        plain = msgspec.to_builtins(value)
        return ", ".join(f"{key} = {msgspec.json.encode(content).decode()}" for key, content in plain.items())

    lessons = [("lessons", line(study.lessons))] if study.grid.taught else []
    lines = [
        ("model", line(study.model)),
        (f"task {study.task_name}", line(study.task)),
        ("SFT", line(study.sft)),
        *lessons,
        *((method, line(settings)) for method, settings in preference.items()),
        ("decoding", line(study.decoding)),
    ]
    for number, environment in enumerate(record.environments, 1):
        flat = {key: value for key, value in environment.items() if key != "versions"} | environment[
            "versions"
        ]
        several = f" {number}" if len(record.environments) > 1 else ""
        lines.append((f"environment{several}", line(flat)))
    return lines


def refit_lines(runs: Runs, root: Path) -> Lines:
    """Return the checklist of `apportion fit --checklist` for the runs, one line a point."""
    found = forecast((runs,))[0]
    prior = shipped_prior()
    return _flat(checklist(found, prior, root, 0 if found.is_joint else 1))


def _flat(points: dict[str, object], above: str = "") -> Lines:
    lines: Lines = []
    for name, value in points.items():
        called = f"{above}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            lines += _flat(value, f"{called}: ")
        elif isinstance(value, list):
            lines.append((called, ", ".join(map(str, value)) or "none"))
        else:
            lines.append((called, _shown(value)))
    return lines


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "not told by these runs", True: "yes", False: "no"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
