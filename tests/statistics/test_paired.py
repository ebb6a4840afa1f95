import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import ttest_rel

from apportion.statistics import contrast, mean_over_seeds_and_items, paired_difference

shapes = st.shared(st.tuples(st.integers(1, 4), st.integers(1, 12)), key="shape")
answers = shapes.flatmap(lambda shape: hnp.arrays(float, shape, elements=st.sampled_from([0.0, 1.0])))


def test_one_seed_of_losses_is_the_paired_t_interval():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(1, 40)), rng.normal(size=(1, 40))
    expected = ttest_rel(left[0], right[0]).confidence_interval(0.9)
    found = paired_difference(left, right, bounded=False, level=0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.level == 0.9


@given(answers, answers)
def test_swapping_the_arms_mirrors_the_interval(left: np.ndarray, right: np.ndarray):
    found = paired_difference(left, right, bounded=True)
    mirrored = paired_difference(right, left, bounded=True)
    assert found[:3] == pytest.approx((-mirrored.mean, -mirrored.high, -mirrored.low), abs=1e-12)
    assert -1 <= found.low <= found.mean <= found.high <= 1


def test_arms_that_agree_everywhere_still_have_a_width():
    same = (np.random.default_rng(0).random((3, 100)) < 0.4).astype(float)
    found = paired_difference(same, same, bounded=True)
    assert found.mean == 0
    assert found.low == pytest.approx(-found.high)
    assert 0.01 < found.high < 0.06


def test_one_seed_is_close_to_agresti_and_mins_interval():
    # 10 items won by the left arm only, 4 by the right only, 86 alike: (p12 - p21) with one added to each
    left = np.array([[1.0] * 10 + [0.0] * 4 + [1.0] * 86])
    right = np.array([[0.0] * 10 + [1.0] * 4 + [1.0] * 86])
    found = paired_difference(left, right, bounded=True)
    p12, p21, n = 11 / 102, 5 / 102, 102
    half = 1.96 * np.sqrt((p12 + p21 - (p12 - p21) ** 2) / n)
    assert (found.low, found.high) == pytest.approx((p12 - p21 - half, p12 - p21 + half), abs=2e-3)


def test_pairing_takes_out_what_the_arms_share():
    rng = np.random.default_rng(2)
    difficulty = rng.random(200)
    left = (difficulty[None, :] + rng.normal(0, 0.05, (3, 200)) < 0.55).astype(float)
    right = (difficulty[None, :] + rng.normal(0, 0.05, (3, 200)) < 0.5).astype(float)
    paired = paired_difference(left, right, bounded=True)
    alone = [mean_over_seeds_and_items(arm, bounded=True) for arm in (left, right)]
    assert paired.high - paired.low < 0.6 * sum(arm.high - arm.low for arm in alone)


def test_an_untrained_arm_stands_beside_every_seed():
    rng = np.random.default_rng(4)
    trained, base = rng.random((3, 30)), rng.random((1, 30))
    found = paired_difference(trained, base, bounded=True)
    assert found == paired_difference(trained, np.repeat(base, 3, axis=0), bounded=True)
    assert found.basis == "seeds and items"


def test_arms_of_other_items_cannot_be_paired():
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_difference(np.zeros((2, 5)), np.zeros((2, 6)), bounded=True)
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_difference(np.zeros((3, 5)), np.zeros((2, 5)), bounded=True)
    with pytest.raises(ValueError, match="weights"):
        contrast([np.zeros((1, 2))], [1.0, 2.0], bounded=False)


def test_one_item_of_an_unbounded_score_tells_no_interval():
    assert paired_difference(np.ones((2, 1)), np.zeros((2, 1)), bounded=False).high == float("inf")


def test_a_contrast_of_three_arms_is_that_of_their_sum():
    rng = np.random.default_rng(5)
    a, b, c = rng.random((3, 4, 25))
    found = contrast([a, b, c], [1, -0.5, -0.5], bounded=False)
    assert found[:3] == pytest.approx(paired_difference(a, (b + c) / 2, bounded=False)[:3])


@pytest.mark.parametrize(
    ("seeds", "items", "shift", "noise"), [(1, 100, 0.1, 0.0), (3, 200, 0.05, 0.02), (5, 60, 0.0, 0.04)]
)
def test_differences_are_covered(seeds: int, items: int, shift: float, noise: float):
    rng = np.random.default_rng(11)
    runs, covered = 600, 0
    for _ in range(runs):
        difficulty = rng.beta(2, 2, items)
        own = rng.normal(0, noise, (2, seeds, 1))
        shared = rng.normal(0, 0.05, (seeds, 1))  # luck of the draw of data, which pairing takes out
        chances = np.stack([difficulty * (1 - shift) + shift + own[0] + shared, difficulty + own[1] + shared])
        left, right = (rng.random(chances.shape) < chances).astype(float)
        found = paired_difference(left, right, bounded=True)
        covered += found.low <= shift / 2 <= found.high
    assert covered / runs >= 0.93


def test_what_has_no_difference_is_refused():
    with pytest.raises(ValueError, match="at least one of each"):
        paired_difference(np.zeros((2, 0)), np.zeros((2, 0)), bounded=True)
    with pytest.raises(ValueError, match="not in"):
        paired_difference(np.full((2, 3), 7.0), np.zeros((2, 3)), bounded=True)
    with pytest.raises(ValueError, match="not finite"):
        contrast([np.full((1, 2), np.nan)], [1.0], bounded=False)
    assert paired_difference(np.full((2, 3), 7.0), np.zeros((2, 3)), bounded=False).mean == 7
