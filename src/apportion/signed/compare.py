"""Models side by side: every metric with its interval, and the difference to SEMBA on the same events."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.identity import generator
from apportion.signed.curves import curves_of
from apportion.signed.description import of_little_use
from apportion.signed.evaluation import Evaluation, part_of
from apportion.signed.events import Events
from apportion.signed.metrics import BOUNDS, METRICS, measure
from apportion.signed.models import model
from apportion.signed.negatives import NEGATIVE_KINDS
from apportion.signed.protocol import Protocol
from apportion.signed.running import Ran, Run, Told, run_all
from apportion.signed.scorer import SignedTask
from apportion.signed.splits import Split
from apportion.statistics import Estimate, Reweighted, corrected, over_seeds_and_users, reweighted

RESAMPLES = 200
MOST_AT_ONCE = 4_000_000  # weights of rows in resamples held at a time
REFERENCE = "semba"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One model in one part of test: metrics, their differences from SEMBA's, and the same against other non-links.

    A metric that does not exist is None. `ahead` are SEMBA's metrics less this model's, by seed and on the same
    events, and `p` the p-values of these differences, corrected by Holm for the number of models, each metric apart;
    empty for SEMBA itself and where it is not compared. `by_negatives` is for existence alone.
    """

    model: str
    seeds: int
    seconds: float
    metrics: dict[str, Estimate | None]
    ahead: dict[str, Estimate | None] = field(default_factory=dict)
    p: dict[str, float] = field(default_factory=dict)
    by_negatives: dict[str, dict[str, Estimate | None]] = field(default_factory=dict)
    ahead_by_negatives: dict[str, dict[str, Estimate | None]] = field(default_factory=dict)
    p_by_negatives: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The rows of each part of test, the runs that they are derived from, and the models that were left out."""

    task: SignedTask
    protocol: Protocol
    parts: dict[str, list[Row]]
    ran: list[Ran]
    left_out: dict[str, str]
    notes: list[str]

    def document(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        rows = [_shown(row) for row in self.parts["overall"]]
        for part, others in self.parts.items():
            if part != "overall":
                for row, other in zip(rows, others, strict=True):
                    row[part] = {
                        k: v for k, v in _shown(other).items() if k not in ("model", "seeds", "seconds")
                    }
        for row in rows:
            own = [r.evaluation for r in self.ran if r.run.model == row["model"]]
            row["curves"] = curves_of(self.task, own)
        return {"task": self.task, "protocol": self.protocol.name, "rows": rows}


def compare(
    events: Events,
    task: SignedTask,
    models: Sequence[str],
    *,
    seeds: int = 5,
    protocol: Protocol | None = None,
    parts: Sequence[str] = (),
    workers: int = 1,
    told: Told | None = None,
) -> Comparison:
    """Return a comparison of models on the test part of a network, each fitted with every seed.

    A model that no seed changes is fitted once. A model without an answer on the task is left out, with the reason;
    `UserError` where none is left. `parts` of test ("transductive", "inductive") come beside the whole.
    """
    protocol = protocol or Protocol()
    left_out = {name: model(name).reason for name in models if task in model(name).not_for}
    kept = [name for name in dict.fromkeys(models) if name not in left_out]
    if not kept:
        found = f"no model with an answer on {task}" + "".join(f" ({why})" for why in left_out.values())
        raise UserError(f"--models {','.join(models)}", found, "one at least", "Type --models semba,trees.")
    runs = [Run(name, seed) for name in kept for seed in range(seeds if model(name).is_random else 1)]
    split = Split.by_quantiles(events)
    ran = run_all(split, task, protocol, runs, workers=workers, told=told)
    rows = {part: rows_of(task, ran, part) for part in dict.fromkeys(("overall", *parts))}
    return Comparison(task, protocol, rows, ran, left_out, _notes(split, task, ran))


def _notes(split: Split, task: SignedTask, ran: Sequence[Ran]) -> list[str]:
    """Return what a reader of the numbers has to know about the events that they are made of."""
    reason = of_little_use(split).get(task)
    notes = [] if reason is None else [f"numbers on the task {task} are of little use: {reason}"]
    asked = int((ran[0].evaluation.test.kind == 0).sum())
    left = len(split.test) - asked
    if left:
        notes.append(
            f"{left:,} of {len(split.test):,} test events are not asked for: an end was never seen before in its "
            "role, which no non-link is like"
        )
    return notes


def rows_of(task: SignedTask, ran: Sequence[Ran], part: str) -> list[Row]:
    """Return one row a model, in the order of the runs, derived from every scored event."""
    names = list(dict.fromkeys(r.run.model for r in ran))
    kinds = NEGATIVE_KINDS if task == "existence" else ("uniform",)
    found = {
        name: {
            kind: _Values.of(task, [r.evaluation for r in ran if r.run.model == name], part, kind)
            for kind in kinds
        }
        for name in names
    }
    leads = {
        name: {kind: found[REFERENCE][kind].less(found[name][kind]) for kind in kinds}
        for name in names
        if name != REFERENCE and REFERENCE in found
    }
    p_values = {kind: _corrected({name: lead[kind] for name, lead in leads.items()}) for kind in kinds}
    rows = []
    for name in names:
        own = [r for r in ran if r.run.model == name]
        estimates = {kind: values.estimates() for kind, values in found[name].items()}
        ahead = {kind: lead.estimates() for kind, lead in leads.get(name, {}).items()}
        p = {kind: p_values[kind][name] for kind in ahead}
        several = task == "existence"
        rows.append(
            Row(
                name,
                len(own),
                float(np.mean([r.seconds for r in own])),
                estimates["uniform"],
                ahead.get("uniform", {}),
                p.get("uniform", {}),
                estimates if several else {},
                ahead if several else {},
                p if several else {},
            )
        )
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class _Values:
    """Each metric of each seed: [seeds], and with users and with events reweighted, [seeds, resamples]."""

    values: dict[str, NDArray[np.float64]]
    reweighted: dict[str, Reweighted]
    users: int
    is_difference: bool = False

    @classmethod
    def of(cls, task: SignedTask, evaluations: Sequence[Evaluation], part: str, kind: str) -> "_Values":
        found, by_users, by_events, users = [], [], [], 0
        for evaluation in evaluations:
            test = part_of(evaluation.test, part)
            rows = test.against(kind) if task == "existence" else test
            found.append(measure(task, rows, evaluation.decision))
            pieces = [
                [measure(task, rows, evaluation.decision, w) for w in both]
                for both in _weights(rows.event, rows.rater, rows.ratee)
            ]
            by_users.append([piece[0] for piece in pieces])
            by_events.append([piece[1] for piece in pieces])
            users = len(np.unique(np.concatenate([rows.rater, rows.ratee])))

        def stacked(seeds: list[list[dict[str, NDArray[np.float64]]]], name: str) -> NDArray[np.float64]:
            return np.stack([np.concatenate([piece[name] for piece in pieces]) for pieces in seeds])

        return cls(
            {name: np.array([float(f[name]) for f in found]) for name in METRICS[task]},
            {name: Reweighted(stacked(by_users, name), stacked(by_events, name)) for name in METRICS[task]},
            users,
        )

    def less(self, other: "_Values") -> "_Values":
        """Return the differences, seed by seed; a model that was fitted once is compared with every seed."""
        return _Values(
            {name: self.values[name] - other.values[name] for name in self.values},
            {
                name: Reweighted(
                    mine.users - other.reweighted[name].users, mine.events - other.reweighted[name].events
                )
                for name, mine in self.reweighted.items()
            },
            self.users,
            is_difference=True,
        )

    def estimates(self) -> dict[str, Estimate | None]:
        return {name: self.estimate(name) for name in self.values}

    def estimate(self, name: str, level: float = 0.95) -> Estimate | None:
        bounds = None if self.is_difference else BOUNDS[name]
        return over_seeds_and_users(
            self.values[name], self.reweighted[name], self.users, bounds=bounds, level=level
        )

    def by_level(self, name: str) -> Callable[[float], Estimate] | None:
        """Return the estimate of a metric as a function of the level of its interval, None where it does not exist."""
        if self.estimate(name) is None:
            return None
        return lambda level: cast(Estimate, self.estimate(name, level))


def _corrected(leads: dict[str, _Values]) -> dict[str, dict[str, float]]:
    """Return the p-value of each metric's difference to each model, corrected for the models that have the metric."""
    found: dict[str, dict[str, float]] = {name: {} for name in leads}
    for metric in next(iter(leads.values())).values if leads else ():
        at = {name: f for name, lead in leads.items() if (f := lead.by_level(metric)) is not None}
        for name, one in zip(at, corrected(list(at.values())), strict=True):
            found[name][metric] = one.p
    return found


def _weights(
    event: NDArray[np.int64], rater: NDArray[np.int64], ratee: NDArray[np.int64]
) -> Iterator[Reweighted]:
    """Yield weights of the rows, some resamples at a time; the same for all models and seeds."""
    _, first, place = np.unique(event, return_index=True, return_inverse=True)
    at_once = max(1, min(RESAMPLES, MOST_AT_ONCE // max(1, len(event))))
    for start in range(0, RESAMPLES, at_once):
        draw = generator("signed compare", "users", start)
        found = reweighted(rater[first], ratee[first], min(at_once, RESAMPLES - start), draw)
        yield Reweighted(found.users[:, place], found.events[:, place])


def _shown(row: Row) -> dict[str, Any]:
    shown: dict[str, Any] = {"model": row.model, **_numbers(row.metrics)}
    if row.by_negatives:
        shown["by_negatives"] = {kind: _numbers(found) for kind, found in row.by_negatives.items()}
    if row.ahead:
        shown["semba_minus_this"] = _numbers(row.ahead, row.p)
    if row.ahead_by_negatives:
        shown["semba_minus_this"]["by_negatives"] = {
            kind: _numbers(found, row.p_by_negatives[kind]) for kind, found in row.ahead_by_negatives.items()
        }
    users = [estimate.items for estimate in row.metrics.values() if estimate is not None]
    shown |= {"users": users[0]} if users else {}
    return shown | {"seeds": row.seeds, "seconds": round(row.seconds, 2)}


def _numbers(found: dict[str, Estimate | None], p: dict[str, float] | None = None) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, e in found.items():
        shown[name] = None if e is None else {k: _finite(getattr(e, k)) for k in ("mean", "low", "high")}
        if e is not None and p is not None:
            shown[name]["p_holm"] = p[name]
    return shown


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
