"""A map of users in two dimensions, from their embeddings: what a figure shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apportion.signed.events import Events
from apportion.signed.history import rate


@dataclass(frozen=True, slots=True, eq=False)
class UserMap:
    """Users in the plane of the two main directions of their embeddings.

    `place` [n, 2]; `explained` the shares of the variance that the two directions hold; `trust` [n] the smoothed share
    of positives among the ratings that a user got, (positives + 9) / (all + 10); `ratings` [n] how many those are;
    `activity` [n] the number of a user's events in either role; `faction` [n] where it is known, else None.
    """

    place: NDArray[np.float64]
    explained: tuple[float, float]
    trust: NDArray[np.float64]
    ratings: NDArray[np.int64]
    activity: NDArray[np.int64]
    faction: NDArray[np.int64] | None = None


def user_map(
    vectors: NDArray[np.floating], events: Events, factions: NDArray[np.int64] | None = None
) -> UserMap:
    """Return the map of users from embeddings [n_users, ...], whose numbers are those of the events."""
    n = len(vectors)
    place, explained = principal_plane(vectors.reshape(n, -1))
    ratings = np.bincount(events.target, minlength=n)
    positives = np.bincount(events.target, events.weight > 0, minlength=n)
    activity = ratings + np.bincount(events.source, minlength=n)
    return UserMap(place, explained, rate(positives, ratings), ratings, activity, factions)


def principal_plane(vectors: NDArray[np.floating]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return vectors [n, d] in the plane of their first two principal components [n, 2], and their shares of variance.

    The sign of a component, which the method leaves open, is such that its largest loading is positive.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    values, directions = np.linalg.eigh(centred.T @ centred)  # rising
    values, directions = np.maximum(values[::-1], 0), directions[:, ::-1]
    plane = np.zeros((vectors.shape[1], 2))
    plane[:, : min(2, vectors.shape[1])] = directions[:, :2]
    plane *= np.where(np.take_along_axis(plane, np.abs(plane).argmax(axis=0)[None], axis=0) < 0, -1, 1)
    shares = np.append(values / max(values.sum(), 1e-300), 0.0)
    return centred @ plane, (float(shares[0]), float(shares[1]))
