"""Does the best split of the money move as prices move? (arXiv 2502.11284 splits at equal prices)"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from apportion.findings.finding import Finding, Number, Verdict, missing
from apportion.findings.printed import curve_names
from apportion.laws.runs import Runs, read_runs
from apportion.plans.price_ratio import FACTORS, splits_by_price

LEAST_CELLS = 4
STILL = 0.05
"""Within this the share has not moved."""


def price_findings(table: Path, budget: float | None = None) -> dict[str, Finding]:
    """Return what other prices would change, by task, for the curves of a table or a study's folder that have pairs.

    `budget` is in demonstrations, that of the largest run where it is None.
    """
    found = {}
    curves = read_runs(table)[0]
    names = curve_names((runs.model, runs.task) for runs in curves)
    for runs in curves:
        if (runs.n_pairs > 0).any():
            largest = float((runs.n_demonstrations + runs.n_pairs).max())
            found[names[runs.model, runs.task]] = best_share_moves_with_prices(runs, budget or largest)
    return found


def best_share_moves_with_prices(runs: Runs, budget: float, factors: Sequence[float] = FACTORS) -> Finding:
    """Return whether the best share of the money for demonstrations differs between cheap and dear pairs.

    Between the smallest and the largest of `factors` (a pair's price in demonstrations), over joint draws of the
    surface that the runs give: holds if 95 % of the draws move it by more than 0 in one direction, fails if they stay
    within 5 points. Intervals are those of the surface, not of a repeated experiment.
    """
    low, high = min(factors), max(factors)
    claim = (
        f"The best share of the money for demonstrations moves as a pair's price goes from {low:g} to {high:g} "
        "demonstrations."
    )
    mixed = (runs.n_demonstrations > 0) & (runs.n_pairs > 0)
    cells = {*zip(runs.n_demonstrations.tolist(), runs.n_pairs.tolist(), strict=True)} - {(0, 0)}
    if len(cells) < LEAST_CELLS or not mixed.any():
        return missing(claim, f"{LEAST_CELLS} purchases, some of them mixtures")
    splits = {split.pair_price: split for split in splits_by_price(runs, budget, factors)}
    moved = splits[high].share_of_money - splits[low].share_of_money
    ends = np.quantile(moved, [0.025, 0.975])
    verdict: Verdict = "undecided"
    if ends[0] > 0 or ends[1] < 0:
        verdict = "holds"
    elif np.abs(ends).max() <= STILL:
        verdict = "fails"
    numbers: dict[str, Number] = {
        "budget": budget,
        "moved": _interval(moved),
        "runs": len(runs.y),
        "seeds": _seeds(runs),
        "items": int(np.nanmin(runs.items)) if np.isfinite(runs.items).any() else None,
    }
    said = []
    for factor in factors:
        split = splits[factor]
        numbers[f"share_of_money_at_{factor:g}"] = _interval(split.share_of_money)
        numbers[f"share_of_labels_at_{factor:g}"] = _interval(split.demonstrations_per_label)
        numbers[f"lost_by_the_share_of_equal_prices_at_{factor:g}"] = _interval(split.lost)
        share, lost = _interval(split.share_of_money), _interval(split.lost)
        said.append(
            f"{share[0]:.0%} [{share[1]:.0%}, {share[2]:.0%}] at {factor:g} "
            f"(the split of equal prices loses {lost[0]:.3f})"
        )
    sentence = f"With {budget:g} demonstrations' worth: " + "; ".join(said) + "."
    return Finding(claim, verdict, numbers, sentence)


def _seeds(runs: Runs) -> int:
    """How often the least repeated purchase was run."""
    cells = np.stack([runs.n_demonstrations, runs.n_pairs])[:, (runs.n_demonstrations + runs.n_pairs) > 0]
    return int(np.unique(cells, axis=1, return_counts=True)[1].min())


def _interval(draws: np.ndarray) -> list:
    low, high = np.quantile(draws, [0.025, 0.975])
    return [round(float(value), 6) for value in (draws.mean(), low, high)]
