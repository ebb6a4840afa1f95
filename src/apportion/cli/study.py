"""`apportion study`: run a study, look at how it will go, see how it stands."""

import json as json_module
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import cyclopts

from apportion.errors import UserError
from apportion.studies.estimate import estimate, estimate_lines
from apportion.studies.launch import accelerate_config
from apportion.studies.runner import RunResult, run_study, warm_up
from apportion.studies.stages import Graph, graph_of
from apportion.studies.status import status_lines, study_status
from apportion.studies.study_file import read_study

app = cyclopts.App(
    name="study", help="Train a grid of cells, sharing what they have in common, and grade it."
)


@app.command
def run(
    file: Path,
    *,
    out: Path | None = None,
    engine: Literal["local", "ray"] = "local",
    workers: Annotated[int | None, cyclopts.Parameter(validator=cyclopts.validators.Number(gte=1))] = None,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Run a study; the same command goes on after any interruption, and nothing is trained twice.

    Parameters
    ----------
    file: Path
        The study file (TOML).
    out: Path
        The folder for stages, cells and outcomes; runs/NAME OF THE FILE if not given.
    engine: Literal["local", "ray"]
        Worker processes on this machine, or a Ray cluster.
    workers: int
        How many units to do at once; one per core on a CPU if not given.
    dry_run: bool
        Print cells, shared stages, examples bought, money and time; write nothing. Exit status 2 if the
        data is not enough for the study to start.
    json: bool
        Print one JSON document on standard output.
    """
    study = read_study(file)
    accelerate_config(study)
    if dry_run:
        found = estimate(study)
        print(json_module.dumps(asdict(found)) if json else "\n".join(estimate_lines(found)), flush=True)
        found.refuse()
        return
    root = out or Path("runs") / study.name
    if root.exists() and not root.is_dir():
        raise UserError(str(root), "a file", "a folder for the study", "Name another with --out.")
    if engine == "local" and not (root / "outcomes.parquet").exists():
        warm_up(study, workers)
    graph = graph_of(study)
    result = run_study(study, graph, root, engine=engine, workers=workers, tell=_tell)
    from apportion.reports.report import write_report

    page = write_report(root)
    if json:
        print(json_module.dumps(_as_json(result, graph) | {"report": str(page)}))
        return
    print(_shared(result, graph))
    print("\n".join(status_lines(study_status(root))))
    print(f"report: {page}")


@app.command
def status(directory: Path, *, json: bool = False) -> None:
    """Show what of a running or finished study is done, and its scores so far.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world.
    json: bool
        Print one JSON document.
    """
    found = study_status(directory)
    if json:
        print(json_module.dumps(found.as_json()))
        return
    print("\n".join(status_lines(found)))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _shared(result: RunResult, graph: Graph) -> str:
    trainings = len(graph.trainings)
    return (
        f"{trainings} stages where a runner that shares nothing would train {result.asked_for}; "
        f"{result.trained} trained and {result.graded} cells graded now, {result.found_done} units found done"
    )


def _as_json(result: RunResult, graph: Graph) -> dict:
    return {
        "folder": str(result.root),
        "stages": len(graph.trainings),
        "stages_without_sharing": result.asked_for,
        "trained": result.trained,
        "graded": result.graded,
        "found_done": result.found_done,
        "redone": result.redone,
    }
