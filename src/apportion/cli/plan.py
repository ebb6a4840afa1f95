"""`apportion plan`: how to split a labelling budget, from a table of runs or a study's folder."""

import contextlib
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apportion.cli.json_document import print_json
from apportion.cli.terminal import for_terminal
from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.laws.runs import Runs
    from apportion.plans import Experiment, Limits, Plan, Prices


def plan(
    table: Path,
    *,
    budget: str,
    price_demonstration: str,
    price_pair: str,
    epsilon: str = "0.05",
    model: str | None = None,
    task: str | None = None,
    prior: str | None = None,
    least_demonstrations: str | None = None,
    least_pairs: str | None = None,
    most_demonstrations: str | None = None,
    most_pairs: str | None = None,
    price_run: str = "0",
    json: bool = False,
    figure: Path | None = None,
) -> None:
    """Print how much of a budget to spend on demonstrations and on preference pairs, and how sure that is.

    Parameters
    ----------
    table: Path
        A CSV or Parquet table of runs (n_demonstrations, n_pairs, score or loss), or a study's folder.
    budget: str
        What to spend, in USD.
    price_demonstration: str
        USD for one demonstration: a number, or an interval such as 1..5.
    price_pair: str
        USD for one preference pair: a number, or an interval.
    epsilon: str
        Shares whose expected score is within this of the best count as near-optimal.
    model: str
        Which model, where the table has several.
    task: str
        Which task, where the table has several.
    prior: str
        A file of published surfaces' prior, or none; the shipped one if absent.
    least_demonstrations: str
        How many demonstrations are bought at least, paid from the pairs' money where need be.
    least_pairs: str
        How many pairs are bought at least.
    most_demonstrations: str
        How many demonstrations can be had at most.
    most_pairs: str
        How many pairs can be had at most.
    price_run: str
        USD for training and grading one cell; what is measured next has to be worth it.
    json: bool
        Print one JSON document.
    figure: Path
        Write the surface of scores, the expected score by share and by money as .svg or .png.
    """
    from apportion.laws.runs import read_runs
    from apportion.laws.surface_prior import NO_PRIOR, read_prior
    from apportion.plans import Limits, Prices, document, parse_price
    from apportion.plans import plan as planned

    budget_usd = _number(budget, "--budget", "USD above 0")
    if not budget_usd > 0:
        raise UserError("--budget", budget[:40], "USD above 0", "Type 1000, say.")
    prices = Prices(
        parse_price(price_demonstration, "--price-demonstration"), parse_price(price_pair, "--price-pair")
    )
    run_usd = _number(price_run, "--price-run", "USD, 0 or more")
    if run_usd < 0:
        raise UserError("--price-run", price_run[:40], "USD, 0 or more", "Type 5, say.")
    near = _number(epsilon, "--epsilon", "a number between 0 and 1")
    most = Limits().most_pairs
    limits = Limits(
        least_demonstrations=_count(least_demonstrations, "--least-demonstrations", 0, most),
        least_pairs=_count(least_pairs, "--least-pairs", 0, most),
        most_demonstrations=_count(most_demonstrations, "--most-demonstrations", most, most),
        most_pairs=_count(most_pairs, "--most-pairs", most, most),
    )
    if figure is not None and figure.suffix.lower() not in (".svg", ".png"):
        raise UserError("--figure", repr(figure.name), "a file named .svg or .png", "Rename it.")
    chosen_prior = {None: lambda: None, "none": lambda: NO_PRIOR}.get(
        prior, lambda: read_prior(Path(str(prior)))
    )()
    curves, warnings = read_runs(table)
    runs = _one(curves, model, task)

    def planned_for(usd: float) -> "Plan":
        return planned(runs, usd, prices, epsilon=near, prior=chosen_prior, limits=limits, run_usd=run_usd)

    found = planned_for(budget_usd)
    plain = document(found, runs, budget_usd, warnings)
    if json:
        for warning in plain["warnings"]:
            print(for_terminal(f"apportion: {warning}"), file=sys.stderr)
        print_json(plain)
    else:
        print(for_terminal(_text(found, budget_usd, prices, limits, plain["warnings"])), end="")
    if figure is not None:
        from apportion.reports.plan_figure import draw_plan

        plans = [(budget_usd, found)]
        for factor in (0.125, 0.25, 0.5, 2, 4):
            with contextlib.suppress(UserError):  # an eighth of the budget may buy nothing
                plans.append((budget_usd * factor, planned_for(budget_usd * factor)))
        draw_plan(found, runs, prices, chosen_prior, sorted(plans, key=lambda p: p[0]), figure)
        print(f"figure: {figure}", file=sys.stderr)


def _number(text: str, where: str, expected: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        cure = "Correct it."
        if "." in text and Path(text).exists():
            cure = f"The table comes first: apportion plan {text} --budget 2000 and so on."
        raise UserError(where, repr(text[:40]), expected, cure)
    return value


def _count(text: str | None, where: str, absent: int, most: int) -> int:
    if text is None:
        return absent
    value = _number(text, where, "a whole number, 0 or more")
    if value < 0 or value != int(value) or value > most:
        raise UserError(where, repr(text[:40]), "a whole number, 0 or more", "Correct it.")
    return int(value)


def _one(curves: "tuple[Runs, ...]", model: str | None, task: str | None) -> "Runs":
    """Return the runs of the model and task that were asked for, '' meaning one that the table leaves blank.

    Raises UserError that lists the choices.
    """
    from apportion.laws.cells import label_of

    given = {"model": model, "task": task}
    kept = [c for c in curves if all(v is None or getattr(c, k) == label_of(v) for k, v in given.items())]
    if len(kept) == 1:
        return kept[0]
    listed = kept or curves
    told = [k for k in given if any(getattr(c, k) is not None for c in curves)]
    shown = [" ".join(f"--{k} {getattr(c, k) or ''!r}" for k in told) for c in listed[:8]]
    more = f" and {len(listed) - 8} more" if len(listed) > 8 else ""
    asked = ", ".join(f"{k} {v[:40]!r}" for k, v in given.items() if v is not None)
    raise UserError(
        "the table",
        f"{len(kept)} surfaces" + (f" of {asked}" if asked else ""),
        "one model and one task",
        f"Choose one: {'; '.join(shown)}{more}",
    )


def _money(found: "Plan", budget_usd: float, prices: "Prices") -> str:
    """Return what is spent of the budget, at which prices, and on what."""
    spent = f"{found.cost_usd:.6g} of {budget_usd:.6g} USD"
    if prices.demonstration.is_interval or prices.pair.is_interval:
        low, high = found.cost_range_usd
        spent += f" at middle prices ({low:.6g} to {high:.6g} over the intervals)"
    if not found.cost_usd:
        return spent
    share = found.n_demonstrations * prices.demonstration.middle / found.cost_usd
    return f"{spent}, {share:.0%} of it for demonstrations"


def _next_usd(found: "Plan", limits: "Limits") -> str:
    """Return what one USD more adds to the score, spent on either kind that can still be had."""
    s, p = found.n_demonstrations, found.n_pairs
    demonstrations = f"{found.marginal_demonstrations:+.2g} on demonstrations"
    pairs = f"{found.marginal_pairs:+.2g} on pairs"
    return ", ".join(
        [
            demonstrations if limits.allow(s + 1, p) else "no more demonstrations to be had",
            pairs if limits.allow(s, p + 1) else "no more pairs to be had",
        ]
    )


def _worth(cell: "Experiment", budget_usd: float) -> str:
    """Return what a cell's gain is worth, in words where no purchase within the budget gives as much."""
    if cell.worth_usd >= budget_usd:
        return "more than the whole budget in further labels would give"
    return f"worth {cell.worth_usd:.4g} USD of labels"


def _text(
    found: "Plan", budget_usd: float, prices: "Prices", limits: "Limits", warnings: Sequence[str]
) -> str:
    """Return the plan for people: a short table, and the expected score along the shares."""
    d, p = prices.demonstration, prices.pair

    def shown(price: Any) -> str:
        return f"{price.low:g}..{price.high:g}" if price.is_interval else f"{price.low:g}"

    bought = (
        f"{found.n_demonstrations} demonstrations at {shown(d)} USD, {found.n_pairs} pairs at {shown(p)} USD"
    )
    if not found.n_demonstrations + found.n_pairs:
        bought = "nothing: no label that the budget buys is expected to help"
    alike = f"(within {found.epsilon:.0%})"
    if found.status == "undecided":
        alike = (
            f"cannot be told from the best (within {found.epsilon:.0%} of it in a tenth of the draws or more)"
        )
    rows = [
        ("status", found.status + (f": {found.reason}" if found.reason else "")),
        ("buy", bought),
        ("money", _money(found, budget_usd, prices)),
        (f"expected {found.kind}", f"{found.expected_score:.3f}  (95 %: {found.low:.3f} to {found.high:.3f})"),
        ("near-optimal" if found.status == "decided" else "may be best",
         f"shares {found.region[0]:.2f} to {found.region[1]:.2f} {alike}"),
        ("regret if wrong", f"{found.regret:.4f}"),
        ("next USD", _next_usd(found, limits)),
    ]  # fmt: skip
    for change in found.price_changes:
        rows.append(
            (
                "price",
                f"with pairs {change.pair_price_factor:.2g} times as dear: share {change.sft_share:.2f}",
            )
        )
    for cell in found.next:
        rows.append(
            (
                "measure next",
                f"{cell.n_demonstrations} demonstrations, {cell.n_pairs} pairs ({cell.cost_usd:.4g} USD, "
                f"{cell.net_cost_usd:.4g} of it lost to the purchase): "
                f"regret -{cell.regret_reduction:.4f}, {_worth(cell, budget_usd)}",
            )
        )
    if not found.next:
        rows.append(("measure next", found.advice))
    rows += [("warning", warning) for warning in warnings]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    return "\n".join([*lines, "", *_sketch(found)]) + "\n"


def _sketch(found: "Plan") -> list[str]:
    """Return bars of the expected score at eleven shares, the near-optimal ones marked."""
    shares, mean = found.line.share, found.line.mean
    at = [min(range(len(shares)), key=lambda i, r=r: abs(shares[i] - r / 10)) for r in range(11)]
    values = [mean[i] for i in at]
    least, most = min(values), max(values)
    near = "near-optimal" if found.status == "decided" else "may be near-optimal"
    lines = [f"{'share':>7}  {found.kind:<6} (| {near}, * the plan's share)"]
    planned = min(at, key=lambda i: abs(shares[i] - found.sft_share))
    for i, value in zip(at, values, strict=True):
        length = 4 + round(36 * (value - least) / (most - least)) if most > least else 20
        within = found.region[0] - 1e-9 <= shares[i] <= found.region[1] + 1e-9
        mark = "*" if i == planned else "|" if within else " "
        lines.append(f"{shares[i]:7.2f}  {value:6.3f} {mark} {'=' * length}")
    return lines
