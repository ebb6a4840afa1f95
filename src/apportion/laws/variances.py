"""Why runs of one size differ: items, the draw of the data, training; told apart where repeated runs allow it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apportion.laws.families import link
from apportion.laws.runs import Runs

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Variances:
    """Variances of z, the logit of a score or the log of a loss; None is what the table does not tell.

    `items` is the mean variance that the graded items make. `training` is that between runs on the same data, `draw`
    that between draws of the data; `together` their sum, which is all that is told where each draw was trained on
    once or draws have no names. `freedom` are the degrees of freedom behind `together`; 0 where it is unknown.
    `how` says how that was decided.
    """

    items: float | None
    training: float | None
    draw: float | None
    together: float | None
    freedom: int
    how: str


def variances(runs: Runs) -> Variances:
    """Return the variances by the method of moments, draws of the data nested in cells, seeds in draws.

    With MSW the mean square within (cell, draw), MSB that of draws within cells and k the runs a draw:
    training = MSW - items, draw = (MSB - MSW) / k, none below 0. `data_seed` names the draw; the untrained model
    has no part. Runs are graded on the same items as a rule, so the items' part is an upper bound and the others'
    lower ones.
    """
    use = (runs.n_demonstrations + runs.n_pairs) > 0
    known = runs.item_variance[use]
    items = float(known.mean()) if len(known) and (known > 0).all() else None
    z = link(runs.y, runs.kind, runs.items)[use]
    cells = _groups(runs.cell[use])
    named = runs.data_seed is not None and bool((runs.data_seed[use] >= 0).all()) and len(z) > 0
    draws = _groups(cells, runs.data_seed[use]) if named and runs.data_seed is not None else np.arange(len(z))
    rest = items or 0.0
    within, within_freedom = _within(z, draws)
    total, total_freedom = _within(z, cells)
    between_freedom = total_freedom - within_freedom if named else 0
    if not total_freedom:
        return Variances(items, None, None, None, 0, "no cell has two runs, so nothing tells them apart")
    if not named:
        both = max(total / total_freedom - rest, 0.0)
        how = f"cells with several runs ({total_freedom} degrees of freedom); no data_seed names the draw of the data"
        return Variances(items, None, None, both, total_freedom, how)
    if not within_freedom:
        both = max(total / total_freedom - rest, 0.0)
        how = f"every draw of the data was trained on once ({total_freedom} degrees of freedom)"
        return Variances(items, None, None, both, total_freedom, how)
    training = max(within / within_freedom - rest, 0.0)
    if not between_freedom:
        how = f"the runs of a cell share one draw of the data ({within_freedom} degrees of freedom)"
        return Variances(items, training, None, None, 0, how)
    each = _runs_a_draw(cells, draws) / between_freedom
    draw = max(((total - within) / between_freedom - within / within_freedom) / each, 0.0)
    how = (
        f"seeds within draws of the data ({within_freedom} degrees of freedom), draws within cells "
        f"({between_freedom})"
    )
    return Variances(items, training, draw, training + draw, total_freedom, how)


def shared_draw_variance(runs: Runs, found: Variances) -> Floats:
    """Return what to add to each run's variance because others were trained on the same draw, (N,).

    The mean of k runs on one draw has the variance draw + (training + items) / k, which is that of k independent
    runs of variance k draw + training + items each: (k - 1) draw more than one run's own.
    """
    if not found.draw or runs.data_seed is None:
        return np.zeros(len(runs.y))
    groups = _groups(runs.cell, runs.data_seed)
    trained = (runs.n_demonstrations + runs.n_pairs) > 0
    return np.where(trained, (np.bincount(groups)[groups] - 1) * found.draw, 0.0)


def _groups(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of each row's combination of values."""
    return np.unique(np.stack(columns, 1), axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def _within(z: Floats, groups: NDArray[np.int64]) -> tuple[float, int]:
    """Return the sum of squares within groups, and its degrees of freedom."""
    if not len(z):
        return 0.0, 0
    count = np.bincount(groups)
    present = count > 0
    mean = np.bincount(groups, z) / np.maximum(count, 1)
    return float(((z - mean[groups]) ** 2).sum()), int(len(z) - present.sum())


def _runs_a_draw(cells: NDArray[np.int64], draws: NDArray[np.int64]) -> float:
    """Return the sum over cells of n - sum k^2 / n: the draws' degrees of freedom times the runs a draw."""
    total = 0.0
    for cell in np.unique(cells):
        sizes = np.unique(draws[cells == cell], return_counts=True)[1].astype(float)
        total += float(sizes.sum() - (sizes**2).sum() / sizes.sum())
    return total
