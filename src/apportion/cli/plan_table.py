"""A plan for people: a short table, and the expected score along the shares."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apportion.plans import Experiment, Limits, Plan, Prices


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


def plan_table(
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
    at = sorted({min(range(len(shares)), key=lambda i, r=r: abs(shares[i] - r / 10)) for r in range(11)})
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
