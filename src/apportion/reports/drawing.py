"""How figures look: one palette and style, ticks where something was measured, names beside lines."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

INK = "#1b1f24"
EMPTY = "#eceef0"
"""Where nothing is known."""
PAPER = "#fffffe"
"""White between neighbours; in a page, the page's own colour."""
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.13,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.0,
    "svg.fonttype": "none",
    "text.parse_math": False,
}

BLUE, SKY, GREEN, AMBER, PINK, ORANGE, GREY = (
    "#0072B2",
    "#56B4E9",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#D55E00",
    "#7f868d",
)
"""Okabe and Ito's palette, told apart with every common colour blindness, without black and yellow."""


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style; figures must be made and saved inside."""
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        # a name in letters that the font lacks is shown by the page's fonts, and as boxes in PNG
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*", category=UserWarning)
        yield


def log_ticks(axes: Axes, values: Sequence[float], labels: Sequence[str] | None = None) -> None:
    """Give a logarithmic x axis ticks at the values that were measured and at no others."""
    axes.set_xscale("log")
    shown = list(values)
    texts = list(labels or (f"{value:,.10g}" for value in values))
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(shown, texts)
    low, high = min(shown), max(shown)
    room = (high / low) ** 0.06 if high > low else 2.0
    axes.set_xlim(low / room, high * room)


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return heights moved as little as it takes for neighbours to be `gap` apart, in the same order.

    >>> apart([0.5, 0.5, 0.9], 0.1)
    [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    groups: list[tuple[float, list[int]]] = []  # (centre, members), non-overlapping, rising
    for i in order:
        centre, members = heights[i], [i]
        while groups and centre - groups[-1][0] < gap * (len(members) + len(groups[-1][1])) / 2:
            before, others = groups.pop()
            members = [*others, *members]
            centre = (before * len(others) + centre * (len(members) - len(others))) / len(members)
        groups.append((centre, members))
    placed = [0.0] * len(heights)
    for centre, members in groups:
        for rank, i in enumerate(members):
            placed[i] = round(centre + gap * (rank - (len(members) - 1) / 2), 12)
    return placed


def label_ends(axes: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Write each line's name right of its last point (x, y, text, colour), moved apart where they meet."""
    if not ends:
        return
    low, high = axes.get_ylim()
    heights = apart([y for _, y, _, _ in ends], 0.055 * (high - low))
    for (x, y, text, colour), height in zip(ends, heights, strict=True):
        axes.annotate(
            text,
            xy=(x, y),
            xytext=(1.015, (height - low) / (high - low)),
            textcoords="axes fraction",
            color=colour,
            va="center",
            fontsize=8.5,
            annotation_clip=False,
        )
