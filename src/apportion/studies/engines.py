"""Where units are done: worker processes on this machine, or Ray."""

import contextlib
import multiprocessing
import os
import signal
import traceback
from collections.abc import Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from apportion.errors import UserError, disk_error
from apportion.interrupts import end_with_parent, interrupts_ignored
from apportion.studies.stages import Graph

RUN_AGAIN = 77
"""Exit status of a worker that, importing the user's script as multiprocessing has it do, came to run_study."""


CLOSING_SECONDS = 3.0
"""How long a worker without work may take to end by itself."""


class Report(NamedTuple):
    """What became of a unit: "done", "found done", "busy" elsewhere, or "died" with its worker."""

    unit: str
    result: str


class Engine(Protocol):
    """Does units, several at once; the runner decides which and when."""

    def idle(self) -> int:
        """Return how many more units could be started now."""
        ...

    def start(self, unit: str) -> None:
        """Start a unit on an idle worker."""
        ...

    def reports(self, timeout: float) -> Sequence[Report]:
        """Return what has ended, waiting at most `timeout` seconds; raises what a unit raised."""
        ...

    def close(self) -> None:
        """End the workers; what they have in work is lost."""
        ...


class UnitFailed(RuntimeError):
    """A unit raised an error that is not the user's; carries the worker's traceback."""


def preload(threads: int) -> None:
    """Start the server that workers are forked from, unless it runs; it loads torch and the trainers by itself."""
    # Read by the numerical libraries when the server imports them
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    multiprocessing.set_forkserver_preload(["apportion.studies.preloaded"])
    with interrupts_ignored():  # the server inherits this: Ctrl-C is the runner's to answer
        forkserver.ensure_running()


def end_if_run_again() -> None:
    """End this process if it is a worker that is still importing the script which started it."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(RUN_AGAIN)


class LocalEngine:
    """Worker processes on this machine, forked from one that has loaded torch and the trainers already."""

    def __init__(self, graph: Graph, root: Path, workers: int, threads: int) -> None:
        preload(threads)
        self._context = multiprocessing.get_context("forkserver")
        self._arguments = (graph, root, threads)
        self._workers = [self._new_worker() for _ in range(workers)]
        self._unit_of: dict[Connection, str] = {}

    def _dead(self, connection: Connection) -> None:
        """Replace the worker behind a connection; raises UserError if it died of the script that it came from."""
        process = next(process for process, mine in self._workers if mine is connection)
        process.join()
        if process.exitcode == RUN_AGAIN:
            raise UserError(
                "the script that called run_study",
                "the call outside of 'if __name__ == \"__main__\":'",
                "one that workers can import without running the study again",
                "Put what the script does under that line.",
            ) from None
        self._workers = [w if w[1] is not connection else self._new_worker() for w in self._workers]

    def _new_worker(self) -> tuple[Any, Connection]:
        here, there = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(there, *self._arguments), daemon=True)
        process.start()
        there.close()
        return process, here

    def idle(self) -> int:
        """Return how many workers wait for a unit."""
        return len(self._workers) - len(self._unit_of)

    def start(self, unit: str) -> None:
        """Give a unit to a waiting worker."""
        connection = next(c for _, c in self._workers if c not in self._unit_of)
        self._unit_of[connection] = unit
        with contextlib.suppress(OSError):  # of a worker that is dead; reports() will say so
            connection.send(unit)

    def reports(self, timeout: float) -> list[Report]:
        """Return what has ended; a worker that died is replaced."""
        found: list[Report] = []
        for connection in wait(list(self._unit_of), timeout):
            assert isinstance(connection, Connection)
            unit = self._unit_of.pop(connection)
            try:
                result = connection.recv()
            except (EOFError, OSError):
                self._dead(connection)
                result = "died"
            if isinstance(result, UserError):
                raise result
            if isinstance(result, UnitFailed):
                raise result
            found.append(Report(unit, result))
        return found

    def close(self) -> None:
        """End the workers: those that wait for a unit by themselves, so that they clean up, the others by a kill."""
        for _, connection in self._workers:
            connection.close()
        for process, connection in self._workers:
            if connection not in self._unit_of:
                process.join(CLOSING_SECONDS)
            process.kill()
            process.join()


def _serve(connection: Connection, graph: Graph, root: Path, threads: int) -> None:
    """Do units until the runner is gone; a worker never outlives its runner."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker: Any = None
    while True:
        try:
            unit = connection.recv()
        except (EOFError, OSError):
            return
        try:
            worker = worker or _new_worker(graph, root, threads)
            answer = worker.do(unit)
        except UserError as error:
            answer = error
        except Exception as error:
            answer = disk_error(error) or UnitFailed(f"unit {unit}\n{traceback.format_exc()}")
        try:
            connection.send(answer)
        except OSError:  # the runner has closed its end: it was stopped while this unit ended
            return


def _new_worker(graph: Graph, root: Path, threads: int) -> Any:
    import torch

    from apportion.studies.work import Worker

    torch.set_num_threads(threads)
    return Worker(graph, root)


class RayEngine:
    """Actors on a Ray cluster that shares the study's folder; a local cluster is started if none is there."""

    def __init__(self, graph: Graph, root: Path, workers: int, threads: int) -> None:
        import ray  # type: ignore[import-not-found]  # run_study has refused a machine without it

        from apportion.studies.ray_worker import RayWorker

        self._ray: Any = ray
        self._own_cluster = not ray.is_initialized()
        if self._own_cluster:
            try:
                ray.init(address="auto", log_to_driver=False)  # a cluster that is there already
            except ConnectionError:
                ray.init(num_cpus=workers * threads, include_dashboard=False, log_to_driver=False)
        actor: Any = RayWorker
        self._new_actor = lambda: actor.options(num_cpus=threads).remote(graph, root.resolve(), threads)
        self._actors = [self._new_actor() for _ in range(workers)]
        self._in_work: dict[Any, tuple[str, int]] = {}

    def idle(self) -> int:
        """Return how many actors wait for a unit."""
        return len(self._actors) - len(self._in_work)

    def start(self, unit: str) -> None:
        """Give a unit to a waiting actor."""
        taken = {place for _, place in self._in_work.values()}
        place = next(i for i in range(len(self._actors)) if i not in taken)
        self._in_work[self._actors[place].do.remote(unit)] = (unit, place)

    def reports(self, timeout: float) -> list[Report]:
        """Return what has ended; an actor that died is replaced."""
        ready, _ = self._ray.wait(list(self._in_work), timeout=timeout)
        found: list[Report] = []
        for future in ready:
            unit, place = self._in_work.pop(future)
            try:
                result = self._ray.get(future)
            except self._ray.exceptions.RayActorError:
                self._actors[place] = self._new_actor()
                result = "died"
            except self._ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, UserError):
                    raise error.cause from None
                raise UnitFailed(f"unit {unit}\n{error}") from None
            found.append(Report(unit, result))
        return found

    def close(self) -> None:
        """End the actors, and the cluster if it was started here."""
        for actor in self._actors:
            self._ray.kill(actor)
        if self._own_cluster:
            self._ray.shutdown()
