"""The bootstrap over prompts and seeds: against formulas, and its coverage in small."""

import numpy as np
import pytest
from benchmarks.statistics import coverage

from apportion.statistics import (
    cluster_bootstrap,
    clustered_mean,
    mean_over_seeds_and_items,
    paired_cluster_bootstrap,
)
from apportion.statistics.paired import contrast


def draw() -> np.random.Generator:
    return np.random.default_rng(0)


def test_without_seeds_and_with_clusters_it_is_the_sandwich() -> None:
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(60), 3)
    values = rng.normal(size=60)[clusters] + rng.normal(size=180)
    found = cluster_bootstrap(values[None, :], clusters.tolist(), draw=draw(), resamples=20_000)
    formula = clustered_mean(values, clusters)
    assert found.mean == pytest.approx(formula.mean)
    assert found.high - found.low == pytest.approx(formula.high - formula.low, rel=0.03)
    assert (found.items, found.basis) == (60, "items")


def test_with_seeds_it_is_the_crossed_variance() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, (6, 1)) + rng.normal(0, 2, (1, 80)) + rng.normal(0, 0.5, (6, 80))
    found = cluster_bootstrap(values, range(80), draw=draw(), resamples=20_000)
    formula = mean_over_seeds_and_items(values, bounded=False)
    assert found.high - found.low == pytest.approx(formula.high - formula.low, rel=0.05)
    assert found.basis == "seeds and items"


def test_pairs_of_single_items_agree_with_the_contrast() -> None:
    rng = np.random.default_rng(3)
    left, right = (rng.random((4, 300)) < share for share in (0.6, 0.5))
    found = paired_cluster_bootstrap(left, right, range(300), bounded=True, draw=draw(), resamples=10_000)
    formula = contrast((left, right), (1.0, -1.0), bounded=True)
    assert found[0] == pytest.approx(formula[0])
    assert found[1:3] == pytest.approx(formula[1:3], abs=0.006)


def test_items_of_one_prompt_go_together() -> None:
    values = np.repeat(np.random.default_rng(4).normal(size=40), 5)[None, :]
    apart = cluster_bootstrap(values, range(200), draw=draw())
    together = cluster_bootstrap(values, np.repeat(np.arange(40), 5).tolist(), draw=draw())
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_the_same_draw_gives_the_same_interval() -> None:
    values = np.random.default_rng(5).normal(size=(3, 50))
    first, second = (cluster_bootstrap(values, range(50), draw=draw()) for _ in range(2))
    assert first == second


def test_arms_that_agree_on_all_items_get_a_width() -> None:
    same = np.ones((2, 30))
    found = paired_cluster_bootstrap(same, same, range(30), bounded=True, draw=draw())
    assert found.low < 0 < found.high
    assert found.mean == 0


def test_one_cluster_says_nothing_of_others() -> None:
    found = cluster_bootstrap(np.ones((2, 3)), ["p"] * 3, draw=draw())
    assert (found.low, found.high, found.items) == (-np.inf, np.inf, 1)


@pytest.mark.parametrize(
    ("values", "clusters"), [(np.ones(3), [1, 2, 3]), (np.ones((1, 3)), [1]), (np.ones((0, 0)), [])]
)
def test_shapes_are_checked(values, clusters) -> None:
    with pytest.raises(ValueError, match="expected one an item"):
        cluster_bootstrap(values, clusters, draw=draw())
    with pytest.raises(ValueError, match="not finite"):
        cluster_bootstrap(np.array([[1.0, np.nan]]), [1, 2], draw=draw())


def test_coverage_in_small() -> None:
    hits, _ = coverage(150, seeds=1, prompts=100, each=2, effect=0.3, luck=0.0)
    assert 0.89 <= hits / 150 <= 0.985  # three standard errors around .95, less a little


def test_arms_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_cluster_bootstrap(np.zeros((2, 1)), np.zeros((2, 4)), "abcd", bounded=True, draw=draw())
    with pytest.raises(ValueError, match="not in"):
        paired_cluster_bootstrap(np.full((2, 4), 7.0), np.zeros((2, 4)), "abcd", bounded=True, draw=draw())
    one_row = paired_cluster_bootstrap(np.ones((1, 4)), np.zeros((2, 4)), "abcd", bounded=True, draw=draw())
    assert one_row.mean == 1


def test_one_resample_has_no_variance() -> None:
    with pytest.raises(ValueError, match="resamples"):
        cluster_bootstrap(np.zeros((2, 4)), "abcd", draw=draw(), resamples=1)
