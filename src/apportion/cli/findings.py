"""`apportion findings`: which of the papers' claims hold on a study, and which of its errors still fall."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.markup import escape

from apportion.cli.json_document import print_json
from apportion.cli.terminal import for_terminal

if TYPE_CHECKING:
    from apportion.findings import ErrorCurve, Finding

STYLES = {"holds": "green", "fails": "red", "undecided": "dim"}
COMPARISON = Path("signed") / "compare.json"


class _Found(NamedTuple):
    name: str
    by_task: "dict[str, list[Finding]]"
    curves: "tuple[ErrorCurve, ...]" = ()
    note: str = ""


def findings(directory: Path, *larger: Path, json: bool = False) -> None:
    """Show which of the papers' claims hold, beside what the papers say, and how each class of errors falls.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world; a CSV or Parquet file of published scores: task, metric,
        budget_examples, sft_fraction, n_sft, n_pref, score; or the JSON file that `signed compare --out` wrote.
    larger: Path
        Folders of the same study on larger models, in order of size: what the size changes is told too.
    json: bool
        Print one JSON document on standard output.
    """
    found = _found(directory)
    if larger:
        found.by_task["sizes"] = _by_size((directory, *larger))
    if json:
        listed = [
            asdict(finding) | ({"task": task} if task else {})
            for task, some in found.by_task.items()
            for finding in some
        ]
        curves = [curve.document() for curve in found.curves]
        document = {"study": found.name, "findings": listed, "error_curves": curves}
        print_json(document)
        return
    console = Console(highlight=False, soft_wrap=True)
    if not any(found.by_task.values()):
        console.print(escape(f"{directory}: nothing has been graded yet; run the study first"))
    for task, some in found.by_task.items():
        if task:
            console.print(escape(for_terminal(task)), style="bold")
        _show(console, some)
    if found.note:
        console.print(escape(for_terminal(found.note)), style="dim")
    if found.curves:
        from apportion.cli.error_tables import law_table, share_table

        wide = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
        for table in (share_table(found.curves), law_table(found.curves)):
            wide.print()
            wide.print(table)


def _found(path: Path) -> _Found:
    from apportion.findings import all_findings, error_curves
    from apportion.findings.minority_class import read_comparison, semba_above_rivals
    from apportion.findings.price_ratio import price_findings
    from apportion.findings.published import RUN_SD, published_findings
    from apportion.reports.record import read_record

    if path.is_file() and path.suffix.lower() == ".json":
        return _Found(path.name, {"": [semba_above_rivals(read_comparison(path))]})
    if path.is_file():
        published, warnings = published_findings(path)
        for warning in warnings:
            print(for_terminal(f"apportion: warning: {warning}"), file=sys.stderr)
        for task, finding in price_findings(path).items():
            published.get(task, []).append(finding)
        assumed = (
            f"Intervals allow for runs that scatter by {RUN_SD:g}, and for how well a figure can be read"
        )
        return _Found(path.name, published, note=f"{assumed}; runs with pairs count as DPO.")
    record = read_record(path)
    some = all_findings(record.outcomes, record.points, record.study.grid.methods)
    if some and record.study.grid.budgets:
        demonstrations = max(record.study.grid.budgets) / record.study.prices.demonstration
        some += price_findings(path, demonstrations).values()
    if (path / COMPARISON).is_file() and (path / COMPARISON).stat().st_size:
        some.append(semba_above_rivals(read_comparison(path / COMPARISON)))
    return _Found(record.name, {"": some}, error_curves(record.outcomes))


def _by_size(directories: tuple[Path, ...]) -> "list[Finding]":
    from apportion.findings import Allocation, main_metric, measured
    from apportion.findings.model_size import Sized, best_share_moves_with_size, smallest_model_chooses
    from apportion.reports.record import read_record

    records = [read_record(path) for path in directories]
    metric = main_metric(records[0].outcomes)
    if metric is None:
        return []
    method = records[0].study.grid.methods[0]
    models = [
        Sized(
            str(path.resolve()), Allocation(measured(record.outcomes, metric), record.points, metric, method)
        )
        for path, record in zip(directories, records, strict=True)
    ]
    return [best_share_moves_with_size(models), smallest_model_chooses(models)]


def _show(console: Console, found: "list[Finding]") -> None:
    for finding in found:
        style = STYLES[finding.verdict]
        console.print(f"[{style}]{finding.verdict:9}[/] {escape(for_terminal(finding.claim))}")
        console.print(f"          {escape(for_terminal(finding.sentence))}", style="dim")
        if finding.said is not None:
            said = escape(f"{finding.said.cited}: {finding.said.sentence}")
            console.print(f"          {said}", style="dim italic")
