"""`apportion fit`: the learning curves of a table of runs or of a study, and what more data would give."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apportion.cli.json_document import print_json
from apportion.cli.terminal import for_terminal
from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.laws.checklist import Checklist
    from apportion.laws.forecast import Forecast
    from apportion.laws.runs import Runs

BLOCKS = "▁▂▃▄▅▆▇█"


def fit(
    table: Path,
    *,
    predict: str | None = None,
    json: bool = False,
    figure: Path | None = None,
    prior: str | None = None,
    checklist: bool = False,
) -> None:
    """Fit laws to measured runs, one curve for each model and task, and predict.

    Families are compared by rolling out: fitted to the smaller sizes, each foretells the larger ones.

    Parameters
    ----------
    table: Path
        A CSV or Parquet table with n_demonstrations (or n_sft) and score or loss, optionally n_pairs (or n_pref),
        model, task, metric, seed, data_seed (or draw: which sample of the data), items; or a study's folder.
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
    found = forecast(runs, asked, prior=known)
    if figure is not None:
        from apportion.reports.curve_figure import draw_curves

        draw_curves(runs, known, figure)
        print(f"apportion: figure: {figure}", file=sys.stderr)
    plain = sum(not f.is_joint for f in found)
    lists = [checklist_of(f, known, table, plain) for f in found] if checklist else []
    if json:
        print_json(_document(found, asked, lists))
        return
    print(for_terminal(_readable(found, lists)))


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
        called = ", ".join(_shortened(r.model, r.task) for r in without[:3])
        more = f" and {len(without) - 3} more" if len(without) > 3 else ""
        print(
            for_terminal(
                f"apportion: warning: no pairs were measured for {called}{more}: "
                f"foretold at {asked[0]:,} demonstrations alone"
            ),
            file=sys.stderr,
        )


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


def _readable(found: Sequence["Forecast"], lists: Sequence["Checklist"]) -> str:
    """Return a short table with a sketch of each curve's runs, smallest size first; roll-outs; checklists."""
    lines = [
        f"{'curve':32} {'runs':>4} {'law':14} {'status':15} {'at n':>14} {'expected':>9}  95 % interval",
    ]
    for f in found:
        size = f"{f.n_demonstrations:,}" + (f"+{f.n_pairs:,}" if f.n_pairs else "")
        lines.append(
            f"{_called(f):32} {len(f.runs.y):4} {f.family:14} {f.status:15} "
            f"{size:>14} {f.mean:9.4g}  {f.low:.4g} to {f.high:.4g}"
        )
        lines.append(f"  {_sketch(f)}")
    for joint in (False, True):
        lines += _rolled([f for f in found if f.is_joint == joint and f.roll_out])
    for f, points in zip(found, lists, strict=False):
        lines += ["", f"To refit {_called(f)}:", *_points(points, "  ")]
    return "\n".join(lines)


def _called(found: "Forecast") -> str:
    return _shortened(found.model, found.task)


def _shortened(model: str | None, task: str | None) -> str:
    called = " / ".join(part for part in (model, task) if part) or "all runs"
    return called if len(called) <= 32 else called[:31] + "…"


def _rolled(found: Sequence["Forecast"]) -> list[str]:
    """Return the table of roll-outs of curves with the same families, or nothing."""
    if not found:
        return []
    unit = {"score": "the logit of the score", "loss": "the log of the loss"}[found[0].kind]
    names = list(found[0].roll_out)
    lines = [
        "",
        f"Roll-out: the largest sizes foretold from the smaller ones, root mean square error in {unit}",
        f"{'curve':32} {'foretold':>8} " + " ".join(f"{name:>14}" for name in names),
    ]
    for f in found:
        best = min(f.roll_out.values())
        errors = [f"{error:.3f}{'*' if error == best else ' '}" for error in f.roll_out.values()]
        lines.append(f"{_called(f):32} {f.held_out:8} " + " ".join(f"{error:>14}" for error in errors))
    return lines


def _points(points: "Checklist", indent: str) -> list[str]:
    """Return a checklist as lines, one a point."""
    lines = []
    for name, value in points.items():
        called = f"{indent}{name.replace('_', ' ')}:"
        if isinstance(value, dict):
            lines += [called, *_points(value, indent + "  ")]
        elif isinstance(value, list):
            lines.append(f"{called} {', '.join(map(str, value)) or 'none'}")
        else:
            lines.append(f"{called} {_shown(value)}")
    return lines


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "not told by this table", True: "yes", False: "no"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _sketch(found: "Forecast") -> str:
    """Return one block a size, as high as the mean result there, with the ends named."""
    totals: dict[int, list[float]] = {}
    for s, p, y in zip(found.runs.n_demonstrations, found.runs.n_pairs, found.runs.y, strict=True):
        totals.setdefault(int(s + p), []).append(float(y))
    sizes = sorted(totals)
    means = [sum(totals[n]) / len(totals[n]) for n in sizes]
    low, span = min(means), max(max(means) - min(means), 1e-12)
    step = max(1, len(sizes) // 60)
    blocks = "".join(BLOCKS[min(7, int(8 * (m - low) / span))] for m in means[::step])
    return f"{sizes[0]:,} [{means[0]:.4g}] {blocks} {sizes[-1]:,} [{means[-1]:.4g}]"
