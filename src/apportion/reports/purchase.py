"""What to buy with a study's largest budget, by the laws fitted to its outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from apportion.errors import UserError
from apportion.laws.runs import Runs, read_runs
from apportion.plans import Plan, document, plan
from apportion.reports.drawing import BLUE, GREEN, INK, ORANGE, Picture, save, style
from apportion.studies.study import Study


@dataclass(frozen=True, slots=True)
class PlannedPurchase:
    """A plan for one budget at a study's prices, and its picture."""

    budget_usd: float
    plan: Plan
    document: dict[str, Any]
    picture: Picture


def planned_purchase(outcomes: Path, study: Study, folder: Path) -> PlannedPurchase | None:
    """Return the plan for the study's largest budget, or None where nothing can be planned yet.

    `outcomes` is the study's outcomes.parquet; the control trained on chosen answers is left out. Writes
    FOLDER/plan.png.
    """
    if not study.grid.budgets or not outcomes.exists():
        return None
    try:
        curves, warnings = read_runs(outcomes)
        budget = max(study.grid.budgets)
        found = plan(curves[0], budget, (study.prices.demonstration, study.prices.pair))
    except UserError:  # too few cells so far, or a budget below one example
        return None
    plain = document(found, curves[0], budget, warnings)
    return PlannedPurchase(budget, found, plain, _picture(found, _measured(curves[0], study, budget), folder))


def _measured(runs: Runs, study: Study, budget: float) -> list[tuple[float, float]]:
    """Return (share of the money, score) of each run that cost about the budget."""
    demonstrations = runs.n_demonstrations * study.prices.demonstration
    cost = demonstrations + runs.n_pairs * study.prices.pair
    near = abs(cost - budget) <= 0.02 * budget
    return list(zip((demonstrations / cost.clip(1e-9))[near], runs.y[near], strict=True))


def _picture(found: Plan, measured: Sequence[tuple[float, float]], folder: Path) -> Picture:
    with style():
        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        axes = figure.add_subplot()
        line = found.line
        axes.axvspan(*found.region, color=GREEN, alpha=0.13, label=f"within {found.epsilon:.0%} of the best")
        axes.fill_between(line.share, line.low, line.high, color=BLUE, alpha=0.18, linewidth=0)
        axes.plot(line.share, line.mean, color=BLUE, label=f"expected {found.kind}, 95 % interval")
        axes.axvline(
            found.sft_share, color=ORANGE, linestyle="--", label=f"the plan's share ({found.status})"
        )
        if measured:
            axes.plot(*zip(*measured, strict=True), "o", color=INK, label="measured, one seed each")
        axes.set_xlabel("share of the money for demonstrations")
        axes.set_ylabel(found.kind)
        axes.legend(fontsize=8.5)
        return save(figure, folder, "plan")
