"""The numbers of the laws on public data: python -m benchmarks.laws [--coverage TABLES] [--unknown TABLES].

Prints one table each: predictions of the fine-tuning losses at 1,638,400 examples from 1/512 ... 1/8 of them, with
the prior learned from the *other* table; fits of whole curves; Chinchilla's law; P2's coefficients and the law
comparison by roll-out; with --coverage, how often 95 % intervals hold the truth (in --unknown tables where the family
is not given, which takes eight times as long), and how often noise passes for a law. APPORTION_DATA has to be set.
"""

import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from benchmarks.laws_prior import curve, finetuning, shares

from apportion.laws import PowerLaw, families, family, fit_allocation, fit_curves, roll_out, weak_prior
from apportion.laws.families import Family, Kind, Name, unlink
from apportion.laws.pooling import Batch, batch_of
from apportion.laws.prior import Prior, learn
from apportion.laws.runs import Runs
from apportion.laws.solver import Problem, solve

DATA = Path(os.environ["APPORTION_DATA"]) / "curves"
PUBLISHED = {
    "flan": [45.6, 50.5, 52.2, 61.1, 65.5, 73.1, 90.9],
    "wmt19": [61.5, 73.4, 78.0, 86.0, 97.7, 97.0, 98.9],
}
DRIFT = 0.35


def cut(runs: Runs, m: int) -> Runs:
    part = (getattr(runs, name)[:m] for name in ("n_demonstrations", "n_pairs", "y", "items", "seed"))
    return Runs(runs.model, runs.task, runs.kind, *part)


def extrapolation() -> None:
    print(
        "| table | ratio | published r % | r % | log RMSE | 95 % intervals hold % |\n|---|---|---|---|---|---|"
    )
    tables = {name: finetuning(DATA / f"finetune_{name}.csv") for name in PUBLISHED}
    everything = []
    for name, other in (("flan", "wmt19"), ("wmt19", "flan")):
        prior = Prior(weak_prior().score, learn(tables[other], drift=DRIFT), other, "Apache-2.0")
        truth = np.array([r.y[-1] for r in tables[name]])
        held = []
        for k, published in enumerate(PUBLISHED[name]):
            found = fit_curves([cut(r, 6 + k) for r in tables[name]], [1_638_400], prior=prior)
            mean, low, high = (
                np.array([getattr(c.predictions[0], end) for c in found]) for end in ("mean", "low", "high")
            )
            held.append(100 * np.mean((low <= truth) & (truth <= high)))
            r = 100 * np.corrcoef(mean, truth)[0, 1]
            rmse = np.sqrt(np.mean(np.log(mean / truth) ** 2))
            print(f"| {name} | 1/{512 >> k} | {published} | {r:.1f} | {rmse:.3f} | {held[-1]:.0f} |")
        print(f"| {name} | all | | | | {np.mean(held):.1f} |")
        everything += held
    print(f"| both | all | | | | {np.mean(everything):.1f} |\n")


def whole_curves(starts: int = 60) -> None:
    """Every family fitted to whole curves by least squares in the log alone, without a prior: how well its form can do.

    The best of many starts: next to what the form can do.
    """
    print("| table | law | log RMSD of a whole curve: median | mean | largest | models at or below .015 |")
    print("|---|---|---|---|---|---|")
    for name in PUBLISHED:
        batch = batch_of([trained(r) for r in finetuning(DATA / f"finetune_{name}.csv")])
        for law in families("loss"):
            off = least_squares(law, batch, starts)
            print(f"| {name} | {law.name} | {np.median(off):.4f} | {off.mean():.4f} | {off.max():.4f} "
                  f"| {(np.round(off, 3) <= 0.015).sum()} of {len(off)} |")  # fmt: skip
    print()


def trained(r: Runs) -> Runs:
    use = r.n_demonstrations > 0
    return replace(
        r, **{name: getattr(r, name)[use] for name in ("n_demonstrations", "n_pairs", "y", "items", "seed")}
    )


def least_squares(law: Family, batch: Batch, starts: int) -> np.ndarray:
    """The least root mean square of each curve's residuals in z, (B,)."""
    shape = weak_prior().of(batch.kind).shapes[law.name]
    curves, p = len(batch.n), len(shape.mean)
    problem = Problem(
        lambda theta, rows: law(theta, batch.n[rows]), batch.z, batch.known * 100.0,
        np.tile(shape.mean, (curves, 1)), np.broadcast_to(1e-3 * np.eye(p), (curves, p, p)), huber=np.inf,
    )  # fmt: skip
    rng, root = np.random.default_rng(0), np.linalg.cholesky(shape.covariance)
    off = np.full(curves, np.inf)
    for _ in range(starts):
        start = shape.mean + rng.standard_normal((curves, p)) @ root.T
        start[:, 0] += batch.z.mean(1)
        found = solve(problem, start, steps=400, tolerance=1e-12)
        off = np.fmin(off, np.sqrt(((batch.z - law(found.theta, batch.n)) ** 2).mean(1)))
    return off


def chinchilla() -> None:
    with (DATA / "chinchilla_runs_extracted.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    n, c, y = (np.array([float(r[k]) for r in rows]) for k in ("Model Size", "Training FLOP", "loss"))
    keep = np.argsort(y)[:-5]
    began = time.perf_counter()
    law = fit_allocation(n[keep], c[keep] / 6 / n[keep], y[keep])
    print(f"Chinchilla: E {law.E:.3f} A {law.A:.0f} B {law.B:.0f} alpha {law.alpha:.4f} beta {law.beta:.4f}, "
          f"{law.status}, {time.perf_counter() - began:.1f} s (printed: 1.82, 482, 2085, .348, .366)\n")  # fmt: skip


def coefficients() -> None:
    print("| P2's a, b | recovered |\n|---|---|")
    sizes = np.array([100, 300, 1000, 3000, 7500])
    for row in json.loads((DATA / "superficial_alignment_tables.json").read_text())["table7_selected"]:
        law = PowerLaw().fit(sizes, row["a"] / 100 * sizes ** (1 / row["b"]))
        print(f"| {row['a']}, {row['b']} | {law.parameters_['a']:.2f}, {law.parameters_['b']:.2f} |")
    tables = {name: finetuning(DATA / f"finetune_{name}.csv") for name in PUBLISHED}
    named = {**tables, "scores of 2502.11284": shares(DATA / "balancing_budget_llama.csv")}
    errors = {name: roll_out(runs, prior=weak_prior()) for name, runs in named.items()}
    laws = list(next(iter(errors.values())))
    print("\n| roll-out: RMS in z, largest third held out, no prior | " + " | ".join(laws) + " |")
    print("|---" * (1 + len(laws)) + "|")
    for name, found in errors.items():
        print(f"| {name} | " + " | ".join(f"{found[law]:.3f}" for law in laws) + " |")
    print()


def lightness() -> None:
    code = "import time; t = time.perf_counter(); import apportion.laws; print(time.perf_counter() - t)"
    seconds = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
               for _ in range(3)]  # fmt: skip
    print(f"import apportion.laws: {min(seconds):.2f} s\n")


LAWS: dict[Kind, dict[Name, tuple[list[float], list[float]]]] = {
    "score": {
        "power": ([-1.1, -0.12], [0.3, 0.04]),
        "floor": ([-1.2, -0.5, 6, -0.9], [0.5, 0.7, 1, 0.4]),
        "rectified": ([-1.2, -0.5, 7, -0.4], [0.5, 0.7, 1, 0.3]),
        "saturating": ([-1.2, 0.4, 7, -0.4], [0.5, 0.4, 1, 0.3]),
        "broken": ([-0.7, 0.25, -0.05, 7.5, 0], [0.4, 0.08, 0.08, 1, 0.3]),
    },
    "loss": {
        "power": ([0.7, 0.12], [0.4, 0.05]),
        "floor": ([1.0, -0.5, 6, -0.9], [0.5, 0.7, 1, 0.4]),
        "rectified": ([1.0, -0.5, 7, -0.4], [0.5, 0.7, 1, 0.3]),
        "saturating": ([1.0, -0.3, 7, -0.4], [0.5, 0.4, 1, 0.3]),
        "broken": ([0.7, 0.05, 0.1, 7.5, 0], [0.4, 0.04, 0.08, 1, 0.3]),
    },
}
RUNS: dict[Kind, float] = {"score": 0.03, "loss": 0.02}
"""Run-to-run deviations in z; scores are of 500 items, too."""


def simulated(law: Family, rng: np.random.Generator) -> tuple[Runs, float]:
    """Results at 8 sizes with the run deviation of RUNS, scores of 500 items, and the truth at 4 times the largest."""
    sizes = np.array([100.0 * 2**k for k in range(8)])
    theta = rng.normal(*LAWS[law.kind][law.name])
    truth = float(unlink(law(theta, np.array([4 * sizes[-1]])), law.kind)[0])
    y = unlink(law(theta, sizes) + RUNS[law.kind] * rng.standard_normal(8), law.kind)
    if law.kind == "loss":
        return curve(sizes, y, "loss"), truth
    return replace(curve(sizes, rng.binomial(500, y) / 500, "score"), items=np.full(8, 500.0)), truth


def coverage(tables: int, unknown: int) -> None:
    print(
        f"| tables of | family and noise given, {tables} | low, high | nothing given, {unknown} | low, high |"
    )
    print("|---|---|---|---|---|")
    for kind, laws in LAWS.items():
        for name in laws:
            rng = np.random.default_rng(1)
            sets = [simulated(family(name, kind), rng) for _ in range(max(tables, unknown))]
            row = []
            cases: tuple[tuple[Name | None, float | None, int], ...] = (
                (name, RUNS[kind], tables),
                (None, None, unknown),
            )
            for only, noise, count in cases:
                above = below = 0
                for runs, truth in sets[:count]:
                    (c,) = fit_curves([runs], prior=weak_prior(), only=only, noise=noise, draws=200)
                    above += truth > c.predictions[0].high
                    below += truth < c.predictions[0].low
                held = f"{100 * (1 - (above + below) / count):.1f} %" if count else "not run"
                row += [held, f"{above}, {below}"]
            print(f"| {name} ({kind}) | " + " | ".join(row) + " |", flush=True)
    print()


def noise(tables: int) -> None:
    """Runs without any trend, and three points of a law without noise, through the shipped prior."""
    rng = np.random.default_rng(2)
    print("| no trend, sizes | converged | no-law | underdetermined | at-bound |\n|---|---|---|---|---|")
    for count in (3, 4, 6, 8, 12):
        sizes = 100.0 * 2.0 ** np.arange(count)
        found = []
        for _ in range(tables):
            y = np.clip(0.5 + rng.choice([0.003, 0.03, 0.1]) * rng.standard_normal(count), 0, 1)
            found.append(fit_curves([curve(sizes, y, "score")], draws=50)[0].status)
        told = [found.count(s) for s in ("converged", "no-law", "underdetermined", "at-bound")]
        print(f"| {count} | " + " | ".join(map(str, told)) + " |", flush=True)
    print()


def main() -> None:
    extrapolation()
    whole_curves()
    chinchilla()
    coefficients()
    lightness()
    asked = {
        name: int(sys.argv[sys.argv.index(name) + 1])
        for name in ("--coverage", "--unknown")
        if name in sys.argv
    }
    if "--coverage" in asked:
        noise(asked["--coverage"] // 10)
        coverage(asked["--coverage"], asked.get("--unknown", asked["--coverage"]))


if __name__ == "__main__":
    main()
