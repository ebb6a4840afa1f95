"""Learning curves: what more examples of one mixture bring, every measured run with the law's band."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from apportion.laws.curves import fit_curves
from apportion.laws.runs import Runs
from apportion.laws.surface_kernel import Floats
from apportion.plans.footing import footing_of
from apportion.reports.drawing import BLUE, INK, style
from apportion.reports.picture import Numbers, Picture

POINTS = 25
MOST_PANELS = 6
BEYOND = 4.0
"""How many times as large as the largest run the curves go."""
LEAST_SCORE = 5e-3
"""Lower scores are drawn here: a logarithmic axis has no 0."""


class _Band(NamedTuple):
    """The law at some sizes: mean, and the 95 % interval of the curve, each (POINTS,)."""

    mean: Floats
    low: Floats
    high: Floats


def learning_figure(runs: Runs, measured_as: str) -> Picture | None:
    """Return a panel for each mixture that was run at two sizes or more, None if there is none.

    Mixtures are shares of the examples. With pairs the law is the plan's surface; without, the averaged curves of
    `laws.curves`. Axes are logarithmic; bands hold 95 % of what the law allows for, without the noise of a run.
    """
    total = runs.n_demonstrations + runs.n_pairs
    share = np.round(runs.n_demonstrations / np.maximum(total, 1), 2)
    shares = [
        float(r)
        for r in np.unique(share[total > 0])[::-1]
        if len(np.unique(total[(share == r) & (total > 0)])) > 1
    ][:MOST_PANELS]
    if not shares:
        return None
    sizes = np.geomspace(total[total > 0].min(), BEYOND * total.max(), POINTS)
    bands = _bands(runs, shares, sizes)
    columns = 2 if len(shares) in (2, 4) else min(3, len(shares))
    rows = -(-len(shares) // columns)
    with style():
        figure = Figure(figsize=(6.8, 2.35 * rows + 0.5), layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes in grid.ravel()[len(shares) :]:
            axes.set_visible(False)
        for axes, r, band in zip(grid.ravel(), shares, bands, strict=False):
            here = (share == r) & (total > 0)
            _draw(axes, sizes, band, total[here], runs.y[here])
            axes.set_title(_called(r))
        _scale(grid[0][0], runs)
        figure.supxlabel("demonstrations and pairs together, number", fontsize=9)
        figure.supylabel(measured_as, fontsize=9)
    table: list[list[object]] = [
        ["measured", float(r), int(s), int(p), float(y), None, None]
        for r, s, p, y in zip(share, runs.n_demonstrations, runs.n_pairs, runs.y, strict=True)
    ]
    for r, band in zip(shares, bands, strict=True):
        for n, *ends in zip(sizes, *band, strict=True):
            table.append(["law", r, round(r * n, 1), round((1 - r) * n, 1), *map(float, ends)])
    headings = ["what", "sft_share_of_examples", "n_demonstrations", "n_pairs", runs.kind, "low", "high"]
    alt = (
        f"{measured_as} against the number of examples on logarithmic axes, a panel for each mixture "
        f"({', '.join(map(_called, shares))}): dots are the measured runs, lines and bands the fitted law."
    )
    return Picture("learning_curves", figure, alt, Numbers(headings, table))


def _bands(runs: Runs, shares: Sequence[float], sizes: Floats) -> list[_Band]:
    if not (runs.n_pairs > 0).any():
        at = [max(1, round(n)) for n in sizes]
        found = {p.n: p for p in fit_curves([runs], sorted(set(at)))[0].predictions}
        return [
            _Band(*(np.array([getattr(found[n], end) for n in at]) for end in ("mean", "low", "high")))
            for _ in shares
        ]
    footing = footing_of(runs)
    s = np.concatenate([r * sizes for r in shares])
    p = np.concatenate([(1 - r) * sizes for r in shares])
    draws = footing.expected(s, p).draws
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return [
        _Band(*(values[i * POINTS : (i + 1) * POINTS] for values in (draws.mean(0), low, high)))
        for i in range(len(shares))
    ]


def _draw(axes: Axes, sizes: Floats, band: _Band, n: np.ndarray, y: Floats) -> None:
    low, middle, high = (np.maximum(values, LEAST_SCORE) for values in (band.low, band.mean, band.high))
    axes.fill_between(sizes, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(sizes, middle, color=BLUE, linewidth=1.5)
    axes.plot(n, np.maximum(y, LEAST_SCORE), "o", color=INK, markersize=3.2, alpha=0.85)


def _scale(axes: Axes, runs: Runs) -> None:
    """Set both axes, which the panels share, to logarithms with plain numbers on them."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    lowest, highest = axes.get_ylim()
    low = max(float(np.maximum(runs.y, LEAST_SCORE).min()) * 0.8, lowest)
    high = min(highest, 1.05) if runs.kind == "score" else highest
    axes.set_ylim(low, high)
    few = high / low < 30
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _called(share: float) -> str:
    return {1.0: "SFT alone", 0.0: "pairs alone"}.get(share, f"{share:.0%} demonstrations")
