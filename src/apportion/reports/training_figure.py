"""What a preference stage does while it trains: log-probabilities of both sides, and the margin."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from apportion.findings.measured import Arm
from apportion.reports.drawing import BLUE, INK, ORANGE, style
from apportion.reports.picture import Numbers, Picture
from apportion.reports.record import Training

PANELS = 5
"""At most so many purchases are drawn: those of the largest budget, or the dearest."""


def training_figure(trainings: Sequence[Training], titles: dict[Arm, str], method: str) -> Picture | None:
    """Return the training curves of some preference arms, a column each, thin lines for seeds.

    `titles` names the arms to draw in order. Values are means over a batch, as the trainer logs them.
    """
    by_arm: dict[Arm, list[Training]] = defaultdict(list)
    for training in trainings:
        if training.arm in titles and training.curve:
            by_arm[training.arm].append(training)
    arms = [arm for arm in titles if arm in by_arm][:PANELS]
    if not arms:
        return None
    with style():
        figure = Figure(figsize=(max(2.6 * len(arms) + 0.8, 4.6), 4.6), layout="constrained")
        grid = figure.subplots(2, len(arms), sharey="row", sharex="col", squeeze=False)
        for column, arm in enumerate(arms):
            above, below = grid[0][column], grid[1][column]
            above.set_title(titles[arm])
            _lines(above, by_arm[arm], "logps/chosen", BLUE, "-")
            _lines(above, by_arm[arm], "logps/rejected", ORANGE, "--")
            _lines(below, by_arm[arm], "rewards/margins", INK, "-")
            below.axhline(0, color=INK, linewidth=0.8, linestyle=":", alpha=0.7)
            below.set_xlabel("step")
        grid[0][0].set_ylabel("log-probability of\na response (nats)")
        grid[1][0].set_ylabel("margin: chosen − rejected\n(beta × log-ratio)")
        handles = [
            line for line in grid[0][0].get_lines() if line.get_label() in ("logps/chosen", "logps/rejected")
        ]
        names = [str(line.get_label()).removeprefix("logps/") for line in handles]
        if handles:
            figure.legend(handles, names, loc="outside lower center", ncols=2)
    alt = (
        f"Training curves of {method} by optimiser step, a column for each purchase: above, the log-probability of "
        "chosen and rejected responses in nats; below, the margin between them."
    )
    keys = ("logps/chosen", "logps/rejected", "rewards/margins")
    rows = [
        [*arm[:2], training.seed, step["step"], *(step.get(key) for key in keys)]
        for arm in arms
        for training in by_arm[arm]
        for step in training.curve
    ]
    headings = ["n_demonstrations", "n_pairs", "seed", "step", "chosen_nats", "rejected_nats", "margin"]
    return Picture(f"training_{method}", figure, alt, Numbers(headings, rows))


def _lines(axes: Axes, trainings: Sequence[Training], key: str, colour: str, line: str) -> None:
    """Draw a thin line for each seed and a thick one for the mean of the steps that all seeds logged."""
    curves = [{row["step"]: row[key] for row in training.curve if key in row} for training in trainings]
    curves = [curve for curve in curves if curve]
    if not curves:
        return
    if len(curves) > 1:
        for curve in curves:
            axes.plot(
                list(curve), list(curve.values()), color=colour, linestyle=line, linewidth=0.7, alpha=0.4
            )
    steps = sorted(set.intersection(*(set(curve) for curve in curves)))
    marker = "o" if len(steps) < 4 else ""
    means = [fmean(curve[step] for curve in curves) for step in steps]
    axes.plot(steps, means, color=colour, linestyle=line, marker=marker, label=key)
