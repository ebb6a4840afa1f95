"""Figures of a comparison of models on a signed network: precision and recall, calibration, leaks."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from apportion.reports.drawing import AMBER, BLUE, GREEN, GREY, INK, ORANGE, PINK, SKY, style
from apportion.reports.picture import Numbers, Picture
from apportion.reports.shown import shortened

LOOKS = (
    (BLUE, "-", "o"),
    (ORANGE, "--", "s"),
    (GREEN, "-.", "^"),
    (PINK, ":", "D"),
    (SKY, "-", "v"),
    (AMBER, "--", "P"),
    (GREY, "-.", "X"),
    (INK, "--", "*"),
)
FIRST = 4
"""Models whose calibration is drawn: those that the comparison names first."""
Rows = Sequence[Mapping[str, Any]]
"""The rows of a comparison's document."""


def precision_recall_figure(rows: Rows) -> Picture | None:
    """Return precision against recall of the rarer class, a line a model; None where no row has the curve."""
    found = [
        (row["model"], row["curves"]["precision_recall"]) for row in rows if _has(row, "precision_recall")
    ]
    found = [(name, curve) for name, curve in found if curve["precision"]]
    if not found:
        return None
    of, share = found[0][1]["of"], found[0][1]["share"]
    with style():
        figure = Figure(figsize=(6.6, 4.2), layout="constrained")
        axes = figure.subplots()
        for (name, curve), (colour, line, _) in zip(found, _looks(len(found)), strict=True):
            axes.plot(
                curve["recall"], curve["precision"], color=colour, linestyle=line, label=shortened(name, 24)
            )
        axes.axhline(share, color=INK, linewidth=1, linestyle=":", alpha=0.7, label="by chance")
        _unit(axes, f"recall of {of}, share found", f"precision, share of {of} among those named")
        figure.legend(loc="outside right upper", fontsize=8.5)
    rows_ = [
        [name, r, p]
        for name, curve in found
        for r, p in zip(curve["recall"], curve["precision"], strict=True)
    ]
    alt = (
        f"Precision against recall of the {of}, {share:.0%} of the test events, for {len(found)} models; a line that "
        "stays high to the right finds more of them with fewer false alarms."
    )
    return Picture("precision_recall", figure, alt, Numbers(["model", "recall", "precision"], rows_))


def calibration_figure(rows: Rows) -> Picture | None:
    """Return what was said against what was so for the first models, before and after recalibration on validation."""
    found = [(row["model"], row["curves"]["calibration"]) for row in rows if _has(row, "calibration")][:FIRST]
    if not found:
        return None
    with style():
        figure = Figure(figsize=(6.6, 3.7), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, when in zip(panels, ("before", "after"), strict=True):
            axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=":", alpha=0.7)
            for (name, curve), (colour, line, mark) in zip(found, _looks(len(found)), strict=True):
                axes.plot(
                    curve[when]["said"], curve[when]["was"], color=colour, linestyle=line, marker=mark,
                    markersize=4, linewidth=1.3, label=shortened(name, 24),
                )  # fmt: skip
            axes.set_title(f"{when} recalibration")
            _unit(axes, "said: probability", "was: share" if when == "before" else "")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), fontsize=8.5)
    table = [
        [name, when, said, was]
        for name, curve in found
        for when in ("before", "after")
        for said, was in zip(curve[when]["said"], curve[when]["was"], strict=True)
    ]
    errors = "; ".join(
        f"{shortened(name, 24)} {curve['before']['error']:.3f} before, {curve['after']['error']:.3f} after"
        for name, curve in found
    )
    alt = (
        "The share of positives against the mean probability that models said, in ten bins; on the dotted line they "
        f"agree. Expected calibration error: {errors}."
    )
    return Picture("calibration", figure, alt, Numbers(["model", "when", "said", "was"], table))


def leak_figure(causal: Rows, leaking: Rows, metric: str, heading: str) -> Picture | None:
    """Return how much a protocol that leaks flatters each model, by one metric; None without a model in both."""
    both = [
        (row["model"], row[metric], other[metric])
        for row in causal
        for other in leaking
        if row["model"] == other["model"] and row.get(metric) and other.get(metric)
    ]
    if not both:
        return None
    with style():
        figure = Figure(figsize=(6.6, 0.9 + 0.52 * len(both)), layout="constrained")
        axes = figure.subplots()
        for place, (_, honest, leaked) in enumerate(both):
            for shift, found, colour, mark in ((0.13, honest, BLUE, "o"), (-0.13, leaked, ORANGE, "s")):
                ends = [found["low"], found["high"]]
                if None not in ends:
                    axes.plot(ends, [place + shift] * 2, color=colour, linewidth=1.3)
                label = ("predict, then observe" if colour == BLUE else "as published") if not place else None
                axes.plot(
                    found["mean"], place + shift, mark, color=colour, markersize=6, linestyle="", label=label
                )
        axes.set_yticks(range(len(both)), [shortened(name, 24) for name, *_ in both])
        axes.set_ylim(len(both) - 0.5, -0.5)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(f"{heading} of test events, with 95 % intervals")
        figure.legend(loc="outside upper left", ncols=2, fontsize=8.5)
    rows = [
        [name, protocol, *(found[end] for end in ("mean", "low", "high"))]
        for name, honest, leaked in both
        for protocol, found in (("causal", honest), ("as-published", leaked))
    ]
    told = "; ".join(
        f"{shortened(name, 24)} {leaked['mean']:.3f} instead of {honest['mean']:.3f}"
        for name, honest, leaked in both
    )
    alt = (
        f"{heading} when events may be seen before they are predicted, against predict-then-observe: {told}."
    )
    return Picture("leak", figure, alt, Numbers(["model", "protocol", metric, "low", "high"], rows))


def _has(row: Mapping[str, Any], curve: str) -> bool:
    return curve in (row.get("curves") or {})


def _looks(count: int) -> Sequence[tuple[str, str, str]]:
    return (LOOKS * (1 + count // len(LOOKS)))[:count]


def _unit(axes: Axes, x: str, y: str) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
