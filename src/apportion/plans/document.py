"""A plan as plain JSON, the same from the command and beside a study's report."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from apportion.laws.runs import Runs
from apportion.plans.plan import Plan


def document(plan: Plan, runs: Runs, budget_usd: float, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Return a plan as JSON's types, without NaN; `warnings` (of reading the runs, say) come before the plan's own."""
    return {
        "status": plan.status,
        "reason": plan.reason or None,
        "model": runs.model,
        "task": runs.task,
        "kind": plan.kind,
        "budget_usd": budget_usd,
        "n_demonstrations": plan.n_demonstrations,
        "n_pairs": plan.n_pairs,
        "sft_share": plan.sft_share,
        "cost_usd": plan.cost_usd,
        "cost_range_usd": list(plan.cost_range_usd),
        "expected_score": plan.expected_score,
        "low": plan.low,
        "high": plan.high,
        "region": list(plan.region),
        "epsilon": plan.epsilon,
        "sure": plan.sure,
        "regret": plan.regret,
        "marginal_per_usd": {"demonstrations": plan.marginal_demonstrations, "pairs": plan.marginal_pairs},
        "price_changes": [asdict(change) for change in plan.price_changes],
        "next": [asdict(experiment) for experiment in plan.next],
        "advice": plan.advice,
        "warnings": [*warnings, *plan.warnings],
        "line": {name: list(values) for name, values in asdict(plan.line).items()},
    }
