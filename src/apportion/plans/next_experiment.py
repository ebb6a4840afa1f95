"""What to measure next: the cells whose outcome would most improve the choice, for their price."""

from dataclasses import dataclass

import numpy as np

from apportion.laws.surface_kernel import Floats

SIZES = (1 / 64, 1 / 16, 1 / 8, 1 / 4)
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A cell to train and grade.

    `cost_usd` is the price of its labels; `regret_reduction` how much the expected score of the best choice
    would rise once its outcome is known (the knowledge gradient); `worth_usd` what labels buy the same rise.
    """

    n_demonstrations: int
    n_pairs: int
    cost_usd: float
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


def knowledge_gradient(utility: Floats, outcome: Floats, noise: Floats) -> Floats:
    """Return by how much knowing each cell's outcome raises the expected best utility, shape (C,).

    KG = E max_r E[u(r) | outcome] - max_r E[u(r)] (Frazier, Powell, Dayanik 2009), with the conditional mean
    taken linear in the outcome (exact for Gaussian u): `utility` (D, R) and `outcome` (D, C) are joint draws,
    `noise` (D,) the standard deviation of a run in the units of `outcome`.
    """
    mean = utility.mean(0)
    centred = outcome - outcome.mean(0)
    slope = centred.T @ (utility - mean) / len(utility)
    deviation = np.sqrt((centred**2).mean(0) + (noise**2).mean() + 1e-18)
    slope /= deviation[:, None]
    best = (mean + NODES[:, None, None] * slope).max(-1)
    gained = (WEIGHTS / WEIGHTS.sum()) @ best - mean.max()
    return np.maximum(gained, 0.0)


def next_experiments(
    cells: list[tuple[int, int, float]],
    gradient: Floats,
    value_of_usd: float,
    budget_usd: float,
    most: int = 3,
) -> tuple[Experiment, ...]:
    """Return the cells worth more than the labels that their money buys, most gain per USD first.

    Gains of less than a thousandth of a score point count as none.
    """
    found = []
    for (s, p, cost), gain in zip(cells, gradient, strict=True):
        worth = float(gain / value_of_usd) if value_of_usd > 0 else float(budget_usd)
        worth = min(worth, float(budget_usd))
        if gain > 1e-5 and worth > cost:
            found.append(Experiment(s, p, round(cost, 6), float(gain), worth))
    return tuple(sorted(found, key=lambda e: -e.regret_reduction / e.cost_usd)[:most])
