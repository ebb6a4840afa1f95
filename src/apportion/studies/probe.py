"""A few real steps of each kind of work, timed on this machine by as many workers as the run will have."""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import fmean
from typing import Any

from apportion.errors import UserError
from apportion.studies.engines import preload
from apportion.studies.speeds import Line, Speeds, name_of
from apportion.studies.stages import Graph, Unit
from apportion.training.settings import PreferenceSettings, SFTSettings

FIRST_STEPS = 4
PROBE_SECONDS = 3.0
"""About how long the second, longer timing of each kind of training goes on."""
PATIENCE_SECONDS = 20.0
"""Where the first timing alone takes as long, there is no second."""


def probe(graph: Graph, workers: int, threads: int) -> Speeds:
    """Return the speeds of this machine for a study, after about half a minute; writes nothing that stays.

    Each worker times a short and a longer training of every kind that the study has, on the study's own rows and
    batch size, and grades a part of the held-out items. Raises UserError where the study's model cannot be used.
    """
    began = time.monotonic()
    preload(threads)
    context = multiprocessing.get_context("forkserver")
    started = []
    for _ in range(workers):
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, graph, threads), daemon=True)
        process.start()
        there.close()
        started.append((process, here))
    try:
        ready = [_received(connection) for _, connection in started]
        start_seconds = max(ready) - began
        found: list[dict[str, Any]] = [_received(connection) for _, connection in started]
    finally:
        for process, _ in started:
            process.kill()
            process.join()

    def mean(*keys: str) -> Line:
        lines = [_at(one, keys) for one in found]
        return Line(fmean(line.fixed for line in lines), fmean(line.each for line in lines))

    methods = found[0]["preference"]
    return Speeds(
        workers=workers,
        start_seconds=start_seconds,
        sft=mean("sft"),
        preference={name: mean("preference", name) for name in methods},
        reference=mean("reference"),
        evidence=mean("evidence"),
        cell_seconds=fmean(one["cell_seconds"] for one in found),
        memory_bytes=max(one["memory_bytes"] for one in found),
        stage_bytes=found[0]["stage_bytes"],
        cell_bytes=found[0]["cell_bytes"],
    )


def _at(found: dict[str, Any], keys: tuple[str, ...]) -> Line:
    place: Any = found
    for key in keys:
        place = place[key]
    return Line(*place)


def _received(connection: Connection) -> Any:
    try:
        found = connection.recv()
    except EOFError:
        cure = "Try --no-probe, or a machine with more memory."
        raise UserError("the probe", "a worker that died (out of memory?)", "it to train", cure) from None
    if isinstance(found, Exception):
        raise found
    return found


def _serve(connection: Connection, graph: Graph, threads: int) -> None:
    import torch

    try:
        torch.set_num_threads(threads)
        with tempfile.TemporaryDirectory() as scratch:
            prober = _Prober(graph, Path(scratch))
            connection.send(time.monotonic())
            connection.send(prober.timings())
    except UserError as error:
        connection.send(error)


class _Prober:
    """Times the pieces of a study's units in one worker."""

    def __init__(self, graph: Graph, scratch: Path) -> None:
        from apportion.studies.work import Worker

        self._graph = graph
        self._scratch = scratch
        self._worker = Worker(graph, scratch / "study")
        self._folders = 0

    def timings(self) -> dict[str, Any]:
        """Return lines, seconds and bytes as plain values."""
        from apportion.models.causal import load_model

        study = self._graph.study
        self._base = lambda: load_model(study.model, study.folder)
        units = list(self._graph.units.values())
        trained = self._base()
        found: dict[str, Any] = {"sft": (0.0, 0.0), "preference": {}, "reference": (0.0, 0.0)}
        found |= {"evidence": (0.0, 0.0), "stage_bytes": 0}
        imitations = [unit for unit in units if unit.kind == "sft"]
        if imitations:
            found["sft"], trained, folder = self._training(max(imitations, key=_rows))
            found["stage_bytes"] = _bytes(folder)
        preferences: dict[str, Unit] = {}
        for unit in units:
            if isinstance(unit.settings, PreferenceSettings):
                name = name_of(unit.settings)
                preferences[name] = max(preferences.get(name, unit), unit, key=_rows)
        for name, unit in preferences.items():
            found["preference"][name], _, folder = self._training(unit)
            found["stage_bytes"] = found["stage_bytes"] or _bytes(folder)
        if preferences:
            unit = next(iter(preferences.values()))
            found["reference"], found["evidence"] = self._passes(unit)
        found["cell_seconds"], found["cell_bytes"] = self._grading(trained)
        found["memory_bytes"] = _peak_memory()
        return found

    def _training(self, unit: Unit) -> tuple[tuple[float, float], Any, Path]:
        """Return the line of a kind of training in its steps, the model it made, and what it left on disk."""
        assert unit.settings is not None
        wanted = unit.settings.steps_for(len(unit.rows))
        first = min(FIRST_STEPS, wanted)
        self._train(unit, 1)  # what is done once in a process is no part of the line
        seconds, model, folder = self._train(unit, first)
        if seconds > PATIENCE_SECONDS or wanted <= first:
            return (0.0, seconds / first), model, folder
        second = min(wanted, max(4 * first, round(first * PROBE_SECONDS / seconds)))
        longer, model, folder = self._train(unit, second)
        each = max((longer - seconds) / (second - first), 0.0)
        return (max(seconds - each * first, 0.0), each), model, folder

    def _train(self, unit: Unit, steps: int) -> tuple[float, Any, Path]:
        from apportion.studies.training_run import train
        from apportion.training.preference import reference_log_probs

        assert unit.settings is not None
        batch = unit.settings.batch_for(len(unit.rows))
        settings: Any = replace(
            unit.settings, min_steps=steps, epochs=1e-9, batch_size=batch, batch_sizes=()
        )  # so many steps, however few the rows
        count = batch * unit.settings.accumulation * steps
        rows = [self._worker.rendered(row) for row in unit.rows[:count]]
        self._folders += 1
        folder = self._scratch / str(self._folders)
        folder.mkdir()
        run = self._worker.training_run(replace(unit, chain=(), reference=None, settings=SFTSettings()), rows)
        if isinstance(settings, PreferenceSettings):
            assert unit.layout is not None
            reference = reference_log_probs(self._base(), self._worker.tokenizer, rows, unit.layout)
            run = replace(run, sft=None, preference=settings, reference=reference)
        else:
            run = replace(run, sft=settings)
        began = time.monotonic()
        train(run, self._worker.tokenizer, folder)
        return time.monotonic() - began, self._reopened(folder), folder

    def _reopened(self, folder: Path) -> Any:
        from apportion.training.artefact import load_chain

        study = self._graph.study
        return load_chain(study.model, study.folder, [folder])

    def _passes(self, unit: Unit) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the lines, in pairs, of a reference pass and of the evidence that a preference stage keeps."""
        from apportion.training.evidence import TokenDistributions, preference_evidence
        from apportion.training.preference import reference_log_probs

        rows = [self._worker.rendered(row) for row in unit.rows[:64]]
        model, tokenizer = self._base(), self._worker.tokenizer
        assert unit.layout is not None
        layout = unit.layout

        def evidence(count: int) -> None:
            before = TokenDistributions(model, rows[:count])
            preference_evidence(model, tokenizer, rows[:count], references[count], before, layout)

        def reference(count: int) -> None:
            references[count] = reference_log_probs(model, tokenizer, rows[:count], layout)

        references: dict[int, Any] = {}
        counts = (max(1, len(rows) // 4), len(rows))
        load = _timed(self._base)
        lines = []
        for work, loads in ((reference, 1), (evidence, 2)):
            seconds = [_timed(lambda count=count, work=work: work(count)) for count in counts]
            each = max((seconds[1] - seconds[0]) / max(1, counts[1] - counts[0]), 0.0)
            lines.append((max(seconds[0] - each * counts[0], 0.0) + loads * load, each))
        return lines[0], lines[1]

    def _grading(self, model: Any) -> tuple[float, int]:
        """Return the seconds and bytes of a whole cell, from one decoding batch's share of its items."""
        from apportion.studies.grading import grade_cell

        task, study = self._graph.task, self._graph.study
        cell = next(unit for unit in self._graph.units.values() if unit.kind == "cell")
        largest = max(len(task.problems), len(task.answers), len(task.comparisons))
        share = min(1.0, study.decoding.batch_size / largest)
        few = replace(
            task,
            problems=task.problems[: ceil(share * len(task.problems))],
            answers=task.answers[: ceil(share * len(task.answers))],
            comparisons=task.comparisons[: ceil(share * len(task.comparisons))],
        )
        folder = self._scratch / "cell"
        folder.mkdir()
        seconds = _timed(lambda: grade_cell(model, self._worker.renderer, few, study, cell, folder))
        return seconds / share + _timed(self._base), round(_bytes(folder) / share)


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _rows(unit: Unit) -> int:
    return len(unit.rows)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _peak_memory() -> int:
    import torch

    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
