"""What the past says about a pair over third users: balanced triads, and who rated whom like whom."""

import numpy as np
from numpy.typing import NDArray

from apportion.signed.past import Floats, Ints
from apportion.signed.so_far import PairsSoFar, RoleSoFar

WAYS = {  # w - v edge whose latest events are gone through, u - w edge that is looked up for each
    "u_w_v": ("w gave v", "u gave w"),
    "wu_wv": ("w gave v", "w gave u"),
    "uw_vw": ("v gave w", "u gave w"),
    "v_w_u": ("v gave w", "w gave u"),
}  # by two: from u to w, and from w to u
SIGNS = ("pp", "pn", "np", "nn")  # of the u - w edge and of the w - v edge; p is positive, n negative


def rate(positives: NDArray, count: NDArray) -> Floats:
    """Return the smoothed share of positives, (positives + 9) / (count + 10)."""
    return (positives + 9.0) / (count + 10.0)


def of_third_users(
    gave: RoleSoFar, got: RoleSoFar, pairs: PairsSoFar, u: Ints, v: Ints, before: Ints
) -> dict[str, Floats]:
    """Return what is known of m pairs over third users w: their ratings of v or v's of them, and their edges with u.

    By feature, [m] each. Of v's and u's events in a role, only the latest are gone through.
    """
    m, columns = len(u), {}
    balance, paths = np.zeros(m), np.zeros(m)
    for role, ways in ((got, ("u_w_v", "wu_wv")), (gave, ("uw_vw", "v_w_u"))):
        query, w, positive = _flat(role.neighbours(v, before))
        when = before[query]
        for way, sign in zip(ways, pairs.signs(u[query], w, when), strict=True):
            there = np.flatnonzero(sign)
            kind = 2 * (sign[there] < 0) + ~positive[there]  # the place in SIGNS
            found = np.bincount(4 * query[there] + kind, minlength=4 * m).reshape(m, 4)
            for signs, column in zip(SIGNS, found.T, strict=True):
                columns[f"{way}_{signs}"] = np.log1p(column)
            balance += found @ [1, -1, -1, 1]
            paths += found.sum(axis=1)
            if way == "u_w_v":
                columns["v_rate_trusted"] = (found[:, 0] + 4.5) / (found[:, 0] + found[:, 1] + 5.0)
        if role is got:
            trust = rate(*got.counts(w, when))
            weighted = np.bincount(query, weights=trust * positive, minlength=m)
            columns["v_rate_weighted"] = rate(weighted, np.bincount(query, weights=trust, minlength=m))
            columns["v_rate_surprise"] = _surprise(query, positive, gave.counts(w, when), m)
    columns["balance"] = balance / (paths + 1.0)
    query, w, positive = _flat(gave.neighbours(u, before))
    columns["u_rate_surprise"] = _surprise(query, positive, got.counts(w, before[query]), m)
    return columns


def _flat(rings: NDArray[np.int32]) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return the events in rows of a ring, one after the other: the row, the other user, whether it is positive."""
    place = np.flatnonzero(rings)
    held = rings.ravel()[place]
    return place // rings.shape[1], np.abs(held).astype(np.int64) - 1, held > 0


def _surprise(query: Ints, positive: NDArray[np.bool_], counts: tuple[Ints, Ints], m: int) -> Floats:
    """Return the mean of sign - (2 rate - 1) over the events of each query, 0 without one."""
    values = np.where(positive, 1.0, -1.0) - (2 * rate(*counts) - 1)
    total = np.bincount(query, weights=values, minlength=m)
    return total / np.maximum(np.bincount(query, minlength=m), 1)
