"""`apportion report`: the HTML report of a study, or its table in Markdown."""

from pathlib import Path


def report(directory: Path, *, markdown: bool = False) -> None:
    """Write a study's report.html and figures, and print where; or print its table in Markdown.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world; it may be running or unfinished.
    markdown: bool
        Print the table for a README instead; writes nothing.
    """
    from apportion.reports.record import read_record
    from apportion.reports.report import write_report
    from apportion.reports.summary import summary_table
    from apportion.reports.tables import markdown_table

    if markdown:
        record = read_record(directory)
        print(markdown_table(summary_table(record.outcomes, record.study)), end="")
        return
    print(f"report: {write_report(directory)}")
