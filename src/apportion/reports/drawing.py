"""How figures look and how they are saved: PNG for papers, SVG that takes the page's ink for the report."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

INK = "#1b1f24"
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


class Picture(NamedTuple):
    """A figure as saved: the PNG's path, and SVG to set into a page."""

    name: str
    png: Path
    svg: str


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style; figures must be made and saved inside."""
    with matplotlib.rc_context(STYLE):
        yield


def save(figure: Figure, folder: Path, name: str) -> Picture:
    """Write FOLDER/NAME.png and return it with the SVG; the same figure gives the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=160, facecolor="white", metadata={"Software": None})
    FigureCanvasSVG(figure)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Picture(name, path, _inline(buffer.getvalue()))


def _inline(svg: str) -> str:
    """Drop what only a file of its own needs, and take the page's text colour for the ink."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r' id="(?:figure|axes|patch|text|line2d|matplotlib|xtick|ytick|legend|LineCollection)\w*"', "", svg
    )
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) width="([\d.]+)pt"', r'\1 style="max-width: \2pt"', svg, count=1)
    svg = svg.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans', sans-serif")
    # too dark on a dark page: the page says which blue
    return svg.replace(INK, "currentColor").replace(BLUE.lower(), "var(--line-blue)")


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
