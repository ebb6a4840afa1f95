import numpy as np
import pytest
from scipy.optimize import least_squares
from tests.plans.made_runs import grid, made

from apportion.laws.joint import _at_bound, fit_family, fit_joint, perturbed, refit
from apportion.laws.joint_families import JOINT_FAMILIES
from apportion.laws.joint_problem import MOST, latent, problem_of, residuals
from apportion.laws.solver import HUBER

FAMILIES = list(JOINT_FAMILIES)
BUDGETS = (100, 200, 500, 1000, 2000, 5000, 8000, 10000, 15000, 20000, 30000, 40000)
TRUE = {
    "additive": [0.2, 0.3, 150, 0.5, 0.2, 400, 0.4, 0.03],
    "multiplicative": [0.2, 0.5, 150, 0.5, 400, 0.4, 0.03],
    "gated": [0.2, 0.5, 150, 0.4, 400, 0.5, 0.3, 200, 0.03],
}


def latent_x(name):
    """The parameters as the solver has them: logarithms, a logit for the gate, the cold level plain."""
    values = dict(zip(JOINT_FAMILIES[name].parameters, TRUE[name], strict=True))
    change = {"cold": lambda v: v, "g": lambda v: np.log(v / (1 - v))}
    return np.array([change.get(k, np.log)(v) for k, v in values.items()])


def cells():
    s, p = grid(BUDGETS)
    return s.astype(float), p.astype(float)


def made_errors(name, noise, seed=0):
    s, p = cells()
    e = JOINT_FAMILIES[name].curve(latent_x(name)[None], s, p)[0][0]
    z = np.log(e / (1 - e)) + noise * np.random.default_rng(seed).standard_normal(len(e))
    return s, p, 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_derivatives_are_those_of_the_curve(name):
    s, p = cells()
    x, step = latent_x(name), 1e-6 * np.eye(len(TRUE[name]))
    curve = JOINT_FAMILIES[name].curve
    slope = curve(x[None], s, p)[1][0]
    numeric = np.stack(
        [(curve((x + d)[None], s, p)[0] - curve((x - d)[None], s, p)[0])[0] / 2e-6 for d in step], 1
    )
    assert np.allclose(slope, numeric, atol=1e-7)


@pytest.mark.parametrize("name", FAMILIES)
def test_known_parameters_are_recovered(name):
    s, p, e = made_errors(name, 0.003)
    fit = fit_joint(made(s, p, 1 - e), families=(name,), draws=50)
    assert fit.status == "converged"
    assert fit.parameters["E"] == pytest.approx(0.2, abs=0.05)
    assert fit.parameters["cold"] == pytest.approx(0.03, abs=0.02)
    exponent = dict(zip(JOINT_FAMILIES[name].parameters, TRUE[name], strict=True))["a"]
    assert fit.parameters["a"] == pytest.approx(exponent, rel=0.4)


@pytest.mark.parametrize("name", FAMILIES)
def test_all_draws_at_once_are_as_good_as_scipys_one_by_one(name):
    family = JOINT_FAMILIES[name]
    s, p, e = made_errors(name, 0.05)
    z = np.log(e / (1 - e))
    law = fit_family(family, s, p, z, np.zeros(len(z)), draws=20)
    sigma = np.full(len(z), law.sigma)
    together = refit(family, law.x, s, p, z, sigma, draws=20)
    target, centre = perturbed(family, z, sigma, 20)
    problem = problem_of(family, s, p, target, sigma, centre, False)

    def cost(x, i):
        r = residuals(problem, x, i)[0]
        size = np.abs(r[: len(z)])
        huber = np.where(size > HUBER, HUBER * size - HUBER**2 / 2, size**2 / 2)
        return huber.sum() + (r[len(z) :] ** 2).sum() / 2

    gaps = []
    for i in range(20):
        one = least_squares(
            lambda x, i=i: residuals(problem, x, i)[0],
            law.x,
            loss="huber",
            f_scale=HUBER,
        )
        gaps.append(together.cost[i] - cost(one.x, i))
    assert np.median(gaps) < 0.01
    assert np.mean(np.array(gaps) < 0.2) >= 0.9


def test_the_level_without_demonstrations_moves_no_other():
    s, p, e = made_errors("multiplicative", 0.003)
    cold = (s == 0) & (p > 0)
    for shift in (-0.05, 0.1):
        fit = fit_joint(made(s, p, 1 - np.where(cold, e + shift, e)), families=("multiplicative",), draws=50)
        assert fit.parameters["cold"] == pytest.approx(0.03 + shift, abs=0.02)
        assert fit.predict(5000, 5000).mean == pytest.approx(1 - e[(s == 5000) & (p == 5000)][0], abs=0.02)


def test_intervals_hold_the_truth_four_sizes_on():
    hits, total = 0, 0
    curve = JOINT_FAMILIES["multiplicative"].curve
    for seed in range(24):
        rng = np.random.default_rng(seed)
        family = JOINT_FAMILIES["multiplicative"]
        x = np.array(family.centre) + 0.5 * np.array(family.spread) * rng.standard_normal(len(family.centre))
        x[:2] = np.minimum(x[:2], np.log(0.48))
        x[-1] = abs(x[-1]) / 5
        s, p = (v.astype(float) for v in grid((100, 500, 1000, 2000, 5000)))
        e = curve(x[None], s, p)[0][0]
        z = np.log(e / (1 - e)) + 0.06 * rng.standard_normal(len(e))
        fit = fit_joint(made(s, p, 1 / (1 + np.exp(z))), families=("multiplicative",), draws=200)
        for share in (0.25, 0.5, 1.0):
            truth = 1 - curve(x[None], np.array([20000 * share]), np.array([20000 * (1 - share)]))[0][0, 0]
            found = fit.predict(20000 * share, 20000 * (1 - share))
            hits += found.low <= truth <= found.high
            total += 1
    assert 0.88 <= hits / total <= 1.0


def test_noise_and_few_points_make_no_law():
    s, p = grid()
    for seed in range(3):
        y = np.random.default_rng(seed).uniform(0.3, 0.7, len(s))
        assert fit_joint(made(s, p, y), draws=50).status == "no-law"
    few = fit_joint(made([0, 100, 50], [0, 0, 50], [0.2, 0.4, 0.5]), draws=50)
    assert few.status == "underdetermined"
    low, high = few.predict(1000, 1000)[1:]
    assert high - low > 0.3


@pytest.mark.parametrize("kind", ["score", "loss"])
@pytest.mark.parametrize("level", [0.0, 1.0, 0.5])
def test_any_numbers_give_a_finite_prediction(kind, level):
    s, p = grid()
    found = fit_joint(made(s, p, np.full(len(s), level), kind=kind), draws=30).predict(10**9, 0)
    assert np.isfinite(found).all()
    assert found.low <= found.mean <= found.high


def test_a_loss_is_fitted_in_its_own_units():
    s, p, e = made_errors("multiplicative", 0.003)
    fit = fit_joint(made(s, p, 40 * e, kind="loss"), draws=100)
    assert fit.predict(5000, 5000).mean == pytest.approx(40 * e[(s == 5000) & (p == 5000)][0], rel=0.05)


def test_runs_at_the_end_of_the_scale_are_no_bound():
    """An untrained model that scores 0 is no fault of the law; a law at 0 where runs are not is at its bound."""
    z = np.array([0.0, 2.0])
    ends = np.array([MOST, 0.5])
    assert not _at_bound(ends, latent(np.array([1.0, 0.5]), False), False)
    assert _at_bound(ends, z, False)
    assert not _at_bound(ends, z, True)


@pytest.mark.parametrize("kind", ["score", "loss"])
def test_noise_over_many_cells_is_no_confident_law(kind):
    s, p = grid((100, 200, 500, 1000, 2000))
    rng = np.random.default_rng(11)
    for _ in range(12):
        y = np.clip(0.5 + 0.05 * rng.standard_normal(len(s)), 0.01, 0.99)
        assert fit_joint(made(s, p, y, kind=kind), draws=20).status in ("no-law", "underdetermined")
