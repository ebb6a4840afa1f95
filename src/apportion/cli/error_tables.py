"""Tables of the errors of a study: the share of each class by size, and the law of each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from apportion.cli.terminal import for_terminal

if TYPE_CHECKING:
    from apportion.findings import ErrorCurve
    from apportion.statistics import Estimate

FORETOLD = 4
"""How far beyond the largest size a law is asked."""


def share_table(curves: "Sequence[ErrorCurve]") -> Table:
    """Return the share of all answers in each class by the number of demonstrations, with 95 % intervals."""
    table = Table(title="Errors, as shares of all answers, by the number of demonstrations (SFT alone)")
    table.title_justify = "left"
    table.add_column("error")
    for n in curves[0].sizes:
        table.add_column(f"{n:,}" if n else "untrained", justify="right")
    for curve in curves:
        table.add_row(_name(curve), *(_share(estimate) for estimate in curve.shares))
    return table


def law_table(curves: "Sequence[ErrorCurve]") -> Table:
    """Return each class's law, how it follows all errors, and whether it still falls."""
    table = Table(title="Laws of the errors: e is the share, n the number of demonstrations")
    table.title_justify = table.caption_justify = "left"
    groups, classes = (sum(curve.kind == kind for curve in curves) for kind in ("group", "class"))
    table.caption = (
        f"still: p below .05 after Holm's correction, for {groups} groups and for {classes} classes (indented); "
        "the intervals are single ones"
    )
    table.add_column("error")
    table.add_column("law")
    for heading in ("r² of the law", "r² with all errors", f"at {FORETOLD} times the most"):
        table.add_column(heading, justify="right")
    table.add_column("at the most, less before")
    table.add_column("still")
    for curve in curves:
        at, change = curve.foretold, curve.change
        table.add_row(
            _name(curve),
            escape(curve.formula),
            "-" if curve.r2 is None else f"{curve.r2:.3f}",
            "-" if curve.r2_with_all is None else f"{curve.r2_with_all:.2f}",
            "-" if at is None else escape(f"{at.mean:.3f} [{at.low:.3f}, {at.high:.3f}]"),
            "-" if change is None else escape(f"{_points(change)} since {curve.since:,}"),
            curve.trend,
        )
    return table


def _name(curve: "ErrorCurve") -> str:
    name = for_terminal(curve.name)
    return escape(f"  {name}" if curve.kind == "class" else name)


def _share(estimate: "Estimate") -> str:
    mean, low, high = (f"{value:.3f}".replace("0.", ".", 1) for value in estimate[:3])
    return f"{mean}\n{low}–{high}"


def _points(estimate: "Estimate") -> str:
    return f"{100 * estimate.mean:+.1f} points [{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"
