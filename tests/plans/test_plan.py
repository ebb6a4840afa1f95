import dataclasses

import numpy as np
import pytest
from tests.plans.made_runs import grid, made, mixture_pays

from apportion.errors import UserError
from apportion.laws.runs import read_runs
from apportion.laws.surface_prior import NO_PRIOR, build_prior, shipped_prior, surface_of, without_own
from apportion.plans import STOP, Limits, Price, Prices, expected_surface, plan
from apportion.plans.footing import footing_of
from apportion.plans.next_experiment import next_experiments

EVEN = Prices(Price(1, 1), Price(1, 1))


def some_runs(budgets=(100, 500, 1000), noise=0.01, **labels):
    s, p = grid(budgets)
    y = mixture_pays(s, p) + noise * np.random.default_rng(0).standard_normal(len(s))
    return made(s, p, np.clip(y, 0, 1), **labels)


def test_a_plan_spends_the_budget_on_whole_labels():
    found = plan(some_runs(), 5000, Prices(Price(2, 2), Price(0.3, 0.3)))
    assert isinstance(found.n_demonstrations, int) and isinstance(found.n_pairs, int)
    assert 5000 - 2.3 <= found.cost_usd <= 5000
    assert found.cost_usd == pytest.approx(2 * found.n_demonstrations + 0.3 * found.n_pairs)
    assert found.region[0] <= found.sft_share <= found.region[1]
    assert 0 <= found.low <= found.expected_score <= found.high <= 1
    assert found.regret >= 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.regret = 0.0  # type: ignore[misc]


def test_names_are_labels_only():
    plans = [
        plan(some_runs(model=m, task=t), 5000, EVEN) for m, t in [("m", "t"), ("math", "math"), (None, None)]
    ]
    assert plans[0] == plans[1] == plans[2]


def test_the_order_of_runs_changes_no_number():
    runs = some_runs()
    turned = {
        name: getattr(runs, name)[::-1].copy()
        for name in ("n_demonstrations", "n_pairs", "y", "items", "seed")
    }
    assert plan(dataclasses.replace(runs, **turned), 5000, EVEN).sft_share == plan(runs, 5000, EVEN).sft_share


def test_with_enough_runs_the_plan_is_decided_and_good():
    s, p = grid((250, 1000, 4000, 8000))
    found = plan(some_runs((250, 1000, 4000, 8000)), 16000, EVEN)
    shares = np.linspace(0, 1, 101)
    best = mixture_pays(16000 * shares, 16000 * (1 - shares)).max()
    assert found.status == "decided"
    assert best - mixture_pays(found.n_demonstrations, found.n_pairs) < 0.02
    assert len(s) == len(p)


@pytest.mark.parametrize("seed", range(8))
def test_noise_decides_nothing(seed):
    s, p = grid()
    found = plan(made(s, p, np.random.default_rng(seed).uniform(0.2, 0.8, len(s))), 5000, EVEN)
    alone = plan(made([0, 1], [0, 1], [0.3, 0.3]), 5000, EVEN)
    assert found.status == "undecided"
    assert found.region[1] - found.region[0] > 0.4
    assert 0.2 < alone.sft_share < 0.8


def test_noise_is_called_scatter():
    s, p = grid()
    reasons = [
        plan(made(s, p, np.random.default_rng(seed).uniform(0.2, 0.8, len(s))), 5000, EVEN).reason
        for seed in range(8)
    ]
    assert sum("scatter" in reason for reason in reasons) >= 6


def test_few_runs_give_the_priors_split_and_say_so():
    found = plan(made([0, 100, 50], [0, 0, 50], [0.2, 0.4, 0.35]), 5000, EVEN)
    assert found.status == "undecided"
    assert "too few" in found.reason
    assert found.sft_share == plan(made([0, 90], [0, 10], [0.2, 0.9]), 5000, EVEN).sft_share


def test_runs_of_one_share_decide_nothing():
    n = np.array([0, 100, 300, 1000, 3000, 10000])
    found = plan(made(n, 0 * n, mixture_pays(n, 0 * n)), 5000, EVEN)
    assert found.status == "undecided"
    assert "one share" in found.reason


def test_runs_that_decide_no_split_still_tell_what_to_expect():
    n = np.array([0, 100, 300, 1000, 3000, 10000])
    y = np.array([0.10, 0.30, 0.45, 0.62, 0.74, 0.82])
    found = plan(made(n, 0 * n, y), 3000, EVEN, limits=Limits(most_pairs=0))
    assert found.expected_score == pytest.approx(0.74, abs=0.02)
    assert found.high - found.low < 0.2
    both = plan(made(n, 0 * n, y), 4000, EVEN)
    assert both.line.mean[-1] == pytest.approx(0.76, abs=0.02)
    bare = plan(made([0], [0], [0.1]), 4000, EVEN)
    assert (both.sft_share, both.region, both.sure) == (bare.sft_share, bare.region, bare.sure)


def test_after_one_share_another_is_measured():
    n = np.array([0, 100, 300, 1000, 3000])
    found = plan(made(n, 0 * n, [0.10, 0.30, 0.45, 0.62, 0.74]), 4000, EVEN)
    assert found.next
    assert all(cell.n_pairs > 0.05 * cell.n_demonstrations for cell in found.next)


def test_scatter_about_one_level_promises_that_level():
    s = np.array([0, 100, 0, 50, 400, 0, 200, 1600, 0, 800])
    p = np.array([0, 0, 100, 50, 0, 400, 200, 0, 1600, 800])
    y = np.array([0.50, 0.51, 0.49, 0.50, 0.49, 0.51, 0.50, 0.50, 0.49, 0.51])
    found = plan(made(s, p, y, items=1000), 1600, EVEN)
    assert "scatter" in found.reason
    assert found.expected_score == pytest.approx(0.5, abs=0.01)
    assert 0.45 < found.low < found.high < 0.55
    assert found.region[1] - found.region[0] > 0.4
    assert (found.next, found.advice) == ((), "stop: neither more labels nor another run is expected to help")


@pytest.mark.parametrize("run_usd", [0.0, 50.0])
def test_without_the_untrained_model_an_undecided_plan_does_not_say_stop(run_usd):
    found = plan(made([100, 200], [0, 0], [0.3, 0.35]), 400, EVEN, run_usd=run_usd)
    assert found.status == "undecided"
    assert found.next or "untrained model" in found.advice
    assert found.advice != STOP


def noisy_losses(count):
    s, p = grid((100, 400, 1600), (0.0, 0.5, 1.0))
    rng = np.random.default_rng(5)
    return [made(s, p, 2 * np.exp(0.003 * rng.standard_normal(len(s))), kind="loss") for _ in range(count)]


def test_losses_of_pure_noise_do_not_decide_against_demonstrations():
    plans = [plan(runs, 5000, EVEN) for runs in noisy_losses(12)]
    assert sum(found.status == "decided" for found in plans) <= 1
    assert not any(found.status == "decided" and found.sft_share == 0 for found in plans)


def test_no_demonstrations_is_a_case_of_its_own():
    s, p = grid((500, 2000, 8000))
    cold = (s == 0) & (p > 0)
    y = np.where(cold, 0.2, mixture_pays(s, p))
    warm = np.where(cold, 0.95, mixture_pays(s, p))
    failed, helped = plan(made(s, p, y), 8000, EVEN), plan(made(s, p, warm), 8000, EVEN)
    assert failed.n_demonstrations > 0
    assert failed.line.mean[0] < 0.35
    assert helped.n_demonstrations == 0
    assert any("cold start" in w for w in helped.warnings)
    # what the other shares promise hardly hangs on the level without demonstrations
    assert abs(failed.line.mean[-1] - helped.line.mean[-1]) < 0.05


def test_a_loss_is_planned_downwards():
    s, p = grid((250, 1000, 4000, 8000))
    found = plan(made(s, p, 3 * (1 - mixture_pays(s, p)), kind="loss"), 8000, EVEN)
    assert found.kind == "loss"
    least = (3 * (1 - mixture_pays(s, p))).min()
    assert found.low < least * 1.3
    assert 0.1 < found.sft_share < 0.9
    assert found.expected_score == pytest.approx(min(found.line.mean), rel=0.05)


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_a_unit_of_loss_does_not_matter(unit):
    s, p = grid((250, 1000, 4000))
    y = 3 * (1 - mixture_pays(s, p))
    plain, other = (plan(made(s, p, k * y, kind="loss"), 8000, EVEN) for k in (1.0, unit))
    assert other.sft_share == plain.sft_share
    assert other.expected_score == pytest.approx(unit * plain.expected_score, rel=1e-6)


def test_dear_demonstrations_are_bought_less():
    shares = [
        plan(some_runs(), 5000, Prices(Price(c, c), Price(1, 1))).n_demonstrations for c in (0.2, 1, 20)
    ]
    assert shares[0] > shares[1] > shares[2]


def test_a_price_interval_is_averaged_over():
    narrow = plan(some_runs(), 5000, Prices(Price(1, 1), Price(1, 1)))
    wide = plan(some_runs(), 5000, Prices(Price(1, 1), Price(0.25, 4)))
    assert wide.cost_usd == pytest.approx(5000, abs=2)
    assert wide.regret >= 0 and narrow.regret >= 0
    assert wide.n_pairs + wide.n_demonstrations == pytest.approx(5000, abs=2)  # bought at the middle price


def test_mean_and_interval_are_of_the_same_prices():
    """Prices far apart, so that the ends' scores differ: both are over them, not at the middle alone."""
    wide = plan(some_runs(), 1000, Prices(Price(1, 1), Price(0.05, 20)))
    narrow = plan(some_runs(), 1000, Prices(Price(1, 1), Price(1, 1)))
    assert wide.expected_score < narrow.expected_score
    assert wide.low < narrow.low and wide.high - wide.low > narrow.high - narrow.low
    low, high = wide.cost_range_usd
    assert low == pytest.approx(wide.n_demonstrations + 0.05 * wide.n_pairs)
    assert high == pytest.approx(wide.n_demonstrations + 20 * wide.n_pairs)
    assert low < wide.cost_usd <= 1000.001 < high
    assert narrow.cost_range_usd == pytest.approx((narrow.cost_usd,) * 2)


def test_a_budget_of_one_label_buys_it():
    found = plan(some_runs(), 1, EVEN)
    assert found.n_demonstrations + found.n_pairs == 1
    assert found.cost_usd == 1


@pytest.mark.parametrize("kind", ["demonstrations", "pairs"])
def test_a_kind_that_cannot_be_had_is_not_advised(kind):
    found = plan(some_runs(), 5000, EVEN, limits=Limits(**{f"most_{kind}": 0}))
    other = {"demonstrations": "pairs", "pairs": "demonstrations"}[kind]
    assert (getattr(found, f"n_{kind}"), getattr(found, f"n_{other}")) == (0, 5000)
    assert found.region == (found.sft_share,) * 2
    assert found.price_changes == ()
    assert all(getattr(cell, f"n_{kind}") == 0 for cell in found.next)


def test_no_kind_to_be_had_is_refused():
    with pytest.raises(UserError, match="no demonstrations and no pairs"):
        plan(some_runs(), 5000, EVEN, limits=Limits(most_demonstrations=0, most_pairs=0))


def test_no_price_as_it_is_changes_the_plan():
    for budget in (1, 3, 10, 5000):
        assert all(change.pair_price_factor != 1 for change in plan(some_runs(), budget, EVEN).price_changes)


def test_what_the_budget_does_not_pay_for_is_not_measured():
    cells = [(100, 100, 200.0), (10, 10, 20.0)]
    found = next_experiments(cells, np.array([0.3, 0.2]), np.zeros(2), 900.0, 0.0, 1000.0)
    assert [(cell.n_pairs, cell.cost_usd) for cell in found] == [(10, 920.0)]
    assert found[0].worth_usd == 1000.0


def test_limits_hold():
    found = plan(some_runs(), 5000, EVEN, limits=Limits(most_demonstrations=700, most_pairs=900))
    assert found.n_demonstrations <= 700 and found.n_pairs <= 900
    found = plan(some_runs(), 5000, EVEN, limits=Limits(least_demonstrations=4000))
    assert found.n_demonstrations >= 4000 and found.cost_usd <= 5000
    with pytest.raises(UserError, match="minimums"):
        plan(some_runs(), 5000, EVEN, limits=Limits(least_demonstrations=6000))


@pytest.mark.parametrize("budget", [0, -1, 0.5, float("nan"), float("inf"), 1e20])
def test_budgets_that_buy_nothing_are_refused(budget):
    with pytest.raises(UserError, match="budget"):
        plan(some_runs(), budget, EVEN)


def test_an_epsilon_out_of_range_is_refused():
    with pytest.raises(UserError, match="epsilon"):
        plan(some_runs(), 100, EVEN, epsilon=0)


def test_a_wider_epsilon_widens_the_region():
    """Of decided plans: an undecided one's region spans all that may be near-optimal."""
    plans = [plan(some_runs((250, 1000, 4000)), 5000, EVEN, epsilon=e) for e in (0.05, 0.1, 0.2)]
    widths = [p.region[1] - p.region[0] for p in plans]
    assert {p.status for p in plans} == {"decided"}
    assert widths[0] < widths[1] < widths[2]


def test_what_the_purchase_uses_anyway_costs_nothing_to_measure():
    """Undecided after a dozen noisy cells: a cell is worth its run; an eighth of the money is not lost by it."""
    s, p = grid((100, 500))
    y = np.clip(mixture_pays(s, p) + 0.05 * np.random.default_rng(3).standard_normal(len(s)), 0, 1)
    found = plan(made(s, p, y), 8000, EVEN)
    assert found.status == "undecided"
    assert found.next
    for cell in found.next:
        assert cell.cost_usd == pytest.approx(cell.n_demonstrations + cell.n_pairs)
        assert 0 <= cell.net_cost_usd < 0.5 * cell.cost_usd
        assert cell.worth_usd > cell.net_cost_usd
        assert cell.regret_reduction <= found.regret + 1e-9
    dear = plan(made(s, p, y), 8000, EVEN, run_usd=1e7)
    assert (dear.next, dear.advice) == ((), STOP)


def test_when_all_is_known_labels_are_worth_more_than_measuring():
    """Cells of every share at and around the budget, with little noise: nothing is left to learn."""
    shares = (0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 1.0)
    s, p = grid((1000, 2000, 4000, 8000, 16000), shares)
    y = mixture_pays(s, p) + 0.001 * np.random.default_rng(0).standard_normal(len(s))
    found = plan(made(s, p, y), 8000, EVEN)
    assert found.status == "decided"
    assert (found.next, found.advice) == ((), STOP)


@pytest.mark.parametrize("usd", [-1.0, float("nan"), float("inf")])
def test_a_price_of_a_run_that_is_none_is_refused(usd):
    with pytest.raises(UserError, match="price of a run"):
        plan(some_runs(), 5000, EVEN, run_usd=usd)


def test_the_surface_is_what_the_line_runs_along():
    runs = some_runs()
    found = plan(runs, 4000, EVEN)
    at = [i for i, r in enumerate(found.line.share) if r in (0.25, 0.5, 0.75, 1.0)]
    shares = np.array([found.line.share[i] for i in at])
    expected = expected_surface(runs, 4000 * shares, 4000 * (1 - shares))
    assert expected == pytest.approx([found.line.mean[i] for i in at], abs=0.03)


def test_the_prior_can_be_none():
    found = plan(some_runs(), 5000, EVEN, prior=NO_PRIOR)
    assert found.region[0] <= found.sft_share <= found.region[1]


def test_a_published_surface_is_not_its_own_prior():
    prior = shipped_prior()
    for i, surface in enumerate(prior.surfaces):
        kept, excluded = without_own(prior, surface)
        assert excluded
        assert kept.surfaces == prior.surfaces[:i] + prior.surfaces[i + 1 :]
    assert not without_own(prior, surface_of(some_runs()))[1]


def test_a_published_surface_is_known_without_its_untrained_model(data_folder):
    runs, _ = read_runs(data_folder / "curves" / "balancing_budget_llama.csv")
    for r in runs:
        trained = r.n_demonstrations + r.n_pairs > 0
        names = ("n_demonstrations", "n_pairs", "y", "items", "seed", "data_seed")
        found = footing_of(dataclasses.replace(r, **{name: getattr(r, name)[trained] for name in names}))
        assert found.is_of_prior
        assert len(found.prior.surfaces) == len(shipped_prior().surfaces) - 1
    own = surface_of(some_runs())
    assert not without_own(shipped_prior(), own, base_known=False)[1]


def test_the_prior_is_rebuilt_from_its_source(data_folder):
    from apportion.laws.runs import read_runs

    runs, _ = read_runs(data_folder / "curves" / "balancing_budget_llama.csv")
    built = build_prior([surface_of(r) for r in runs])
    assert built.surfaces == shipped_prior().surfaces
    for name, value in shipped_prior().hyper.items():
        assert built.hyper[name] == pytest.approx(value, rel=0.05), name


@pytest.mark.parametrize(
    ("limits", "bought"),
    [
        (Limits(most_pairs=100), (4900, 100)),
        (Limits(most_demonstrations=50), (50, 4950)),
        (Limits(least_pairs=4500, most_demonstrations=50), (50, 4950)),
        (Limits(most_pairs=0), (5000, 0)),
        (Limits(most_demonstrations=0), (0, 5000)),
    ],
)
def test_what_a_maximum_leaves_goes_to_the_other_kind(limits, bought):
    found = plan(some_runs(), 5000, EVEN, limits=limits)
    assert (found.n_demonstrations, found.n_pairs) == bought
    assert found.sft_share == pytest.approx(bought[0] / 5000)
    assert found.region[0] <= found.sft_share <= found.region[1]
    assert list(found.line.share) == sorted(set(found.line.share))
    at = found.line.share.index(found.sft_share)
    assert found.line.mean[at] == pytest.approx(found.expected_score)


def test_far_beyond_the_largest_run_more_money_does_not_foretell_less():
    runs = some_runs((250, 1000, 4000))
    plans = [plan(runs, budget, EVEN) for budget in (4000, 16_000, 64_000)]
    scores = [found.expected_score for found in plans]
    assert np.diff(scores).min() > -0.002  # purchases in between are not held against
    assert min(plans[-1].marginal_demonstrations, plans[-1].marginal_pairs) >= 0
