"""The figure of users: the plane of their embeddings, coloured by how much they are trusted, or by faction."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from apportion.errors import UserError
from apportion.reports.drawing import AMBER, BLUE, GREEN, GREY, INK, ORANGE, PINK, SKY, style
from apportion.reports.picture import Numbers, Picture
from apportion.signed.picture import UserMap

MARKS = ((BLUE, "o"), (ORANGE, "^"), (GREEN, "s"), (PINK, "D"), (SKY, "v"), (AMBER, "P"), (GREY, "X"))
DISTRUST_TO_TRUST = LinearSegmentedColormap.from_list("trust", [ORANGE, "#d8d8d8", BLUE])
MOST_FACTIONS = len(MARKS)
MOST_VECTORS = 1500
"""More users than that are drawn as pixels in SVG too."""


def users_figure(users: UserMap) -> Picture:
    """Return the picture of users: where a model places them, coloured by faction or by how they are rated."""
    with style():
        figure = _drawn(users)
    by = "faction" if users.faction is not None else "the share of positive ratings that they got"
    alt = (
        f"{len(users.place):,} users in the plane of their embeddings' two main directions, coloured by {by}."
    )
    columns = [users.place[:, 0], users.place[:, 1], users.activity, users.trust]
    headings = ["first_component", "second_component", "events", "share_positive_got"]
    if users.faction is not None:
        columns, headings = [*columns, users.faction + 1], [*headings, "faction"]
    rows = [[value.item() for value in row] for row in zip(*columns, strict=True)]
    return Picture("users", figure, alt, Numbers(headings, rows))


def draw_users(users: UserMap, path: Path) -> None:
    """Write the figure, .svg or .png by its name. Raises `UserError` where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with style(), matplotlib.rc_context({"svg.hashsalt": "users"}):
            figure = _drawn(users)
            metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
            figure.savefig(path, dpi=160, facecolor="white", metadata=metadata)
    except OSError as error:
        found = f"a place that cannot be written ({error.strerror})"
        raise UserError(str(path), found, "a file", "Choose another place.") from None


def _drawn(users: UserMap) -> Figure:
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    axes = figure.add_subplot()
    sizes = 6 + 5 * np.sqrt(np.minimum(users.activity, 400))
    has_factions = users.faction is not None and users.faction.max(initial=0) < MOST_FACTIONS
    (_by_faction if has_factions else _by_trust)(axes, users, sizes)
    axes.set_xlabel(f"first principal component ({users.explained[0]:.0%} of the variance)")
    axes.set_ylabel(f"second principal component ({users.explained[1]:.0%})")
    axes.grid(axis="x")
    axes.set_title(f"{len(users.place):,} users as the model sees them; larger is more active")
    return figure


def _by_trust(axes: Axes, users: UserMap, sizes: np.ndarray) -> None:
    rated = users.ratings > 0
    order = np.flatnonzero(rated)[np.argsort(-users.trust[rated], kind="stable")]  # the distrusted on top
    low, high = np.quantile(users.trust[rated], [0.05, 0.95]) if rated.any() else (0.0, 1.0)
    unrated = users.place[~rated]
    axes.scatter(
        unrated[:, 0], unrated[:, 1], s=sizes[~rated], facecolors="none", edgecolors=GREY, linewidths=0.6
    )
    points = axes.scatter(
        users.place[order, 0],
        users.place[order, 1],
        s=sizes[order],
        c=users.trust[order],
        cmap=DISTRUST_TO_TRUST,
        vmin=low,
        vmax=high if high > low else low + 0.01,
        linewidths=0.2,
        edgecolors=INK,
        rasterized=len(users.place) > MOST_VECTORS,
    )
    if axes.figure is not None:
        bar = axes.figure.colorbar(points, ax=axes, shrink=0.8, extend="both")
        bar.set_label("share of positive ratings got, smoothed; hollow: none got")


def _by_faction(axes: Axes, users: UserMap, sizes: np.ndarray) -> None:
    assert users.faction is not None
    for faction in np.unique(users.faction):
        colour, mark = MARKS[faction]
        there = users.faction == faction
        axes.scatter(
            users.place[there, 0],
            users.place[there, 1],
            s=sizes[there],
            c=colour,
            marker=mark,
            alpha=0.75,
            linewidths=0.2,
            edgecolors=INK,
            rasterized=len(users.place) > MOST_VECTORS,
            label=f"faction {faction + 1}",
        )
    axes.legend(loc="best")
