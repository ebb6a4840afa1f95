"""What a machine's speeds make of a study: seconds of each unit, and of all on so many workers."""

from dataclasses import dataclass
from typing import NamedTuple

from apportion.studies.order import most_urgent_first
from apportion.studies.stages import Graph, Unit
from apportion.training.settings import PreferenceSettings


class Line(NamedTuple):
    """Seconds that a piece of work takes: so many at all, and so many more for each step or row."""

    fixed: float
    each: float

    def seconds(self, count: float) -> float:
        """Return the seconds of so many steps or rows."""
        return self.fixed + self.each * count


@dataclass(frozen=True, slots=True)
class Speeds:
    """What the probe measured, all workers at once, so that what they take from one another is in it.

    `sft` and `preference` are lines in optimiser steps, `reference` and `evidence` in pairs. `cell_seconds` is the
    grading of one cell after some SFT. `start_seconds` pass until a worker has loaded what it needs. Bytes are a
    worker's largest resident memory (GPU memory where it computes there) and what a stage and a cell leave on disk.
    """

    workers: int
    start_seconds: float
    sft: Line
    preference: dict[str, Line]
    reference: Line
    evidence: Line
    cell_seconds: float
    memory_bytes: int
    stage_bytes: int
    cell_bytes: int

    def unit_seconds(self, unit: Unit) -> float:
        """Return how long a unit will take a worker."""
        if unit.kind == "cell":
            return self.cell_seconds
        if unit.kind == "reference":
            return self.reference.seconds(len(unit.rows))
        assert unit.settings is not None
        steps = unit.settings.steps_for(len(unit.rows))
        if isinstance(unit.settings, PreferenceSettings):
            line = self.preference[name_of(unit.settings)]
            return line.seconds(steps) + self.evidence.seconds(len(unit.rows))
        return self.sft.seconds(steps)


def name_of(settings: PreferenceSettings) -> str:
    """Return what a kind of preference training is called in `Speeds.preference`."""
    return f"{settings.loss}+{settings.sft_weight:g}"


def makespan(graph: Graph, speeds: Speeds, done: set[str], workers: int) -> float:
    """Return the seconds until the last unit that is not done will be, the runner's order on so many workers."""
    free = [speeds.start_seconds] * workers
    ends = dict.fromkeys(done, 0.0)
    waiting = [unit for unit in most_urgent_first(graph) if unit.name not in done]
    while waiting:
        worker = min(range(workers), key=free.__getitem__)
        now = free[worker]
        ready = [unit for unit in waiting if all(ends.get(need, now + 1) <= now for need in unit.needs)]
        if not ready:  # until the next unit ends
            free[worker] = min(end for end in ends.values() if end > now)
            continue
        unit = ready[0]
        waiting.remove(unit)
        free[worker] = ends[unit.name] = now + speeds.unit_seconds(unit)
    return max(ends.values(), default=0.0)
