"""The wall time of a study against the same cells as separate plain TRL scripts, one after another.

    python -m benchmarks.sharing [STUDY.toml] [--workers N]

The opponent takes the same steps, batch sizes and held-out items, decodes in batches of 32, computes its reference
log-probabilities once, runs on one thread, and has the libraries in the disk cache. Prints both times, their ratio
and the scores of each cell side by side. Default: benchmarks/sharing.toml, ten cells of the world study.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import polars as pl

from apportion.identity import seed_for
from apportion.judgements.subsets import subset
from apportion.models.world_base import world_base_path
from apportion.studies.cells import Cell
from apportion.studies.study import Study
from apportion.studies.study_file import read_study
from apportion.tasks.task import Task

HERE = Path(__file__).parent


def as_plain_cell(study: Study, task: Task, cell: Cell) -> dict:
    """Return the cell's texts and settings as the opponent reads them: the same judgements as ours."""

    def pool(name: str, n: int) -> tuple:
        return subset(getattr(task, name), n, seed_for(str(cell.seed), name))

    sft = []
    if cell.n_demonstrations:
        bought = pool("demonstrations", cell.n_demonstrations)
        sft.append([{"prompt": d.prompt, "completion": d.response} for d in bought])
    pairs = [asdict(pair) for pair in pool("pairs", cell.n_pairs)]
    if cell.method == "sft-on-chosen":
        sft.append([{"prompt": p["prompt"], "completion": p["chosen"]} for p in pairs])
    trains_on_pairs = cell.n_pairs and cell.method != "sft-on-chosen"
    kept = ("prompt", "chosen", "rejected")
    return {
        "sft": sft,
        "pairs": [{k: pair[k] for k in kept} for pair in pairs] if trains_on_pairs else [],
        "sft_settings": asdict(study.sft),
        "preference_settings": asdict(study.preference[cell.method]) if trains_on_pairs else None,
        "problems": [asdict(p) for p in task.problems],
        "answers": [asdict(a) for a in task.answers],
        "comparisons": [asdict(c) for c in task.comparisons],
        "max_new_tokens": task.max_new_tokens,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("study", nargs="?", default=HERE / "sharing.toml", type=Path)
    parser.add_argument("--workers", default="2")
    options = parser.parse_args()
    study = read_study(options.study)
    task = study.load_task()
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    subprocess.run(
        [sys.executable, "-c", "import trl, peft; from trl import DPOTrainer, SFTTrainer"], check=True
    )
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "ours"
        command = [sys.executable, "-m", "apportion", "study", "run", str(options.study), "--out", str(out)]
        said = Path(scratch) / "said.json"
        began = time.perf_counter()
        with said.open("w") as stdout:  # a file: a pipe would also wait for what outlives the command
            subprocess.run(
                [*command, "--workers", options.workers, "--json"], check=True, env=environment, stdout=stdout
            )
        ours = time.perf_counter() - began
        result = json.loads(said.read_text())
        table = pl.read_parquet(out / "outcomes.parquet")
        print(f"apportion: {ours:.1f} s for {result['graded']} cells, {result['trained']} stages trained")
        theirs = 0.0
        for cell in study.cells():
            path = Path(scratch) / "cell.json"
            path.write_text(json.dumps(as_plain_cell(study, task, cell)))
            script = [sys.executable, str(HERE / "_plain_trl_cell.py"), str(world_base_path()), str(path)]
            began = time.perf_counter()
            output = subprocess.run(
                script, check=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ).stdout  # fmt: skip
            took = time.perf_counter() - began
            theirs += took
            scores = json.loads(output.strip().splitlines()[-1])
            same = (
                (pl.col("n_demonstrations") == cell.n_demonstrations)
                & (pl.col("n_pairs") == cell.n_pairs)
                & (pl.col("method") == cell.method)
                & (pl.col("seed") == cell.seed)
            )
            mine = dict(table.filter(same).group_by("metric").agg(pl.col("score").mean()).rows())
            shown = ", ".join(f"{name} {mine[name]:.3f} / {score:.3f}" for name, score in scores.items())
            print(
                f"plain TRL: {took:5.1f} s, {cell.n_demonstrations}+{cell.n_pairs} {cell.method}: {shown}",
                flush=True,
            )
        print(f"plain TRL scripts one after another: {theirs:.1f} s")
        print(f"ratio: {theirs / ours:.2f}")


if __name__ == "__main__":
    main()
