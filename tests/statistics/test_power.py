import numpy as np
import pytest

from apportion.statistics import detectable_difference, items_needed, paired_difference


def test_with_as_many_items_as_needed_four_of_five_studies_see_the_difference():
    rng = np.random.default_rng(0)
    shift, disagree = 0.08, 0.3  # 19 % of items won by the left arm alone, 11 % by the right
    items = items_needed(shift, np.sqrt(disagree - shift**2))
    seen = 0
    for _ in range(500):
        draw = rng.random(items)
        left = ((draw < (disagree + shift) / 2) | (draw > 0.7)).astype(float)
        right = (((draw >= (disagree + shift) / 2) & (draw < disagree)) | (draw > 0.7)).astype(float)
        seen += paired_difference(left[None], right[None], bounded=True).low > 0
    assert 0.74 < seen / 500 < 0.86


def test_half_the_difference_needs_four_times_the_items():
    assert items_needed(0.02, 0.5) == pytest.approx(4 * items_needed(0.04, 0.5), rel=0.01)


def test_no_difference_needs_no_end_of_items():
    with pytest.raises(ValueError, match="difference of 0"):
        items_needed(0.0, 0.5)


def test_a_negative_deviation_is_refused():
    with pytest.raises(ValueError, match="standard deviation"):
        items_needed(0.1, -0.5)
    with pytest.raises(ValueError, match="standard deviation"):
        detectable_difference(100, -0.5)
    with pytest.raises(ValueError, match="standard deviation"):
        detectable_difference(100, 0.5, sd_between_seeds=-0.1)
