"""`apportion findings`: which of the papers' claims hold on a study."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from apportion.findings import Finding

STYLES = {"holds": "green", "fails": "red", "undecided": "dim"}


def findings(directory: Path, *, json: bool = False) -> None:
    """Show which of the papers' claims hold on a study, or on a published table, with the numbers.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world, or a CSV file of published scores: task, metric, budget_examples,
        sft_fraction, n_sft, n_pref, score.
    json: bool
        Print one JSON document on standard output.
    """
    from apportion.findings import all_findings
    from apportion.findings.published import published_findings
    from apportion.reports.record import read_record

    if directory.is_file():
        by_task = published_findings(directory)
        name = directory.name
    else:
        record = read_record(directory)
        by_task = {"": all_findings(record.outcomes, record.points, record.study.grid.methods)}
        name = record.name
    if json:
        listed = [
            asdict(finding) | ({"task": task} if task else {})
            for task, found in by_task.items()
            for finding in found
        ]
        print(msgspec.json.encode({"study": name, "findings": listed}).decode())
        return
    console = Console(highlight=False, soft_wrap=True)
    if not any(by_task.values()):
        console.print(escape(f"{directory}: nothing has been graded yet; run the study first"))
    for task, found in by_task.items():
        if task:
            console.print(escape(task), style="bold")
        _show(console, found)


def _show(console: Console, found: "list[Finding]") -> None:
    for finding in found:
        style = STYLES[finding.verdict]
        console.print(f"[{style}]{finding.verdict:9}[/] {escape(finding.claim)}")
        console.print(f"          {escape(finding.sentence)}", style="dim")
