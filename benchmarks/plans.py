"""Every number about plans and joint laws, on the shared data and on made-up tables.

    APPORTION_DATA=... python -m benchmarks.plans [--tables 60] [--fuzz 500] [--only regret,speed,coverage,start,fuzz]

Prints Markdown tables. `regret`: on the published Llama-3.1-8B surfaces, only cells of at most 500, 1,000 or 5,000
examples are shown, and a share is chosen for every larger budget, with a prior from the other three tasks.
`speed`: draws of the joint laws against a loop of scipy.optimize.least_squares from the same starts. `coverage`:
95 % intervals at four times the largest size, of laws drawn from their priors. `start`: what a user waits for.
`fuzz`: generated tables through the command.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from apportion.errors import UserError
from apportion.laws.joint import fit_family, fit_joint, perturbed, refit
from apportion.laws.joint_families import JOINT_FAMILIES
from apportion.laws.joint_problem import problem_of, residuals
from apportion.laws.runs import Runs, read_runs
from apportion.laws.solver import HUBER
from apportion.laws.surface_prior import SurfacePrior, build_prior, surface_of
from apportion.plans import Plan, plan

SHARES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
CEILINGS = (500, 1000, 5000)


def published() -> dict[str, Runs]:
    named = os.environ.get("APPORTION_DATA")
    if not named:
        sys.exit("APPORTION_DATA is not set: export it to the folder of the public data sets")
    runs, _ = read_runs(Path(named) / "curves" / "balancing_budget_llama.csv")
    return {str(r.task): r for r in runs}


def surface(runs: Runs) -> dict[int, np.ndarray]:
    """Return the scores at the five shares, by budget."""
    n = runs.n_demonstrations + runs.n_pairs
    found = {}
    for size in sorted(set(n[n > 0].tolist())):
        at = n == size
        order = np.argsort(runs.n_demonstrations[at])
        found[size] = runs.y[at][order]
    return found


def up_to(runs: Runs, ceiling: int) -> Runs:
    keep = runs.n_demonstrations + runs.n_pairs <= ceiling
    arrays = (runs.n_demonstrations, runs.n_pairs, runs.y, runs.items, runs.seed)
    return Runs(runs.model, runs.task, runs.kind, *(a[keep] for a in arrays))


def regret_of(scores: np.ndarray, share: float) -> float:
    return float(scores.max() - np.interp(share, SHARES, scores))


def bootstrap(values: np.ndarray) -> tuple[float, float]:
    draws = np.random.default_rng(0).choice(values, (10_000, len(values))).mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def regret_table() -> None:
    tasks = published()
    priors: dict[str, SurfacePrior] = {
        t: build_prior([surface_of(r) for u, r in tasks.items() if u != t]) for t in tasks
    }
    surfaces = {t: surface(r) for t, r in tasks.items()}
    rules: dict[str, dict[int, list[float]]] = {}
    plans: dict[int, list[tuple[Plan, np.ndarray]]] = {}
    groups: dict[int, list[str]] = {}
    for ceiling in CEILINGS:
        for task, levels in surfaces.items():
            seen = up_to(tasks[task], ceiling)
            at_ceiling = float(SHARES[levels[ceiling].argmax()])
            for budget, scores in levels.items():
                if budget <= ceiling:
                    continue
                found = plan(seen, budget, (1.0, 1.0), prior=priors[task])
                choices = {"the plan": found.sft_share, "best r at the ceiling": at_ceiling}
                choices |= {f"always {r:g}": float(r) for r in SHARES}
                for rule, share in choices.items():
                    rules.setdefault(rule, {}).setdefault(ceiling, []).append(regret_of(scores, share))
                plans.setdefault(ceiling, []).append((found, scores))
                groups.setdefault(ceiling, []).append(task)
    print("| rule | <= 500 | <= 1,000 | <= 5,000 | mean of the three | all decisions, 95 % bootstrap |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for rule, by in rules.items():
        means = [float(np.mean(by[c])) for c in CEILINGS]
        every = np.concatenate([by[c] for c in CEILINGS])
        low, high = bootstrap(every)
        cells = " | ".join(f"{m:.4f}" for m in [*means, float(np.mean(means))])
        print(f"| {rule} | {cells} | {every.mean():.4f} ({low:.4f} to {high:.4f}) |")
    for ceiling in CEILINGS:
        low, high = bootstrap(np.array(rules["the plan"][ceiling]))
        better = np.array(rules["always 0.5"][ceiling]) - np.array(rules["the plan"][ceiling])
        b_low, b_high = bootstrap(better)
        print(
            f"\n<= {ceiling}: {len(better)} decisions; the plan's mean regret {low:.4f} to {high:.4f}; "
            f"always .5 minus the plan {better.mean():+.4f} ({b_low:+.4f} to {b_high:+.4f})"
        )
    print(
        "\n| ceiling | decided | truth in 95 % interval | plan within 5 %, in truth | promised | predicted regret |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for ceiling in CEILINGS:
        found = plans[ceiling]
        truth = np.array([np.interp(p.sft_share, SHARES, y) for p, y in found])
        held = np.mean([p.low <= t <= p.high for (p, _), t in zip(found, truth, strict=True)])
        within = np.mean([t >= 0.95 * y.max() for (_, y), t in zip(found, truth, strict=True)])
        sure = np.mean([p.sure for p, _ in found])
        decided = sum(p.status == "decided" for p, _ in found)
        expected = np.mean([p.regret for p, _ in found])
        print(
            f"| {ceiling} | {decided}/{len(found)} | {held:.2f} | {within:.2f} | {sure:.2f} | {expected:.4f} |"
        )


def sixty_cells() -> tuple[np.ndarray, np.ndarray]:
    n = np.repeat([100, 200, 500, 1000, 2000, 5000, 8000, 10000, 15000, 20000, 30000, 40000], 5).astype(float)
    r = np.tile(SHARES, 12)
    return n * r, n * (1 - r)


def drawn_law(name: str, rng: np.random.Generator) -> np.ndarray:
    """Return parameters near their prior, with errors that stay below 1."""
    family = JOINT_FAMILIES[name]
    x = np.array(family.centre) + 0.5 * np.array(family.spread) * rng.standard_normal(len(family.centre))
    x[:2] = np.minimum(x[:2], np.log(0.47))
    if name == "additive":
        x[4] = min(x[4], np.log(0.3))
        x[1] = min(x[1], np.log(0.2))
    x[-1] = abs(x[-1]) / 10
    return x


def speed_table(loop: int = 60) -> None:
    s, p = sixty_cells()
    rng = np.random.default_rng(0)
    total = 0.0
    print(
        "| family | 1,000 draws, all at once (s) | scipy's loop (s) | ratio | with exact derivatives (s) | ratio |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, family in JOINT_FAMILIES.items():
        e = family.curve(drawn_law(name, rng)[None], s, p)[0][0]
        z = np.log(e / (1 - e)) + 0.05 * rng.standard_normal(60)
        began = time.process_time()
        law = fit_family(family, s, p, z, np.zeros(60), draws=1000)
        ours = time.process_time() - began
        sigma = np.full(60, law.sigma)
        began = time.process_time()
        refit(family, law.x, s, p, z, sigma, draws=1000)
        draws_only = time.process_time() - began
        target, centre = perturbed(family, z, sigma, 1000)
        problem = problem_of(family, s, p, target, sigma, centre, False)

        def part(x, i, which, problem=problem):
            return residuals(problem, x, i)[which]

        times = []
        for exact in (False, True):
            began = time.process_time()
            for i in range(loop):
                jac = (lambda x, i: part(x, i, 1)) if exact else "2-point"
                least_squares(
                    lambda x, i: part(x, i, 0), law.x, jac=jac, loss="huber", f_scale=HUBER, args=(i,)
                )
            times.append((time.process_time() - began) / loop * 1000)
        total += ours
        print(
            f"| {name} | {draws_only:.2f} | {times[0]:.1f} | {times[0] / draws_only:.0f} "
            f"| {times[1]:.1f} | {times[1] / draws_only:.0f} |"
        )
    print(f"\nAll joint families, many starts and 1,000 draws each, one core: {total:.2f} s")


def coverage_table(tables: int) -> None:
    print(f"| law drawn from | family given, {tables} tables | family unknown |")
    print("| --- | ---: | ---: |")
    n = np.repeat([100, 500, 1000, 2000, 5000], 5).astype(float)
    r = np.tile(SHARES, 5)
    s, p = np.append(0, n * r), np.append(0, n * (1 - r))
    unknown, seed = np.full(len(s), np.nan), np.full(len(s), -1)
    for kind in ("score", "loss"):
        for name, family in JOINT_FAMILIES.items():
            hits = np.zeros(2)
            for i in range(tables):
                rng = np.random.default_rng([i, len(name)])
                x = drawn_law(name, rng)
                y = measured(family.curve(x[None], s, p)[0][0], kind, rng)
                runs = Runs(None, None, kind, s.astype(int), p.astype(int), y, unknown, seed)
                share = rng.choice(SHARES[1:])
                at = np.array([20000 * share]), np.array([20000 * (1 - share)])
                truth = measured(family.curve(x[None], *at)[0][0], kind, rng)[0]
                for j, families in enumerate(((name,), tuple(JOINT_FAMILIES))):
                    found = fit_joint(runs, families=families, draws=200).predict(at[0][0], at[1][0])
                    hits[j] += found.low <= truth <= found.high
            print(f"| {name} ({kind}) | {hits[0] / tables:.3f} | {hits[1] / tables:.3f} |", flush=True)


def measured(e: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return scores, or losses, of errors e with runs that scatter by .06 in the logit, or in the log."""
    noise = 0.06 * rng.standard_normal(len(e))
    return e * np.exp(noise) if kind == "loss" else 1 / (1 + np.exp(np.log(e / (1 - e)) + noise))


def start_table() -> None:
    runs = [
        f"{s},{p},{0.2 + 0.05 * np.log1p(s) + 0.02 * np.log1p(p):.4f}"
        for s, p in zip(*sixty_cells(), strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "runs.csv"
        table.write_text("\n".join(["n_sft,n_pref,score", "0,0,0.15", *runs]))
        money = ["--budget", "100000", "--price-demonstration", "1..3", "--price-pair", "0.5..2", "--json"]
        commands = {
            "apportion plan, 61 cells, intervals": ["-m", "apportion", "plan", str(table), *money],
            "import apportion.laws, apportion.plans": ["-c", "import apportion.laws, apportion.plans"],
        }
        print("| what | best of 3, process start included (s) | CPU (s) |")
        print("| --- | ---: | ---: |")
        for name, command in commands.items():
            walls, cpus = [], []
            for _ in range(3):
                before, began = os.times(), time.perf_counter()
                subprocess.run([sys.executable, *command], check=True, capture_output=True)
                walls.append(time.perf_counter() - began)
                after = os.times()
                used = after.children_user + after.children_system
                cpus.append(used - before.children_user - before.children_system)
            print(f"| {name} | {min(walls):.2f} | {min(cpus):.2f} |")


def fuzz(tables: int) -> None:
    from apportion.cli.plan import plan as command

    rng = np.random.default_rng(0)
    odd = ["", "x", "nan", "-1", "0", "1", "0.5", "1e9", "inf", "12", "100", "5000", "0.25", '"', "é", "1.5"]
    planned = refused = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.csv"
        for _ in range(tables):
            columns = list(
                rng.permutation(["n_sft", "n_pref", rng.choice(["score", "loss"]), "items", "seed"])
            )
            oddness = rng.choice([0, 0, 0.02, 0.3])
            lines = [",".join(columns[: rng.integers(2, 6)] if rng.random() < 0.2 else columns)]
            for _ in range(rng.integers(0, 20)):
                usual = {
                    "n_sft": int(rng.choice([0, 10, 100, 1000])),
                    "n_pref": int(rng.choice([0, 10, 100, 1000])),
                    "items": int(rng.integers(1, 2000)),
                    "seed": int(rng.integers(3)),
                }
                lines.append(
                    ",".join(
                        str(rng.choice(odd))
                        if rng.random() < oddness
                        else str(usual.get(c, round(rng.random(), 4)))
                        for c in columns
                    )
                )
            path.write_text("\n".join(lines), encoding="utf-8")
            out = io.StringIO()
            budget = str(rng.choice(["10", "1000", "1e6"]))
            try:
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                    command(path, budget=budget, price_demonstration="1", price_pair="0.5..2", json=True)
            except UserError as error:
                assert "\n" not in str(error)
                refused += 1
                continue
            json.loads(out.getvalue(), parse_constant=lambda name: sys.exit(f"{name} in JSON"))
            planned += 1
    print(f"{tables} generated tables: {planned} planned, {refused} refused in one line, no traceback")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=60)
    parser.add_argument("--fuzz", type=int, default=500)
    parser.add_argument("--only", default="regret,speed,coverage,start,fuzz")
    asked = parser.parse_args()
    parts = {
        "regret": regret_table,
        "speed": speed_table,
        "coverage": lambda: coverage_table(asked.tables),
        "start": start_table,
        "fuzz": lambda: fuzz(asked.fuzz),
    }
    for name in asked.only.split(","):
        print(f"\n## {name}\n", flush=True)
        parts[name]()


if __name__ == "__main__":
    main()
