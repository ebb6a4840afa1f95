import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from apportion.statistics import clustered_mean


def test_clusters_of_one_give_the_plain_interval_of_a_mean():
    scores = np.random.default_rng(0).normal(size=30)
    expected = ttest_1samp(scores, 0).confidence_interval()
    found = clustered_mean(scores, list(range(30)))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.items == 30


def test_rows_that_are_copied_within_their_cluster_add_nothing():
    scores = np.random.default_rng(1).normal(size=20)
    once = clustered_mean(scores, list(range(20)))
    copied = clustered_mean(np.repeat(scores, 5), np.repeat(np.arange(20), 5))
    assert copied[:3] == pytest.approx(once[:3])


def test_names_of_clusters_are_only_names():
    scores = np.array([1.0, 2.0, 4.0, 3.0])
    assert clustered_mean(scores, ["a", "b", "a", "c"]) == clustered_mean(scores, [9, 4, 9, 1])


def test_one_cluster_tells_nothing_of_others():
    found = clustered_mean(np.array([1.0, 2.0]), ["a", "a"])
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_every_score_needs_a_cluster():
    with pytest.raises(ValueError, match="clusters"):
        clustered_mean(np.array([1.0, 2.0]), ["a"])
    with pytest.raises(ValueError, match="clusters"):
        clustered_mean(np.array([]), [])


def test_clustered_scores_are_covered_where_the_plain_interval_fails():
    rng = np.random.default_rng(2)
    runs, covered, plain = 500, 0, 0
    for _ in range(runs):
        sizes = rng.integers(1, 8, 40)
        clusters = np.repeat(np.arange(40), sizes)
        scores = rng.normal(size=40)[clusters] + rng.normal(0, 0.5, clusters.size)
        found = clustered_mean(scores, clusters)
        covered += found.low <= 0 <= found.high
        naive = ttest_1samp(scores, 0).confidence_interval()
        plain += naive.low <= 0 <= naive.high
    assert covered / runs >= 0.92
    assert plain / runs < 0.85
