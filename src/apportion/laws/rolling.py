"""Families compared by rolling out: fitted to the smaller sizes, each foretells the larger ones that were measured."""

from collections.abc import Sequence

import numpy as np

from apportion.laws.families import families
from apportion.laws.joint import fit_family, latent_errors
from apportion.laws.joint_families import JOINT_FAMILIES, Floats
from apportion.laws.joint_problem import latent_curve
from apportion.laws.pooling import Batch, batch_of, pool
from apportion.laws.prior import Prior, shipped_prior
from apportion.laws.runs import Runs

FEWEST = 4
"""With fewer different sizes of trained models nothing is rolled out, and no law is determined."""
HELD_OUT = 0.34
"""The share of the different sizes, the largest ones, that has to be foretold."""
NEAREST = "nearest run"
"""The rival without a law: a size has what the nearest measured one has."""

RollOut = dict[str, float]


def roll_out(runs: Sequence[Runs], *, prior: Prior | None = None) -> RollOut:
    """Return each family's error over all curves of a table: root mean square in z, over the runs held out.

    Empty where no curve has enough different sizes. Curves with pairs have joint families, others plain ones.
    """
    parts = roll_outs(runs, prior=prior)
    names = list(dict.fromkeys(name for errors, _ in parts for name in errors))
    found = {}
    for name in names:
        squares = [(errors[name] ** 2, count) for errors, count in parts if name in errors]
        total = sum(count for _, count in squares)
        found[name] = float(np.sqrt(sum(square * count for square, count in squares) / total))
    return found


def roll_outs(runs: Sequence[Runs], *, prior: Prior | None = None) -> tuple[tuple[RollOut, int], ...]:
    """Return for each curve the families' errors and how many runs were held out; ({}, 0) where none could be.

    All curves of one kind without pairs are fitted together, as `fit_curves` does, with their largest sizes hidden;
    curves with pairs each alone, their size being the total of both kinds. Repeated data count by the R* of
    arXiv 2305.16264 (`repeats.HALF_LIFE`) here.
    """
    prior = shipped_prior() if prior is None else prior
    found: list[tuple[RollOut, int]] = [({}, 0)] * len(runs)
    for kind in ("score", "loss"):
        places = [i for i, r in enumerate(runs) if r.kind == kind and not (r.n_pairs > 0).any()]
        if places:
            group = [runs[i] for i in places]
            for i, part in zip(places, _plain(group, prior), strict=True):
                found[i] = part
    for i, r in enumerate(runs):
        if (r.n_pairs > 0).any():
            found[i] = _joint(r)
    return tuple(found)


def largest_shown(n: Floats) -> float:
    """Return the largest size that is not held out, infinite where there are too few different ones."""
    sizes = np.unique(n[n > 0])
    if len(sizes) < FEWEST:
        return np.inf
    return float(sizes[len(sizes) - 1 - max(1, int(HELD_OUT * len(sizes)))])


def _plain(group: list[Runs], prior: Prior) -> list[tuple[RollOut, int]]:
    batch, part = batch_of(group), prior.of(group[0].kind)
    cut = np.array([largest_shown(batch.total[i, batch.known[i]]) for i in range(len(group))])
    hidden = batch.known & (batch.total > cut[:, None])
    count = hidden.sum(1)
    if not count.any():
        return [({}, 0)] * len(group)
    shown = batch.until(cut)

    def error(z: Floats) -> Floats:
        squares = np.where(hidden, (batch.z - z) ** 2, 0.0).sum(1)
        return np.sqrt(squares / np.maximum(count, 1))

    errors = {}
    for family in families(group[0].kind):
        fit = pool(family, shown, part.shapes[family.name], part.noise)
        errors[family.name] = error(fit.z(np.maximum(batch.n, 1.0)))
    errors[NEAREST] = error(_last(shown)[:, None])
    return [
        ({name: float(e[i]) for name, e in errors.items()}, int(count[i])) if count[i] else ({}, 0)
        for i in range(len(group))
    ]


def _last(shown: Batch) -> Floats:
    """Return the mean z at each curve's largest size, (B,)."""
    n = np.where(shown.known, shown.n, -1.0)
    at = n == n.max(1, keepdims=True)
    return np.where(at, shown.z, 0.0).sum(1) / at.sum(1)


def _joint(r: Runs) -> tuple[RollOut, int]:
    s, p = r.n_demonstrations.astype(float), r.n_pairs.astype(float)
    hidden = s + p > largest_shown(s + p)
    if not hidden.any():
        return {}, 0
    z, _ = latent_errors(r)
    keep, is_loss = ~hidden, r.kind == "loss"
    errors = {}
    for name, family in JOINT_FAMILIES.items():
        law = fit_family(family, s[keep], p[keep], z[keep], r.item_variance[keep], is_loss=is_loss, draws=1)
        foretold = latent_curve(family, law.x, s[hidden], p[hidden], is_loss)[0]
        errors[name] = float(np.sqrt(((foretold - z[hidden]) ** 2).mean()))
    axes = np.log1p(np.stack([s, p], 1))
    apart = ((axes[hidden][:, None] - axes[keep]) ** 2).sum(-1)
    near = apart <= apart.min(1, keepdims=True) + 1e-12
    guess = (near * z[keep]).sum(1) / near.sum(1)
    errors[NEAREST] = float(np.sqrt(((guess - z[hidden]) ** 2).mean()))
    return errors, int(hidden.sum())
