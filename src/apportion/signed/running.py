"""Fitting and evaluating models, several at once: one process a run, one thread a process."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from typing import Any, NamedTuple

from threadpoolctl import threadpool_limits

from apportion.errors import UserError
from apportion.interrupts import end_with_parent, interrupts_ignored
from apportion.signed.evaluation import Evaluation, evaluate
from apportion.signed.models import model
from apportion.signed.protocol import Protocol, Walk, refuse_what_cannot_be_learned
from apportion.signed.scorer import Scorer, SignedTask
from apportion.signed.splits import Split


class Run(NamedTuple):
    """One model with one seed."""

    model: str
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """What came of a run: every scored event, and the CPU seconds that it took.

    History features are looked up once a process: the first run there that needs them pays for all.
    """

    run: Run
    evaluation: Evaluation
    seconds: float


Told = Callable[[float, str], None]  # (share of the work that is done, what is being done)


def run_all(
    split: Split,
    task: SignedTask,
    protocol: Protocol,
    runs: Sequence[Run],
    *,
    workers: int = 1,
    told: Told | None = None,
) -> list[Ran]:
    """Return the results of runs, in their order, whatever the number of workers; the longest start first."""
    work = [model(run.model).work for run in runs]
    board = _Board(work, told)
    order = sorted(range(len(runs)), key=lambda i: -work[i])
    refuse_what_cannot_be_learned(split, task)
    if workers <= 1 or sum(w >= 1 for w in work) <= 1:  # not worth a process
        walk = Walk(split, task, protocol)
        found = {i: one_run(walk, runs[i], lambda share, i=i: board.note(i, share, runs[i])) for i in order}
        return [found[i] for i in range(len(runs))]
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"  # read by the numerical libraries of the workers when they load
    context = get_context("spawn")
    news: Any = context.SimpleQueue()
    pool = ProcessPoolExecutor(
        min(workers, len(runs)), context, initializer=_begin, initargs=(split, task, protocol, news)
    )
    try:
        with interrupts_ignored():  # the workers inherit this: Ctrl-C is the caller's to answer
            futures: dict[int, Future[Ran]] = {i: pool.submit(_work, i, runs[i]) for i in order}
        while True:
            _, waiting = wait(futures.values(), timeout=0.5, return_when="FIRST_EXCEPTION")
            while not news.empty():
                i, share = news.get()
                board.note(i, share, runs[i])
            for i, future in futures.items():
                if future.done():
                    future.result()
                    board.note(i, 1.0, runs[i])
            if not waiting:
                return [futures[i].result() for i in range(len(runs))]
    except BrokenProcessPool:
        found = "one that was ended from outside, most often for want of memory"
        cure = "Type --workers 1, or give fewer --non-links."
        raise UserError("the workers", found, "workers that finish", cure) from None
    finally:
        with interrupts_ignored():
            processes = list((pool._processes or {}).values())  # shutdown forgets them
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()


def one_run(walk: Walk, run: Run, told: Callable[[float], None] | None = None) -> Ran:
    """Return what a model with a seed answers after it has been fitted."""
    began = time.process_time()
    evaluation = evaluate(fitted(walk, run, told), way_of(walk, run))
    if told is not None:
        told(1.0)
    return Ran(run, evaluation, time.process_time() - began)


def way_of(walk: Walk, run: Run) -> Walk:
    """Return the way as a run goes it: with the inputs and in the training groups of its model."""
    kind = model(run.model)
    return walk.for_model(run.seed, features=kind.uses_features, training_group_size=kind.group_size)


def fitted(walk: Walk, run: Run, told: Callable[[float], None] | None = None) -> Scorer:
    """Return the fitted scorer of a run."""
    own = way_of(walk, run)
    scorer = model(run.model).make(walk.task, own.n_users, own.n_features)
    with threadpool_limits(1):  # the same bytes on any machine, and none takes another's core
        scorer.fit(own, run.seed, None if told is None else lambda _, share: told(0.9 * share))
    return scorer


class _Board:
    """Adds up how far the runs are, each weighted with its work."""

    def __init__(self, work: Sequence[float], told: Told | None) -> None:
        self._work, self._told = work, told
        self._share = [0.0] * len(work)

    def note(self, i: int, share: float, run: Run) -> None:
        if share > self._share[i] and self._told is not None:
            self._share[i] = share
            done = sum(w * s for w, s in zip(self._work, self._share, strict=True))
            self._told(done / sum(self._work), f"{run.model} {run.seed}")


_walk: Walk | None = None  # of a worker process: what all its runs share
_news: "SimpleQueue[tuple[int, float]] | None" = None


def _begin(split: Split, task: SignedTask, protocol: Protocol, news: Any) -> None:
    global _walk, _news
    end_with_parent()
    _walk, _news = Walk(split, task, protocol), news


def _work(i: int, run: Run) -> Ran:
    assert _walk is not None
    assert _news is not None
    news = _news
    return one_run(_walk, run, lambda share: news.put((i, share)))
