"""One self-contained HTML file that tells what a study bought, measured and found."""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from apportion.findings import Allocation, all_findings, main_metric, measured
from apportion.findings.measured import Arm
from apportion.reports.best_splits import best_splits
from apportion.reports.form_figure import form_figure
from apportion.reports.purchase import planned_purchase
from apportion.reports.record import StudyRecord, Training, read_record
from apportion.reports.score_figures import AXIS_LABELS, other_measures_figure, score_figure, share_name
from apportion.reports.signed_section import signed_section
from apportion.reports.summary import SummaryRow, summary_table
from apportion.reports.tables import HEADINGS, bounds, interval_note, measures_shown, money, number, percent
from apportion.reports.training_figure import training_figure
from apportion.studies.store import write_atomically


class Evidence(NamedTuple):
    """What a preference stage did to the pairs it was trained on, averaged over seeds."""

    arm: Arm
    seeds: int
    kl_per_token: float
    chosen_change: float
    rejected_change: float
    chosen_fell_share: float


def write_report(root: Path) -> Path:
    """Write report.html, plan.json and figures/*.png for a study's folder, and return the path of the former.

    The same folder gives the same bytes. Cells that have not run are shown as such. Raises UserError if the
    folder is not a study's.
    """
    record = read_record(root)
    rows = summary_table(record.outcomes, record.study)
    pictures = _pictures(record, rows, root / "figures")
    purchase = planned_purchase(root / "outcomes.parquet", record.study, root / "figures")
    if purchase is not None:
        write_atomically(root / "plan.json", json.dumps(purchase.document, indent=1).encode())
    else:
        (root / "plan.json").unlink(missing_ok=True)  # of an earlier study file
    environment = Environment(
        loader=PackageLoader("apportion.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "bounds": bounds, "money": money, "percent": percent}
    environment.filters |= {"share_name": share_name}
    page = environment.get_template("report.html.j2").render(
        _context(record, rows, pictures)
        | {"purchase": purchase, "signed": signed_section(root / "signed", root / "figures")}
    )
    path = root / "report.html"
    write_atomically(path, page.encode())
    return path


def _pictures(record: StudyRecord, rows: list[SummaryRow], folder: Path) -> dict[str, Any]:
    methods = record.study.grid.methods
    main = main_metric(record.outcomes)
    pictures: dict[str, Any] = {"score": None, "form": None, "others": [], "trainings": []}
    if main is None:
        return pictures
    pictures["score"] = score_figure(rows, main, methods, folder)
    pictures["form"] = form_figure(record.outcomes, folder)
    others = [name for name in ("form_rate", "nll", "preference_accuracy") if name != main]
    for method in methods:
        picture = other_measures_figure(rows, others, method, folder, f"other_measures_{method}")
        pictures["others"] += [(method, picture)] if picture else []
        titles = _titles(rows, method)
        curves = training_figure(record.trainings, titles, folder, f"training_{method}")
        pictures["trainings"] += [(method, curves)] if curves else []
    return pictures


def _titles(rows: Sequence[SummaryRow], method: str) -> dict[Arm, str]:
    """The preference arms of the largest budget that ran, or else of the dearest cells, with their titles."""
    run = [row for row in rows if row.arm.method == method and row.seeds_done]
    largest = max((row.budget_usd for row in run if row.budget_usd is not None), default=None)
    chosen = [row for row in run if row.budget_usd == largest]
    if largest is None:
        chosen = sorted(chosen, key=lambda row: -row.cost_usd)
    return {row.arm: f"{row.arm.n_demonstrations:,} dem. + {row.arm.n_pairs:,} pairs" for row in chosen}


def _context(record: StudyRecord, rows: list[SummaryRow], pictures: dict[str, Any]) -> dict[str, Any]:
    study, main = record.study, main_metric(record.outcomes)
    table = {} if main is None else measured(record.outcomes, main)
    methods = study.grid.methods
    splits = []
    if main is not None:
        for method in methods:
            splits += best_splits(Allocation(table, record.points, main, method))
    asked = study.cells()
    keys = ["n_demonstrations", "n_pairs", "method", "seed"]
    done = set(record.outcomes.select(keys).unique().iter_rows())
    graded = sum((c.n_demonstrations, c.n_pairs, c.method, c.seed) in done for c in asked)
    return {
        "record": record,
        "study": study,
        "main": main,
        "main_label": AXIS_LABELS.get(main or "", ""),
        "rows": rows,
        "measures": measures_shown(rows),
        "measure_headings": HEADINGS,
        "note": interval_note(rows),
        "best_measure": _best_rows(rows, main),
        "pictures": pictures,
        "findings": all_findings(record.outcomes, record.points, methods),
        "splits": splits,
        "evidence": _evidence(record.trainings),
        "cells_asked": len(asked),
        "cells_graded": graded,
        "settings": _settings(record),
    }


def _best_rows(rows: Sequence[SummaryRow], main: str | None) -> set[int]:
    """The places of the rows with the best mean of their budget, controls aside."""
    best: dict[float, tuple[float, int]] = {}
    sign = -1.0 if main == "nll" else 1.0
    for place, row in enumerate(rows):
        estimate = row.measures[main] if main else None
        if estimate is None or row.budget_usd is None or row.arm.method == "sft-on-chosen":
            continue
        if row.budget_usd not in best or sign * estimate.mean > best[row.budget_usd][0]:
            best[row.budget_usd] = (sign * estimate.mean, place)
    return {place for _, place in best.values()}


def _evidence(trainings: Sequence[Training]) -> list[Evidence]:
    by_arm: dict[Arm, list[dict[str, float]]] = {}
    for training in trainings:
        if training.evidence:
            by_arm.setdefault(training.arm, []).append(training.evidence)
    return [
        Evidence(
            arm,
            len(found),
            fmean(e["kl_per_token"] for e in found),
            fmean(e["chosen_after"] - e["chosen_before"] for e in found),
            fmean(e["rejected_after"] - e["rejected_before"] for e in found),
            fmean(e["chosen_fell_share"] for e in found),
        )
        for arm, found in sorted(by_arm.items())
    ]


def _settings(record: StudyRecord) -> list[tuple[str, str]]:
    """What was run, as (name, values) lines; every value that differs from cell to cell is shown."""
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
    for number_, environment in enumerate(record.environments, 1):
        flat = {key: value for key, value in environment.items() if key != "versions"} | environment[
            "versions"
        ]
        several = f" {number_}" if len(record.environments) > 1 else ""
        lines.append((f"environment{several}", line(flat)))
    return lines
