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
    z, cell = link(runs.y, runs.kind, runs.items), runs.cell
    said = []
    for number in np.flatnonzero(np.bincount(cell) > 2):
        members = np.flatnonzero(cell == number)
        for i in members:
            others = members[members != i]
            least, most = z[others].min(), z[others].max()
            if max(least - z[i], z[i] - most) > TIMES * max(most - least, LEAST_RANGE):
                low, high = runs.y[others].min(), runs.y[others].max()
                where = f"{runs.n_demonstrations[i]} demonstrations and {runs.n_pairs[i]} pairs"
                said.append(
                    f"the {runs.kind} {runs.y[i]:g} at {where} is far from the other runs there "
                    f"({low:g} to {high:g}) and weighs on all that follows; check it"
                )
    return tuple(said)
