"""How much history is enough? The same test after training on the first events alone."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from apportion.errors import UserError
from apportion.signed.events import Events
from apportion.signed.models import model
from apportion.signed.protocol import Protocol
from apportion.signed.running import Run, Told, run_all
from apportion.signed.scorer import SignedTask
from apportion.signed.splits import Split

MEASURED: dict[SignedTask, tuple[str, str]] = {  # metric, and the column of the table that it goes to
    "sign": ("auroc", "score"),
    "existence": ("auroc", "score"),
    "signed-existence": ("f1_macro", "score"),
    "weight": ("rmse", "loss"),
}


def history_table(
    events: Events,
    task: SignedTask,
    name: str,
    fractions: Sequence[float],
    *,
    protocol: Protocol,
    seed: int,
    workers: int = 1,
    told: Told | None = None,
) -> pl.DataFrame:
    """Return the table of runs that `apportion fit` reads: `n_demonstrations` are the training events.

    Each run trains on the first part of the training events; those after it never happened. Validation and test
    are the same in all runs. Raises `UserError` for a model without an answer on the task, and for a share that is
    none.
    """
    kind = model(name)
    if task in kind.not_for:
        cure = "Type --model semba, say."
        raise UserError(
            f"--model {name}", f"no answer on {task}: {kind.reason}", "a model that has one", cure
        )
    whole = Split.by_quantiles(events)
    rows = []
    for i, fraction in enumerate(fractions):
        if not 0 < fraction <= 1:
            raise UserError(
                f"--history {fraction:g}",
                "no share of the training events",
                "above 0, at most 1",
                "Type 0.5.",
            )
        n = int(np.ceil(fraction * whole.train_end))
        split = whole.with_first(n) if n < whole.train_end else whole
        step = None if told is None else lambda share, now, i=i: told((i + share) / len(fractions), now)
        (ran,) = run_all(split, task, protocol, [Run(name, seed)], workers=workers, told=step)
        metric, column = MEASURED[task]
        rows.append(
            {
                "n_demonstrations": split.train_end,
                column: ran.evaluation.metrics()[metric],
                "seed": seed,
                "items": int((ran.evaluation.test.kind == 0).sum()),
                "task": task,
                "model": name,
                "metric": metric,
            }
        )
    return pl.DataFrame(rows)
