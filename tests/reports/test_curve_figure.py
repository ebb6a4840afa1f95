"""The figure of learning curves: one line for demonstrations alone, one a split where there are pairs."""

from pathlib import Path

import numpy as np

from apportion.laws.prior import weak_prior
from apportion.laws.runs import Runs
from apportion.reports.curve_figure import MOST_SHARES, draw_curves


def made(demonstrations: list[int], pairs: list[int], task: str) -> Runs:
    s, p = np.array(demonstrations), np.array(pairs)
    y = 0.8 - 0.6 / (1 + s + p / 2.0) ** 0.2
    return Runs("m", task, "score", s, p, y, np.full(len(s), 500), np.arange(len(s)))


def test_runs_with_pairs_are_a_line_a_split(tmp_path: Path) -> None:
    sizes = [100, 400, 1600]
    shares = [0, 10, 25, 50, 75, 100]
    split = [(n * q // 100, n - n * q // 100) for n in sizes for q in shares]
    joint = made([0, *(s for s, _ in split)], [0, *(p for _, p in split)], "joint")
    alone = made(sizes, [0] * 3, "alone")
    draw_curves([alone, joint], weak_prior(), tmp_path / "curves.svg")
    picture = (tmp_path / "curves.svg").read_text()
    named = [q for q in shares if f"<!-- {q} % demonstrations -->" in picture]
    assert len(named) == MOST_SHARES
    assert "<!-- demonstrations and pairs -->" in picture and "<!-- m / alone -->" in picture
