"""Form before reasoning: what is wrong with the answers, against the number of demonstrations."""

from pathlib import Path

import polars as pl
from matplotlib.figure import Figure

from apportion.findings.measured import Arm, grouped, mean, measured
from apportion.reports.drawing import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    SKY,
    Picture,
    label_ends,
    log_ticks,
    save,
    style,
)
from apportion.statistics import Estimate

COLOURS = {"none": BLUE, "form": ORANGE, "arithmetic": AMBER, "reasoning": GREEN}
"""Colours of the classes that Apportion's tasks name; other classes take the rest of the palette."""

NAMES = {"none": "right", "form": "form", "arithmetic": "arithmetic", "reasoning": "reasoning"}


def class_shares(outcomes: pl.DataFrame) -> dict[str, dict[int, Estimate]]:
    """Return the share of answers in each group of error classes by demonstrations, SFT alone and untrained.

    "none" is the group of right answers. The shares of one number add up to 1.
    """
    decoded = grouped(outcomes).filter((pl.col("metric") == "accuracy") & (pl.col("n_pairs") == 0))
    found = decoded["error_class"].drop_nulls().unique().to_list()
    known = [name for name in COLOURS if name in found]
    shares: dict[str, dict[int, Estimate]] = {}
    for name in [*known, *sorted(set(found) - set(known))]:
        table = measured(decoded, "accuracy", f"class:{name}")
        arms = [arm for arm in table if arm in (Arm(0, 0, "base"), Arm(arm.n_demonstrations, 0, "sft"))]
        shares[name] = {arm.n_demonstrations: mean(table[arm], "accuracy") for arm in arms}
    return shares


def form_figure(outcomes: pl.DataFrame, folder: Path) -> Picture | None:
    """Return the figure of error classes against demonstrations; None if fewer than two numbers have run."""
    shares = class_shares(outcomes)
    sizes = sorted({size for by_size in shares.values() for size in by_size})
    if len(sizes) < 2:
        return None
    positive = [size for size in sizes if size > 0]
    place = {size: float(size) for size in positive}
    if 0 in sizes:  # a logarithmic axis has no 0: the untrained model stands one step to its left
        step = positive[1] / positive[0] if len(positive) > 1 else 4.0
        place[0] = positive[0] / max(step, 2.0)
    spare = [PINK, SKY, GREY]
    with style():
        figure = Figure(figsize=(7.4, 3.9), layout="constrained")
        axes = figure.subplots()
        ends = []
        for rank, (name, by_size) in enumerate(shares.items()):
            colour = COLOURS.get(name) or spare[rank % len(spare)]
            sizes_here = sorted(by_size)
            means = [by_size[size].mean for size in sizes_here]
            axes.errorbar(
                [place[size] for size in sizes_here],
                means,
                yerr=[
                    [by_size[size].mean - by_size[size].low for size in sizes_here],
                    [by_size[size].high - by_size[size].mean for size in sizes_here],
                ],
                color=colour,
                marker="o" if name == "none" else "s",
                linewidth=2.4 if name == "none" else 1.6,
                elinewidth=0.9,
                capsize=2,
            )
            ends.append((place[sizes_here[-1]], means[-1], NAMES.get(name, name), colour))
        labels = [f"{size:,}" if size else "0\n(untrained)" for size in sizes]
        log_ticks(axes, [place[size] for size in sizes], labels)
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel("share of all answers")
        axes.set_xlabel("demonstrations (SFT alone)")
        label_ends(axes, ends)
        return save(figure, folder, "form_and_reasoning")
