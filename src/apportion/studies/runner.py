"""Runs a study: does what is not done yet, in an order that suits, and derives the outcomes."""

import difflib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from apportion.cores import cores
from apportion.errors import OF_TRAIN, UserError, missing_extra
from apportion.interrupts import interrupts_held
from apportion.models.causal import refuse_unusable
from apportion.studies.engines import (
    Engine,
    LocalEngine,
    RayEngine,
    UnitFailed,
    end_if_run_again,
    preload,
)
from apportion.studies.order import most_urgent_first
from apportion.studies.outcomes import write_outcomes
from apportion.studies.own_task import OwnTask
from apportion.studies.progress import Progress
from apportion.studies.stages import Graph, Unit
from apportion.studies.store import Store, write_atomically
from apportion.studies.study import Study

DEATHS_ALLOWED = 3
"""A unit whose worker died so often is not tried again: something in it kills workers."""

PATIENCE_SECONDS = 2.0
"""How long a unit that another runner has in work is left alone before it is looked at again."""


COLLECTING_PATIENCE = 100
"""How many times as long as writing outcomes.parquet took it is left alone while cells are being graded."""


@dataclass(slots=True)
class RunResult:
    """What a run did: numbers of units trained here, found done, and taken over from another runner."""

    root: Path
    trained: int = 0
    graded: int = 0
    found_done: int = 0
    asked_for: int = 0
    redone: list[str] = field(default_factory=list)

    def count(self, unit: Unit, outcome: str) -> None:
        """Take note of a unit that is done, here or elsewhere."""
        if outcome == "found done":
            self.found_done += 1
        elif unit.kind == "cell":
            self.graded += 1
        elif unit.kind != "reference":
            self.trained += 1


def run_study(
    study: Study,
    graph: Graph,
    root: Path,
    *,
    engine: Literal["local", "ray"] = "local",
    workers: int | None = None,
    tell: Callable[[str], None] = lambda line: None,
    told: Callable[[float, str], None] = lambda share, now: None,
) -> RunResult:
    """Do every unit of the graph that is not done under `root`, writing outcomes.parquet as cells are graded.

    Keeps the study file as study.toml; `tell` takes one-line messages, `told` the share of the time that is over and
    what is being done. The same call after any kind of death goes
    on where the last one was. A script has to call it under `if __name__ == "__main__":`, as its worker processes
    import the script. Raises UserError, or UnitFailed for a bug in a unit.
    """
    end_if_run_again()
    refuse_without_trainers()
    if engine == "ray":
        refuse_without_ray()
    store = Store(root)
    if engine == "local" and not (root / "study.toml").exists():
        refuse_unusable(study.model, study.folder)  # before anything is written
    try:
        for folder in ("stages", "cells", "locks"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        keep_study_file(root, study.file.read_bytes(), tell)
        keep_task_file(root, study)
    except OSError as error:
        found = f"a folder that cannot be written ({error.strerror}: {error.filename})"
        raise UserError(
            str(root), found, "a folder of its own for the study", "Name one with --out."
        ) from error
    with store.presence():
        return _run(study, graph, store, engine, workers, tell, told)


def refuse_without_trainers() -> None:
    """Raise UserError where the packages that train are not installed; workers would only die of it."""
    for package in OF_TRAIN:
        if importlib.util.find_spec(package) is None:
            raise missing_extra(package)


def refuse_without_ray() -> None:
    """Raise UserError where Ray is not installed, before a run on it has written anything."""
    if importlib.util.find_spec("ray") is None:
        cure = "Type: pip install 'apportion[ray]'"
        raise UserError("--engine ray", "no Ray here", "the extra 'ray'", cure)


def warm_up(study: Study, workers: int | None = None) -> None:
    """Have what workers need loaded in the background, for a run on this machine that is about to come."""
    preload(choose_workers(study, workers)[1])


def _run(
    study: Study,
    graph: Graph,
    store: Store,
    engine: Literal["local", "ray"],
    workers: int | None,
    tell: Callable[[str], None],
    told: Callable[[float, str], None],
) -> RunResult:
    root = store.root
    result = RunResult(root, asked_for=graph.asked_for)
    done = set()
    for unit in graph.units.values():
        if store.is_there(unit.folder):
            fault = store.fault(unit.folder)
            if fault is None:
                done.add(unit.name)
            else:
                tell(f"{fault}: it is done again")
                result.redone.append(fault)
    result.found_done = len(done)
    queue = _Queue(graph, done)
    progress = Progress(graph, root, tell, told)
    if not queue.waiting:
        progress.begin([])
        with interrupts_held():
            write_outcomes(store, graph)
        return result
    workers, threads = choose_workers(study, workers)
    build = {"local": LocalEngine, "ray": RayEngine}[engine]
    workers = min(workers, len(queue.waiting))
    progress.begin(queue.waiting, workers)
    running = build(graph, root, workers, threads)
    try:
        _drain(queue, running, result, tell, progress, _Collector(store, graph, progress))
    finally:
        with interrupts_held():
            running.close()
            write_outcomes(store, graph)
    return result


def choose_workers(study: Study, workers: int | None) -> tuple[int, int]:
    """Return the number of workers and of threads in each.

    On a CPU one worker per core with one thread each is nearly twice as fast as one process with all cores. A
    study on an accelerator, or under accelerate, gets one worker unless the user says otherwise.
    """
    n_cores = cores()
    accelerated = study.model.device not in ("cpu", "auto") or study.accelerate is not None
    if study.model.device == "auto" and Path("/dev/nvidia0").exists():
        accelerated = True
    chosen = workers or (1 if accelerated else n_cores)
    return chosen, 1 if not accelerated else max(1, n_cores // chosen)


def keep_study_file(root: Path, text: bytes, tell: Callable[[str], None]) -> None:
    """Write study.toml, showing how it differs from the one of the last run."""
    kept = root / "study.toml"
    if kept.exists():
        old = kept.read_text(errors="replace").splitlines()
        new = text.decode(errors="replace").splitlines()
        changes = [
            line
            for line in difflib.unified_diff(old, new, n=0, lineterm="")
            if line[:2] not in ("--", "++", "@@")
        ]
        if changes:
            tell("the study file has changed since the last run; what is done stays:")
            for line in changes:
                tell(f"  {line}")
    if not kept.exists() or kept.read_bytes() != text:
        write_atomically(kept, text)


def keep_task_file(root: Path, study: Study) -> None:
    """Write a task file of the user's own beside study.toml, where what reads the study's folder looks for it."""
    if isinstance(study.task, OwnTask):
        source, kept = study.folder / study.task.file, root / study.task.file
        if not kept.exists() or kept.read_bytes() != source.read_bytes():
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(kept, source.read_bytes())


class _Queue:
    """What is still to be done, and what became of what was tried."""

    def __init__(self, graph: Graph, done: set[str]) -> None:
        self.graph = graph
        self.done = done
        self.waiting = [unit for unit in most_urgent_first(graph) if unit.name not in done]
        self.in_work: set[str] = set()
        self._elsewhere: dict[str, float] = {}
        self._deaths: dict[str, int] = {}

    def next_ready(self, now: float) -> Unit | None:
        """Take the first unit whose needs are done and that no other runner was seen to have in work."""
        for place, unit in enumerate(self.waiting):
            if all(need in self.done for need in unit.needs) and self._elsewhere.get(unit.name, 0) <= now:
                self.in_work.add(unit.name)
                return self.waiting.pop(place)
        return None

    def ended(self, unit: Unit) -> None:
        """Take note that a unit is done."""
        self.in_work.remove(unit.name)
        self.done.add(unit.name)

    def busy(self, unit: Unit, until: float) -> None:
        """Put a unit back that another runner has in work."""
        self.in_work.remove(unit.name)
        self._elsewhere[unit.name] = until
        self.waiting.insert(0, unit)

    def died(self, unit: Unit) -> None:
        """Put a unit back whose worker died; raises UnitFailed if that goes on."""
        self.in_work.remove(unit.name)
        self._deaths[unit.name] = self._deaths.get(unit.name, 0) + 1
        if self._deaths[unit.name] >= DEATHS_ALLOWED:
            raise UnitFailed(f"{unit.folder}: its worker died {DEATHS_ALLOWED} times (out of memory?)")
        self.waiting.insert(0, unit)


class _Collector:
    """Keeps outcomes.parquet with what is graded, for a few hundredths of the time: each cell is read anew for it.

    It holds every cell at the end of a run, and it is a whole file at any time, whatever another runner does.
    """

    def __init__(self, store: Store, graph: Graph, progress: Progress) -> None:
        self._store, self._graph, self._progress = store, graph, progress
        self._next = 0.0

    def collect(self) -> None:
        """Write the outcomes, unless they were written just now for what that takes."""
        began = self._progress.clock()
        if began >= self._next:
            write_outcomes(self._store, self._graph)
            ended = self._progress.clock()
            self._next = ended + COLLECTING_PATIENCE * (ended - began)


def _drain(
    queue: _Queue,
    engine: Engine,
    result: RunResult,
    tell: Callable[[str], None],
    progress: Progress,
    outcomes: _Collector,
) -> None:
    while queue.waiting or queue.in_work:
        while engine.idle() and (unit := queue.next_ready(progress.clock())):
            progress.started(unit)
            engine.start(unit.name)
        if not queue.in_work:  # all that is ready is in another runner's hands
            progress.sleep(PATIENCE_SECONDS / 4)
            continue
        for name, outcome in engine.reports(timeout=1.0):
            unit = queue.graph.units[name]
            if outcome == "busy":
                queue.busy(unit, progress.clock() + PATIENCE_SECONDS)
            elif outcome == "died":
                tell(f"a worker died in {unit.folder}: it is done again")
                queue.died(unit)
            else:
                queue.ended(unit)
                result.count(unit, outcome)
                if unit.kind == "cell":
                    outcomes.collect()
                progress.finished(unit, here=outcome == "done")
