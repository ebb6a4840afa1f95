"""What to measure next: the cells whose outcome would most improve the choice, for their price."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apportion.laws.surface_kernel import Floats

SIZES = (1 / 64, 1 / 16, 1 / 8, 1 / 4)
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


LEAST_GAIN = 5e-4
"""A gain that nobody would notice: half a thousandth of score, or of the expected loss."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A cell to train and grade.

    `cost_usd` is the price of its labels and of the run. Of that, `net_cost_usd` is what is lost to the purchase:
    the run, and the labels beyond those that the split chosen after the outcome buys anyway (its expectation).
    `regret_reduction` is how much the expected score of the best choice would rise once its outcome is known (the
    knowledge gradient); `worth_usd` what labels buy the same rise, at most the whole budget, which also stands
    where no more labels raise the score.
    """

    n_demonstrations: int
    n_pairs: int
    cost_usd: float
    net_cost_usd: float
    regret_reduction: float
    worth_usd: float


def candidate_cells(
    budget_usd: float, demonstration_usd: float, pair_usd: float
) -> list[tuple[int, int, float]]:
    """Return cells (demonstrations, pairs, cost in USD) of at most a quarter of the budget, of 4 labels or more."""
    cells: dict[tuple[int, int], float] = {}
    for size in SIZES:
        for share in SHARES:
            s = int(share * size * budget_usd / demonstration_usd)
            p = int((1 - share) * size * budget_usd / pair_usd)
            if s + p >= 4:
                cells[s, p] = s * demonstration_usd + p * pair_usd
    return [(s, p, cost) for (s, p), cost in cells.items()]


class Gradient(NamedTuple):
    """gain: (C,), by how much each cell's outcome raises the expected best utility; chosen: (Q, C), the index of the
    best choice at each of the Q quadrature nodes of the outcome, whose weights are `WEIGHTS`."""

    gain: Floats
    chosen: NDArray[np.intp]


def knowledge_gradient(utility: Floats, outcome: Floats, noise: Floats) -> Gradient:
    """Return what knowing each cell's outcome is worth, and what would be chosen then.

    KG = E max_r E[u(r) | outcome] - max_r E[u(r)] (Frazier, Powell, Dayanik 2009), with the conditional mean
    taken linear in the outcome (exact for Gaussian u): `utility` (D, R) and `outcome` (D, C) are joint draws,
    `noise` (D,) the standard deviation of a run in the units of `outcome`.
    """
    mean = utility.mean(0)
    centred = outcome - outcome.mean(0)
    slope = centred.T @ (utility - mean) / len(utility)
    deviation = np.sqrt((centred**2).mean(0) + (noise**2).mean() + 1e-18)
    slope /= deviation[:, None]
    values = mean + NODES[:, None, None] * slope
    gained = (WEIGHTS / WEIGHTS.sum()) @ values.max(-1) - mean.max()
    return Gradient(np.maximum(gained, 0.0), values.argmax(-1))


def by_chance(utility: Floats, outcome: Floats, noise: Floats) -> float:
    """Return the mean gain of cells whose outcomes tell nothing: what a finite number of draws makes of no gain."""
    return float(knowledge_gradient(utility, np.roll(outcome, len(outcome) // 2, 0), noise).gain.mean())


def wasted_usd(cell: tuple[int, int], chosen: Floats, usd: tuple[float, float]) -> float:
    """Return the expected price of a cell's labels that the purchase has no use for.

    `chosen` (Q, 2) are the demonstrations and pairs bought at each node of the outcome: what is measured first is a
    part of what is bought later, as far as both kinds go.
    """
    idle = np.maximum(np.array(cell) - chosen, 0.0) @ np.array(usd)
    return float(WEIGHTS / WEIGHTS.sum() @ idle)


def next_experiments(
    cells: list[tuple[int, int, float]],
    gain: Floats,
    wasted: Floats,
    run_usd: float,
    value_of_usd: float,
    budget_usd: float,
    least_gain: float = LEAST_GAIN,
    most: int = 3,
) -> tuple[Experiment, ...]:
    """Return the cells worth more than what they cost the purchase, those that give most for least first.

    A cell is worth measuring when its gain exceeds value_of_usd (wasted + run_usd), what the money lost to it would
    have bought, and `least_gain`, and the budget pays for its labels and its run. Of those whose surplus is at
    least half of the largest, the cheapest come first.
    """
    found = []
    for (s, p, cost), rise, idle in zip(cells, gain, wasted, strict=True):
        net = float(idle) + run_usd
        worth = min(float(rise / value_of_usd) if value_of_usd > 0 else budget_usd, budget_usd)
        if rise > least_gain and worth > net and cost + run_usd <= budget_usd:
            surplus = float(rise) - max(value_of_usd, 0.0) * net
            found.append(
                (surplus, Experiment(s, p, round(cost + run_usd, 6), round(net, 6), float(rise), worth))
            )
    largest = max((surplus for surplus, _ in found), default=0.0)
    found.sort(key=lambda f: (f[0] < largest / 2, f[1].cost_usd if f[0] >= largest / 2 else -f[0]))
    return tuple(experiment for _, experiment in found[:most])
