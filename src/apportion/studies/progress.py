"""How far a run is, and how long it will still take."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from apportion.studies.stages import Graph, Unit
from apportion.studies.store import write_atomically
from apportion.studies.unit_lines import unit_line

PROGRESS_FILE = "progress.json"
"""Read by `study status`: units in all, units done, seconds left, seconds spent by all runs, workers of the last one,
and the cells that the study names, each with its recipe and whether it waits, trains, is being graded or is done.
"""


def duration(seconds: float) -> str:
    """Return a length of time as a person would say it.

    >>> duration(42), duration(250), duration(8000)
    ('42 s', '4 min', '2 h 13 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds // 3600:.0f} h {seconds % 3600 / 60:.0f} min"


def expected_work(unit: Unit) -> float:
    """Return a unit's length relative to others: responses that it runs forward and back."""
    if unit.settings is not None:
        batch = min(len(unit.rows), unit.settings.batch_for(len(unit.rows))) * unit.settings.accumulation
        per_row = 1.0 if unit.kind == "sft" else 2.0
        return 3.0 * per_row * batch * unit.settings.steps_for(len(unit.rows))
    return 2.0 * len(unit.rows)


def spent_seconds(root: Path) -> float:
    """Return how long all runs of a study's folder have worked so far, 0 where nothing says so."""
    return _kept(root, "seconds_spent")


def workers_of(root: Path) -> int:
    """Return how many workers the last run of a study's folder had, 0 where nothing says so."""
    return int(_kept(root, "workers"))


def _kept(root: Path, name: str) -> float:
    try:
        return float(json.loads((root / PROGRESS_FILE).read_text()).get(name, 0.0))
    except (OSError, ValueError, AttributeError, TypeError):
        return 0.0


class Progress:
    """Tells of every unit that is done, what came of it and how much time is left, from the speeds seen so far.

    `tell` takes one line a unit, `told` the share of the time that is over and what is being done.
    """

    def __init__(
        self, graph: Graph, root: Path, tell: Callable[[str], None], told: Callable[[float, str], None]
    ) -> None:
        self._tell = tell
        self._told = told
        self._root = root
        self._graph = graph
        self._left: dict[str, Unit] = {}
        self._started: dict[str, float] = {}
        self._seconds: dict[bool, list[float]] = {True: [], False: []}  # cells, stages
        self._work_done = 0.0
        self._began = 0.0
        self._spent_before = spent_seconds(root)
        self._workers, self._workers_before = 0, workers_of(root)

    def clock(self) -> float:
        """Return the seconds of a clock that only runs forward."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def begin(self, waiting: list[Unit], workers: int = 0) -> None:
        """Take note of what is to be done, by how many workers."""
        self._left = {unit.name: unit for unit in waiting}
        self._began = self.clock()
        self._workers = workers
        done = len(self._graph.units) - len(waiting)
        self._tell(f"{len(waiting)} units to do, {done} found done")
        self._write()

    def started(self, unit: Unit) -> None:
        """Take note of a start."""
        self._started[unit.name] = self.clock()
        self._write()

    def finished(self, unit: Unit, *, here: bool) -> None:
        """Take note of an end, and tell what came of the unit and how things stand."""
        took = self.clock() - self._started.pop(unit.name)
        self._left.pop(unit.name)
        if here:
            self._seconds[unit.kind == "cell"].append(took)
            self._work_done += expected_work(unit)
        self._write()
        total, seconds = len(self._graph.units), self.seconds_left()
        count = f"{total - len(self._left)}/{total}"
        line = unit_line(unit, self._root / unit.folder)
        left = f", about {duration(seconds)} left" if self._left else ""
        self._tell(f"{count:>{2 * len(str(total)) + 1}}  {line}  ({duration(took)}{left})")
        elapsed = self.clock() - self._began
        self._told(elapsed / max(elapsed + seconds, 1e-9) if self._left else 1.0, f"{count} units")

    def _write(self) -> None:
        total = len(self._graph.units)
        state = {
            "units": total,
            "done": total - len(self._left),
            "seconds_left": round(self.seconds_left()),
            "seconds_spent": round(self._spent_before + self.clock() - self._began, 1),
            "workers": self._workers or self._workers_before,
            "cells": [unit.name for unit in self._graph.units.values() if unit.kind == "cell"],
            "recipes": {
                unit.name: {
                    "n_demonstrations": unit.cell.n_demonstrations,
                    "n_pairs": unit.cell.n_pairs,
                    "method": unit.cell.method,
                    "seed": unit.cell.seed,
                    "state": self._state(unit),
                }
                for unit in self._graph.units.values()
                if unit.cell is not None
            },
        }
        write_atomically(self._root / PROGRESS_FILE, json.dumps(state).encode())

    def _state(self, unit: Unit) -> str:
        if unit.name not in self._left:
            return "done"
        if unit.name in self._started:
            return "grading"
        return "training" if any(stage in self._started for stage in unit.chain) else "waiting"

    def seconds_left(self) -> float:
        """Return the time that what is left will take at the speeds seen so far, on as many workers as now."""
        cells, stages = self._seconds[True], self._seconds[False]
        busy = sum(cells) + sum(stages)
        elapsed = max(self.clock() - self._began, 1e-9)
        at_once = max(1.0, min(busy / elapsed, 64.0))
        left = list(self._left.values())
        per_cell = sum(cells) / len(cells) if cells else (sum(stages) / len(stages) if stages else 0.0)
        per_work = sum(stages) / self._work_done if self._work_done else 0.0
        seconds = sum(per_cell if unit.kind == "cell" else per_work * expected_work(unit) for unit in left)
        return seconds / at_once
