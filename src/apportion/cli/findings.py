"""`apportion findings`: which of the papers' claims hold on a study."""

from dataclasses import asdict
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

STYLES = {"holds": "green", "fails": "red", "undecided": "dim"}


def findings(directory: Path, *, json: bool = False) -> None:
    """Show which of the papers' claims hold on a study, with the numbers.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world.
    json: bool
        Print one JSON document on standard output.
    """
    from apportion.findings import all_findings
    from apportion.reports.record import read_record

    record = read_record(directory)
    found = all_findings(record.outcomes, record.points, record.study.grid.methods)
    if json:
        document = {"study": record.name, "findings": [asdict(finding) for finding in found]}
        print(msgspec.json.encode(document).decode())
        return
    console = Console(highlight=False, soft_wrap=True)
    if not found:
        console.print(escape(f"{directory}: nothing has been graded yet; run the study first"))
    for finding in found:
        style = STYLES[finding.verdict]
        console.print(f"[{style}]{finding.verdict:9}[/] {escape(finding.claim)}")
        console.print(f"          {escape(finding.sentence)}", style="dim")
