"""Rebuild src/apportion/laws/prior.json: python -m benchmarks.laws_prior [OUT], with APPORTION_DATA set."""

import csv
import os
import sys
from pathlib import Path

import numpy as np

from apportion.laws.prior import KindPrior, Prior, encode, learn
from apportion.laws.runs import Runs, read_runs

SOURCE = (
    "losses: 60 fine-tuning curves of the release of Lin et al. 2024 (arXiv 2402.02314, Apache-2.0); "
    "scores: readings of the main figure of Balancing the Budget (arXiv 2502.11284), one curve per task and share"
)
HERE = Path(__file__).parents[1] / "src" / "apportion" / "laws" / "prior.json"


def finetuning(path: Path) -> list[Runs]:
    """The curves of a table whose columns are sizes; model names are left out, since none may matter."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    sizes = np.array([int(name) for name in rows[0][1:16]])
    return [curve(sizes, np.array(row[1:16], float), "loss", row[0]) for row in rows[1:]]


def curve(n, y, kind, model=None) -> Runs:
    whole = np.full(len(n), -1)
    return Runs(model, None, kind, np.asarray(n, np.int64), 0 * whole, y, np.full(len(n), np.nan), whole)


def shares(path: Path) -> list[Runs]:
    """Score against budget, one curve per task and share of demonstrations."""
    found = []
    for task in read_runs(path)[0]:
        total = task.n_demonstrations + task.n_pairs
        share = np.round(task.n_demonstrations / np.maximum(total, 1), 2)
        for r in np.unique(share[total > 0]):
            use = (total == 0) | (share == r)
            found.append(curve(total[use], task.y[use], "score"))
    return found


def main() -> None:
    data = Path(os.environ["APPORTION_DATA"]) / "curves"
    tables = [finetuning(data / f"finetune_{name}.csv") for name in ("flan", "wmt19")]
    loss = learn([c for table in tables for c in table], drift=0.35)
    score = learn(shares(data / "balancing_budget_llama.csv"), drift=0.15)
    prior = Prior(
        KindPrior(score.shapes, score.noise, score.drift), loss, SOURCE, "Apache-2.0 (losses); facts"
    )
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    out.write_bytes(encode(prior))
    print(f"{out}: noise {loss.noise:.4f} (loss), {score.noise:.4f} (score)")


if __name__ == "__main__":
    main()
