"""Runs that lie far from the other runs of their cell: a slip of the pen, or a training that failed."""

from typing import TYPE_CHECKING

import numpy as np

from apportion.laws.families import link

if TYPE_CHECKING:
    from apportion.laws.runs import Runs

TIMES = 10.0
"""How many ranges of the other runs away from them a run is far."""
LEAST_RANGE = 0.15
"""In logits of a score or logs of a loss: three runs may agree by luck."""


def far_from_their_cell(runs: "Runs") -> tuple[str, ...]:
    """Return a warning for each run that is far from the others of its cell, where these are two or more.

    Runs are not left out for it: trainings do fail, and how often is a part of what a purchase is worth.
    """
    z = link(runs.y, runs.kind, runs.items)
    said = []
    for cell in range(runs.cell.max() + 1):
        members = np.flatnonzero(runs.cell == cell)
        for i in members if len(members) > 2 else ():
            others = z[members[members != i]]
            away = max(others.min() - z[i], z[i] - others.max())
            if away > TIMES * max(np.ptp(others), LEAST_RANGE):
                low, high = runs.y[members[members != i]].min(), runs.y[members[members != i]].max()
                where = f"{runs.n_demonstrations[i]} demonstrations and {runs.n_pairs[i]} pairs"
                said.append(
                    f"the {runs.kind} {runs.y[i]:g} at {where} is far from the other runs there "
                    f"({low:g} to {high:g}) and weighs on all that follows; check it"
                )
    return tuple(said)
