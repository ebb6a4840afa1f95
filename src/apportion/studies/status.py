"""How a study's folder stands: what is done, and the scores of the cells so far."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from apportion.errors import UserError
from apportion.studies.progress import PROGRESS_FILE, duration
from apportion.studies.store import MARKER, Store, reading


@dataclass(frozen=True, slots=True)
class CellStatus:
    """A graded cell and the means of what was measured on it."""

    name: str
    cell: dict[str, Any]
    summary: dict[str, float]


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """Counts of what is done below a study's folder, and its graded cells."""

    directory: Path
    stages_done: int
    cells_done: int
    units: int
    units_done: int
    seconds_left: float
    running: bool
    cells: tuple[CellStatus, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the status as plain values."""
        return asdict(self) | {"directory": str(self.directory)}


def study_status(directory: Path) -> StudyStatus:
    """Return how a study's folder stands, from the markers alone; takes no lock and changes nothing.

    Raises UserError if the folder is not a study's.
    """
    if not (directory / "study.toml").is_file():
        found = "no study.toml in it" if directory.is_dir() else "no such folder"
        cure = "Name the folder that `apportion study run` wrote, such as runs/world."
        raise UserError(str(directory), found, "a study's folder", cure)
    stages = sorted(directory.glob(f"stages/*/{MARKER}"))
    state = {"units": 0, "done": 0, "seconds_left": 0, "cells": []}
    if (directory / PROGRESS_FILE).is_file():
        with reading(directory / PROGRESS_FILE):
            state = {**state, **json.loads((directory / PROGRESS_FILE).read_text())}
            state |= {"seconds_left": float(state["seconds_left"]), "cells": list(map(str, state["cells"]))}
    cells = []
    for marker in (directory / "cells" / name / MARKER for name in state["cells"]):
        if not marker.is_file():
            continue
        with reading(marker.parent / "cell.json"):
            content = json.loads((marker.parent / "cell.json").read_text())
            cell = {name: content["cell"][name] for name in ("n_demonstrations", "n_pairs", "method", "seed")}
            cells.append(CellStatus(content["name"], cell, dict(content["summary"])))
    cells.sort(
        key=lambda c: (c.cell["n_demonstrations"] + c.cell["n_pairs"], c.cell["n_pairs"], c.cell["method"])
    )
    counts = len(stages), len(cells), state["units"], state["done"], float(state["seconds_left"])
    return StudyStatus(directory, *counts, Store(directory).has_runner(), tuple(cells))


def status_lines(status: StudyStatus) -> list[str]:
    """Return a study's status as lines for a person."""
    head = f"{status.directory}: {status.stages_done} stages (with reference passes) and {status.cells_done} cells done"
    if status.running:
        head += f"; running, {status.units_done} of {status.units} units done"
        head += f", about {duration(status.seconds_left)} left" if status.seconds_left else ""
    elif status.units_done < status.units:
        head += f"; stopped with {status.units_done} of {status.units} units done, run it again to go on"
    measures = ("accuracy", "flexible", "form_rate", "nll", "preference_accuracy")
    shown = [name for name in measures if any(name in found.summary for found in status.cells)]
    rows = [["demonstrations", "pairs", "method", "seed", *shown]]
    for found in status.cells:
        recipe = (found.cell[name] for name in ("n_demonstrations", "n_pairs", "method", "seed"))
        scores = (f"{found.summary[name]:.3f}" if name in found.summary else "-" for name in shown)
        rows.append([*map(str, recipe), *scores])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [head, *table]
