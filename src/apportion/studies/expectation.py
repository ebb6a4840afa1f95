"""What a run on this machine will take, by a measured probe, and afterwards how far off that was."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from apportion.studies.probe import probe
from apportion.studies.progress import PROGRESS_FILE, duration, spent_seconds
from apportion.studies.runner import choose_workers
from apportion.studies.speeds import Speeds, makespan
from apportion.studies.stages import Graph
from apportion.studies.store import Store, write_atomically

EXPECTED_FILE = "expected.json"


@dataclass(frozen=True, slots=True)
class Expectation:
    """Seconds from the start of a run to its last unit, memory of all workers, and bytes on disk, of the units that
    were not done when it was made; `seconds_spent` is what earlier runs had taken.
    """

    seconds: float
    memory_bytes: int
    disk_bytes: int
    workers: int
    units: int
    seconds_spent: float
    speeds: Speeds


@dataclass(frozen=True, slots=True)
class Timing:
    """Expected and actual seconds of a study that has been run to its end; `factor` is actual over expected."""

    expected_seconds: float
    actual_seconds: float
    workers_expected: int
    workers: int

    @property
    def factor(self) -> float:
        """How many times as long as expected it took."""
        return self.actual_seconds / self.expected_seconds


def expect(graph: Graph, root: Path, workers: int | None = None) -> Expectation:
    """Return what the rest of a study will take in the folder `root`, measuring this machine for half a minute."""
    chosen, threads = choose_workers(graph.study, workers)
    store = Store(root)
    done = {unit.name for unit in graph.units.values() if store.has_marker(unit.folder)}
    left = [unit for unit in graph.units.values() if unit.name not in done]
    chosen = max(1, min(chosen, len(left)))
    speeds = probe(graph, chosen, threads)
    cells = sum(unit.kind == "cell" for unit in left)
    trainings = sum(unit.kind in ("sft", "preference") for unit in left)
    return Expectation(
        seconds=makespan(graph, speeds, done, chosen) if left else 0.0,
        memory_bytes=speeds.memory_bytes * chosen,
        disk_bytes=trainings * speeds.stage_bytes + cells * speeds.cell_bytes,
        workers=chosen,
        units=len(left),
        seconds_spent=spent_seconds(root),
        speeds=speeds,
    )


def keep_expectation(found: Expectation, root: Path) -> None:
    """Write an expectation into a study's folder, so that it can be held against the run."""
    root.mkdir(parents=True, exist_ok=True)
    write_atomically(root / EXPECTED_FILE, json.dumps(asdict(found), indent=1).encode())


def how_far_off(root: Path) -> Timing | None:
    """Return the expected and the actual time of a study, None unless a dry run came first and all units are done."""
    try:
        kept = msgspec.json.decode((root / EXPECTED_FILE).read_bytes(), type=Expectation)
        now = json.loads((root / PROGRESS_FILE).read_text())
        is_whole, workers = now["done"] == now["units"], int(now["workers"])
        actual = float(now["seconds_spent"]) - kept.seconds_spent
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not is_whole or not kept.seconds > 0 or not actual > 0:
        return None
    return Timing(kept.seconds, actual, kept.workers, workers)


def expectation_lines(found: Expectation) -> list[str]:
    """Return an expectation as lines for a person."""
    many = f"{found.workers} workers" if found.workers > 1 else "1 worker"
    return [
        f"expected time: {duration(found.seconds)} with {many}, by steps measured on this machine just now",
        f"memory: about {found.memory_bytes / 1e9:.1f} GB for {many}; disk: about {found.disk_bytes / 1e6:,.0f} MB",
    ]


def timing_line(found: Timing) -> str:
    """Return in one line how far off the expected time was."""
    return (
        f"took {duration(found.actual_seconds)} with {found.workers} workers; the dry run had expected "
        f"{duration(found.expected_seconds)} with {found.workers_expected} ({found.factor:.2f} times as long)"
    )
