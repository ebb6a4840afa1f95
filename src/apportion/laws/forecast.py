"""What a table's runs foretell: each curve by the law that its data call for, in one variable or in two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apportion.laws.curves import Curve, fit_curves
from apportion.laws.joint import fit_joint
from apportion.laws.prior import Prior
from apportion.laws.repeats import foretold_epochs
from apportion.laws.rolling import RollOut, roll_outs
from apportion.laws.runs import Kind, Runs
from apportion.laws.status import Status
from apportion.laws.variances import Variances, variances


@dataclass(frozen=True, slots=True)
class Forecast:
    """A fitted law of one (model, task), and its 95 % interval for the result at a size.

    `weights` say how far each family counts; `noise` is the run-to-run standard deviation in the log of a loss or
    the logit of a score, by the law of most weight; `undetermined` names that law's parameters that the runs say
    next to nothing about. `roll_out` has the families' errors in foretelling the `held_out` runs of the largest
    sizes from the others, in the same unit; it is empty where there are too few sizes.
    """

    model: str | None
    task: str | None
    kind: Kind
    family: str
    status: Status
    parameters: dict[str, float]
    n_demonstrations: int
    n_pairs: int
    mean: float
    low: float
    high: float
    weights: dict[str, float]
    noise: float
    undetermined: tuple[str, ...]
    roll_out: RollOut
    held_out: int
    variances: Variances
    runs: Runs
    epochs: float | None = None
    """How often the examples are gone through in what is foretold; None where the runs do not differ in that."""

    @property
    def is_joint(self) -> bool:
        """Whether the laws are joint ones, of demonstrations and pairs."""
        return bool((self.runs.n_pairs > 0).any())


def forecast(
    runs: Sequence[Runs],
    at: tuple[int, int] | None = None,
    *,
    prior: Prior | None = None,
    epochs: float | None = None,
) -> tuple[Forecast, ...]:
    """Return one forecast for each curve, in their order, at (demonstrations, pairs).

    Curves with pairs get the joint laws (`joint.fit_joint`), each alone, to which `prior` does not apply; all others
    are fitted together (`curves.fit_curves`) and foretold at the demonstrations of `at`, since nothing says what a
    pair does for them. Without `at`, each is foretold at 4 times its largest run. `epochs` is how
    often the examples would be gone through, for curves whose runs differ in that; None is as most of them.
    """
    plain = [i for i, r in enumerate(runs) if not (r.n_pairs > 0).any()]
    sizes = None if at is None else [at[0]]
    fitted = fit_curves([runs[i] for i in plain], sizes, prior=prior, epochs=epochs) if plain else ()
    curves = dict(zip(plain, fitted, strict=True))
    rolled = roll_outs(runs, prior=prior)
    return tuple(
        _plain(curves[i], rolled[i], epochs) if i in curves else _joint(r, at, rolled[i])
        for i, r in enumerate(runs)
    )


def _plain(curve: Curve, rolled: tuple[RollOut, int], epochs: float | None) -> Forecast:
    (p,) = curve.predictions
    return Forecast(
        curve.model,
        curve.task,
        curve.kind,
        curve.family,
        curve.status,
        curve.parameters,
        p.n,
        0,
        p.mean,
        p.low,
        p.high,
        {str(name): weight for name, weight in curve.weights.items()},
        curve.noise,
        curve.undetermined,
        *rolled,
        variances(curve.runs),
        curve.runs,
        foretold_epochs(curve.runs, epochs),
    )


def _joint(r: Runs, at: tuple[int, int] | None, rolled: tuple[RollOut, int]) -> Forecast:
    if at is None:
        total = r.n_demonstrations + r.n_pairs
        apart = np.abs(r.n_demonstrations - r.n_pairs)  # of the largest runs, the one with most of both kinds
        largest = int(np.lexsort((apart, -total))[0])
        at = 4 * int(r.n_demonstrations[largest]), 4 * int(r.n_pairs[largest])
    fit = fit_joint(r)
    p = fit.predict(*at)
    return Forecast(
        r.model,
        r.task,
        r.kind,
        fit.family,
        fit.status,
        fit.parameters,
        *at,
        p.mean,
        p.low,
        p.high,
        {law.family: law.weight for law in fit.laws},
        fit.laws[0].sigma,
        fit.laws[0].undetermined,
        *rolled,
        variances(r),
        r,
    )
