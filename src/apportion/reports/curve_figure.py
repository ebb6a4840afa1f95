"""The figure of fitted learning curves: runs, law and 95 % band on logarithmic axes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from apportion.errors import UserError
from apportion.laws.curves import fit_curves
from apportion.laws.prior import Prior
from apportion.laws.runs import Runs

MOST = 12
"""How many curves one figure shows; the first of a table."""


def draw_curves(runs: Sequence[Runs], prior: Prior, path: Path) -> None:
    """Write a figure, .svg or .png by its name, of the first dozen curves. Raises UserError where it cannot."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter

    largest = max(int((r.n_demonstrations + r.n_pairs).max()) for r in runs)
    smallest = min((int(n) for r in runs for n in r.n_demonstrations + r.n_pairs if n > 0), default=1)
    sizes = np.unique(np.geomspace(smallest, max(4 * largest, 2), 40).astype(np.int64))
    curves = fit_curves(runs, [int(n) for n in sizes], prior=prior)[:MOST]
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(4.2 * columns, 3.2 * rows), squeeze=False)
    for axis in axes.ravel()[len(curves) :]:
        axis.set_visible(False)
    for axis, curve in zip(axes.ravel(), curves, strict=False):
        low, middle, high = (
            np.array([getattr(p, end) for p in curve.predictions]) for end in ("low", "mean", "high")
        )
        axis.fill_between(sizes, low, high, alpha=0.2, linewidth=0)
        axis.plot(sizes, middle, linewidth=1.4)
        total = curve.runs.n_demonstrations + curve.runs.n_pairs
        shown = total > 0
        axis.plot(total[shown], np.maximum(curve.runs.y[shown], 1e-6), "o", markersize=3.5, color="black")
        axis.set_xscale("log")
        axis.set_yscale("log")
        for ticks in (axis.yaxis.set_major_formatter, axis.yaxis.set_minor_formatter):
            ticks(FuncFormatter(lambda value, _: f"{value:.3g}"))
        title = " / ".join(part for part in (curve.model, curve.task) if part)
        axis.set_title(title.replace("$", r"\$"), fontsize=9)
        axis.set_xlabel(
            "pairs and demonstrations together" if (curve.runs.n_pairs > 0).any() else "demonstrations"
        )
        axis.set_ylabel(curve.kind)
    figure.tight_layout()
    try:
        figure.savefig(path)
    except OSError as error:
        raise UserError(
            str(path), f"a place that cannot be written ({error.strerror})", "a file", "Choose another place."
        ) from None
    finally:
        pyplot.close(figure)
