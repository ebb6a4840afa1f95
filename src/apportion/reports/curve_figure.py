"""The figure of fitted learning curves: runs, law and 95 % band on logarithmic axes."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.laws.curves import fit_curves
from apportion.laws.joint import fit_joint
from apportion.laws.prior import Prior
from apportion.laws.repeats import foretold_epochs
from apportion.laws.runs import Runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 12
"""How many curves one figure shows; the first of a table."""

MOST_SHARES = 5
"""How many splits of a joint law are drawn: those that most runs have."""


class Line(NamedTuple):
    """A law along sizes [n], with its 95 % band, and the runs that belong to it, sizes and results [m] each."""

    label: str
    low: NDArray[np.float64]
    mean: NDArray[np.float64]
    high: NDArray[np.float64]
    sizes: NDArray[np.int64]
    results: NDArray[np.float64]


def draw_curves(runs: Sequence[Runs], prior: Prior, path: Path, epochs: float | None = None) -> None:
    """Write a figure, .svg or .png by its name, of the first dozen curves. Raises UserError where it cannot.

    A curve of demonstrations alone is one line. Runs with pairs are drawn by their joint law: score against all
    examples, one line for each split of them, for the splits that most runs have.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    runs = runs[:MOST]
    total = np.concatenate([r.n_demonstrations + r.n_pairs for r in runs])
    smallest = int(total[total > 0].min()) if (total > 0).any() else 1
    grid = np.unique(np.geomspace(smallest, max(4 * int(total.max()), 2), 40).astype(np.int64))
    columns = min(3, len(runs))
    rows = -(-len(runs) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(4.2 * columns, 3.2 * rows), squeeze=False)
    for axis in axes.ravel()[len(runs) :]:
        axis.set_visible(False)
    plain = [r for r in runs if not (r.n_pairs > 0).any()]
    alone = iter(_alone(plain, grid, prior, epochs) if plain else ())
    for axis, r in zip(axes.ravel(), runs, strict=False):
        joint = (r.n_pairs > 0).any()
        _draw(axis, grid, _by_split(r, grid) if joint else [next(alone)])
        title = " / ".join(part for part in (r.model, r.task) if part)
        if (passes := foretold_epochs(r, epochs)) is not None:
            title += f" ({passes:g} epochs)"
        axis.set_title(title.replace("$", r"\$"), fontsize=9)
        axis.set_xlabel("demonstrations and pairs" if joint else "demonstrations")
        axis.set_ylabel(r.kind)
    figure.tight_layout()
    try:
        figure.savefig(path)
    except OSError as error:
        raise UserError(
            str(path), f"a place that cannot be written ({error.strerror})", "a file", "Choose another place."
        ) from None
    finally:
        pyplot.close(figure)


def _alone(runs: Sequence[Runs], grid: NDArray[np.int64], prior: Prior, epochs: float | None) -> list[Line]:
    """Return one line for each of some curves of demonstrations alone."""
    return [
        Line("", *_ends(curve.predictions), curve.runs.n_demonstrations, curve.runs.y)
        for curve in fit_curves(runs, [int(n) for n in grid], prior=prior, epochs=epochs)
    ]


def _by_split(runs: Runs, grid: NDArray[np.int64]) -> list[Line]:
    """Return a joint law along a few splits, those of most demonstrations first."""
    fit, total = fit_joint(runs), runs.n_demonstrations + runs.n_pairs
    percent = np.rint(100 * runs.n_demonstrations / np.maximum(total, 1)).astype(int)
    common = Counter(percent[total > 0].tolist()).most_common(MOST_SHARES)
    lines = []
    for share in sorted((share for share, _ in common), reverse=True):
        demonstrations = np.rint(grid * share / 100).astype(int)
        found = [fit.predict(int(n), int(m - n)) for n, m in zip(demonstrations, grid, strict=True)]
        mine = (percent == share) & (total > 0)
        lines.append(Line(f"{share} % demonstrations", *_ends(found), total[mine], runs.y[mine]))
    return lines


def _ends(predictions: Sequence[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    low, mean, high = (np.array([getattr(p, end) for p in predictions]) for end in ("low", "mean", "high"))
    return low, mean, high


def _draw(axis: "Axes", grid: NDArray[np.int64], lines: Sequence[Line]) -> None:
    from matplotlib.ticker import FuncFormatter

    for line in lines:
        (drawn,) = axis.plot(grid, line.mean, linewidth=1.4, label=line.label)
        colour = drawn.get_color()
        axis.fill_between(grid, line.low, line.high, alpha=0.15, linewidth=0, color=colour)
        shown = line.sizes > 0
        axis.plot(
            line.sizes[shown],
            np.maximum(line.results[shown], 1e-6),
            "o",
            markersize=3.5,
            color=colour if len(lines) > 1 else "black",
        )
    axis.set_xscale("log")
    axis.set_yscale("log")
    for ticks in (axis.yaxis.set_major_formatter, axis.yaxis.set_minor_formatter):
        ticks(FuncFormatter(lambda value, _: f"{value:.3g}"))
    if len(lines) > 1:
        axis.legend(fontsize=7, frameon=False)
