"""Items, draws of the data and training are told apart where runs repeat, and count in the weights of a fit."""

import dataclasses

import numpy as np
import pytest

from apportion.laws import Runs, fit_curves, read_runs, variances, weak_prior
from apportion.laws.families import link, unlink
from apportion.laws.variances import shared_draw_variance

CELLS, DRAWS, SEEDS = 40, 4, 3


def repeated(training=0.05, draw=0.15, items=np.nan, rng=None, cells=CELLS, draws=DRAWS, seeds=SEEDS):
    """Runs of a law in z with both kinds of scatter; cells x draws x seeds rows."""
    rng = np.random.default_rng(0) if rng is None else rng
    size = np.repeat(100 * (1 + np.arange(cells)), draws * seeds)
    subset = np.tile(np.repeat(np.arange(draws), seeds), cells)
    of_draw = np.repeat(draw * rng.standard_normal(cells * draws), seeds)
    z = -1 + 0.3 * np.log(size / 100) + of_draw + training * rng.standard_normal(len(size))
    y = unlink(z, "score")
    known = np.full(len(size), float(items))
    if np.isfinite(items):
        y = rng.binomial(int(items), y) / items
    seed = np.tile(np.arange(seeds), cells * draws)
    return Runs(None, None, "score", size, 0 * size, y, known, seed, subset)


def test_draws_and_training_are_told_apart():
    found = variances(repeated())
    assert found.training == pytest.approx(0.05**2, rel=0.2)
    assert found.draw == pytest.approx(0.15**2, rel=0.3)
    assert found.together == pytest.approx(found.training + found.draw)
    assert "seeds within draws" in found.how


def test_the_items_part_is_taken_off():
    found = variances(repeated(items=1000))
    assert found.items == pytest.approx(1 / (1000 * 0.25), rel=0.25)
    assert found.training == pytest.approx(0.05**2, abs=0.001)


def test_without_names_of_draws_only_the_sum_is_told():
    runs = repeated(seeds=1)
    unnamed = dataclasses.replace(runs, data_seed=None)
    for some in (runs, unnamed):
        found = variances(some)
        assert (found.training, found.draw) == (None, None)
        assert found.together == pytest.approx(0.05**2 + 0.15**2, rel=0.3)
    assert "no data_seed" in variances(unnamed).how
    assert "once" in variances(runs).how


def test_one_draw_a_cell_tells_training_alone():
    found = variances(repeated(draws=1))
    assert found.training == pytest.approx(0.05**2, rel=0.3)
    assert (found.draw, found.together, found.freedom) == (None, None, 0)


def test_nothing_repeats_and_nothing_is_told():
    found = variances(repeated(draws=1, seeds=1))
    assert (found.items, found.training, found.draw, found.together) == (None, None, None, None)


def test_runs_on_a_shared_draw_count_as_one_draw():
    runs = repeated(seeds=4)
    found = variances(runs)
    assert found.draw is not None
    assert shared_draw_variance(runs, found) == pytest.approx(np.full(len(runs.y), 3 * found.draw))


def test_repeated_runs_set_the_weights_of_a_fit():
    """Ten seeds a cell that scatter widely leave a wider interval than ten that agree, though their means are equal."""
    rng = np.random.default_rng(1)
    size = np.repeat([100, 200, 400, 800, 1600], 10)
    off = np.tile(rng.standard_normal(10), 5)
    widths = []
    for scatter in (0.01, 0.6):
        z = -1 + 0.3 * np.log(size / 100) + scatter * (off - off.mean())
        runs = Runs(
            None,
            None,
            "score",
            size,
            0 * size,
            unlink(z, "score"),
            np.full(50, np.nan),
            np.tile(np.arange(10), 5),
        )
        (p,) = fit_curves([runs], prior=weak_prior())[0].predictions
        widths.append(link(np.array([p.high]), "score") - link(np.array([p.low]), "score"))
    assert widths[1] > 1.5 * widths[0]


def test_a_table_names_the_draw_and_a_study_file_tells_whose_seed_it_is(tmp_path):
    (tmp_path / "t.csv").write_text("n_sft,score,seed,draw\n100,.1,0,5\n100,.1,0,6\n200,.2,0,5\n")
    (runs,), warnings = read_runs(tmp_path / "t.csv")
    assert runs.data_seed is not None
    assert runs.data_seed.tolist() == [5, 6, 5]
    assert not warnings
