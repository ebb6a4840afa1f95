"""`apportion plan`: how to split a labelling budget, from a table of runs or a study's folder."""

import contextlib
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from apportion.cli.checklist_lines import checklist_lines
from apportion.cli.json_document import print_json
from apportion.cli.plan_table import plan_table
from apportion.cli.terminal import for_terminal
from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.laws.runs import Runs
    from apportion.plans import Plan


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
    checklist: bool = False,
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
    checklist: bool
        Add what another person needs to plan again: rows, transform, model, prior, draws, rule, money.
    """
    from apportion.laws.runs import read_runs
    from apportion.laws.surface_prior import NO_PRIOR, read_prior
    from apportion.plans import Limits, Prices, document, parse_price, plan_checklist
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
    points = (
        plan_checklist(runs, table, budget_usd, prices, limits, chosen_prior, epsilon=near, run_usd=run_usd)
        if checklist
        else {}
    )
    if json:
        for warning in plain["warnings"]:
            print(for_terminal(f"apportion: {warning}"), file=sys.stderr)
        print_json(plain | ({"checklist": points} if points else {}))
    else:
        print(for_terminal(plan_table(found, budget_usd, prices, limits, plain["warnings"])), end="")
        if points:
            print(for_terminal("\n".join(["", "To plan again:", *checklist_lines(points, "  ")])))
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
        if text.replace(",", "").isdecimal():
            cure = f"Write it without commas: {where} {text.replace(',', '')}."
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
