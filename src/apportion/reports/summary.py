"""The rows of a study's table: what was bought, how it was trained, what it scored."""

from dataclasses import dataclass

import polars as pl

from apportion.findings.measured import Arm, Measured, mean, measured
from apportion.metrics import Metric
from apportion.reports.record import points_of
from apportion.statistics import Estimate
from apportion.studies.cells import Purchase
from apportion.studies.study import Study

MEASURES: dict[str, tuple[Metric, str]] = {
    "accuracy": ("accuracy", "score"),
    "flexible": ("accuracy", "flexible"),
    "form_rate": ("accuracy", "form"),
    "nll": ("nll", "score"),
    "preference_accuracy": ("preference_accuracy", "score"),
    "rouge_l": ("rouge_l", "score"),
    "f1": ("f1", "score"),
    "instruction_accuracy": ("instruction_accuracy", "score"),
}
"""What is summed up: the metric's rows and which value of them."""


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One training recipe at one point of the study's grid; the untrained model and [[cells]] have no point.

    `measures` has the keys of MEASURES; None stands for what was not measured. `seeds_asked` is empty for
    cells that the study file no longer names.
    """

    budget_usd: float | None
    share: float | None
    arm: Arm
    cost_usd: float
    seeds_done: tuple[int, ...]
    seeds_asked: tuple[int, ...]
    measures: dict[str, Estimate | None]

    @property
    def state(self) -> str:
        """ "done", "2 of 3 seeds", "not run yet", or "no longer asked for"."""
        if not self.seeds_asked:
            return "no longer asked for"
        done = len(set(self.seeds_done) & set(self.seeds_asked))
        if done == len(self.seeds_asked):
            return "done"
        return f"{done} of {len(self.seeds_asked)} seeds" if done else "not run yet"


def summary_table(outcomes: pl.DataFrame, study: Study) -> list[SummaryRow]:
    """Return the rows of a study's table: the untrained model, the grid, then [[cells]].

    Every cell that the study asks for has a row, run or not, and every cell in the outcomes has one too.
    """
    tables = {name: measured(outcomes, metric, of) for name, (metric, of) in MEASURES.items()}
    asked: dict[Arm, set[int]] = {}
    for cell in study.cells():
        asked.setdefault(Arm(cell.n_demonstrations, cell.n_pairs, cell.method), set()).add(cell.seed)
    done: dict[Arm, set[int]] = {}
    for *arm, seed in outcomes.select("n_demonstrations", "n_pairs", "method", "seed").unique().iter_rows():
        done.setdefault(Arm(*arm), set()).add(seed)
    points = points_of(study)
    rows = []
    for arm in asked | done:
        for budget, share in points.get(arm[:2]) or [(None, None)]:
            cost = Purchase(*arm[:2]).cost_usd(study.prices)
            measures = {name: _estimate(table, arm, MEASURES[name][0]) for name, table in tables.items()}
            here, wanted = (tuple(sorted(found.get(arm, ()))) for found in (done, asked))
            rows.append(SummaryRow(budget, share, arm, cost, here, wanted, measures))
    return sorted(rows, key=_place)


def _estimate(table: Measured, arm: Arm, metric: Metric) -> Estimate | None:
    return mean(table[arm], metric) if arm in table else None


def _place(row: SummaryRow) -> tuple:
    """The untrained model first, then the grid, then what lies outside it."""
    kind = 0 if row.arm.method == "base" else 1 if row.budget_usd is not None else 2
    control = row.arm.method == "sft-on-chosen"
    place = row.budget_usd or row.cost_usd, -(row.share or 0.0)
    return (kind, *place, control, row.arm.method, row.arm)
