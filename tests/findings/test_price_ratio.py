"""The best split as prices move: found where it moves, and nothing claimed of too few runs."""

from pathlib import Path

import numpy as np
import pytest

from apportion.findings.price_ratio import best_share_moves_with_prices, price_findings
from apportion.laws.runs import Runs
from apportion.laws.surface_prior import NO_PRIOR
from apportion.plans.price_ratio import splits_by_price


def runs(score) -> Runs:
    n, r = (a.ravel() for a in np.meshgrid((200, 800, 3200), (0.0, 0.25, 0.5, 0.75, 1.0), indexing="ij"))
    s = np.append(0, np.round(n * r).astype(int))
    p = np.append(0, n - s[1:])
    unknown = np.full(len(s), -1, np.int64)
    return Runs("m", "t", "score", s, p, score(s, p), np.full(len(s), 5000.0), unknown)


def both_kinds_are_needed(s, p):
    """Either kind alone stops short, so that what gets dearer takes more of the money."""
    return 0.95 - 0.45 * (1 + s / 30) ** -1.0 - 0.4 * (1 + p / 30) ** -1.0


def test_what_cannot_be_replaced_takes_more_of_the_money_as_it_gets_dearer():
    found = best_share_moves_with_prices(runs(both_kinds_are_needed), 800)
    assert found.verdict == "holds"
    low, high = found.numbers["share_of_money_at_0.25"], found.numbers["share_of_money_at_4"]
    assert isinstance(low, list)
    assert isinstance(high, list)
    assert low[0] is not None and high[0] is not None
    assert low[0] > high[0] + 0.1
    assert "demonstrations' worth" in found.sentence
    assert (found.numbers["seeds"], found.numbers["items"], found.numbers["runs"]) == (1, 5000, 16)


def test_the_split_of_equal_prices_never_gains_at_other_prices():
    for split in splits_by_price(runs(both_kinds_are_needed), 1600, prior=NO_PRIOR, draws=50):
        assert (split.lost >= 0).all()
        assert ((split.share_of_money >= 0) & (split.share_of_money <= 1)).all()
        assert split.demonstrations_per_label.shape == (50,)


def test_a_table_of_runs_gives_one_finding_a_task(tmp_path: Path):
    made = runs(both_kinds_are_needed)
    lines = [
        f"{task},{s},{p},{y:.4f}"
        for task in ("one", "two")
        for s, p, y in zip(made.n_demonstrations, made.n_pairs, made.y, strict=True)
    ]
    table = tmp_path / "runs.csv"
    table.write_text(
        "\n".join(["task,n_demonstrations,n_pairs,score", *lines, "three,10,0,0.2", "three,90,0,0.4"])
    )
    found = price_findings(table)
    assert set(found) == {"one", "two"}
    assert found["one"].numbers["budget"] == 3200
    assert found["one"].numbers == found["two"].numbers


@pytest.mark.parametrize("kept", [3, 1])
def test_too_few_runs_decide_nothing(kept):
    full = runs(both_kinds_are_needed)
    few = Runs("m", "t", "score", *(getattr(full, name)[:kept] for name in
               ("n_demonstrations", "n_pairs", "y", "items", "seed")))  # fmt: skip
    assert best_share_moves_with_prices(few, 1600).verdict == "undecided"
