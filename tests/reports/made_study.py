"""A study's folder as a run would have left it, without any training."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
from tests.findings.made_outcomes import made_outcomes

from apportion.findings.measured import Arm
from apportion.identity import digest
from apportion.studies.cells import Cell
from apportion.studies.study import Study
from apportion.studies.study_file import read_study

WORLD = """
budgets = [32, 128, 512, 2048]
shares = [1, 0.75, 0.5, 0.25, 0]
seeds = [0, 1, 2]
methods = ["rpo"]
controls = ["sft-on-chosen"]

[task]
name = "world"
"""


def score_of(arm: Arm) -> float:
    """Demonstrations teach the form, and pairs help once it is there."""
    learned = arm.n_demonstrations / (arm.n_demonstrations + 500)
    if arm.method == "sft-on-chosen":
        n = arm.n_demonstrations + 0.6 * arm.n_pairs
        return 0.75 * n / (n + 500)
    helped = learned + 0.25 * arm.n_pairs / (arm.n_pairs + 400) * (arm.n_demonstrations > 10)
    return min(0.75 * helped, 0.95)


def form_of(arm: Arm) -> float:
    n = arm.n_demonstrations + (arm.n_pairs if arm.method == "sft-on-chosen" else 0)
    return n / (n + 6)


def made_study(
    root: Path,
    text: str = WORLD,
    *,
    has_run: Callable[[Cell], bool] = lambda cell: True,
    metrics: tuple[str, ...] = ("accuracy", "nll", "preference_accuracy"),
    items: int = 120,
) -> Study:
    """Write study.toml, outcomes.parquet, cells and stages under `root`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "study.toml").write_text(text)
    study = read_study(root / "study.toml")
    cells = [cell for cell in study.cells() if has_run(cell)]
    names = {(Arm(c.n_demonstrations, c.n_pairs, c.method), c.seed): digest(c) for c in cells}
    arms = sorted({arm for arm, _ in names})
    parts = []
    for draw, metric in enumerate(metrics):
        truth = {
            arm: score_of(arm) if metric != "preference_accuracy" else 0.6 + score_of(arm) / 3 for arm in arms
        }
        made = made_outcomes(
            truth,
            form={arm: form_of(arm) for arm in arms},
            seeds=study.grid.seeds,
            items=items,
            metric=metric,
            task=study.task_name,
            model=study.model_label,
            draw=draw,
        )
        parts.append(made)
    table = pl.concat(parts) if parts else made_outcomes({})
    known = {f"{arm}-{seed}": name for (arm, seed), name in names.items()}
    table = table.filter(pl.col("cell").is_in(list(known))).with_columns(pl.col("cell").replace(known))
    table.write_parquet(root / "outcomes.parquet")
    for (arm, seed), name in names.items():
        _write_cell(root, name, arm, seed)
    return study


def _write_cell(root: Path, name: str, arm: Arm, seed: int) -> None:
    stages = []
    if arm.n_pairs and arm.method != "sft-on-chosen":
        stages = [f"stage-{name}"]
        folder = root / "stages" / stages[0]
        folder.mkdir(parents=True)
        fall = 4.0 if arm.n_demonstrations == 0 else 0.5
        evidence = {
            "pairs": 64,
            "kl_per_token": 0.1 * fall,
            "chosen_before": -30.0,
            "chosen_after": -30.0 - fall,
            "rejected_before": -31.0,
            "rejected_after": -36.0 - fall,
            "chosen_fell_share": min(0.2 * fall, 1.0),
        }
        (folder / "stage.json").write_text(json.dumps({"kind": "preference", "evidence": evidence}))
        curve = [
            {
                "step": step,
                "loss": 0.69 - step / 200,
                "logps/chosen": -30 - fall * step / 60 + 0.3 * ((step * 7 + seed) % 5 - 2),
                "logps/rejected": -31 - (fall + 5) * step / 60 + 0.3 * ((step * 3 + seed) % 5 - 2),
                "rewards/margins": 0.5 * step / 60,
            }
            for step in (1, *range(10, 61, 10))
        ]
        (folder / "training.jsonl").write_text("".join(json.dumps(row) + "\n" for row in curve))
    folder = root / "cells" / name
    folder.mkdir(parents=True)
    environment = {"device": "cpu", "threads": 1, "versions": {"torch": "2.13.0"}}
    described = {"name": name, "stages": stages, "environment": environment}
    (folder / "cell.json").write_text(json.dumps(described))
    (folder / "DONE").write_text("{}")
