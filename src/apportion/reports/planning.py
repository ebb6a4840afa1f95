"""The plan that a report leads with, and what its page needs to plan by itself."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from apportion.errors import UserError
from apportion.laws.graded import MEASURES
from apportion.laws.runs import Runs, read_runs
from apportion.plans import Plan, Prices, document, plan, planner_document, price_of
from apportion.reports.picture import Picture
from apportion.reports.plan_figure import plan_picture, surface_picture
from apportion.studies.study import Study


@dataclass(frozen=True, slots=True)
class Planning:
    """The plan for one budget at a study's prices, the runs that it rests on and the planner of those runs.

    `measured_as` is the metric that is planned by, in words. `planner` is `plans.planner_document`.
    """

    budget_usd: float
    prices: Prices
    runs: Runs
    measured_as: str
    plan: Plan
    document: dict[str, Any]
    planner: dict[str, Any]

    def pictures(self) -> list[Picture]:
        """Return the surface of expected results, and the plan's line through it."""
        surface = surface_picture(self.plan, self.runs, self.prices, self.measured_as)
        return [surface, plan_picture(self.plan, self._at_the_budget())]

    def _at_the_budget(self) -> list[tuple[float, float]]:
        """Return (share of the money, result) of each run that cost about the budget."""
        demonstrations = self.runs.n_demonstrations * self.prices.demonstration.middle
        cost = demonstrations + self.runs.n_pairs * self.prices.pair.middle
        near = abs(cost - self.budget_usd) <= 0.02 * self.budget_usd
        shares = (demonstrations / cost.clip(1e-9))[near]
        return [(float(r), float(y)) for r, y in zip(shares, self.runs.y[near], strict=True)]


WORDS = {"accuracy": "accuracy", "preference_accuracy": "preference accuracy", "nll": "nll (nats per token)"}


def planning_of(outcomes: Path, study: Study) -> Planning | None:
    """Return the plan for the study's largest budget, or None where nothing can be planned yet.

    `outcomes` is the study's outcomes.parquet; the control trained on chosen answers is left out. A study without
    budgets is planned for what its dearest run cost.
    """
    if not outcomes.exists():
        return None
    prices = Prices(
        price_of(study.prices.demonstration, "the price of a demonstration"),
        price_of(study.prices.pair, "the price of a pair"),
    )
    usd = prices.demonstration.middle, prices.pair.middle
    try:
        curves, warnings = read_runs(outcomes)
        runs = curves[0]
        dearest = float((runs.n_demonstrations * usd[0] + runs.n_pairs * usd[1]).max())
        budget = max(study.grid.budgets, default=dearest)
        found = plan(runs, budget, prices)
    except UserError:  # too few cells so far, or a budget below one label
        return None
    plain = document(found, runs, budget, warnings)
    planner = planner_document(runs)
    return Planning(budget, prices, runs, WORDS[_metric(outcomes)], found, plain, planner)


def planner_text(planning: Planning) -> str:
    """Return what the page starts from, as JSON that is safe inside a script element."""
    start = {
        "planner": planning.planner,
        "budget": planning.budget_usd,
        "demonstration": planning.prices.demonstration.middle,
        "pair": planning.prices.pair.middle,
        "epsilon": planning.plan.epsilon,
        "measured_as": planning.measured_as,
        "measured": [
            [int(s), int(p), round(float(y), 6)]
            for s, p, y in zip(
                planning.runs.n_demonstrations, planning.runs.n_pairs, planning.runs.y, strict=True
            )
        ],
    }
    return in_script(start)


def in_script(value: object) -> str:
    """Return a value as JSON in which no text can end the script element around it.

    >>> in_script("</script>")
    '"\\\\u003c/script>"'
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _metric(outcomes: Path) -> str:
    found = set(pl.read_parquet(outcomes, columns=["metric"])["metric"].unique().to_list())
    return next(name for name in MEASURES if name in found)
