"""Curves of a comparison, small enough to keep: precision against recall of the rarer class, said against was."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apportion.signed.calibration import Calibration, calibrate, reliability
from apportion.signed.evaluation import Evaluation
from apportion.signed.scored import Scored
from apportion.signed.scorer import SignedTask

Floats = NDArray[np.float64]
RECALLS = np.linspace(0.025, 1.0, 40)


def curves_of(task: SignedTask, evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Return the curves of one model's test events as JSON's types, averaged over its seeds; `task` sign or existence.

    "precision_recall": of the negatives on sign, of the links (against uniform non-links) on existence: the highest
    precision at each recall of at least RECALLS, and the share of that class. "calibration": mean score and share
    of positives in bins of equally many queries, "before" and "after" recalibration on validation. Empty for
    other tasks.
    """
    if task not in ("sign", "existence"):
        return {}
    tests = [_asked(task, e.test) for e in evaluations]
    precision = [_precisions(*_rare(task, test)) for test in tests]
    rare = [float(_rare(task, test)[0].mean()) for test in tests if len(test)]
    calibration = {}
    for name in ("before", "after"):
        bins = []
        for e, test in zip(evaluations, tests, strict=True):
            by = Calibration() if name == "before" else calibrate(task, _asked(task, e.validation))
            bins.append(reliability(task, test.with_scores(by.apply(task, test.score))))
        calibration[name] = {
            "said": _means([b.said for b in bins]),
            "was": _means([b.was for b in bins]),
            "error": round(float(np.mean([b.error for b in bins])), 5),
        }
    return {
        "precision_recall": {
            "of": "negatives" if task == "sign" else "links",
            "share": round(float(np.mean(rare)), 5) if rare else None,
            "recall": [round(float(r), 4) for r in RECALLS],
            "precision": _means(precision),
        },
        "calibration": calibration,
    }


def _asked(task: SignedTask, scored: Scored) -> Scored:
    return scored.against("uniform") if task == "existence" else scored


def _rare(task: SignedTask, scored: Scored) -> tuple[NDArray[np.bool_], Floats]:
    """Return which queries are of the class that is looked for, and how strongly the model says so."""
    return (scored.label == 0, -scored.score) if task == "sign" else (scored.label == 1, scored.score)


def _precisions(wanted: NDArray[np.bool_], score: Floats) -> tuple[float, ...]:
    """Return the highest precision at each of RECALLS or beyond it; nothing where no query is wanted."""
    if not wanted.any():
        return ()
    order = np.argsort(-score, kind="stable")
    score, found = score[order], np.cumsum(wanted[order])
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    recall, precision = found[last] / found[-1], found[last] / (last + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return tuple(float(p) for p in best[np.searchsorted(recall, RECALLS - 1e-12)])


def _means(lines: Sequence[Sequence[float]]) -> list[float]:
    """Return the mean of each place over the seeds that have all places."""
    longest = max((len(line) for line in lines), default=0)
    whole = [line for line in lines if len(line) == longest]
    return [round(float(v), 5) for v in np.mean(whole, axis=0)] if longest else []
