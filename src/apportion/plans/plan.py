"""A plan: how much of a budget goes to demonstrations, what to expect of it, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from apportion.errors import UserError
from apportion.identity import generator
from apportion.laws.runs import Kind, Runs
from apportion.laws.surface import SurfacePosterior, surface_posterior
from apportion.laws.surface_kernel import Floats
from apportion.laws.surface_prior import SurfacePrior
from apportion.plans.budget_line import (
    Limits,
    check_budget,
    counts_at,
    near_optimal,
    share_grid,
    share_of_money,
    straight_below,
)
from apportion.plans.footing import DRAWS, ONE_SHARE, Footing, footing_of, share_of_labels
from apportion.plans.next_experiment import (
    LEAST_GAIN,
    Experiment,
    by_chance,
    candidate_cells,
    knowledge_gradient,
    next_experiments,
    wasted_usd,
)
from apportion.plans.prices import LARGEST_USD, Prices, price_of

Status = Literal["decided", "undecided"]
STOP = "stop: buying labels is worth more than measuring"
CHOICE_EPSILON = 0.05
SURE = 0.8
LEAST_SHARE_STEP = 0.05
"""By how much the share of labels of a cell has to differ from that of all others to be another mixture."""
FEWER = np.array([(r * 2**k, (1 - r) * 2**k) for k in range(9) for r in np.linspace(0, 1, 11)])
"""Purchases, in sizes of the largest run, that one beyond it is held against: (demonstrations, pairs)."""
RATIOS = 2.0 ** np.linspace(-4, 4, 17)


@dataclass(frozen=True, slots=True)
class PriceChange:
    """With pairs `pair_price_factor` times as dear, the planned share is no longer near-optimal; `sft_share` is."""

    pair_price_factor: float
    sft_share: float


@dataclass(frozen=True, slots=True)
class Line:
    """The expected score (or loss) along the budget line, arrays of shape (R,): mean and 95 % interval."""

    share: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to buy. Scores are losses where `kind` is "loss".

    `sft_share` is the share of the money for demonstrations. Labels are counted, and `cost_usd` is paid, at the
    middle of the prices; `cost_range_usd` is what the same labels cost at the lowest and at the highest prices.
    `expected_score` is the mean over the prices' ends and middle, `low` and `high` hold with 95 % the score of one
    such run at one of these prices. `region` spans the shares whose expected score is within epsilon of the best;
    for an undecided plan, those that may be, with at least 10 %. `sure` is the probability that the plan's share is
    within epsilon of the best, `regret` the expected loss of score against the best share.
    Where the split is the prior's, `region` and `sure` are too; all scores, `regret` and `next` are given the runs.
    `marginal_*` are score points for the next USD of either kind, spent on top.
    """

    status: Status
    reason: str
    kind: Kind
    n_demonstrations: int
    n_pairs: int
    sft_share: float
    cost_usd: float
    cost_range_usd: tuple[float, float]
    expected_score: float
    low: float
    high: float
    region: tuple[float, float]
    epsilon: float
    sure: float
    regret: float
    marginal_demonstrations: float
    marginal_pairs: float
    price_changes: tuple[PriceChange, ...]
    next: tuple[Experiment, ...]
    advice: str
    warnings: tuple[str, ...]
    line: Line


def plan(
    outcomes: Runs,
    budget_usd: float,
    prices: Prices | tuple[float | tuple[float, float], float | tuple[float, float]],
    *,
    epsilon: float = 0.05,
    prior: SurfacePrior | None = None,
    limits: Limits | None = None,
    run_usd: float = 0.0,
    draws: int = DRAWS,
) -> Plan:
    """Return how to split a budget, given the runs measured so far.

    The share is the middle of the shares whose expected score, under the posterior of `laws.surface`, is within
    5 % of the best (after Wang et al. 2026: the single best ratio is ill-conditioned, the middle of the region
    carries over), or 0 where no demonstrations at all are best. `prior` None is the shipped one. `prices` are
    USD for a demonstration and for a pair; an interval is averaged over its ends and middle, at which a share of
    the money buys different numbers of labels. Where the runs are too few,
    or no surface explains them better than scatter about one level, the split and its region are the prior's, and the
    expected scores, the regret and `next` follow from the runs all the same (`footing.Footing.expected`). `run_usd` is
    the price of training and grading one cell, which decides together with wasted labels what is worth measuring
    (`next_experiment`). Raises UserError for what cannot be planned.

    >>> from apportion.laws.runs import read_runs
    >>> runs, _ = read_runs(Path("runs.csv"))  # doctest: +SKIP
    >>> plan(runs[0], 1000, (2.0, (0.5, 1.5))).n_demonstrations  # doctest: +SKIP
    """
    limits = limits or Limits()
    if isinstance(prices, tuple):
        prices = Prices(
            price_of(prices[0], "the price of a demonstration"), price_of(prices[1], "the price of a pair")
        )
    check_budget(budget_usd, prices.demonstration, prices.pair, limits)
    if not 0 < epsilon < 1:
        raise UserError("epsilon", f"{epsilon:g}", "a number between 0 and 1", "Type 0.05, say.")
    if not 0 <= run_usd <= LARGEST_USD:
        raise UserError("the price of a run", f"{run_usd:g}", "USD, 0 or more", "Type 5, say.")
    footing = footing_of(outcomes, prior)
    warnings = []
    if footing.is_of_prior:
        warnings.append("these runs are part of the prior; planned with the prior of the other surfaces")
    problem = _Problem(outcomes, footing, budget_usd, prices, epsilon, limits, run_usd, draws)
    return problem.plan(warnings)


def expected_surface(
    outcomes: Runs,
    n_demonstrations: Floats,
    n_pairs: Floats,
    *,
    prior: SurfacePrior | None = None,
    draws: int = DRAWS,
) -> Floats:
    """Return the expected score (or loss) at places (Q,), by the same posterior as the plan's."""
    footing = footing_of(outcomes, prior)
    return footing.expected(n_demonstrations, n_pairs, draws).draws.mean(0)


def noise_of_a_run(draws: int) -> Floats:
    """Return the standard normal numbers (4, D) of single runs that a plan's interval is made of."""
    return generator("plan", "noise of a run").standard_normal((4, draws))


class _Problem:
    """One question, with everything that its parts share."""

    def __init__(
        self,
        runs: Runs,
        footing: Footing,
        budget_usd: float,
        prices: Prices,
        epsilon: float,
        limits: Limits,
        run_usd: float,
        draws: int,
    ) -> None:
        self.runs, self.footing, self.evidence, self.reason = runs, footing, footing.used, footing.reason
        self.largest = float((footing.measured.n_demonstrations + footing.measured.n_pairs).max(initial=0))
        self.budget_usd, self.prices, self.prior = budget_usd, prices, footing.prior
        self.epsilon, self.limits, self.count = epsilon, limits, draws
        self.is_loss, self.run_usd = runs.kind == "loss", run_usd
        self.usd = (prices.demonstration.middle, prices.pair.middle)
        self.lowest = share_of_money(self.evidence.lowest_share, *self.usd)
        self.shares = share_grid(self.lowest)
        self.spent = self.spent_shares(self.usd, self.shares)

    def counts(self, usd: tuple[float, float], shares: Floats) -> Floats:
        """Return the (demonstrations, pairs) that each share buys, (R, 2)."""
        return np.array([counts_at(r, self.budget_usd, *usd, self.limits) for r in shares], float)

    def bought_alike(self, usd: tuple[float, float], shares: Floats) -> NDArray[np.intp]:
        """Return for each share the last one that buys the same, itself without limits, (R,)."""
        if self.limits == Limits():
            return np.arange(len(shares))
        bought = self.counts(usd, shares)
        ends = np.append(np.flatnonzero((np.diff(bought, axis=0) != 0).any(1)), len(shares) - 1)
        return ends[np.searchsorted(ends, np.arange(len(shares)))]

    def spent_shares(self, usd: tuple[float, float], shares: Floats) -> Floats:
        """Return the shares of the money that go to demonstrations where limits are kept, (R,)."""
        if self.limits == Limits():
            return shares
        free = np.array([counts_at(r, self.budget_usd, *usd, Limits()) for r in shares])
        bought = self.counts(usd, shares)
        paid = bought * np.array(usd)
        spent = paid[:, 0] / np.maximum(paid.sum(1), 1e-300)
        return np.where((free == bought).all(1), shares, spent)

    def corners(self) -> list[tuple[float, float]]:
        """Return the pairs of prices to average over."""
        d, p = self.prices.demonstration, self.prices.pair
        if not (d.is_interval or p.is_interval):
            return [self.usd]
        return sorted({self.usd, *product((d.low, d.high), (p.low, p.high))})

    def plan(self, warnings: list[str]) -> Plan:
        cells = [c for c in candidate_cells(self.budget_usd, *self.usd) if self.limits.allow(c[0], c[1])]
        places, reason = self.places(cells), self.reason
        found = surface_posterior(self.evidence, self.prior, places[:, 0], places[:, 1], self.count)
        lines, utility = self.along(found)
        at = self.chosen(utility)
        share = float(self.shares[at])
        values = -utility if self.is_loss else utility
        within = near_optimal(values, self.epsilon, self.is_loss)
        sure = float(within[:, at].mean())
        if not reason and sure < SURE:
            reason = f"the share is within {self.epsilon:.0%} of the best with probability {sure:.2f} only"
        near = near_optimal(values.mean(0), self.epsilon, self.is_loss)
        if not reason and at == 0 and near.all() and self.limits.only is None:
            reason = (
                f"every share is within {self.epsilon:.0%} of the best: no reason to buy no demonstrations"
            )
        if reason:
            near = within.mean(0) >= 0.1
        if self.limits.only is not None:
            near[:] = False
        near[at] = True
        region = (float(self.spent[near].min()), float(self.spent[near].max()))
        if self.reason:  # the split is the prior's; what to expect of it is what the runs say
            found = self.footing.expected(places[:, 0], places[:, 1], self.count)
            lines, utility = self.along(found)
            values = -utility if self.is_loss else utility
        told = self.lasting(found, places, self.n_along)
        if told is not found:
            lines, kept = self.along(told)
            values = -kept if self.is_loss else kept
        s, p = counts_at(share, self.budget_usd, *self.usd, self.limits)
        low, high = self.interval(found, [line[:, at] for line in lines])
        slopes = self.marginals(s, p)
        open_to_buy = [
            slope
            for slope, allowed in zip(
                slopes, (self.limits.allow(s + 1, p), self.limits.allow(s, p + 1)), strict=True
            )
            if allowed
        ]
        experiments = self.experiments(cells, found, utility, max(open_to_buy, default=0.0))
        mean = values.mean(0)
        sides = np.quantile(values, [0.025, 0.975], axis=0)
        shown = np.append(True, np.diff(self.spent) > 1e-12)  # shares that limits make one are one
        return Plan(
            status="undecided" if reason else "decided",
            reason=reason,
            kind=self.runs.kind,
            n_demonstrations=s,
            n_pairs=p,
            sft_share=float(self.spent[at]),
            cost_usd=s * self.usd[0] + p * self.usd[1],
            cost_range_usd=self.cost_range(s, p),
            expected_score=float(mean[at]),
            low=min(low, float(mean[at])),
            high=max(high, float(mean[at])),
            region=region,
            epsilon=self.epsilon,
            sure=sure,
            regret=float((utility.max(1) - utility[:, at]).mean()),
            marginal_demonstrations=slopes[0],
            marginal_pairs=slopes[1],
            price_changes=self.price_changes(share) if s + p else (),
            next=experiments,
            advice=self.advice(experiments, max(open_to_buy, default=0.0)),
            warnings=(*warnings, *self.warned(s, p, slopes)),
            line=Line(*(tuple(float(v) for v in row[shown]) for row in (self.spent, mean, *sides))),
        )

    def advice(self, experiments: Sequence[Experiment], value_of_usd: float) -> str:
        """Return what to do before buying; `value_of_usd` is what the next USD of labels adds to the score."""
        if experiments:
            return "measure the cells under next"
        if self.reason and not self.evidence.base_known:
            return "grade the untrained model first (a row at 0, 0): it costs no label, and its level is a guess so far"
        if value_of_usd <= 0:
            return "stop: neither more labels nor another run is expected to help"
        return STOP

    def places(self, cells: Sequence[tuple[int, int, float]]) -> Floats:
        """Return the places whose scores are drawn: the line at each pair of prices, then cells, then steps."""
        lines = [self.counts(usd, self.shares) for usd in self.corners()]
        parts = [*lines, np.array([c[:2] for c in cells], float).reshape(-1, 2)]
        return np.concatenate(parts)

    @property
    def n_along(self) -> int:
        """How many of `places` are the line's, at all pairs of prices."""
        return len(self.shares) * len(self.corners())

    @cached_property
    def fewer(self) -> tuple[Floats, Floats]:
        """The purchases (F, 2) that one beyond the largest run is held against, and draws of their scores, (D, F)."""
        fewer = self.largest * FEWER
        return fewer, self.footing.expected(fewer[:, 0], fewer[:, 1], self.count).draws

    def lasting(self, found: SurfacePosterior, places: Floats, asked: int) -> SurfacePosterior:
        """Return the draws at places (Q, 2); beyond the largest run, of the first `asked`, not worse than for less.

        Far out a surface goes back to what others show, which may be less than what was measured; but nobody has to
        buy more. So a purchase is worth what the best of `FEWER` is worth that it contains, where that is better.
        """
        beyond = places[:asked].sum(1) > self.largest
        if self.largest == 0 or not beyond.any():
            return found
        fewer, draws = self.fewer
        sign = -1 if self.is_loss else 1
        contained = (fewer <= places[:asked, None]).all(2)
        worth = np.where(contained, sign * draws.mean(0), -np.inf)
        better = np.flatnonzero(beyond & (worth.max(1) > sign * found.draws[:, :asked].mean(0)))
        told = found.draws.copy()
        told[:, better] = draws[:, worth.argmax(1)[better]]
        return replace(found, draws=told)

    def along(self, found: SurfacePosterior) -> tuple[list[Floats], Floats]:
        """Return draws at each of the corners, and those of the utility (higher is better) over all of them, (D, R)."""
        r = len(self.shares)
        utility, lines = np.zeros((len(found.draws), r)), []
        for i, usd in enumerate(self.corners()):
            lowest = share_of_money(self.evidence.lowest_share, *usd)
            part = straight_below(found.draws[:, i * r : (i + 1) * r], self.shares, lowest)
            part = part[:, self.bought_alike(usd, self.shares)]
            utility += (-part if self.is_loss else part) / len(self.corners())
            lines.append(part)
        return lines, utility

    def cost_range(self, s: int, p: int) -> tuple[float, float]:
        """Return what labels cost at the lowest and at the highest prices, USD."""
        d, q = self.prices.demonstration, self.prices.pair
        return s * d.low + p * q.low, s * d.high + p * q.high

    def chosen(self, utility: Floats) -> int:
        """Return the index of the planned share; it buys a label, where a label that the budget buys helps."""
        mean = utility.mean(0)
        if self.limits.only is not None:
            return len(mean) - 1 if self.limits.only == "demonstrations" else 0
        at = self.middle_of_the_best(mean)
        some = np.flatnonzero(self.counts(self.usd, self.shares).sum(1) > 0)
        if at not in some and len(some) and mean[some].max() > mean[at]:
            return int(some[mean[some].argmax()])
        return at

    def middle_of_the_best(self, mean: Floats) -> int:
        """Return the index in the middle of the shares that are as good as the best, or 0 where that is best."""
        if mean.argmax() == 0:
            return 0
        near = near_optimal(-mean if self.is_loss else mean, CHOICE_EPSILON, self.is_loss)
        near &= self.near_in_gain(mean)
        middle = (self.spent[near].min() + self.spent[near].max()) / 2
        candidates = np.flatnonzero(near)
        return int(candidates[np.abs(self.spent[candidates] - middle).argmin()])

    def near_in_gain(self, mean: Floats) -> np.ndarray:
        """Return which shares keep at least 80 % of what the shares differ by: 5 % of a high score may be all."""
        spread = mean.max() - mean.min()
        return mean >= mean.max() - 0.2 * spread - 1e-15

    def experiments(
        self,
        cells: list[tuple[int, int, float]],
        found: SurfacePosterior,
        utility: Floats,
        value_of_usd: float,
    ) -> tuple[Experiment, ...]:
        """Return what to measure next, if anything."""
        if not cells:
            return ()
        latent = found.latent[:, self.n_along : self.n_along + len(cells)]
        gradient = knowledge_gradient(utility, latent, found.noise)
        gain = np.maximum(gradient.gain - by_chance(utility, latent, found.noise), 0.0)
        bought = self.counts(self.usd, self.shares)
        wasted = np.array(
            [wasted_usd(c[:2], bought[gradient.chosen[:, i]], self.usd) for i, c in enumerate(cells)]
        )
        least = LEAST_GAIN * (abs(float(utility.mean(0).max())) if self.is_loss else 1.0)
        gain[~self.is_telling(cells)] = 0.0
        return next_experiments(cells, gain, wasted, self.run_usd, value_of_usd, self.budget_usd, least)

    def is_telling(self, cells: list[tuple[int, int, float]]) -> NDArray[np.bool_]:
        """Return which cells can decide anything: those of another share, where all measured ones have the same."""
        if self.reason != ONE_SHARE:
            return np.ones(len(cells), bool)
        measured = self.footing.measured
        seen = share_of_labels(measured.n_demonstrations, measured.n_pairs)[0]
        at = np.array([c[:2] for c in cells], float)
        return np.abs(share_of_labels(at[:, 0], at[:, 1]) - seen) > LEAST_SHARE_STEP

    def interval(self, found: SurfacePosterior, corners: list[Floats]) -> tuple[float, float]:
        """Return the 95 % interval of one run at the planned share: the prices', the surface's and the run's own noise.

        `corners` are draws (D,) there, at each of the prices.
        """
        shock = noise_of_a_run(len(found.noise)) * found.noise
        line = np.stack(corners)[:, None]
        if self.is_loss:
            y = line * np.exp(shock)
        else:
            y0 = np.clip(line, 1e-9, 1 - 1e-9)
            y = 1 / (1 + (1 - y0) / y0 * np.exp(-shock))
        low, high = np.quantile(y, [0.025, 0.975])
        return float(low), float(high)

    def marginals(self, s: int, p: int) -> tuple[float, float]:
        """Return what the next USD adds to the expected score, spent on demonstrations or on pairs."""
        step_s, step_p = max(1, s // 10, p // 50), max(1, p // 10, s // 50)
        at = np.array([[s, p], [s + step_s, p], [s, p + step_p]], float)
        found = self.footing.expected(at[:, 0], at[:, 1], self.count)
        y = self.lasting(found, at, len(at)).draws.mean(0)
        sign = -1 if self.is_loss else 1
        gains = sign * (y[1:] - y[0]) / np.array([step_s * self.usd[0], step_p * self.usd[1]])
        if s + p > self.largest > 0:  # what nobody has tried is not known to hurt, and can be left unbought
            gains = np.maximum(gains, 0.0)
        return float(gains[0]), float(gains[1])

    def price_changes(self, share: float) -> tuple[PriceChange, ...]:
        """Return where a change of the pairs' price makes another share near-optimal, cheaper pairs first.

        Nothing where one kind alone can be had, or where the share is not near-optimal at the price as it is.
        """
        if self.limits.only is not None:
            return ()
        coarse = np.unique(np.append(np.linspace(0, 1, 21), share))
        lines = [self.counts((self.usd[0], self.usd[1] * k), coarse) for k in RATIOS]
        places = np.concatenate(lines)
        y = surface_posterior(self.evidence, self.prior, places[:, 0], places[:, 1], 100).draws.mean(0)
        y = y.reshape(len(RATIOS), len(coarse))
        at = int(np.searchsorted(coarse, share))
        changes, same = [], len(RATIOS) // 2
        for side in (range(same, -1, -1), range(same, len(RATIOS))):
            for i in side:
                lowest = share_of_money(self.evidence.lowest_share, self.usd[0], self.usd[1] * RATIOS[i])
                row = straight_below(y[i : i + 1], coarse, float(coarse[np.searchsorted(coarse, lowest)]))[0]
                row = row[self.bought_alike((self.usd[0], self.usd[1] * RATIOS[i]), coarse)]
                near = near_optimal(row, self.epsilon, self.is_loss)
                if not near[at] and i == same:
                    return ()
                if not near[at]:
                    spent = self.spent_shares((self.usd[0], self.usd[1] * RATIOS[i]), coarse)[near]
                    changes.append(PriceChange(float(RATIOS[i]), float(spent.min() + spent.max()) / 2))
                    break
        return tuple(changes)

    def warned(self, s: int, p: int, slopes: tuple[float, float]) -> list[str]:
        """Return what the reader of the plan has to be told."""
        said = []
        if s == 0 and p > 0:
            said.append(
                "cold start: this plan buys no demonstrations; preference training of an untrained model "
                "has failed on reasoning tasks (arXiv 2502.11284), so measure a cell without demonstrations first"
            )
        n = s + p
        if self.largest and n > 8 * self.largest:
            said.append(f"{n} labels are {n / self.largest:.0f} times the largest run ({self.largest:.0f})")
        if n > self.largest > 0 and max(slopes) <= 0:
            said.append("so far out nothing is foretold to be gained by more labels; try a smaller budget")
        if not self.evidence.base_known:
            said.append("no run of the untrained model (a row at 0, 0): its level is a guess")
        return said
