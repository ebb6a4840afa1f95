"""`apportion study`: run a study, look at how it will go, see how it stands."""

import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import cyclopts

from apportion.cli.json_document import print_json
from apportion.cli.progress_bar import progress_bar
from apportion.cli.terminal import for_terminal
from apportion.errors import UserError

if TYPE_CHECKING:
    from apportion.studies.estimate import Estimate
    from apportion.studies.runner import RunResult
    from apportion.studies.stages import Graph
    from apportion.studies.status import StudyStatus
    from apportion.studies.study import Study

WATCH_SECONDS = 2.0

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
    probe: bool = True,
    quiet: bool = False,
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
        Print cells, shared stages, examples bought, money, time, memory and disk; train nothing. Exit status 2 if the
        data is not enough for the study to start. The expected time is kept in expected.json of the folder.
    probe: bool
        With --dry-run, measure a few steps on this machine, half a minute, for time, memory and disk. A study file
        with [hardware] means another machine and is not measured.
    quiet: bool
        Show no progress.
    json: bool
        Print one JSON document on standard output.
    """
    from apportion.studies.launch import accelerate_config
    from apportion.studies.study_file import read_study

    study = read_study(file)
    accelerate_config(study)
    root = out or Path("runs") / study.name
    if root.exists() and not root.is_dir():
        raise UserError(str(root), "a file", "a folder for the study", "Name another with --out.")
    if dry_run:
        _foretell(study, root, workers, probe=probe, quiet=quiet, json=json)
        return
    from apportion.studies.runner import run_study, warm_up
    from apportion.studies.stages import graph_of

    if engine == "local" and not (root / "outcomes.parquet").exists():
        warm_up(study, workers)
    graph = graph_of(study)
    from apportion.reports.report import write_report  # here, while the workers load what they need
    from apportion.studies.expectation import how_far_off, timing_line
    from apportion.studies.status import status_lines, study_status

    tell = _silent if quiet else _tell
    with progress_bar(f"study {study.name}", quiet=quiet, lines=False) as told:
        result = run_study(study, graph, root, engine=engine, workers=workers, tell=tell, told=told)
    page = write_report(root)
    if json:
        print_json(_as_json(result, graph) | {"report": str(page)})
        return
    print(_shared(result, graph))
    timing = how_far_off(root)
    if timing is not None and result.found_done < len(graph.units):
        print(timing_line(timing))
    print(for_terminal("\n".join(status_lines(study_status(root)))))
    print(f"report: {page}")


@app.command
def status(directory: Path, *, watch: bool = False, json: bool = False) -> None:
    """Show what of a running or finished study is done, and its scores so far.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world.
    watch: bool
        Show the table anew every two seconds while the study runs; without a terminal, once.
    json: bool
        Print one JSON document.
    """
    from apportion.studies.status import status_lines, study_status

    found = study_status(directory)
    if json:
        print_json(found.as_json())
        return
    if watch and found.running and sys.stdout.isatty():
        found = _watched(found)
    print(for_terminal("\n".join(status_lines(found))))


@app.command
def model(directory: Path, stage: str, *, out: Path, json: bool = False) -> None:
    """Write the model of a stage as one folder with its tokenizer, adapters merged; transformers opens it by its name.

    Parameters
    ----------
    directory: Path
        A study's folder, such as runs/world.
    stage: str
        The stage's folder below stages/, or the first letters of its name; a cell's, for the model that it graded.
    out: Path
        The folder to write.
    json: bool
        Print one JSON document.
    """
    from apportion.studies.stage_model import write_model

    stages = write_model(directory, stage, out)
    if json:
        print_json({"folder": str(out), "stages": list(stages)})
        return
    print(
        f"{out}: the base model after {len(stages)} stages ({', '.join(name[:12] for name in stages) or 'none'})"
    )


def _foretell(
    study: "Study", root: Path, workers: int | None, *, probe: bool, quiet: bool, json: bool
) -> None:
    from apportion.studies.estimate import estimate, estimate_lines
    from apportion.studies.expectation import expect, keep_expectation
    from apportion.studies.stages import graph_of

    found = estimate(study)
    is_here = found.model_fault is None and found.pools is not None and _can_start(found)
    if probe and is_here and study.hardware is None and study.accelerate is None:
        if not quiet:
            _tell("measuring a few steps on this machine, about half a minute; --no-probe leaves it out")
        found = replace(found, expected=expect(graph_of(study), root, workers))
    if json:
        print_json(asdict(found))
    else:
        print("\n".join(estimate_lines(found)), flush=True)
    found.refuse()
    if found.expected is not None:
        keep_expectation(found.expected, root)


def _can_start(found: "Estimate") -> bool:
    try:
        found.refuse()
    except UserError:
        return False
    return True


def _watched(found: "StudyStatus") -> "StudyStatus":
    """Show a study's table anew until its runner is gone; return how it stands then."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    from apportion.studies.status import status_head, status_rows, study_status

    def shown(status: "StudyStatus") -> Group:
        header, *rows = status_rows(status)
        table = Table(box=None)
        for name in header:
            table.add_column(Text(name), justify="right")
        for row in rows:
            table.add_row(*map(Text, row))
        return Group(Text(status_head(status)), table)

    with Live(shown(found), console=Console(), auto_refresh=False, transient=True) as live:
        while found.running:
            time.sleep(WATCH_SECONDS)
            found = study_status(found.directory)
            live.update(shown(found), refresh=True)
    return found


def _tell(line: str) -> None:
    print(for_terminal(line), file=sys.stderr, flush=True)


def _silent(line: str) -> None:
    pass


def _shared(result: "RunResult", graph: "Graph") -> str:
    trainings = len(graph.trainings)
    return (
        f"{trainings} stages where a runner that shares nothing would train {result.asked_for}; "
        f"{result.trained} trained and {result.graded} cells graded now, {result.found_done} units found done"
    )


def _as_json(result: "RunResult", graph: "Graph") -> dict:
    return {
        "folder": str(result.root),
        "stages": len(graph.trainings),
        "stages_without_sharing": result.asked_for,
        "trained": result.trained,
        "graded": result.graded,
        "found_done": result.found_done,
        "redone": result.redone,
    }
