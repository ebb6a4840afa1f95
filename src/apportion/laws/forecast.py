"""What a table's runs foretell: each curve by the law that its data call for, in one variable or in two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apportion.laws.curves import fit_curves
from apportion.laws.joint import fit_joint
from apportion.laws.prior import Prior
from apportion.laws.runs import Kind, Runs


@dataclass(frozen=True, slots=True)
class Forecast:
    """A fitted law of one (model, task), and its 95 % interval for the result at a size.

    `weights` say how far each family counts; `noise` is the run-to-run standard deviation in the log of a loss or
    the logit of a score, by the law of most weight.
    """

    model: str | None
    task: str | None
    kind: Kind
    family: str
    status: str
    parameters: dict[str, float]
    n_demonstrations: int
    n_pairs: int
    mean: float
    low: float
    high: float
    weights: dict[str, float]
    noise: float
    runs: Runs


def forecast(
    runs: Sequence[Runs], at: tuple[int, int] | None = None, *, prior: Prior | None = None
) -> tuple[Forecast, ...]:
    """Return one forecast for each curve, in their order, at (demonstrations, pairs).

    Curves with pairs get the joint laws (`joint.fit_joint`), each alone; all others are fitted together
    (`curves.fit_curves`). Without `at`, each is foretold at 4 times its largest run.
    """
    plain = [i for i, r in enumerate(runs) if not (r.n_pairs > 0).any()]
    sizes = None if at is None else [at[0] + at[1]]
    fitted = fit_curves([runs[i] for i in plain], sizes, prior=prior) if plain else ()
    curves = dict(zip(plain, fitted, strict=True))
    found = []
    for i, r in enumerate(runs):
        if i in curves:
            c = curves[i]
            (p,) = c.predictions
            n_demonstrations, n_pairs = (p.n, 0) if at is None else at
            weights: dict[str, float] = {str(name): weight for name, weight in c.weights.items()}
            found.append(
                Forecast(
                    c.model,
                    c.task,
                    c.kind,
                    c.family,
                    c.status,
                    c.parameters,
                    n_demonstrations,
                    n_pairs,
                    p.mean,
                    p.low,
                    p.high,
                    weights,
                    c.noise,
                    r,
                )
            )
        else:
            found.append(_joint(r, at))
    return tuple(found)


def _joint(r: Runs, at: tuple[int, int] | None) -> Forecast:
    if at is None:
        largest = int(np.argmax(r.n_demonstrations + r.n_pairs))
        at = 4 * int(r.n_demonstrations[largest]), 4 * int(r.n_pairs[largest])
    fit = fit_joint(r)
    p = fit.predict(*at)
    weights = {law.family: law.weight for law in fit.laws}
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
        weights,
        fit.laws[0].sigma,
        r,
    )
