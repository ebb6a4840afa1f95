"""One self-contained HTML file that tells what a study bought, measured and found; its figures as files."""

import base64
import hashlib
import json
import shlex
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from apportion.findings import main_metric
from apportion.reports.answer import short_share
from apportion.reports.content import Content, content_of
from apportion.reports.csv_tables import csv_tables
from apportion.reports.picture import Format
from apportion.reports.planning import in_script, planner_text
from apportion.reports.provenance import refit_lines, run_facts, settings_lines
from apportion.reports.score_figures import AXIS_LABELS, share_name
from apportion.reports.shown import visible
from apportion.reports.summary import SummaryRow
from apportion.reports.tables import HEADINGS, bounds, interval_note, measures_shown, money, number, percent
from apportion.studies.store import write_atomically

SCRIPTS = ("posterior.js", "planner.js", "drawing.js", "view.js", "page.js")
"""Of the folder page/, in the order in which the page needs them."""


def write_report(root: Path) -> Path:
    """Write report.html and plan.json for a study's folder, and return the path of the former.

    The same folder gives the same bytes. Cells that have not run are shown as such. Raises UserError if the
    folder is not a study's.
    """
    content = content_of(root)
    if content.planning is not None:
        write_atomically(root / "plan.json", json.dumps(content.planning.document, indent=1).encode())
    else:
        (root / "plan.json").unlink(missing_ok=True)  # of an earlier study file
    path = root / "report.html"
    write_atomically(path, page_of(content).encode())
    return path


def write_figures(root: Path, folder: Path, formats: Sequence[Format]) -> list[Path]:
    """Write every figure of a study's report as FOLDER/NAME.svg and .png, with FOLDER/NAME.csv, its numbers.

    Returns the paths. Raises UserError if `root` is not a study's folder or `folder` cannot be written.
    """
    written: list[Path] = []
    for picture in content_of(root).pictures.values():
        written += picture.write(folder, formats)
        path = folder / f"{picture.name}.csv"
        path.write_text(picture.numbers.csv(), encoding="utf-8")
        written.append(path)
    return written


def page_of(content: Content) -> str:
    """Return the page's HTML."""
    environment = Environment(
        loader=PackageLoader("apportion.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    environment.filters |= {"number": number, "bounds": bounds, "money": money, "percent": percent}
    environment.filters |= {
        "share_name": share_name,
        "short_share": short_share,
        "count": lambda value: f"{value:,}",
        "shell": shlex.quote,
    }
    script = "\n".join(_asset(name) for name in SCRIPTS)
    fingerprint = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = {"script": script, "script_sha256": fingerprint, "css": _asset("page.css")}
    return environment.get_template("page.html.j2").render(_context(content) | page)


def _asset(name: str) -> str:
    return (files("apportion.reports") / "page" / name).read_text(encoding="utf-8")


def _context(content: Content) -> dict[str, Any]:
    record, rows, planning = content.record, content.rows, content.planning
    graded = content.cells_graded, content.cells_asked
    refit = refit_lines(planning.runs, content.root) if planning is not None else []
    facts, settings = run_facts(record, content.root, *graded), settings_lines(record)
    main = main_metric(record.outcomes)
    tables = csv_tables(content, facts + settings, refit)
    return {
        "content": content,
        "record": record,
        "study": record.study,
        "main": main,
        "main_label": AXIS_LABELS.get(main or "", ""),
        "measures": measures_shown(rows),
        "measure_headings": HEADINGS,
        "note": interval_note(rows),
        "best_measure": _best_rows(rows, main),
        "pictures": content.pictures,
        "facts": facts,
        "settings": settings,
        "refit": refit,
        "planner_text": planner_text(planning) if planning is not None else "",
        "csv_text": in_script(tables | {name: p.numbers.csv() for name, p in content.pictures.items()}),
    }


def _best_rows(rows: Sequence[SummaryRow], main: str | None) -> set[int]:
    """The places of the rows with the best mean of their budget, controls aside."""
    best: dict[float, tuple[float, int]] = {}
    sign = -1.0 if main == "nll" else 1.0
    for place, row in enumerate(rows):
        estimate = row.measures.get(main) if main else None
        if estimate is None or row.budget_usd is None or row.arm.method == "sft-on-chosen":
            continue
        if row.budget_usd not in best or sign * estimate.mean > best[row.budget_usd][0]:
            best[row.budget_usd] = (sign * estimate.mean, place)
    return {place for _, place in best.values()}
