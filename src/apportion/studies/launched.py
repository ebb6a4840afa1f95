"""One process of a launch: trains a stage together with the others."""

import json
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import torch
from accelerate import PartialState

from apportion.studies.stages import graph_of
from apportion.studies.study_file import read_study
from apportion.studies.work import Worker


def main(arguments: list[str]) -> None:
    """Run one process of a launch: the study file, the study's folder, the unit, where to write."""
    threading.Thread(target=_end_with_worker, daemon=True).start()
    # Joins the other processes and takes this one's device; without an accelerator they talk by gloo
    state = PartialState(cpu=not torch.accelerator.is_available())
    file, root, unit, folder = arguments
    worker = Worker(graph_of(replace(read_study(Path(file)), accelerate=None)), Path(root))
    worker.train(worker.graph.units[unit], Path(folder))
    if state.is_main_process:
        launched = {"processes": state.num_processes, "backend": state.backend, "device": str(state.device)}
        (Path(folder) / "launch.json").write_text(json.dumps(launched))


def _end_with_worker() -> None:
    os.read(0, 1)  # not sys.stdin, whose lock would hold up an orderly end
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
