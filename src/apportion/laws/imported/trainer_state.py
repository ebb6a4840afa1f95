"""transformers' trainer_state.json: the evaluations that a trainer logged."""

from typing import Any

from apportion.errors import UserError
from apportion.laws.imported.outcome import Outcome

OF_THE_CLOCK = ("eval_runtime", "eval_samples_per_second", "eval_steps_per_second", "eval_num_tokens")


def outcomes(state: dict[str, Any], where: str, metric: str | None) -> list[Outcome]:
    """Return the last evaluation of a trainer's log: `eval_loss` as a loss, any other metric as a score.

    Training losses are of what was trained on and are no outcome. How many items an evaluation had is not in the file.
    """
    wanted = metric or "eval_loss"
    logged = [row for row in state["log_history"] if isinstance(row, dict)]
    found = [row[wanted] for row in logged if isinstance(row.get(wanted), int | float)]
    if not found:
        names = sorted(
            {name for row in logged for name in row if name.startswith("eval_")} - set(OF_THE_CLOCK)
        )
        raise UserError(
            where,
            f"no '{wanted}' in log_history" + (f", only {', '.join(names)}" if names else ""),
            "an evaluation on held-out data",
            f"Choose one with --metric {names[0]}." if names else "Train with eval_strategy='epoch'.",
        )
    kind = "loss" if wanted.endswith("loss") else "score"
    return [Outcome("trainer", wanted, kind, float(found[-1]), file=where)]
