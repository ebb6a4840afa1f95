"""`apportion fit`: the learning curves of a table of runs or of a study, and what more data would give."""

import json as encoder
import sys
from pathlib import Path
from typing import Any

from apportion.errors import UserError

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
    from apportion.laws.curves import fit_curves
    from apportion.laws.prior import read_prior
    from apportion.laws.runs import read_runs

    asked = _asked(predict)
    if figure is not None and figure.suffix.lower() not in (".svg", ".png"):
        raise UserError(f"--figure {figure}", "no .svg or .png", "a file of either kind", "Change its name.")
    known = read_prior(prior)
    runs, warnings = read_runs(table)
    if asked is None:
        sizes = None
    else:
        sizes = [asked[0] + asked[1]]
    curves = fit_curves(runs, sizes, prior=known)
    if any((r.n_pairs > 0).any() for r in runs):
        warnings = (*warnings, f"{table}: pairs count as demonstrations here; apportion plan fits both kinds")
    for warning in warnings:
        print(f"apportion: warning: {warning}", file=sys.stderr)
    if figure is not None:
        from apportion.reports.curve_figure import draw_curves

        draw_curves(runs, known, figure)
        print(f"apportion: figure: {figure}", file=sys.stderr)
    if json:
        print(_document(curves, asked))
    else:
        print(_readable(curves, asked))


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


def _document(curves: Any, asked: tuple[int, int] | None) -> str:
    """Return the machine-readable form: one JSON document without NaN."""
    rows = []
    for curve in curves:
        (p,) = curve.predictions
        prediction: dict[str, Any] = {"n": p.n if asked is None else asked[0]}
        if asked is not None and asked[1]:
            prediction["n_pairs"] = asked[1]
        prediction |= {"mean": p.mean, "low": p.low, "high": p.high}
        rows.append(
            {
                "model": curve.model,
                "task": curve.task,
                "kind": curve.kind,
                "family": curve.family,
                "status": curve.status,
                "parameters": curve.parameters,
                "prediction": prediction,
                "weights": {name: round(weight, 4) for name, weight in curve.weights.items()},
                "noise": curve.noise,
                "runs": len(curve.runs.y),
            }
        )
    return encoder.dumps({"curves": rows}, allow_nan=False, ensure_ascii=False)


def _readable(curves: Any, asked: tuple[int, int] | None) -> str:
    """Return a short table, and under each curve a sketch of its runs, smallest size first."""
    lines = [
        f"{'curve':32} {'runs':>4} {'law':10} {'status':22} {'at n':>12} {'expected':>9}  95 % interval",
    ]
    for curve in curves:
        (p,) = curve.predictions
        called = " / ".join(str(part) for part in (curve.model, curve.task) if part) or "all runs"
        if len(called) > 32:
            called = called[:31] + "…"
        lines.append(
            f"{called:32} {len(curve.runs.y):4} {curve.family:10} {curve.status.replace('_', ' '):22} "
            f"{p.n:12,} {p.mean:9.4g}  {p.low:.4g} to {p.high:.4g}"
        )
        lines.append(f"  {_sketch(curve)}")
    return "\n".join(lines)


def _sketch(curve: Any) -> str:
    """Return one block a size, as high as the mean result there, with the ends named."""
    totals: dict[int, list[float]] = {}
    for s, p, y in zip(curve.runs.n_demonstrations, curve.runs.n_pairs, curve.runs.y, strict=True):
        totals.setdefault(int(s + p), []).append(float(y))
    sizes = sorted(totals)
    means = [sum(totals[n]) / len(totals[n]) for n in sizes]
    low, span = min(means), max(max(means) - min(means), 1e-12)
    step = max(1, len(sizes) // 60)
    blocks = "".join(BLOCKS[min(7, int(8 * (m - low) / span))] for m in means[::step])
    return f"{sizes[0]:,} [{means[0]:.4g}] {blocks} {sizes[-1]:,} [{means[-1]:.4g}]"
