"""`apportion fit`: the learning curves of a table of runs or of a study, and what more data would give."""

import json as encoder
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.laws.forecast import Forecast

BLOCKS = "▁▂▃▄▅▆▇█"


def fit(
    table: Path,
    *,
    predict: str | None = None,
    json: bool = False,
    figure: Path | None = None,
    prior: str | None = None,
) -> None:
    """Fit laws to measured runs, one curve for each model and task, and predict.

    Parameters
    ----------
    table: Path
        A CSV or Parquet table with n_demonstrations (or n_sft) and score or loss, optionally n_pairs (or n_pref),
        model, task, metric, seed, items; or a study's folder.
    predict: str
        The number of demonstrations to predict at, or demonstrations,pairs. Default: 4 times the largest size.
    json: bool
        Print one JSON document.
    figure: Path
        Draw the curves with their bands into this .svg or .png file.
    prior: str
        "none", or a file as benchmarks/laws_prior.py writes it. Default: the prior that comes with Apportion.
    """
    from apportion.laws.forecast import forecast
    from apportion.laws.prior import read_prior
    from apportion.laws.runs import read_runs

    asked = _asked(predict)
    if figure is not None and figure.suffix.lower() not in (".svg", ".png"):
        raise UserError(f"--figure {figure}", "no .svg or .png", "a file of either kind", "Change its name.")
    known = read_prior(prior)
    runs, warnings = read_runs(table)
    for warning in warnings:
        print(f"apportion: warning: {warning}", file=sys.stderr)
    found = forecast(runs, asked, prior=known)
    if figure is not None:
        from apportion.reports.curve_figure import draw_curves

        draw_curves(runs, known, figure)
        print(f"apportion: figure: {figure}", file=sys.stderr)
    print(_document(found, asked) if json else _readable(found))


def _asked(predict: str | None) -> tuple[int, int] | None:
    if predict is None:
        return None
    parts = predict.replace("_", "").split(",")
    if len(parts) > 2 or not all(p.strip().isascii() and p.strip().isdigit() for p in parts):
        raise UserError(
            f"--predict {predict}", "no number of examples", "N, or N,M with M pairs", "Type --predict 10000."
        )
    numbers = [int(p) for p in parts]
    if not 0 < sum(numbers) <= 10**15:
        raise UserError(
            f"--predict {predict}", "a size out of range", "1 to 1e15 examples", "Type --predict 10000."
        )
    return numbers[0], numbers[1] if len(numbers) == 2 else 0


def _document(found: Sequence["Forecast"], asked: tuple[int, int] | None) -> str:
    """Return the machine-readable form: one JSON document without NaN."""
    rows = []
    for f in found:
        prediction: dict[str, Any] = {"n": f.n_demonstrations}
        if f.n_pairs or (asked is not None and asked[1]):
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
            }
        )
    return encoder.dumps({"curves": rows}, allow_nan=False)


def _readable(found: Sequence["Forecast"]) -> str:
    """Return a short table, and under each curve a sketch of its runs, smallest size first."""
    lines = [
        f"{'curve':32} {'runs':>4} {'law':14} {'status':15} {'at n':>14} {'expected':>9}  95 % interval",
    ]
    for f in found:
        called = " / ".join(part for part in (f.model, f.task) if part) or "all runs"
        if len(called) > 32:
            called = called[:31] + "…"
        size = f"{f.n_demonstrations:,}" + (f"+{f.n_pairs:,}" if f.n_pairs else "")
        lines.append(
            f"{called:32} {len(f.runs.y):4} {f.family:14} {f.status:15} "
            f"{size:>14} {f.mean:9.4g}  {f.low:.4g} to {f.high:.4g}"
        )
        lines.append(f"  {_sketch(f)}")
    return "\n".join(lines)


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
