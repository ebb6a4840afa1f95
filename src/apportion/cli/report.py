"""`apportion report`: the HTML report of a study, or its tables in Markdown."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from apportion.cli.json_document import print_json
from apportion.cli.terminal import for_terminal
from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.reports.picture import Format

Measure = Literal[
    "accuracy", "flexible", "form_rate", "nll", "preference_accuracy", "rouge_l", "f1", "instruction_accuracy"
]


def report(
    directory: Path,
    *,
    markdown: bool = False,
    grid: Measure | None = None,
    figures: Path | None = None,
    format: str = "svg,png",
    json: bool = False,
) -> None:
    """Write a study's report.html and print where; or its figures as files, or print its tables in Markdown.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world; it may be running or unfinished.
    markdown: bool
        Print the table of all cells instead; writes nothing.
    grid: str
        Print one measure by budget and share instead; writes nothing.
    figures: Path
        Write every figure of the report into this folder instead, for a paper, each with its numbers as CSV.
    format: str
        svg, png or both with a comma between them.
    json: bool
        Print one JSON document: the path of the report, or the paths of its figures.
    """
    from apportion.reports.record import read_record
    from apportion.reports.report import write_figures, write_report
    from apportion.reports.summary import summary_table
    from apportion.reports.tables import grid_table, markdown_table, measures_shown

    if json and (markdown or grid is not None):
        found = "--markdown" if markdown else "--grid"
        raise UserError("--json", f"{found} beside it", "one of the two", f"Leave {found} out.")
    if figures is not None:
        written = write_figures(directory, figures, _formats(format))
        if json:
            print_json({"figures": [str(path) for path in written]})
            return
        print("\n".join(f"figure: {path}" for path in written) or "no figures: nothing has been graded yet")
        return
    if not markdown and grid is None:
        page = write_report(directory)
        if json:
            print_json({"report": str(page)})
        else:
            print(f"report: {page}")
        return
    record = read_record(directory)
    rows = summary_table(record.outcomes, record.study)
    if grid is None:
        print(for_terminal(markdown_table(rows)), end="")
        return
    shown = measures_shown(rows)
    if grid not in shown:
        raise UserError(
            "--grid", f"{grid}, which was not measured", f"one of {', '.join(shown)}", "Change it."
        )
    print(grid_table(rows, grid), end="")


def _formats(text: str) -> "list[Format]":
    known: dict[str, Format] = {"svg": "svg", "png": "png"}
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if not names or any(name not in known for name in names):
        raise UserError("--format", repr(text[:40]), "svg, png or svg,png", "Type --format svg,png.")
    return [known[name] for name in dict.fromkeys(names)]
