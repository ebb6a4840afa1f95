import numpy as np
import pytest
from tests.plans.made_runs import grid, made, mixture_pays

from apportion.errors import UserError
from apportion.laws.evidence import evidence_of
from apportion.laws.surface import _Model, surface_posterior
from apportion.laws.surface_kernel import Features, covariances, noise_variance
from apportion.laws.surface_prior import (
    LOWEST_SHARE,
    NO_PRIOR,
    SHIPPED,
    SurfacePrior,
    build_prior,
    logit,
    read_prior,
    shipped_prior,
    surface_of,
)


def runs(budgets=(200, 1000), **given):
    s, p = grid(budgets)
    return made(s, p, mixture_pays(s, p), **given)


def test_conditioning_in_two_steps_is_conditioning_at_once():
    """Oracle: one Gaussian process over published and own cells together."""
    prior, evidence = shipped_prior(), evidence_of(runs())
    at = Features.of([3000.0, 0.0, 500.0], [1000.0, 4000.0, 0.0], LOWEST_SHARE)
    mean, root = _Model(evidence, prior, at).conditional(1.0, 1.0, 1.0)

    columns = [
        np.concatenate([*(getattr(s, n) for s in prior.surfaces), getattr(evidence.surface, n)])
        for n in ("n_demonstrations", "n_pairs", "gain")
    ]
    owner = np.repeat(range(5), [*(len(s.gain) for s in prior.surfaces), len(evidence.gain)])
    seen = Features.of(columns[0], columns[1], LOWEST_SHARE)
    shared, single = covariances(seen, seen, prior.hyper)
    k = shared + (owner[:, None] == owner) * single + np.diag(noise_variance(seen, prior.hyper))
    g, d = covariances(at, seen, prior.hyper)
    cross = g + d * (owner == 4)
    g, d = covariances(at, at, prior.hyper)
    assert np.allclose(mean, cross @ np.linalg.solve(k, columns[2]), atol=1e-6)
    assert np.allclose(root @ root.T, g + d - cross @ np.linalg.solve(k, cross.T), atol=1e-4)


def test_the_same_runs_give_the_same_draws():
    first, second = (surface_posterior(evidence_of(runs()), shipped_prior(), [900], [300]) for _ in range(2))
    assert np.array_equal(first.draws, second.draws)


def test_what_was_measured_is_known_and_what_is_far_is_not():
    near, far = (
        surface_posterior(evidence_of(runs()), shipped_prior(), [n / 2], [n / 2]).draws
        for n in (1000, 100_000)
    )
    assert near.std() < 0.03 < far.std()
    assert near.mean() == pytest.approx(mixture_pays(500, 500), abs=0.03)


def test_no_demonstrations_is_apart_from_few():
    """A demonstration in four thousand labels takes nothing from the pairs, yet it is another case."""
    cells = Features.of([0, 1], [4000, 3999], 1 / 4000)
    own = covariances(cells, cells, shipped_prior().hyper)[1]
    assert own[0, 0] - own[0, 1] > 0.5 * shipped_prior().hyper["own_zero"]
    lingering = Features.of([0, 500, 1000], [4000, 3500, 3000], LOWEST_SHARE)
    assert lingering.zero.tolist() == [1.0, 0.5, 0.0]


def test_more_graded_items_make_a_run_count_for_more():
    few, many = (
        surface_posterior(evidence_of(runs(items=i)), shipped_prior(), [500], [500]).draws.std()
        for i in (50, 5000)
    )
    assert many < few


def test_scatter_is_no_law_and_a_surface_is():
    s, p = grid()
    y = np.random.default_rng(1).uniform(0.2, 0.8, len(s))
    assert surface_posterior(evidence_of(made(s, p, y)), shipped_prior(), [1], [1]).law < 0.9
    assert surface_posterior(evidence_of(runs()), shipped_prior(), [1], [1]).law > 0.9


def test_repeated_runs_become_one_cell():
    s, p = grid()
    twice = made(np.tile(s, 2), np.tile(p, 2), np.concatenate([mixture_pays(s, p), mixture_pays(s, p)]))
    evidence = evidence_of(twice)
    assert len(evidence.gain) == len(s) - 1
    assert (evidence.count == 2).all()


def test_large_tables_are_merged():
    rng = np.random.default_rng(0)
    s, p = rng.integers(1, 10**5, (2, 3000))
    assert len(evidence_of(made(s, p, mixture_pays(s, p))).gain) <= 250


def test_losses_of_any_unit_have_the_same_shape():
    s, p = grid((200, 1000, 4000))
    small, large = (
        surface_posterior(
            evidence_of(made(s, p, unit * (1 - mixture_pays(s, p)), kind="loss")),
            shipped_prior(),
            [9000],
            [9000],
        ).draws
        for unit in (1.0, 50.0)
    )
    assert np.allclose(50 * small, large)


def test_a_prior_is_built_from_surfaces_and_read_again(tmp_path):
    import msgspec

    prior = build_prior([surface_of(runs()), surface_of(runs((300, 2000)))], "made up")
    path = tmp_path / "prior.json"
    path.write_bytes(msgspec.json.encode(prior))
    assert read_prior(path) == prior
    with pytest.raises(ValueError, match="row"):
        surface_of(made([10, 20], [0, 0], [0.1, 0.2]))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"source": "x", "hyper": {}, "surfaces": []}', "nan", "\x00", '{"source": 1}']
)
def test_files_that_are_no_prior_are_refused(tmp_path, text):
    path = tmp_path / "prior.json"
    path.write_text(text)
    with pytest.raises(UserError, match="prior"):
        read_prior(path)


def test_a_prior_with_impossible_numbers_is_refused(tmp_path):
    path = tmp_path / "prior.json"
    path.write_text(SHIPPED.read_text().replace('"noise": ', '"noise": -'))
    with pytest.raises(UserError, match="prior"):
        read_prior(path)


def test_scores_at_the_ends_stay_finite():
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()
    assert isinstance(NO_PRIOR, SurfacePrior)
    s, p = grid()
    for y in (np.zeros(len(s)), np.ones(len(s))):
        found = surface_posterior(evidence_of(made(s, p, y)), NO_PRIOR, [10**6], [0])
        assert np.isfinite(found.draws).all()


def test_the_shipped_prior_says_under_what_licence_its_readings_are():
    assert shipped_prior().licence.startswith("facts")
