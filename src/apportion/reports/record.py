"""A study's folder as a value: its outcomes, what each training left behind, and the study file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from apportion.errors import UserError
from apportion.findings.measured import Arm, Points
from apportion.studies.outcomes import SCHEMA
from apportion.studies.store import MARKER, reading
from apportion.studies.study import Study
from apportion.studies.study_file import read_study


@dataclass(frozen=True, slots=True)
class Training:
    """The preference stage behind a cell: its training curve and the evidence taken on its first pairs."""

    arm: Arm
    seed: int
    curve: list[dict[str, float]]
    evidence: dict[str, float]


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """What a study's folder holds, read once.

    `graded_on_disk` counts graded cells by their markers; while a run goes on, or after the study file has
    changed, it differs from the number of cells in `outcomes`.
    """

    name: str
    study: Study
    outcomes: pl.DataFrame
    trainings: tuple[Training, ...]
    environments: tuple[dict[str, Any], ...]
    graded_on_disk: int

    @property
    def points(self) -> Points:
        """The (budget, share) points of each purchase of the study."""
        return points_of(self.study)


def points_of(study: Study) -> Points:
    """Return the (budget, share) points of each purchase (demonstrations, pairs) of a study."""
    return {(bought.n_demonstrations, bought.n_pairs): at for bought, at in study.bought().items()}


def read_record(root: Path) -> StudyRecord:
    """Return what a study's folder holds; a study that has not run has no outcomes.

    Raises UserError if the folder is not a study's.
    """
    if not (root / "study.toml").is_file():
        found = "no study.toml in it" if root.is_dir() else "a file" if root.exists() else "no such folder"
        cure = "Name the folder that `apportion study run` wrote, such as runs/world."
        raise UserError(str(root), found, "a study's folder", cure)
    study = read_study(root / "study.toml")
    path = root / "outcomes.parquet"
    with reading(path):
        table = pq.ParquetFile(path).read() if path.is_file() else SCHEMA.empty_table()
        outcomes = pl.DataFrame(pl.from_arrow(table))
    if list(outcomes.columns) != SCHEMA.names:
        cure = "Remove it and run the study again; nothing is trained twice."
        raise UserError(str(path), f"columns {outcomes.columns}", f"columns {SCHEMA.names}", cure)
    trainings: list[Training] = []
    environments: dict[str, dict[str, Any]] = {}
    keys = ["n_demonstrations", "n_pairs", "method", "seed", "cell"]
    for *arm, seed, name in outcomes.select(keys).unique().sort(keys).iter_rows():
        description = root / "cells" / name / "cell.json"
        if not description.is_file():
            continue
        with reading(description):
            cell = json.loads(description.read_text())
            environments.setdefault(json.dumps(cell["environment"], sort_keys=True), cell["environment"])
            last = [root / "stages" / str(stage) for stage in cell["stages"][-1:]]
        for folder in last:
            with reading(folder):
                training = _training(folder, Arm(*arm), seed)
            trainings += [training] if training else []
    graded = len(list(root.glob(f"cells/*/{MARKER}")))
    name = root.resolve().name
    return StudyRecord(name, study, outcomes, tuple(trainings), tuple(environments.values()), graded)


def _training(folder: Path, arm: Arm, seed: int) -> Training | None:
    """Return what a preference stage left behind; None for other stages and for weights without records."""
    if not (folder / "stage.json").is_file() or not (folder / "training.jsonl").is_file():
        return None
    stage = json.loads((folder / "stage.json").read_text())
    if stage["kind"] != "preference":
        return None
    curve = [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
    return Training(arm, seed, curve, stage["evidence"])
