"""What is wrong with the answers: error classes stacked over the number of demonstrations."""

import polars as pl
from matplotlib.figure import Figure

from apportion.findings.measured import Arm, mean, measured
from apportion.reports.drawing import AMBER, BLUE, GREEN, GREY, INK, ORANGE, PAPER, PINK, SKY, style
from apportion.reports.picture import Numbers, Picture
from apportion.reports.shown import shortened
from apportion.statistics import Estimate

LOOKS = {
    "form": (ORANGE, ""),
    "malformed": (ORANGE, ""),
    "style-only": (PINK, ""),
    "truncated": (ORANGE, "////"),
    "repetition": (PINK, "////"),
    "refused": (GREY, "////"),
    "arithmetic": (AMBER, ""),
    "reasoning": (BLUE, ""),
    "missing-or-extra-step": (SKY, ""),
    "wrong-plan": (BLUE, ""),
    "wrong-hop": (GREEN, ""),
    "other": (GREY, ""),
}
"""A colour and a hatch for each class that Apportion's tasks name, errors of form first."""
SPARE = ((GREEN, "////"), (SKY, "////"), (BLUE, "////"), (AMBER, "////"), (GREY, "...."))
RIGHT = "none"


def class_shares(outcomes: pl.DataFrame) -> dict[str, dict[int, Estimate]]:
    """Return the share of answers in each error class by number of demonstrations, SFT alone and untrained.

    "none" is the class of right answers. The shares of one number add up to 1.
    """
    decoded = outcomes.filter((pl.col("metric") == "accuracy") & (pl.col("n_pairs") == 0))
    found = decoded["error_class"].drop_nulls().unique().to_list()
    known = [name for name in (*LOOKS, RIGHT) if name in found]
    shares: dict[str, dict[int, Estimate]] = {}
    for name in [*known, *sorted(set(found) - set(known))]:
        table = measured(decoded, "accuracy", f"class:{name}")
        arms = [arm for arm in table if arm in (Arm(0, 0, "base"), Arm(arm.n_demonstrations, 0, "sft"))]
        shares[name] = {arm.n_demonstrations: mean(table[arm], "accuracy") for arm in arms}
    return shares


def errors_figure(outcomes: pl.DataFrame) -> Picture | None:
    """Return the stacked errors of SFT alone; None if fewer than two numbers of demonstrations have run."""
    shares = class_shares(outcomes)
    sizes = sorted({size for by_size in shares.values() for size in by_size})
    if len(sizes) < 2:
        return None
    spare = iter(SPARE * (1 + len(shares) // len(SPARE)))
    places = range(len(sizes))
    with style():
        figure = Figure(figsize=(6.6, 3.9), layout="constrained")
        axes = figure.subplots()
        floor = [0.0] * len(sizes)
        for name, by_size in shares.items():
            if name == RIGHT:
                continue
            colour, hatch = LOOKS.get(name) or next(spare)
            heights = [by_size[size].mean if size in by_size else 0.0 for size in sizes]
            axes.bar(
                places, heights, 0.62, floor, color=colour, hatch=hatch, edgecolor=PAPER, linewidth=0.6,
                label=shortened(name.replace("-", " ")),
            )  # fmt: skip
            floor = [below + height for below, height in zip(floor, heights, strict=True)]
        right = shares.get(RIGHT, {})
        for place, size in zip(places, sizes, strict=True):
            if size in right:
                low, high = 1 - right[size].high, 1 - right[size].low
                axes.plot([place, place], [low, high], color=INK, linewidth=1.2, solid_capstyle="butt")
        axes.set_xticks(list(places), [f"{size:,}" if size else "0\n(untrained)" for size in sizes])
        axes.set_ylim(0, 1.02)
        axes.set_ylabel("share of all answers that are wrong")
        axes.set_xlabel("demonstrations (SFT alone), number")
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(
            handles[::-1], labels[::-1], loc="outside right upper", fontsize=8.5, title="what is wrong"
        )
    rows = [
        [size, name, e.mean, e.low, e.high] for name, by_size in shares.items() for size, e in by_size.items()
    ]
    wrong = ", ".join(f"{1 - right[size].mean:.0%} at {size:,}" for size in sizes if size in right)
    alt = f"Wrong answers by class, stacked over the number of demonstrations. All errors: {shortened(wrong, 200)}."
    return Picture(
        "errors", figure, alt, Numbers(["n_demonstrations", "class", "share", "low", "high"], rows)
    )
