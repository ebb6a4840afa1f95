"""Runs made up for tests of plans: a published-looking surface, a part of it, noise, losses."""

import numpy as np

from apportion.laws.runs import Runs


def made(s, p, y, *, kind="score", model="m", task="t", items=None) -> Runs:
    """Return runs of the given cells."""
    s, p, y = np.asarray(s, np.int64), np.asarray(p, np.int64), np.asarray(y, float)
    known = np.full(len(s), np.nan) if items is None else np.full(len(s), float(items))
    return Runs(model, task, kind, s, p, y, known, np.full(len(s), -1, np.int64))


def grid(budgets=(100, 500, 1000), shares=(0.0, 0.25, 0.5, 0.75, 1.0)) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells of a study like the paper's, the untrained model first."""
    n, r = (a.ravel() for a in np.meshgrid(budgets, shares, indexing="ij"))
    s = np.round(n * r).astype(int)
    return np.append(0, s), np.append(0, n - s)


def mixture_pays(s, p) -> np.ndarray:
    """Return scores of a law by which both kinds help, and pairs alone little."""
    s, p = np.asarray(s, float), np.asarray(p, float)
    counted = p * (0.1 + 0.9 * s / (s + 100))
    return 1 - (0.15 + 0.7 * (1 + s / 60) ** -0.3 * (1 + counted / 300) ** -0.3)
