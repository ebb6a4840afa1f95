"""The figure of a plan: the surface of scores, the line that the budget buys, and what more money would buy."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from apportion.errors import UserError
from apportion.laws.evidence import evidence_of
from apportion.laws.runs import Runs
from apportion.laws.surface_kernel import ONSET, Floats
from apportion.laws.surface_prior import SurfacePrior
from apportion.plans import Plan, Prices, expected_surface
from apportion.reports.drawing import BLUE, EMPTY, GREEN, GREY, INK, ORANGE, style
from apportion.reports.picture import Numbers, Picture

POINTS = 22
"""Sizes of either kind at which the surface is computed."""
SHADES = "viridis"
DARK = "#101418"


class _Surface(NamedTuple):
    """Sizes of either kind (K,), and the expected results there (pairs, demonstrations), NaN where nothing is told."""

    demonstrations: Floats
    pairs: Floats
    expected: Floats


def draw_plan(
    plan: Plan,
    runs: Runs,
    prices: Prices,
    prior: SurfacePrior | None,
    plans: Sequence[tuple[float, Plan]],
    path: Path,
) -> None:
    """Write the three panels, .svg or .png by its name; `plans` are those of (budget in USD, plan), rising.

    Raises UserError where the file cannot be written.
    """
    usd = prices.demonstration.middle, prices.pair.middle
    surface = _surface(plan, runs, usd, prior)
    with style():
        figure = Figure(figsize=(12.4, 3.9), layout="constrained")
        on_surface, by_share, by_money = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
        _draw_surface(figure, on_surface, surface, plan, runs, usd)
        _draw_line(by_share, plan)
        _draw_money(by_money, plans)
        try:
            _save(figure, path)
        except OSError as error:
            raise UserError(
                str(path), f"no place to write ({error.strerror})", "a folder that exists", "Make it."
            ) from None


def surface_picture(
    plan: Plan, runs: Runs, prices: Prices, measured_as: str, prior: SurfacePrior | None = None
) -> Picture:
    """Return the first panel alone: expected results at every purchase, with the measured cells on it."""
    usd = prices.demonstration.middle, prices.pair.middle
    surface = _surface(plan, runs, usd, prior)
    with style():
        figure = Figure(figsize=(6.6, 4.5), layout="constrained")
        _draw_surface(figure, figure.subplots(), surface, plan, runs, usd)
    rows = [
        ["measured", int(s), int(p), float(y)]
        for s, p, y in zip(runs.n_demonstrations, runs.n_pairs, runs.y, strict=True)
    ]
    for i, p in enumerate(surface.pairs):
        for j, s in enumerate(surface.demonstrations):
            y = float(surface.expected[i, j])
            rows.append(["expected", round(float(s), 1), round(float(p), 1), y if np.isfinite(y) else None])
    alt = (
        f"Expected {measured_as} in shades at every number of demonstrations and of pairs, on logarithmic axes; dots "
        f"are the {len(runs.y)} measured runs, the line is what the budget buys, the star is the plan."
    )
    numbers = Numbers(["what", "n_demonstrations", "n_pairs", plan.kind], rows)
    return Picture("surface", figure, alt, numbers)


def plan_picture(plan: Plan, measured: Sequence[tuple[float, float]]) -> Picture:
    """Return the expected result along one budget's line, with runs (share of the money, result) that cost as much."""
    with style():
        figure = Figure(figsize=(6.6, 3.6), layout="constrained")
        axes = figure.subplots()
        _draw_line(axes, plan)
        if measured:
            axes.plot(
                *zip(*measured, strict=True), "o", color=INK, markersize=4, label="measured, a run each"
            )
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.26), ncols=2, fontsize=8.5)
    line = plan.line
    rows = [
        ["expected", *values] for values in zip(line.share, line.mean, line.low, line.high, strict=True)
    ] + [["measured", share, y, None, None] for share, y in measured]
    alike = "are near-optimal" if plan.status == "decided" else "cannot be told from the best"
    alt = (
        f"Expected {plan.kind} against the share of the money for demonstrations, with its 95 % interval; shares "
        f"from {plan.region[0]:.2f} to {plan.region[1]:.2f} {alike}, the plan takes {plan.sft_share:.2f}."
    )
    numbers = Numbers(["what", "sft_share_of_money", plan.kind, "low", "high"], rows)
    return Picture("plan", figure, alt, numbers)


def _save(figure: Figure, path: Path) -> None:
    """Write the file; the same figure gives the same bytes."""
    if path.suffix.lower() == ".svg":
        FigureCanvasSVG(figure)
        with matplotlib.rc_context({"svg.hashsalt": "plan"}):
            figure.savefig(path, facecolor="white", metadata={"Date": None, "Creator": None})
    else:
        FigureCanvasAgg(figure)
        figure.savefig(path, dpi=160, facecolor="white", metadata={"Software": None})


def _surface(plan: Plan, runs: Runs, usd: tuple[float, float], prior: SurfacePrior | None) -> _Surface:
    axes = []
    for measured, bought, price in (
        (runs.n_demonstrations, plan.n_demonstrations, usd[0]),
        (runs.n_pairs, plan.n_pairs, usd[1]),
    ):
        most = max(1.05 * plan.cost_usd / price, float(measured.max()), bought, 10.0)
        axes.append(np.expm1(np.linspace(0, np.log1p(most / ONSET), POINTS)) * ONSET)
    s, p = np.meshgrid(*axes)
    y = expected_surface(runs, s.ravel(), p.ravel(), prior=prior).reshape(s.shape)
    share = s / np.maximum(s + p, 1e-9)
    unknown = (share > 0) & (share < evidence_of(runs).lowest_share * 0.999)
    return _Surface(axes[0], axes[1], np.where(unknown, np.nan, y))


def _draw_surface(
    figure: Figure, axes: Axes, surface: _Surface, plan: Plan, runs: Runs, usd: tuple[float, float]
) -> None:
    """Draw the expected results in shades, the measured cells in the same ones, the budget's line and its region."""
    known = surface.expected[np.isfinite(surface.expected)]
    shade = Normalize(min(known.min(), runs.y.min()), max(known.max(), runs.y.max()) + 1e-9)
    shades = matplotlib.colormaps[SHADES if plan.kind == "score" else f"{SHADES}_r"]
    axes.set_facecolor(EMPTY)
    axes.grid(visible=False)
    for set_scale, axis, most in (
        (axes.set_xscale, axes.xaxis, surface.demonstrations[-1]),
        (axes.set_yscale, axes.yaxis, surface.pairs[-1]),
    ):
        set_scale("function", functions=(_shrunk, _stretched))
        ticks = [
            0.0,
            *(t for t in 10.0 ** np.arange(1, 16) if max(99.0, most / 1e5) < t <= most or t == most),
        ]
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    drawn = axes.pcolormesh(
        surface.demonstrations, surface.pairs, np.ma.masked_invalid(surface.expected), cmap=shades, norm=shade,
        shading="gouraud" if np.isfinite(surface.expected).all() else "nearest", rasterized=True,
    )  # fmt: skip
    shares = np.linspace(0, 1, 201)
    near = np.linspace(*plan.region, 101)
    for colour, wider, alpha in ((DARK, 1.6, 0.6), ("white", 0.0, 1.0)):  # to be seen on every shade
        axes.plot(*_bought(shares, plan.cost_usd, usd), color=colour, linewidth=1.0 + wider, alpha=alpha)
        axes.plot(*_bought(near, plan.cost_usd, usd), color=colour, linewidth=4.0 + wider, alpha=alpha)
    axes.scatter(
        runs.n_demonstrations, runs.n_pairs, c=runs.y, cmap=shades, norm=shade, s=26, edgecolors=INK,
        linewidths=0.7, zorder=3, label="measured", clip_on=False,
    )  # fmt: skip
    axes.plot(
        plan.n_demonstrations, plan.n_pairs, "*", color=ORANGE, markeredgecolor="white", markersize=15,
        zorder=4, label=f"the plan ({plan.status})", clip_on=False,
    )  # fmt: skip
    axes.set_xlim(0, surface.demonstrations[-1])
    axes.set_ylim(0, surface.pairs[-1])
    axes.set_xlabel("demonstrations")
    axes.set_ylabel("preference pairs")
    axes.legend(
        handles=[
            Line2D([], [], color=GREY, linewidth=1.0, label="what the budget buys"),
            Line2D([], [], color=GREY, linewidth=4.0, label="near-optimal"),
            *axes.get_legend_handles_labels()[0][-2:],
        ],
        loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=4, fontsize=7.5, columnspacing=1.0,
        handlelength=1.4,
    )  # fmt: skip
    bar = figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02)
    bar.set_label(f"expected {plan.kind}; grey: no such share measured", fontsize=8)


def _draw_line(axes: Axes, plan: Plan) -> None:
    line = plan.line
    alike = f"within {plan.epsilon:.0%} of the best"
    if plan.status == "undecided":
        alike = "cannot be told from the best"
    axes.axvspan(*plan.region, color=GREEN, alpha=0.13, label=alike)
    axes.fill_between(
        line.share, line.low, line.high, color=BLUE, alpha=0.18, linewidth=0, label="95 % interval"
    )
    axes.plot(line.share, line.mean, color=BLUE, label=f"expected {plan.kind}")
    axes.axvline(
        plan.sft_share, color=ORANGE, linestyle="--", label=f"the plan's share, {plan.sft_share:.0%}"
    )
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the money for demonstrations")
    axes.set_ylabel(plan.kind)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=2, fontsize=7.5)


def _draw_money(axes: Axes, plans: Sequence[tuple[float, Plan]]) -> None:
    usd = [money for money, _ in plans]
    axes.fill_between(
        usd, [p.low for _, p in plans], [p.high for _, p in plans], color=BLUE, alpha=0.18, linewidth=0
    )
    axes.plot(usd, [p.expected_score for _, p in plans], "o-", color=BLUE)
    for money, p in plans:
        axes.annotate(
            f"{p.sft_share:.0%}", (money, p.expected_score), (0, 7), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(usd))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(usd, [_short(money) for money in usd])
    axes.margins(x=0.09)
    axes.set_xlabel("budget (USD), with the SFT share")
    axes.set_ylabel(plans[0][1].kind)


def _bought(shares: Floats, usd: float, prices: tuple[float, float]) -> tuple[Floats, Floats]:
    return shares * usd / prices[0], (1 - shares) * usd / prices[1]


def _shrunk(n: Floats) -> Floats:
    return np.log1p(np.maximum(n, 0) / ONSET)


def _stretched(x: Floats) -> Floats:
    return np.expm1(x) * ONSET


def _short(value: float) -> str:
    """Return a number in few characters.

    >>> _short(2000.0), _short(0.5), _short(1e7), _short(12500.0)
    ('2k', '0.5', '10M', '12.5k')
    """
    for unit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.4g}{letter}"
    return f"{value:.4g}"
