"""Which errors still fall: every class of errors as a curve over the number of demonstrations, with its own law."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from apportion.findings.finding import interval
from apportion.findings.measured import FORMLESS, REASONING, Arm, Measured, lined_up, mean, measured
from apportion.laws import Curve, Prediction, Runs, family, fit_curves
from apportion.laws.families import unlink
from apportion.statistics import Estimate, Standing, contrast, corrected

Kind = Literal["class", "group", "all"]
Trend = Literal["falls", "rises", "tied", "not known"]
GROUPS: Mapping[str, tuple[str, ...]] = {
    "form": tuple(sorted(FORMLESS)),
    "arithmetic": ("arithmetic",),
    "reasoning": tuple(sorted(REASONING)),
}
"""Every class of errors in one of three groups, in the order in which they are shown."""
ALL = "all errors"
APART = 4
"""Whether a class still falls is asked over the last factor of so many in demonstrations."""


@dataclass(frozen=True, slots=True)
class ErrorCurve:
    """The errors of one class, of one group of classes, or all of them, by the number of demonstrations.

    `shares` [sizes] are shares of *all* answers, 0 demonstrations being the untrained model. `law` is fitted to one
    minus the share of every run, so that its e is the share; None with fewer than two sizes of trained models.
    `r2` is the law's (the closest one's where none fits) on the mean shares, `r2_with_all` that of the trained models'
    mean shares with those of all errors, negative where they go opposite ways; None where nothing varies. `change` is
    the paired difference of the share at the largest size to that at `since`, the largest size of at most a quarter of
    it (else the one before) with its 95 % interval, `p` its p-value corrected by Holm for all curves of its kind: it
    "falls" or "rises" where p is below .05, else it is "tied".
    """

    name: str
    kind: Kind
    sizes: tuple[int, ...]
    shares: tuple[Estimate, ...]
    law: Curve | None
    r2: float | None
    r2_with_all: float | None
    since: int | None
    change: Estimate | None
    p: float | None
    trend: Trend

    @property
    def foretold(self) -> Prediction | None:
        """The share at four times the largest size with its 95 % interval."""
        if self.law is None:
            return None
        at = self.law.predictions[0]
        return Prediction(at.n, 1 - at.mean, 1 - at.high, 1 - at.low)

    @property
    def formula(self) -> str:
        """The law in symbols, or why there is none."""
        return "too few sizes for a law" if self.law is None else formula(self.law)

    def at(self, n: Sequence[int]) -> list[float]:
        """Return the law's shares at numbers of demonstrations; empty without a law."""
        if self.law is None:
            return []
        z = family(self.law.family, "score")(np.array(self.law.theta), np.asarray(n, float))
        return [1 - float(y) for y in unlink(z, "score")]

    def document(self) -> dict[str, Any]:
        """Return plain values, as `findings --json` prints them."""
        law = self.law
        return {
            "name": self.name,
            "kind": self.kind,
            "points": [{"n": n, "share": interval(e)} for n, e in zip(self.sizes, self.shares, strict=True)],
            "law": None
            if law is None
            else {"family": law.family, "status": law.status, "parameters": law.parameters},
            "formula": self.formula,
            "r2": self.r2,
            "r2_with_all_errors": self.r2_with_all,
            "since": self.since,
            "change": None if self.change is None else interval(self.change),
            "p_holm": self.p,
            "trend": self.trend,
            "foretold": None if self.foretold is None else asdict(self.foretold),
        }


def error_curves(outcomes: pl.DataFrame) -> tuple[ErrorCurve, ...]:
    """Return the curves of the errors in an outcomes table of one task and model, SFT alone and untrained.

    All errors first; then each group with the classes in it that ever occur, a group of one class once. Empty where
    no answers were graded at two sizes. Classes that are not of the vocabulary (of earlier versions) are of no group.
    """
    total = _sft(measured(outcomes, "accuracy", "class:none"))
    trained = [arm for arm in total if arm.n_demonstrations]
    if len(trained) < 2:
        return ()
    wrong = {arm: 1 - scores.values for arm, scores in total.items()}
    all_errors = np.array([wrong[arm].mean() for arm in trained])
    there = set(outcomes["error_class"].drop_nulls().unique().to_list()) - {"none"}
    found: list[tuple[ErrorCurve, Measured]] = []

    def add(name: str, kind: Kind, table: Measured) -> None:
        found.append((_curve(name, kind, table, all_errors), table))

    add(ALL, "all", _with(total, wrong))
    grouped = {name: [one for one in members if one in there] for name, members in GROUPS.items()}
    unknown = sorted(there - {one for members in GROUPS.values() for one in members})
    for name, members in [*grouped.items(), *((one, [one]) for one in unknown)]:
        classes = {one: _sft(measured(outcomes, "accuracy", f"class:{one}")) for one in members}
        if len(members) > 1 or (members and members != [name]):
            together = {
                arm: np.sum([table[arm].values for table in classes.values()], axis=0) for arm in total
            }
            add(name, "group", _with(total, together))
        for one, table in classes.items():
            add(one, "class", table)
    return _with_trends(found)


def _with_trends(found: Sequence[tuple[ErrorCurve, Measured]]) -> tuple[ErrorCurve, ...]:
    """The curves, each with what its change says after the correction for all of its kind."""
    trends: dict[Standing, Trend] = {"ahead": "rises", "behind": "falls", "tied": "tied"}
    curves = [curve for curve, _ in found]
    for kind in get_args(Kind):
        family = [
            (place, change)
            for place, (curve, table) in enumerate(found)
            if curve.kind == kind and (change := _change(table, curve.since)) is not None
        ]
        for (place, _), one in zip(family, corrected([change for _, change in family]), strict=True):
            curves[place] = replace(curves[place], change=one.difference, p=one.p, trend=trends[one.standing])
    return tuple(curves)


def _change(table: Measured, since: int | None) -> Callable[[float], Estimate] | None:
    """The paired difference of the share at the largest size to that at `since`, by the level of its interval."""
    arms = list(table)
    before = next((arm for arm in arms if arm.n_demonstrations == since), None)
    values = None if before is None else lined_up(table, [arms[-1], before])
    return None if values is None else lambda level: contrast(values, [1, -1], bounded=True, level=level)


def _curve(name: str, kind: Kind, table: Measured, all_errors: np.ndarray) -> ErrorCurve:
    arms = list(table)
    shares = tuple(mean(table[arm], "accuracy") for arm in arms)
    sizes = [arm.n_demonstrations for arm in arms]
    own = np.array([table[arm].values.mean() for arm in arms if arm.n_demonstrations])
    law = _law(name, table)
    since = max((n for n in sizes if 0 < n * APART <= sizes[-1]), default=sizes[-2] or None)
    curve = ErrorCurve(
        name,
        kind,
        tuple(sizes),
        shares,
        law,
        None,
        _r2_of(own, all_errors),
        since,
        None,
        None,
        "not known",
    )
    if law is None:
        return curve
    fitted = np.array(curve.at([n for n in sizes if n]))
    spread = float(((own - own.mean()) ** 2).sum())
    r2 = None if spread == 0 else round(1 - float(((own - fitted) ** 2).sum()) / spread, 6)
    return replace(curve, r2=r2)


def _law(name: str, table: Measured) -> Curve | None:
    """The law of one minus the share, a run a row: seeds apart, so that their noise is seen."""
    rows = sorted(
        (arm.n_demonstrations, seed, 1 - float(values.mean()), values.size)
        for arm, scores in table.items()
        for seed, values in zip(scores.seeds, scores.values, strict=True)
    )
    n, seed, y, items = (np.array(column) for column in zip(*rows, strict=True))
    if len(np.unique(n[n > 0])) < 2:
        return None
    runs = Runs(
        None, name, "score", n.astype(np.int64), np.zeros(len(n), np.int64), y.astype(float),
        items.astype(float), seed.astype(np.int64),
    )  # fmt: skip
    return fit_curves([runs])[0]


def formula(law: Curve) -> str:
    """Return a law of one minus a share in symbols, e the share; or that no law fits, and which comes closest."""
    if law.status == "no-law":
        return f"no law fits better than a line or a level (closest: {law.family})"
    p = law.parameters
    if law.family == "power":
        written = f"1 - e = {p['a']:.3g} % n^{1 / p['b']:.3g}"
    elif law.family == "floor":
        written = f"e = {p['E']:.3g} + {p['T'] - p['E']:.3g} (1 + n/{p['n0']:.3g})^{-p['alpha']:.3g}"
    elif law.family == "rectified":
        written = f"e = {p['E']:.3g} + {p['B']:.3g} / ({p['D_l']:.3g} + n^{p['beta']:.3g})"
    elif law.family == "saturating":
        rise = f"n^{p['beta']:.3g}"
        written = (
            f"logit(1 - e) = {p['z0']:.3g} + {p['d']:.3g} {rise} / ({rise} + {p['n0']:.3g}^{p['beta']:.3g})"
        )
    else:
        bend = f"(1 + (n/{p['d']:.3g})^{1 / p['f']:.3g})^{-p['c1'] * p['f']:.3g}"
        written = f"e / (1 - e) = {p['b']:.3g} n^{-p['c0']:.3g} {bend}"
    return written if law.status == "converged" else f"{written} ({law.status})"


def _sft(table: Measured) -> dict[Arm, Any]:
    """The arms without pairs by the number of demonstrations."""
    arms = [arm for arm in table if arm.n_pairs == 0 and arm.method in ("sft", "base")]
    return {arm: table[arm] for arm in sorted(arms)}


def _with(table: Measured, values: Mapping[Arm, np.ndarray]) -> Measured:
    return {arm: type(scores)(scores.seeds, scores.items, values[arm]) for arm, scores in table.items()}


def _r2_of(own: np.ndarray, others: np.ndarray) -> float | None:
    """r |r|, so that errors which rise as all errors fall show a negative number; None where nothing varies."""
    if len(own) != len(others) or len(own) < 3 or min(own.std(), others.std()) == 0:
        return None
    r = float(np.corrcoef(own, others)[0, 1])
    return round(r * abs(r), 6)
