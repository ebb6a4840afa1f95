"""Trains a stage on several processes or devices, by `accelerate launch` with the user's own configuration."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from apportion.errors import UserError
from apportion.studies.study import Study, read_study


def launch(study: Study, root: Path, unit: str, folder: Path) -> None:
    """Have accelerate run the training of a unit, which writes into `folder`.

    Raises UserError if the configuration is not there, RuntimeError with the end of its output if the launch
    fails.
    """
    assert study.accelerate is not None
    config = study.folder / os.path.expandvars(study.accelerate)
    if not config.is_file():
        raise UserError(
            "[engine] accelerate",
            f"no file {config}",
            "a configuration of accelerate",
            "Make one: accelerate config --config_file FILE",
        )
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config)]
    command += ["--module", "apportion.studies.launch", str(study.file), str(root), unit, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"accelerate launch ended with {ended.returncode}:\n{ended.stderr[-4000:]}")


def main(arguments: list[str]) -> None:
    """Run one process of a launch: the study file, the study's folder, the unit, where to write."""
    import torch
    from accelerate import PartialState

    # Joins the other processes and takes this one's device; without an accelerator they talk by gloo
    state = PartialState(cpu=not torch.accelerator.is_available())
    from apportion.studies.work import Worker

    file, root, unit, folder = arguments
    worker = Worker(replace(read_study(Path(file)), accelerate=None), Path(root))
    worker.train(worker.graph.units[unit], Path(folder))
    if state.is_main_process:
        launched = {"processes": state.num_processes, "backend": state.backend, "device": str(state.device)}
        (Path(folder) / "launch.json").write_text(json.dumps(launched))


if __name__ == "__main__":
    main(sys.argv[1:])
