"""One model through one network: learn, then predict and observe to the end."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from apportion.signed.metrics import Decision, choose_decision, measure
from apportion.signed.protocol import Walk
from apportion.signed.scored import KINDS, Scored
from apportion.signed.scorer import Group, Progress, Scorer, SignedTask, no_scores

PARTS = ("overall", "transductive", "inductive")


class Evaluation(NamedTuple):
    """The scored queries of validation and test, and the decision that validation chose."""

    task: SignedTask
    validation: Scored
    test: Scored
    decision: Decision

    def metrics(self, part: str = "overall") -> dict[str, float]:
        """Return the metrics of test, overall or of its transductive or inductive events.

        Existence is against uniform non-links; other kinds have names such as `auroc/historical`.
        """
        test = part_of(self.test, part)
        found = measured(self.task, test, self.decision)
        for kind in KINDS[2:] if self.task == "existence" else ():
            found |= {f"{k}/{kind}": v for k, v in measured(self.task, test, self.decision, kind).items()}
        return found


def part_of(scored: Scored, part: str) -> Scored:
    """Return all rows, or those of transductive or inductive events."""
    return {"overall": lambda: scored, "transductive": scored.transductive, "inductive": scored.inductive}[
        part
    ]()


def measured(task: SignedTask, scored: Scored, decision: Decision, kind: str = "uniform") -> dict[str, float]:
    """Return the metrics of rows as numbers, existence against non-links of one kind."""
    rows = scored.against(kind) if task == "existence" else scored
    return {name: float(value) for name, value in measure(task, rows, decision).items()}


def evaluate(scorer: Scorer, walk: Walk, progress: Progress | None = None) -> Evaluation:
    """Return what a fitted model answers on the way from the first event to the last, with nothing observed before.

    The model is reset, observes training, then scores and observes validation and test, group by group. Every
    score precedes the observation of its event, so the transductive and inductive rows of this one pass are each
    from a state that has not seen them. The decision comes from validation alone. All in one thread, so that the
    scores are the same on any number of cores.
    """
    with threadpool_limits(1):
        scorer.reset()
        for events in walk.training_events():
            scorer.observe(events)
        validation = walk.validation_asked.with_scores(_walk_through(scorer, walk.task, walk.validation()))
        decision = choose_decision(walk.task, validation, walk.split.train.weight)
        if progress is not None:
            progress("validated", 0.5)
        test = walk.test_asked.with_scores(_walk_through(scorer, walk.task, walk.test()))
    if progress is not None:
        progress("tested", 1.0)
    return Evaluation(walk.task, validation, test, decision)


def _walk_through(scorer: Scorer, task: SignedTask, groups: Iterable[Group]) -> NDArray[np.float64]:
    """Return the scores of all queries, each group scored before it is observed."""
    scores = []
    for group in groups:
        if len(group.queries):
            scores.append(scorer.score(group.queries))
        if len(group.events):
            scorer.observe(group.events)
    return np.concatenate(scores) if scores else no_scores(task)
