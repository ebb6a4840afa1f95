"""Scores against the budget, one line a share: the first figure of a report, and its kin."""

from collections.abc import Sequence
from math import isfinite, nan

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from apportion.findings.control import CONTROL
from apportion.reports.drawing import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SKY,
    label_ends,
    log_ticks,
    style,
)
from apportion.reports.picture import Numbers, Picture
from apportion.reports.summary import SummaryRow
from apportion.reports.tables import percent

AXIS_LABELS = {
    "accuracy": "accuracy (strict)",
    "flexible": "accuracy (flexible)",
    "form_rate": "share of well-formed answers",
    "nll": "nll (nats per token, lower is better)",
    "preference_accuracy": "preference accuracy",
}
MARKERS = "osD^vPX"

INCHES_OF_AN_ENTRY = 1.8  # of a legend: the line, a few words, the gap; the longest takes two


def share_colours(shares: Sequence[float]) -> dict[float, str]:
    """Return a colour for each share: blue for SFT alone, orange for pairs alone, others in between."""
    between = sorted((share for share in shares if 0 < share < 1), reverse=True)
    scale = {1: [GREEN], 2: [SKY, AMBER], 3: [SKY, GREEN, AMBER]}.get(
        len(between), [SKY, GREEN, AMBER, PINK, GREY]
    )
    colours = {share: scale[min(i, len(scale) - 1)] for i, share in enumerate(between)}
    return colours | {1.0: BLUE, 0.0: ORANGE}


def share_name(share: float) -> str:
    """Return how a legend calls a share."""
    return {1.0: "SFT alone", 0.0: "pairs alone"}.get(share, f"{percent(share)} SFT")


def score_figure(rows: Sequence[SummaryRow], measure: str, methods: Sequence[str]) -> Picture | None:
    """Return the figure of one measure against the budget, a panel for each preference method."""
    if not _any_point(rows, measure):
        return None
    with style():
        figure = Figure(
            figsize=(7.4 if len(methods) == 1 else 4.2 * len(methods) + 0.8, 4.2), layout="constrained"
        )
        panels = figure.subplots(1, len(methods), sharey=True, squeeze=False)[0]
        for axes, method in zip(panels, methods, strict=True):
            _draw(axes, rows, measure, method)
            axes.set_title(method)
        panels[0].set_ylabel(AXIS_LABELS[measure])
        for axes in panels:  # after all panels have set the shared limits
            label_ends(axes, _ends(rows, measure, axes.get_title(loc="left")))
        _legend(figure, rows)
    shown = ", ".join(share_name(share) for share in _shares(rows)) or "cells outside the grid"
    alt = f"{AXIS_LABELS[measure]} against the budget for labels in USD, a line each for {shown}, with 95 % intervals."
    return Picture("score", figure, alt, numbers_of(rows, [measure]))


def other_measures_figure(rows: Sequence[SummaryRow], measures: Sequence[str], method: str) -> Picture | None:
    """Return a figure with a panel for each measure that was taken."""
    shown = [measure for measure in measures if _any_point(rows, measure)]
    if not shown:
        return None
    with style():
        figure = Figure(figsize=(max(3.7 * len(shown), 4.6), 3.4), layout="constrained")
        for axes, measure in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
            _draw(axes, rows, measure, method)
            axes.set_title(AXIS_LABELS[measure])
        shares = _shares(rows)
        colours = share_colours(shares)
        handles = [
            Line2D([], [], color=colours[s], marker=_marker(s, shares), label=share_name(s)) for s in shares
        ]
        handles.append(Line2D([], [], color=INK, linewidth=1, linestyle=":", label="untrained"))
        _legend(figure, rows, handles)
    alt = f"{', '.join(AXIS_LABELS[m] for m in shown)} against the budget for labels in USD, a line for each split."
    return Picture(f"other_measures_{method}", figure, alt, numbers_of(rows, shown))


def numbers_of(rows: Sequence[SummaryRow], measures: Sequence[str]) -> Numbers:
    """Return the summary's rows with mean, low and high of each measure."""
    headings = [
        "budget_usd",
        "sft_share_of_money",
        "n_demonstrations",
        "n_pairs",
        "method",
        "seeds",
        "cost_usd",
    ]
    headings += [f"{name}_{end}" for name in measures for end in ("mean", "low", "high")]
    table = []
    for row in rows:
        values: list[object] = [row.budget_usd, row.share, *row.arm, len(row.seeds_done), row.cost_usd]
        for name in measures:
            found = row.measures[name]
            ends = (None,) * 3 if found is None else (found.mean, found.low, found.high)
            values += [end if end is None or isfinite(end) else None for end in ends]
        table.append(values)
    return Numbers(headings, table)


def _draw(axes: Axes, rows: Sequence[SummaryRow], measure: str, method: str) -> None:
    shares = _shares(rows)
    colours = share_colours(shares)
    budgets = sorted({row.budget_usd for row in rows if row.budget_usd is not None})
    outside = [row for row in rows if row.budget_usd is None and row.arm.method in (method, "sft", CONTROL)]
    spots = budgets or sorted({row.cost_usd for row in outside})
    spread = (max(spots) / min(spots)) ** 0.006 if len(spots) > 1 else 1.04
    for place, share in enumerate(shares):
        shift = spread ** (2 * place - len(shares) + 1)
        for arm_method, line in ((method, "-"), (CONTROL, "--")):
            series = _series(rows, measure, share, arm_method, budgets)
            if arm_method == CONTROL:
                _errors(
                    axes,
                    series,
                    shift * spread**0.8,
                    colours[share],
                    line,
                    _marker(share, shares),
                    hollow=True,
                )
            else:
                _errors(axes, series, shift, colours[share], line, _marker(share, shares))
    for row in outside:
        estimate = row.measures[measure]
        if estimate is not None:
            point = [(row.cost_usd, estimate)]
            _errors(axes, point, 1.0, GREY, "none", "x" if row.arm.method == CONTROL else "d")
    base = next((row.measures[measure] for row in rows if row.arm.method == "base"), None)
    if spots:
        log_ticks(axes, sorted({*spots, *(row.cost_usd for row in outside)}))
    if base is not None:
        axes.axhline(base.mean, color=INK, linewidth=1, linestyle=":", alpha=0.7)
    if measure in ("accuracy", "flexible", "form_rate"):
        top = min(1.02, axes.get_ylim()[1])
        axes.set_ylim(-0.02 * top, top)  # points at 0 are to be seen whole
    axes.set_xlabel("budget for labels (USD)")


def _errors(
    axes: Axes, series: list, shift: float, colour: str, line: str, marker: str, *, hollow=False
) -> None:
    xs = [x * shift for x, _ in series]
    means = [nan if e is None else e.mean for _, e in series]
    sides = [
        [nan if e is None or not isfinite(end(e)) else abs(end(e) - e.mean) for _, e in series]
        for end in (lambda e: e.low, lambda e: e.high)
    ]
    axes.errorbar(
        xs,
        means,
        yerr=sides,
        color=colour,
        linestyle=line,
        marker=marker,
        markerfacecolor="none" if hollow else colour,
        linewidth=1.2 if hollow else 1.8,
        elinewidth=0.9,
        capsize=2,
        alpha=0.75 if hollow else 1.0,
    )


def _series(
    rows: Sequence[SummaryRow], measure: str, share: float, method: str, budgets: list[float]
) -> list:
    """The (budget, estimate) of a share; a budget that has not run is None and breaks the line."""
    found = {}
    for row in rows:
        alone = row.arm.n_pairs == 0 and row.arm.method == "sft" and method != CONTROL
        if row.share == share and (row.arm.method == method or alone):
            found[row.budget_usd] = row.measures[measure]
    return [(budget, found.get(budget)) for budget in budgets] if found else []


def _ends(rows: Sequence[SummaryRow], measure: str, method: str) -> list[tuple[float, float, str, str]]:
    shares = _shares(rows)
    colours = share_colours(shares)
    budgets = sorted({row.budget_usd for row in rows if row.budget_usd is not None})
    ends = []
    for share in shares:
        known = [(x, e) for x, e in _series(rows, measure, share, method, budgets) if e is not None]
        if known:
            ends.append((known[-1][0], known[-1][1].mean, share_name(share), colours[share]))
    base = next((row.measures[measure] for row in rows if row.arm.method == "base"), None)
    return ends if base is None else [*ends, (max(budgets, default=1.0), base.mean, "untrained", INK)]


def _legend(figure: Figure, rows: Sequence[SummaryRow], handles: Sequence[Line2D] = ()) -> None:
    entries = list(handles)
    if any(row.arm.method == CONTROL for row in rows):
        entries.append(
            Line2D([], [], color=INK, linestyle="--", marker="o", markerfacecolor="none", linewidth=1.2)
        )
        entries[-1].set_label("dashed: SFT on the chosen side of the same pairs")
    if any(row.budget_usd is None and row.arm.method != "base" for row in rows):
        entries.append(
            Line2D([], [], color=GREY, linestyle="none", marker="d", label="cells outside the grid")
        )
    if entries:
        fitting = max(1, int(figure.get_figwidth() / INCHES_OF_AN_ENTRY))
        columns = min(len(entries), fitting)
        figure.legend(handles=entries, loc="outside lower center", ncols=columns, fontsize=8.5)


def _shares(rows: Sequence[SummaryRow]) -> list[float]:
    return sorted({row.share for row in rows if row.share is not None}, reverse=True)


def _marker(share: float, shares: Sequence[float]) -> str:
    return MARKERS[list(shares).index(share) % len(MARKERS)]


def _any_point(rows: Sequence[SummaryRow], measure: str) -> bool:
    return any(row.measures[measure] is not None and row.arm.method != "base" for row in rows)
