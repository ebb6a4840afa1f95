"""`apportion fit`: the learning curves of a table of runs or of a study, and what more data would give."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apportion.cli.fit_table import fit_table, shortened
from apportion.cli.json_document import print_json
from apportion.cli.terminal import for_terminal
from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.laws.checklist import Checklist
    from apportion.laws.forecast import Forecast
    from apportion.laws.runs import Runs


def fit(
    table: Path,
    *,
    predict: str | None = None,
    json: bool = False,
    figure: Path | None = None,
    prior: str | None = None,
    checklist: bool = False,
    epochs: str | None = None,
) -> None:
    """Fit laws to measured runs, one curve for each model and task, and predict.

    Families are compared by rolling out: fitted to the smaller sizes, each foretells the larger ones.

    Parameters
    ----------
    table: Path
        A CSV or Parquet table with n_demonstrations (or n_sft) and score or loss, optionally n_pairs (or n_pref),
        model, task, metric, seed, data_seed (or draw: which sample of the data), items, epochs (passes over the
        examples); or a study's folder.
    predict: str
        The number of demonstrations to predict at, or demonstrations,pairs. Default: 4 times the largest size.
    json: bool
        Print one JSON document.
    figure: Path
        Draw the curves with their bands into this .svg or .png file.
    prior: str
        "none", or a file as benchmarks/laws_prior.py writes it. Default: the prior that comes with Apportion. Curves
        with pairs have weak priors of their own, whatever is chosen.
    checklist: bool
        Add what another person needs to refit each curve: rows, transform, objective, weights, prior, starts.
    epochs: str
        Predict for so many passes over the examples, where runs differ in the column epochs. Default: as most runs.
    """
    from apportion.laws.checklist import checklist as checklist_of
    from apportion.laws.forecast import forecast
    from apportion.laws.prior import read_prior
    from apportion.laws.runs import read_runs

    asked = _asked(predict)
    if figure is not None and figure.suffix.lower() not in (".svg", ".png"):
        raise UserError(f"--figure {figure}", "no .svg or .png", "a file of either kind", "Change its name.")
    known = read_prior(prior)
    runs, warnings = read_runs(table)
    for warning in warnings:
        print(for_terminal(f"apportion: warning: {warning}"), file=sys.stderr)
    _refuse_unused_prior(prior, runs)
    _refuse_unknown_pairs(predict, asked, runs)
    passes = _epochs(epochs, runs)
    found = forecast(runs, asked, prior=known, epochs=passes)
    if figure is not None:
        from apportion.reports.curve_figure import draw_curves

        draw_curves(runs, known, figure, passes)
        print(f"apportion: figure: {figure}", file=sys.stderr)
    plain = sum(not f.is_joint for f in found)
    lists = [checklist_of(f, known, table, plain) for f in found] if checklist else []
    if json:
        print_json(_document(found, asked, lists))
        return
    print(for_terminal(fit_table(found, lists)))


def _refuse_unused_prior(prior: str | None, runs: Sequence["Runs"]) -> None:
    """Raise UserError where a prior's file would change nothing; say so where it changes a part only."""
    paired = sum(bool((r.n_pairs > 0).any()) for r in runs)
    if prior in (None, "none") or not paired:
        return
    if paired == len(runs):
        raise UserError(
            f"--prior {prior}",
            "runs with pairs only, whose joint laws take no prior's file",
            "runs without pairs",
            "Leave --prior out.",
        )
    print(f"apportion: warning: --prior does not apply to the {paired} curves with pairs", file=sys.stderr)


def _refuse_unknown_pairs(predict: str | None, asked: tuple[int, int] | None, runs: Sequence["Runs"]) -> None:
    """Raise UserError where pairs are asked for of runs without any, whose law knows one number of examples.

    In a table that has curves of both kinds, those without pairs are foretold without, which is said.
    """
    if predict is None or asked is None or "," not in predict:
        return
    without = [r for r in runs if not (r.n_pairs > 0).any()]
    if len(without) == len(runs):
        raise UserError(
            f"--predict {predict}",
            "two numbers for runs without pairs",
            "the number of demonstrations alone",
            f"Type --predict {predict.split(',')[0]}, or --predict {predict.replace(',', '')} if that is one number.",
        )
    if without and not asked[0]:
        raise UserError(
            f"--predict {predict}",
            f"no demonstrations for {len(without)} curves without pairs",
            "1 demonstration or more",
            "Type 1,M, or take those curves out of the table.",
        )
    if without and asked[1]:
        called = ", ".join(shortened(r.model, r.task) for r in without[:3])
        more = f" and {len(without) - 3} more" if len(without) > 3 else ""
        print(
            for_terminal(
                f"apportion: warning: no pairs were measured for {called}{more}: "
                f"foretold at {asked[0]:,} demonstrations alone"
            ),
            file=sys.stderr,
        )


def _epochs(epochs: str | None, runs: Sequence["Runs"]) -> float | None:
    """Return how many passes to predict for. Raises UserError where no runs tell of it."""
    from apportion.laws.cells import MOST_EPOCHS, NUMBER

    if epochs is None:
        return None
    value = float(epochs) if NUMBER.fullmatch(epochs.strip()) else 0.0
    if not 0 < value <= MOST_EPOCHS:
        raise UserError(
            f"--epochs {epochs[:40]}",
            "no number of passes",
            f"above 0, at most {MOST_EPOCHS:,}",
            "Type --epochs 1.",
        )
    if all(r.epochs is None or (r.n_pairs > 0).any() for r in runs):
        raise UserError(
            f"--epochs {epochs[:40]}",
            "no curve without pairs whose runs differ in the column epochs",
            "a column epochs with two values or more",
            "Leave --epochs out.",
        )
    others = sum(r.epochs is None for r in runs)
    if others:
        told = f"{others} curves whose runs do not differ in epochs are foretold as they were trained"
        print(f"apportion: warning: {told}", file=sys.stderr)
    return value


def _asked(predict: str | None) -> tuple[int, int] | None:
    if predict is None:
        return None
    parts = predict.replace("_", "").split(",")
    if len(parts) > 2 or not all(p.strip().isascii() and p.strip().isdigit() for p in parts):
        raise UserError(
            f"--predict {predict}", "no number of examples", "N, or N,M with M pairs", "Type --predict 10000."
        )
    numbers = [int(p) for p in parts]
    if not sum(numbers):
        raise UserError(
            f"--predict {predict}",
            "the model before any training, which two of the five families have no value for",
            "1 to 1e15 examples",
            "Measure it: grade the untrained model and add the row at 0.",
        )
    if sum(numbers) > 10**15:
        raise UserError(
            f"--predict {predict}", "a size out of range", "1 to 1e15 examples", "Type --predict 10000."
        )
    return numbers[0], numbers[1] if len(numbers) == 2 else 0


def _document(
    found: Sequence["Forecast"], asked: tuple[int, int] | None, lists: Sequence["Checklist"]
) -> dict[str, Any]:
    """Return the machine-readable form."""
    rows = []
    for i, f in enumerate(found):
        prediction: dict[str, Any] = {"n": f.n_demonstrations}
        if f.n_pairs or (asked is not None and asked[1] and f.is_joint):
            prediction["n_pairs"] = f.n_pairs
        if f.epochs is not None:
            prediction["epochs"] = f.epochs
        prediction |= {"mean": f.mean, "low": f.low, "high": f.high}
        rows.append(
            {
                "model": f.model,
                "task": f.task,
                "family": f.family,
                "status": f.status,
                "parameters": f.parameters,
                "prediction": prediction,
                "kind": f.kind,
                "weights": {name: round(weight, 4) for name, weight in f.weights.items()},
                "noise": f.noise,
                "runs": len(f.runs.y),
                "roll_out": f.roll_out,
                "variances": asdict(f.variances),
            }
            | ({"checklist": lists[i]} if lists else {})
        )
    return {"curves": rows}
