import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from apportion.statistics import mean_over_seeds_and_items, wilson
from apportion.statistics.crossed import variance_of_mean

crossed = hnp.arrays(
    float, st.tuples(st.integers(2, 5), st.integers(2, 12)), elements=st.floats(0, 1, width=32)
)
answers = hnp.arrays(
    float, st.tuples(st.integers(1, 4), st.integers(1, 12)), elements=st.sampled_from([0.0, 1.0])
)


def mean_squares(scores: np.ndarray) -> tuple[float, float, float]:
    """The two-way analysis of variance, entry by entry."""
    seeds, items = scores.shape
    grand = sum(scores[s][i] for s in range(seeds) for i in range(items)) / (seeds * items)
    rows = [sum(scores[s]) / items for s in range(seeds)]
    columns = [sum(scores[s][i] for s in range(seeds)) / seeds for i in range(items)]
    between_seeds = items * sum((row - grand) ** 2 for row in rows) / (seeds - 1)
    between_items = seeds * sum((column - grand) ** 2 for column in columns) / (items - 1)
    left = sum((scores[s][i] - rows[s] - columns[i] + grand) ** 2 for s in range(seeds) for i in range(items))
    return between_seeds, between_items, left / ((seeds - 1) * (items - 1))


@given(crossed)
def test_the_variance_is_that_of_the_analysis_of_variance(scores: np.ndarray):
    seeds, items = scores.shape
    s, i, e = (square / (seeds * items) for square in mean_squares(scores))
    found = variance_of_mean(scores)
    assert found.variance == pytest.approx(max(s + i - e, s, i), abs=1e-12)
    if found.variance > 1e-9:
        spread = s**2 / (seeds - 1) + i**2 / (items - 1) + e**2 / ((seeds - 1) * (items - 1))
        expected = max(found.variance**2 / spread, min(seeds, items) - 1)
        assert found.degrees == pytest.approx(expected, rel=1e-6)


@given(answers)
def test_an_interval_holds_its_mean_and_stays_in_bounds(scores: np.ndarray):
    found = mean_over_seeds_and_items(scores, bounded=True)
    assert found.mean == pytest.approx(scores.mean())
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert found.high > found.low
    assert (found.seeds, found.items) == scores.shape


@given(crossed, st.randoms(use_true_random=False))
def test_the_order_of_seeds_and_items_does_not_matter(scores: np.ndarray, random):
    rows, columns = list(range(scores.shape[0])), list(range(scores.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    first = mean_over_seeds_and_items(scores, bounded=False)
    second = mean_over_seeds_and_items(scores[np.ix_(rows, columns)], bounded=False)
    assert first[:3] == pytest.approx(second[:3], abs=1e-9)


def test_a_seed_that_is_copied_adds_nothing():
    once = np.random.default_rng(0).normal(size=(1, 50))
    copied = np.repeat(once, 4, axis=0)
    assert variance_of_mean(copied).variance == pytest.approx(variance_of_mean(once).variance)
    narrow = mean_over_seeds_and_items(once, bounded=False)
    assert mean_over_seeds_and_items(copied, bounded=False)[1:3] == pytest.approx(narrow[1:3], rel=1e-6)


def test_one_seed_of_right_and_wrong_is_wilsons_interval_and_says_so():
    found = mean_over_seeds_and_items(np.array([[1.0] * 81 + [0.0] * 182]), bounded=True)
    # Newcombe 1998, table I: 81 of 263, score method
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert found.basis == "items"
    assert not found.seeds_were_varied


def test_several_seeds_say_so():
    found = mean_over_seeds_and_items(np.eye(3), bounded=True)
    assert found.basis == "seeds and items"
    assert found.seeds_were_varied


def test_scores_that_are_all_equal_still_have_a_width_where_they_are_bounded():
    zero = mean_over_seeds_and_items(np.zeros((3, 100)), bounded=True)
    assert (zero.mean, zero.low) == (0, 0)
    assert zero.high == pytest.approx(wilson(0, 100).high)
    loss = mean_over_seeds_and_items(np.full((3, 100), 1.5), bounded=False)
    assert loss[:3] == (1.5, 1.5, 1.5)


def test_one_item_says_little_of_others():
    assert mean_over_seeds_and_items(np.ones((3, 1)), bounded=True).low < 0.25
    loss = mean_over_seeds_and_items(np.array([[1.0], [2.0]]), bounded=False)
    assert (loss.mean, loss.low, loss.high) == (1.5, -math.inf, math.inf)


def test_seeds_that_differ_widen_the_interval():
    rng = np.random.default_rng(1)
    alike = (rng.random((4, 200)) < 0.5).astype(float)
    apart = (rng.random((4, 200)) < np.array([[0.3], [0.45], [0.55], [0.7]])).astype(float)
    width = [
        found.high - found.low
        for found in (mean_over_seeds_and_items(x, bounded=True) for x in (alike, apart))
    ]
    assert width[1] > 3 * width[0]


@pytest.mark.parametrize(
    "scores",
    [np.zeros(3), np.zeros((0, 3)), np.zeros((2, 0)), np.array([[0.5, math.nan]]), np.array([[0.5, 2.0]])],
)
def test_what_is_no_table_of_scores_is_refused(scores: np.ndarray):
    with pytest.raises(ValueError, match=r"scores|shape"):
        mean_over_seeds_and_items(scores, bounded=True)


@pytest.mark.parametrize(
    ("seeds", "items", "mean", "sd_seeds", "sd_items"),
    [
        (1, 200, 0.5, 0.0, 0.25),
        (3, 200, 0.5, 0.03, 0.25),
        (3, 100, 0.05, 0.01, 0.04),
        (5, 100, 0.9, 0.03, 0.1),
        (5, 100, 0.5, 0.08, 0.0001),
        (3, 200, 0.01, 0.0, 0.01),
    ],
)
def test_intervals_cover(seeds: int, items: int, mean: float, sd_seeds: float, sd_items: float):
    rng = np.random.default_rng(7)
    total = mean * (1 - mean) / sd_items**2 - 1
    runs, covered = 600, 0
    for _ in range(runs):
        difficulty = rng.beta(mean * total, (1 - mean) * total, items)
        luck = rng.normal(0, sd_seeds, (seeds, 1))
        scores = (rng.random((seeds, items)) < difficulty[None, :] + luck).astype(float)
        found = mean_over_seeds_and_items(scores, bounded=True)
        covered += found.low <= mean <= found.high
    assert covered / runs >= 0.93


def test_a_single_seed_does_not_cover_other_seeds_which_is_why_it_says_so():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        found = mean_over_seeds_and_items(
            (rng.random((1, 400)) < 0.5 + rng.normal(0, 0.06)).astype(float), bounded=True
        )
        covered += found.low <= 0.5 <= found.high
    assert covered / 400 < 0.75


@given(st.floats(0, 1), st.integers(1, 5000), st.floats(0.5, 0.999))
def test_wilson_solves_its_equation(share: float, trials: int, level: float):
    """The ends are the p at which (share - p)^2 = z^2 p (1 - p) / n."""
    from scipy.stats import norm

    z = norm.ppf((1 + level) / 2)
    for end in wilson(share, trials, level=level):
        assert (share - end) ** 2 == pytest.approx(z**2 * end * (1 - end) / trials, abs=1e-9)


@pytest.mark.parametrize(("share", "trials"), [(0.5, 0), (0.5, -1), (1.1, 10), (-0.1, 10), (0.5, math.nan)])
def test_no_share_of_no_trials(share: float, trials: float):
    with pytest.raises(ValueError, match="trials"):
        wilson(share, trials)
