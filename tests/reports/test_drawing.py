from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.reports.drawing import BLUE, ORANGE, apart
from apportion.reports.score_figures import share_colours, share_name

heights = st.lists(st.floats(0, 1, width=32), max_size=8)


@given(heights, st.floats(0.01, 0.2))
def test_labels_are_apart_in_the_order_of_their_lines(given_heights: list[float], gap: float):
    placed = apart(given_heights, gap)
    order = sorted(range(len(placed)), key=lambda i: given_heights[i])
    for below, above in pairwise(order):
        assert placed[above] - placed[below] >= gap - 1e-9
    assert sum(placed) == pytest.approx(sum(given_heights), abs=1e-6)


@given(st.sets(st.integers(1, 8), max_size=5), st.floats(0.01, 0.1))
def test_labels_that_are_apart_stay(places: set[int], gap: float):
    assert apart(list(places), gap) == pytest.approx(list(places))


@pytest.mark.parametrize(
    "between", [(), (0.5,), (0.75, 0.25), (0.75, 0.5, 0.25), (0.75, 0.5, 0.25, 0.1, 0.01)]
)
def test_every_share_has_its_own_colour(between: tuple[float, ...]):
    colours = share_colours([1.0, *between, 0.0])
    assert (colours[1.0], colours[0.0]) == (BLUE, ORANGE)
    assert len(set(colours.values())) == len(between) + 2


def test_shares_are_called_by_what_they_buy():
    names = [share_name(share) for share in (1.0, 0.25, 0.01, 0.0)]
    assert names == ["SFT alone", "25 % SFT", "1 % SFT", "pairs alone"]
