"""The figure of users: axes with titles, colours with a meaning, the same bytes every time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from apportion.errors import UserError
from apportion.reports.users_figure import draw_users, users_figure
from apportion.signed.picture import UserMap


@pytest.fixture
def users() -> UserMap:
    draw = np.random.default_rng(1)
    place, ratings = draw.normal(size=(40, 2)), draw.integers(0, 9, 40)
    return UserMap(place, (0.4, 0.2), draw.random(40), ratings, ratings + 3)


def test_trust_is_told_by_a_bar_and_factions_by_marks(users: UserMap) -> None:
    picture = users_figure(users)
    assert len(picture.numbers.rows) == 40
    for words in ("first principal component (40% of the variance)", "second principal component (20%)"):
        assert words in picture.svg
    assert "share of positive ratings got" in picture.svg and "faction" not in picture.svg
    factions = users_figure(replace(users, faction=np.arange(40) % 2)).svg
    assert "faction 1" in factions and "faction 2" in factions and "share of positive" not in factions


def test_a_file_of_either_kind_with_the_same_bytes(users: UserMap, tmp_path: Path) -> None:
    for name in ("a.png", "a.svg"):
        draw_users(users, tmp_path / name)
        first = (tmp_path / name).read_bytes()
        draw_users(users, tmp_path / name)
        assert (tmp_path / name).read_bytes() == first
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="a place that cannot be written"):
        draw_users(users, tmp_path / "file" / "a.png")


def test_users_that_nobody_has_rated(users: UserMap, tmp_path: Path) -> None:
    draw_users(replace(users, ratings=np.zeros(40, dtype=np.int64)), tmp_path / "a.png")
    draw_users(replace(users, trust=np.full(40, 0.9)), tmp_path / "a.png")
