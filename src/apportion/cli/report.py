"""`apportion report`: the HTML report of a study, or its tables in Markdown."""

from pathlib import Path
from typing import Literal

from apportion.errors import UserError

Measure = Literal["accuracy", "flexible", "form_rate", "nll", "preference_accuracy"]


def report(directory: Path, *, markdown: bool = False, grid: Measure | None = None) -> None:
    """Write a study's report.html and figures, and print where; or print its tables in Markdown.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world; it may be running or unfinished.
    markdown: bool
        Print the table of all cells instead; writes nothing.
    grid: str
        Print one measure by budget and share instead; writes nothing.
    """
    from apportion.reports.record import read_record
    from apportion.reports.report import write_report
    from apportion.reports.summary import summary_table
    from apportion.reports.tables import grid_table, markdown_table, measures_shown

    if not markdown and grid is None:
        print(f"report: {write_report(directory)}")
        return
    record = read_record(directory)
    rows = summary_table(record.outcomes, record.study)
    if grid is None:
        print(markdown_table(rows), end="")
        return
    shown = measures_shown(rows)
    if grid not in shown:
        raise UserError(
            "--grid", f"{grid}, which was not measured", f"one of {', '.join(shown)}", "Change it."
        )
    print(grid_table(rows, grid), end="")
