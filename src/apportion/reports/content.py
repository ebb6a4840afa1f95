"""What a report shows, gathered from a study's folder: the answer, the figures, the tables' rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from apportion.findings import Allocation, all_findings, main_metric, measured
from apportion.findings.finding import Finding
from apportion.findings.measured import Arm
from apportion.reports.answer import Answer, answer_of
from apportion.reports.best_splits import BestSplit, best_splits
from apportion.reports.errors_figure import errors_figure
from apportion.reports.learning_figure import learning_figure
from apportion.reports.picture import Picture
from apportion.reports.planning import Planning, planning_of
from apportion.reports.record import StudyRecord, Training, read_record
from apportion.reports.score_figures import AXIS_LABELS, other_measures_figure, score_figure
from apportion.reports.signed_section import SignedSection, signed_section
from apportion.reports.summary import SummaryRow, summary_table
from apportion.reports.training_figure import training_figure


class Evidence(NamedTuple):
    """What a preference stage did to the pairs it was trained on, averaged over seeds."""

    arm: Arm
    seeds: int
    kl_per_token: float
    chosen_change: float
    rejected_change: float
    chosen_fell_share: float


@dataclass(frozen=True, slots=True)
class Content:
    """Everything on the page; what a study does not have is None or empty. `pictures` are by name."""

    root: Path
    record: StudyRecord
    main: str | None
    cells_asked: int
    cells_graded: int
    planning: Planning | None
    answer: Answer
    rows: list[SummaryRow]
    splits: list[BestSplit]
    findings: list[Finding]
    evidence: list[Evidence]
    signed: SignedSection | None
    pictures: dict[str, Picture]


def content_of(root: Path) -> Content:
    """Return what a study's folder has to show; raises UserError if it is not a study's."""
    record = read_record(root)
    study, main = record.study, main_metric(record.outcomes)
    rows = summary_table(record.outcomes, study)
    planning = planning_of(root / "outcomes.parquet", study)
    table = {} if main is None else measured(record.outcomes, main)
    splits: list[BestSplit] = []
    if main is not None:
        for method in study.grid.methods:
            splits += best_splits(Allocation(table, record.points, main, method))
    asked = study.cells()
    keys = ["n_demonstrations", "n_pairs", "method", "seed"]
    done = set(record.outcomes.select(keys).unique().iter_rows())
    graded = sum((c.n_demonstrations, c.n_pairs, c.method, c.seed) in done for c in asked)
    signed = signed_section(root / "signed")
    pictures = _pictures(record, rows, planning)
    if signed is not None:
        pictures += [*signed.curves, *([signed.picture] if signed.picture else [])]
    return Content(
        root,
        record,
        main,
        len(asked),
        graded,
        planning,
        answer_of(study, planning, graded, len(asked)),
        rows,
        splits,
        all_findings(record.outcomes, record.points, study.grid.methods),
        _evidence(record.trainings),
        signed,
        {picture.name: picture for picture in pictures},
    )


def _pictures(record: StudyRecord, rows: list[SummaryRow], planning: Planning | None) -> list[Picture]:
    """The figures of a study in the order of the page."""
    found: list[Picture | None] = []
    methods, main = record.study.grid.methods, main_metric(record.outcomes)
    if planning is not None:
        found += planning.pictures()
        found.append(learning_figure(planning.runs, planning.measured_as))
    if main is not None and main in AXIS_LABELS:
        found += [score_figure(rows, main, methods), errors_figure(record.outcomes)]
        others = [name for name in ("form_rate", "nll", "preference_accuracy") if name != main]
        for method in methods:
            found.append(other_measures_figure(rows, others, method))
            found.append(training_figure(record.trainings, _titles(rows, method), method))
    return [picture for picture in found if picture is not None]


def _titles(rows: Sequence[SummaryRow], method: str) -> dict[Arm, str]:
    """The preference arms of the largest budget that ran, or else of the dearest cells, with their titles."""
    run = [row for row in rows if row.arm.method == method and row.seeds_done]
    largest = max((row.budget_usd for row in run if row.budget_usd is not None), default=None)
    chosen = [row for row in run if row.budget_usd == largest]
    if largest is None:
        chosen = sorted(chosen, key=lambda row: -row.cost_usd)
    return {row.arm: f"{row.arm.n_demonstrations:,} dem. + {row.arm.n_pairs:,} pairs" for row in chosen}


def _evidence(trainings: Sequence[Training]) -> list[Evidence]:
    by_arm: dict[Arm, list[dict[str, float]]] = {}
    for training in trainings:
        if training.evidence:
            by_arm.setdefault(training.arm, []).append(training.evidence)
    return [
        Evidence(
            arm,
            len(found),
            fmean(e["kl_per_token"] for e in found),
            fmean(e["chosen_after"] - e["chosen_before"] for e in found),
            fmean(e["rejected_after"] - e["rejected_before"] for e in found),
            fmean(e["chosen_fell_share"] for e in found),
        )
        for arm, found in sorted(by_arm.items())
    ]
