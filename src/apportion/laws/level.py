"""The rival of a surface: runs that scatter about one level, whatever was bought for them."""

import numpy as np

from apportion.identity import generator
from apportion.laws.evidence import Evidence
from apportion.laws.surface_kernel import Floats

LEVEL_VARIANCE = 4.0
"""Of the untrained model's level, where no run tells it; squared logits."""


def scatter_evidence(evidence: Evidence) -> tuple[Floats, Floats]:
    """Return the widths (W,) that the scatter may have, and the log density of the cells under each, up to a constant.

    gain_i = c + noise, c of standard deviation 1 (LEVEL_VARIANCE without the untrained model), the noise's standard
    deviation anywhere from .03 to 3 logits (for losses, .001 to 3).
    """
    m = len(evidence.gain)
    widths = np.geomspace(0.03 if evidence.kind == "score" else 0.001, 3, 12)
    level = _variance(evidence)
    rival = []
    for width in widths:
        v = width**2
        total = evidence.gain.sum()
        quadratic = (evidence.gain @ evidence.gain - level * total**2 / (v + m * level)) / v
        rival.append(-0.5 * (quadratic + (m - 1) * np.log(v) + np.log(v + m * level)))
    return widths, np.array(rival)


def level_draws(evidence: Evidence, draws: int) -> tuple[Floats, Floats]:
    """Return draws (D,) of the level c given the cells, in logits, and of the scatter's standard deviation about it."""
    widths, rival = scatter_evidence(evidence)
    weight = np.exp(rival - rival.max())
    share = np.floor(np.cumsum(weight / weight.sum()) * draws + 0.5).astype(int)
    width = np.repeat(widths, np.diff(np.concatenate([[0], share])))
    m, v, level = len(evidence.gain), width**2, _variance(evidence)
    mean = level * evidence.gain.sum() / (v + m * level)
    normal = generator("surface", "level draws").standard_normal(draws)
    return mean + np.sqrt(v * level / (v + m * level)) * normal, width


def _variance(evidence: Evidence) -> float:
    return 1.0 if evidence.base_known else LEVEL_VARIANCE
