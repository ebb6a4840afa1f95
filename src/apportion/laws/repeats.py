"""Repeated data: what examples are worth when a model is trained on them several times over.

The law of Muennighoff et al. 2023 (arXiv 2305.16264): U different examples and R repetitions of each count for
D' = U + U R* (1 - exp(-R / R*)). Every law of one variable is a law of repeated data when it is one of D'.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from apportion.laws.runs import Runs

Floats = NDArray[np.float64]
HALF_LIFE = 15.4
"""R* of arXiv 2305.16264, in repetitions: what language models lose by reading their pretraining data again."""
HALF_LIVES: Floats = HALF_LIFE * np.exp2(np.arange(-5.0, 3.0))
"""The R* that are summed over where runs of several epochs tell of it: half a repetition to sixty."""
SPREAD = 1.5
"""Standard deviation of log R* around that of HALF_LIFE, before any run."""


def effective_examples(n: Any, unique: Any, half_life: float = HALF_LIFE) -> Floats:
    """Return D' = U + U R* (1 - exp(-R / R*)): what n examples count for when only `unique` of them differ.

    R = n / U - 1 repetitions, R* = `half_life`. Fewer than `unique` examples count as they are.

    >>> effective_examples(100, 100).item()
    100.0
    """
    size = np.asarray(n, np.float64)
    used = np.minimum(size, np.asarray(unique, np.float64))
    repeats = np.where(used > 0, size / np.maximum(used, 1e-300) - 1, 0.0)
    return used + used * half_life * -np.expm1(-repeats / half_life)


def half_lives(curves: list[Runs]) -> tuple[Floats, Floats]:
    """Return the R* to sum over and their log probabilities beforehand: one, of no effect, where no epochs differ."""
    if all(c.epochs is None for c in curves):
        return np.array([HALF_LIFE]), np.zeros(1)
    log_prior = -0.5 * (np.log(HALF_LIVES / HALF_LIFE) / SPREAD) ** 2
    return HALF_LIVES, np.asarray(log_prior - np.logaddexp.reduce(log_prior), np.float64)


def trained_sizes(runs: Runs, half_life: float = HALF_LIFE) -> Floats:
    """Return what each run's examples count for, (N,): D' where epochs differ, otherwise their number."""
    n = (runs.n_demonstrations + runs.n_pairs).astype(np.float64)
    return n if runs.epochs is None else effective_examples(n * runs.epochs, n, half_life)


def asked_sizes(runs: Runs, sizes: Floats, half_life: float, epochs: float | None = None) -> Floats:
    """Return what examples that are not trained on yet would count for, gone through `foretold_epochs` times."""
    passes = foretold_epochs(runs, epochs)
    return sizes if passes is None else effective_examples(sizes * passes, sizes, half_life)


def foretold_epochs(runs: Runs, asked: float | None = None) -> float | None:
    """Return the epochs that are foretold: those asked for, or else those of most runs, of several the most.

    None where the runs do not differ in epochs, so that they tell nothing of them.
    """
    if runs.epochs is None:
        return None
    if asked is not None:
        return asked
    values, counts = np.unique(runs.epochs[runs.n_demonstrations + runs.n_pairs > 0], return_counts=True)
    return float(values[counts == counts.max()][-1])
