"""The runs as a surface sees them: distinct cells, their gains over the untrained model, what stands behind each."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from apportion.laws.runs import Kind, Runs
from apportion.laws.surface_kernel import Floats
from apportion.laws.surface_prior import LOWEST_SHARE, Surface, logit

MOST_CELLS = 250
"""Tables of more cells are merged on a coarser and coarser grid until they have at most so many."""
SMALLEST_LOSS = 1e-6
"""As a share of the largest: smaller losses count as this one."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The runs as the surface sees them, one row a distinct cell, each array of shape (N,).

    `gain` is in logits over the untrained model (for losses, minus the log of the ratio to it), or over
    `reference` where it was not measured. `count` runs stand behind a cell; `item_variance` is that of its
    graded items, 0 where unknown.
    """

    kind: Kind
    n_demonstrations: Floats
    n_pairs: Floats
    gain: Floats
    count: Floats
    item_variance: Floats
    reference: float
    base_known: bool
    lowest_share: float

    @property
    def surface(self) -> Surface:
        """The cells alone."""
        columns = (self.n_demonstrations, self.n_pairs, self.gain)
        return Surface(*(tuple(float(v) for v in column) for column in columns))

    def nothing(self) -> "Evidence":
        """Return the evidence of the untrained model alone."""
        empty = np.zeros(0)
        return replace(
            self, n_demonstrations=empty, n_pairs=empty, gain=empty, count=empty, item_variance=empty
        )


def evidence_of(runs: Runs) -> Evidence:
    """Return the distinct cells of some runs, repeated runs averaged."""
    s, p = runs.n_demonstrations.astype(float), runs.n_pairs.astype(float)
    z = (
        logit(runs.y)
        if runs.kind == "score"
        else -np.log(np.maximum(runs.y, SMALLEST_LOSS * (runs.y.max() or 1.0)))
    )
    base = (s + p) == 0
    reference = float(z[base].mean() if base.any() else z.min())
    s, p, z, items = s[~base], p[~base], z[~base] - reference, runs.item_variance[~base]
    keys: NDArray[np.float64] = np.stack([s, p], 1)
    step = 0.05
    groups = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    while len(groups) and groups.max() >= MOST_CELLS:
        groups = np.unique(np.round(np.log1p(keys) / step), axis=0, return_inverse=True)[1].ravel()
        step *= 1.5
    count = np.bincount(groups).astype(float) if len(groups) else np.zeros(0)

    def mean(values: Floats) -> Floats:
        return np.bincount(groups, values) / count if len(groups) else np.zeros(0)

    share = mean(s) / np.maximum(mean(s) + mean(p), 1)
    measured = share[share > 0]
    lowest = float(max(1e-4, min([LOWEST_SHARE, *measured])))
    return Evidence(
        runs.kind, mean(s), mean(p), mean(z), count, mean(items), reference, bool(base.any()), lowest
    )
