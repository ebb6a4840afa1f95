"""How a study's folder stands: what is done, and the scores of the cells so far."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from apportion.errors import UserError
from apportion.studies.progress import PROGRESS_FILE, duration
from apportion.studies.store import MARKER, Store, reading

RECIPE = ("n_demonstrations", "n_pairs", "method", "seed")


@dataclass(frozen=True, slots=True)
class CellStatus:
    """A graded cell and the means of what was measured on it."""

    name: str
    cell: dict[str, Any]
    summary: dict[str, float]


@dataclass(frozen=True, slots=True)
class OpenCell:
    """A cell that is not graded yet, and whether it is waiting, training or grading."""

    cell: dict[str, Any]
    state: str


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """Counts of what is done below a study's folder, its graded cells and those still to come."""

    directory: Path
    stages_done: int
    cells_done: int
    units: int
    units_done: int
    seconds_left: float
    running: bool
    cells: tuple[CellStatus, ...]
    open_cells: tuple[OpenCell, ...] = ()

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
    state = {"units": 0, "done": 0, "seconds_left": 0, "cells": [], "recipes": {}}
    recipes: dict[str, tuple[dict[str, Any], str]] = {}
    if (directory / PROGRESS_FILE).is_file():
        with reading(directory / PROGRESS_FILE):
            state = {**state, **json.loads((directory / PROGRESS_FILE).read_text())}
            state |= {"seconds_left": float(state["seconds_left"]), "cells": list(map(str, state["cells"]))}
            recipes = {str(name): _recipe(recipe) for name, recipe in state["recipes"].items()}
    running = Store(directory).has_runner()
    cells, waiting = [], []
    for marker in (directory / "cells" / name / MARKER for name in state["cells"]):
        if not marker.is_file():
            if marker.parent.name in recipes:
                recipe, now = recipes[marker.parent.name]
                waiting.append(OpenCell(recipe, now if running else "waiting"))
            continue
        with reading(marker.parent / "cell.json"):
            content = json.loads((marker.parent / "cell.json").read_text())
            cell = {name: content["cell"][name] for name in RECIPE}
            cells.append(CellStatus(content["name"], cell, dict(content["summary"])))
    cells.sort(key=_order)
    waiting.sort(key=_order)
    counts = len(stages), len(cells), state["units"], state["done"], float(state["seconds_left"])
    return StudyStatus(directory, *counts, running, tuple(cells), tuple(waiting))


def _order(found: CellStatus | OpenCell) -> tuple[int, int, str]:
    cell = found.cell
    return cell["n_demonstrations"] + cell["n_pairs"], cell["n_pairs"], cell["method"]


def _recipe(found: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a cell's recipe and its state, as progress.json has them."""
    counts = {name: int(found[name]) for name in ("n_demonstrations", "n_pairs", "seed")}
    return {"method": str(found["method"]), **counts}, str(found["state"])


def status_lines(status: StudyStatus) -> list[str]:
    """Return a study's status as lines for a person."""
    rows = status_rows(status)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = (
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return [status_head(status), *table]


def status_head(status: StudyStatus) -> str:
    """Return how far a study is, in one line."""
    head = f"{status.directory}: {status.stages_done} stages (with reference passes) and {status.cells_done} cells done"
    if status.running:
        head += f"; running, {status.units_done} of {status.units} units done"
        head += f", about {duration(status.seconds_left)} left" if status.seconds_left else ""
    elif status.units_done < status.units:
        head += f"; stopped with {status.units_done} of {status.units} units done, run it again to go on"
    return head


def status_rows(status: StudyStatus) -> list[list[str]]:
    """Return the table of a study's cells, its header first; a cell that is not graded has its state for a score."""
    measures = (
        "accuracy",
        "flexible",
        "form_rate",
        "nll",
        "preference_accuracy",
        "rouge_l",
        "f1",
        "instruction_accuracy",
    )
    shown = [name for name in measures if any(name in found.summary for found in status.cells)]
    header = ["demonstrations", "pairs", "method", "seed", *shown]
    rows = [header if shown or not status.open_cells else [*header, "state"]]
    for found in status.cells:
        recipe = (found.cell[name] for name in RECIPE)
        scores = (f"{found.summary[name]:.3f}" if name in found.summary else "-" for name in shown)
        rows.append([*map(str, recipe), *scores])
    for waiting in status.open_cells:
        recipe = (waiting.cell[name] for name in RECIPE)
        rows.append([*map(str, recipe), waiting.state, *[""] * (len(shown) - 1)])
    return rows
