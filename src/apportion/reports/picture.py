"""A figure with what belongs to it: its name, words for those who cannot see it, and its numbers."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from apportion.errors import UserError
from apportion.reports.drawing import AMBER, BLUE, EMPTY, GREEN, GREY, INK, ORANGE, PAPER, PINK, SKY, style

Format = Literal["svg", "png"]
COLOURS = {
    BLUE: "blue",
    SKY: "sky",
    GREEN: "green",
    AMBER: "amber",
    PINK: "pink",
    ORANGE: "orange",
    GREY: "grey",
    PAPER: "paper",
    EMPTY: "empty",
}


class Numbers(NamedTuple):
    """A table: headings with units, and rows of plain values; None is what was not measured."""

    headings: Sequence[str]
    rows: Sequence[Sequence[object]]

    def csv(self) -> str:
        """Return the table as CSV, numbers with 6 digits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.headings)
        writer.writerows([[f"{v:.6g}" if isinstance(v, float) else v for v in row] for row in self.rows])
        return text.getvalue()


class Picture(NamedTuple):
    """A figure under the name of its files; `alt` says what can be seen on it, `numbers` are what it was drawn from."""

    name: str
    figure: Figure
    alt: str
    numbers: Numbers

    @property
    def svg(self) -> str:
        """The figure as SVG for a page: in the page's font, and in colours that the page sets."""
        with style():
            return _inline(_svg(self.figure, self.name, "none"))

    def write(self, folder: Path, formats: Sequence[Format]) -> list[Path]:
        """Write FOLDER/NAME.svg or .png and return their paths; the same figure gives the same bytes.

        Raises UserError where they cannot be written.
        """
        written = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with style():
                for ending in formats:
                    path = folder / f"{self.name}.{ending}"
                    if ending == "svg":
                        path.write_text(_svg(self.figure, self.name, "white"), encoding="utf-8")
                    else:
                        FigureCanvasAgg(self.figure)
                        self.figure.savefig(path, dpi=200, facecolor="white", metadata={"Software": None})
                    written.append(path)
        except OSError as error:
            found = f"a place that cannot be written ({error.strerror})"
            raise UserError(str(folder), found, "a folder", "Choose another place.") from None
        return written


def _svg(figure: Figure, name: str, ground: str) -> str:
    canvas, buffer, dpi = FigureCanvasSVG(figure), io.StringIO(), figure.dpi
    figure.set_facecolor(ground)
    with matplotlib.rc_context({"svg.hashsalt": name}):
        # Not savefig, which draws everything once more for the layout; this leaves its own resolution behind
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    figure.set_dpi(dpi)
    return buffer.getvalue()


def _inline(svg: str) -> str:
    """Drop what only a file of its own needs, and let the page say what the palette's colours are."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r' id="(?:figure|axes|patch|text|line2d|matplotlib|xtick|ytick|legend|LineCollection|FillBetween)\w*"',
        "",
        svg,
    )
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) width="[\d.]+pt"', r'\1 aria-hidden="true"', svg, count=1)
    svg = svg.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans', sans-serif").replace(INK, "currentColor")
    for colour, name in COLOURS.items():
        svg = svg.replace(colour.lower(), f"var(--{name})")
    return svg.strip()
