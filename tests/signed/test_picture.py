"""The map of users: the plane that holds most of their differences, and what colours them."""

import numpy as np
import pytest

from apportion.signed.events import Events
from apportion.signed.picture import principal_plane, user_map


def test_the_plane_is_found_whatever_the_rotation() -> None:
    draw = np.random.default_rng(3)
    flat = draw.normal(size=(200, 2)) * [5.0, 2.0]
    rotation, _ = np.linalg.qr(draw.normal(size=(6, 6)))
    vectors = np.hstack([flat, np.zeros((200, 4))]) @ rotation + 7.0
    place, explained = principal_plane(vectors)
    assert sum(explained) == pytest.approx(1) and explained[0] > explained[1]
    centred = flat - flat.mean(axis=0)
    assert np.linalg.norm(place[:50, None] - place[None, :50], axis=2) == pytest.approx(
        np.linalg.norm(centred[:50, None] - centred[None, :50], axis=2)
    )
    assert place.var(axis=0)[0] / place.var(axis=0).sum() == pytest.approx(explained[0])
    again, _ = principal_plane(vectors)
    assert np.array_equal(place, again)


def test_the_sign_of_a_direction_is_settled() -> None:
    for seed in range(20):
        vectors = np.random.default_rng(seed).normal(size=(30, 5))
        place, _ = principal_plane(vectors)
        loadings = (vectors - vectors.mean(axis=0)).T @ place  # [5, 2], in the directions
        assert (loadings[np.abs(loadings).argmax(axis=0), [0, 1]] > 0).all()


def test_few_users_and_few_dimensions() -> None:
    assert principal_plane(np.ones((3, 4)))[0].tolist() == [[0, 0]] * 3
    place, explained = principal_plane(np.array([[1.0], [2.0]]))
    assert place.shape == (2, 2) and explained == pytest.approx((1, 0))


def test_trust_and_activity() -> None:
    events = Events.of([0, 1, 2, 0], [1, 0, 1, 2], [1, 2, 3, 4], [1, -1, 3, -2])
    found = user_map(np.eye(4, dtype=np.float32), events, np.array([0, 1, 0, 1]))
    assert found.ratings.tolist() == [1, 2, 1, 0]
    assert found.activity.tolist() == [3, 3, 2, 0]
    assert found.trust == pytest.approx([9 / 11, 11 / 12, 9 / 11, 9 / 10])
    assert found.faction is not None and found.faction.tolist() == [0, 1, 0, 1]
