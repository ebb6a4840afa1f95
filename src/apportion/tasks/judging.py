"""Pairwise judging: a judge sees two answers in both orders; ties, junk and length are accounted for.

A judge is any callable from (prompt, first answer, second answer) to what it says, a text in its own words. A judge
whose saying cannot be read has said junk, and junk is recorded: it is neither a win nor a loss, nor a tie.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.tasks.verdicts import Verdict, read_verdict

log = logging.getLogger(__name__)

Judge = Callable[[str, str, str], str]

_WORD = re.compile(r"[^\W\d_]+")

JUDGE_PROMPT = (
    "Which of two answers to the same request is better? Judge by what was asked; length and order do not matter.\n\n"
    "Request:\n{prompt}\n\nAnswer A:\n{first}\n\nAnswer B:\n{second}\n\n"
    "Say [[A]] if answer A is better, [[B]] if answer B is better, [[C]] for a tie. Verdict: [["
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two answers to one prompt; `human` is the label of people or of an objective check, where there is one."""

    id: str
    prompt: str
    first: str
    second: str
    human: Verdict | None = None
    subset: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge said in both orders: `forward` and `backward` name the same answers, not the same places."""

    id: str
    forward: Verdict
    backward: Verdict

    @property
    def verdict(self) -> Verdict:
        """What both orders agree on; a tie where they do not; junk where either is."""
        if "junk" in (self.forward, self.backward):
            return "junk"
        return self.forward if self.forward == self.backward else "tie"

    @property
    def score(self) -> float:
        """1 if the first answer wins, 0 if the second does, .5 for a tie, NaN for junk."""
        return {"first": 1.0, "second": 0.0, "tie": 0.5, "junk": float("nan")}[self.verdict]


def judged(judge: Judge, comparison: Comparison) -> Judged:
    """Return what a judge says of a comparison, asked in both orders.

    A judge that raises has said junk, which is logged; what the user has to mend (`UserError`) ends it all.
    """
    forward = _asked(judge, comparison, comparison.first, comparison.second)
    backward = _asked(judge, comparison, comparison.second, comparison.first)
    return Judged(comparison.id, forward, turned(backward))


def turned(verdict: Verdict) -> Verdict:
    """Return the verdict of the answers in the other order."""
    swapped: dict[Verdict, Verdict] = {"first": "second", "second": "first"}
    return swapped.get(verdict, verdict)


def _asked(judge: Judge, comparison: Comparison, first: str, second: str) -> Verdict:
    try:
        return read_verdict(judge(comparison.prompt, first, second))
    except UserError:
        raise
    except Exception as error:
        log.warning("comparison %s: its judge raised %s: %s", comparison.id, type(error).__name__, error)
        return "junk"


class Judging(NamedTuple):
    """Counts over comparisons, and how far the order of the answers decided."""

    wins: int
    losses: int
    ties: int
    junk: int
    inconsistent: int
    first_place: int

    @property
    def win_rate(self) -> float | None:
        """(wins + ties / 2) / all that is not junk; None where all is junk."""
        read = self.wins + self.losses + self.ties
        return (self.wins + self.ties / 2) / read if read else None


def summed(results: Sequence[Judged]) -> Judging:
    """Return the counts; `first_place` counts the inconsistent ones in which whichever stood first won."""
    verdicts = [result.verdict for result in results]
    opposed = [r for r in results if {r.forward, r.backward} == {"first", "second"}]
    return Judging(
        verdicts.count("first"),
        verdicts.count("second"),
        verdicts.count("tie"),
        verdicts.count("junk"),
        len(opposed),
        sum(result.forward == "first" for result in opposed),
    )


def length_controlled(scores: NDArray[np.floating], lengths: NDArray[np.floating]) -> float:
    """Return the win rate at equal length: of 1, .5 and 0 by a logistic model in the difference of lengths.

    logit P(win) = a + b tanh(d / sd(d)) with d [n] the length of the first answer less that of the second, and the
    rate is that at d = 0, 1 / (1 + exp(-a)): AlpacaEval 2's idea (Dubois et al. 2024, arXiv 2404.04475). Departures:
    no term for how hard a prompt is, and a ridge of 1e-2 on b, which keeps it finite where length decides
    everything. NaN scores (junk) are left out; NaN where nothing is left.

    >>> round(length_controlled(np.array([1.0, 1, 0, 0]), np.array([10.0, 10, -10, -10])), 3)
    0.5
    """
    kept = np.isfinite(scores)
    y, d = np.asarray(scores, dtype=float)[kept], np.asarray(lengths, dtype=float)[kept]
    if y.size == 0:
        return float("nan")
    spread = float(d.std())
    x = np.stack([np.ones_like(d), np.tanh(d / spread) if spread > 0 else np.zeros_like(d)], axis=1)
    ridge, weights = np.diag([1e-6, 1e-2]), np.zeros(2)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        curvature = x.T @ (x * np.maximum(p * (1 - p), 1e-9)[:, None]) + ridge
        step = np.linalg.solve(curvature, x.T @ (y - p) - ridge @ weights)
        weights = weights + np.clip(step, -2, 2)
        if float(np.abs(step).max()) < 1e-10:
            break
    return float(1 / (1 + np.exp(-weights[0])))


class HumanAgreement(NamedTuple):
    """How often a judge agrees with people, on comparisons on which people prefer a side."""

    agreed: int
    tied: int
    junk: int
    labelled: int

    @property
    def share(self) -> float | None:
        """Agreements, ties for a half, over all that people have labelled: junk counts as wrong."""
        return (self.agreed + self.tied / 2) / self.labelled if self.labelled else None


def human_agreement(comparisons: Sequence[Comparison], results: Sequence[Judged]) -> HumanAgreement:
    """Return the judge's agreement with the labels of the same comparisons."""
    rows = [
        (c.human, r.verdict)
        for c, r in zip(comparisons, results, strict=True)
        if c.human in ("first", "second")
    ]
    return HumanAgreement(
        sum(human == said for human, said in rows),
        sum(said == "tie" for _, said in rows),
        sum(said == "junk" for _, said in rows),
        len(rows),
    )


def wordy_judge(prompt: str, first: str, second: str) -> str:
    """Prefer the answer with more different words, numbers and signs aside: a judge that talk takes in."""
    said, other = (len({word.lower() for word in _WORD.findall(text)}) for text in (first, second))
    return "[[C]]" if said == other else "[[A]]" if said > other else "[[B]]"


def longer_judge(prompt: str, first: str, second: str) -> str:
    """Prefer the longer answer: the rival that any judge has to beat."""
    return "[[C]]" if len(first) == len(second) else "[[A]]" if len(first) > len(second) else "[[B]]"
