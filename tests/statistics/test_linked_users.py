import numpy as np
import pytest

from apportion.statistics import Reweighted, over_seeds_and_users, reweighted
from apportion.statistics.linked_users import STEP

RESAMPLES = 200


def interval(source, target, y, draw):
    """Return the estimate of a mean of y over events between users."""
    under = reweighted(source, target, RESAMPLES, draw)
    numbers = [(w @ y / w.sum(axis=1))[None, :] for w in under]
    return over_seeds_and_users(np.array([y.mean()]), Reweighted(*numbers), len(np.unique([source, target])))


def events(draw, users=60, n=400):
    source = draw.integers(0, users, n)
    return source, (source + draw.integers(1, users, n)) % users


def test_weights_are_never_negative_and_go_with_the_users():
    draw = np.random.default_rng(0)
    source, target = np.array([0, 0, 1, 3]), np.array([1, 2, 2, 4])
    by_users, by_events = reweighted(source, target, 2000, draw)
    assert by_users.min() == 0
    assert by_events.min() == 1 - STEP
    together = np.cov(by_users.T) / STEP**2
    assert np.diag(together) == pytest.approx(2, abs=0.15)
    assert together[0, 1] == pytest.approx(1, abs=0.15)  # the same source
    assert together[0, 2] == pytest.approx(1, abs=0.15)  # user 1, in the other role
    assert together[0, 3] == pytest.approx(0, abs=0.15)
    assert np.cov(by_events.T)[0, 1] == pytest.approx(0, abs=0.05)


def test_where_users_have_no_part_it_is_the_plain_standard_error():
    draw = np.random.default_rng(1)
    halves = []
    for _ in range(30):
        source, target = events(draw)
        y = draw.normal(size=400)
        found = interval(source, target, y, draw)
        halves.append((found.high - found.mean) / (y.std(ddof=1) / 20))
    assert np.mean(halves) == pytest.approx(2.0, rel=0.15)


@pytest.mark.parametrize("of_users", [0.0, 1.0])
def test_intervals_cover(of_users):
    """Events differ by their source, their target and themselves; the true mean is 0."""
    draw = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        source, target = events(draw)
        effect = of_users * draw.normal(size=60)
        y = effect[source] + effect[target] + draw.normal(size=400)
        found = interval(source, target, y, draw)
        covered += found.low <= 0 <= found.high
    assert 0.90 * 200 <= covered <= 199


def test_seeds_widen():
    draw = np.random.default_rng(3)
    source, target = events(draw)
    y = draw.normal(size=400)
    under = reweighted(source, target, RESAMPLES, draw)
    one = [w @ y / w.sum(axis=1) for w in under]
    same = Reweighted(*(np.stack([x] * 5) for x in one))
    alike = over_seeds_and_users(np.full(5, y.mean()), same, 60)
    apart = over_seeds_and_users(y.mean() + np.array([-2, -1, 0, 1, 2]), same, 60)
    assert apart.high - apart.mean > 10 * (alike.high - alike.mean)
    assert (alike.seeds, alike.items, alike.basis) == (5, 60, "seeds and items")


def test_bounds_and_what_does_not_exist():
    one = Reweighted(np.array([[0.9, 1.0, 0.95]]), np.array([[0.95, 0.96, 0.97]]))
    assert over_seeds_and_users(np.array([0.99]), one, 5, bounds=(0.0, 1.0)).high == 1.0
    assert over_seeds_and_users(np.array([0.99]), one, 5).high > 1.0
    assert over_seeds_and_users(np.array([np.nan]), one, 5) is None
    none = Reweighted(np.full((1, 3), np.nan), np.full((1, 3), np.nan))
    assert over_seeds_and_users(np.array([0.99]), none, 5) is None
