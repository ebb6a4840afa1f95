"""Trains a stage on several processes or devices, by `accelerate launch` with the user's own configuration."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from apportion.errors import UserError
from apportion.studies.study import Study


def accelerate_config(study: Study) -> Path | None:
    """Return the configuration that the study names, None if it names none; raises UserError if it is not there."""
    if study.accelerate is None:
        return None
    config = study.folder / os.path.expandvars(study.accelerate)
    if not config.is_file():
        raise UserError(
            "[engine] accelerate",
            f"no file {config}",
            "a configuration of accelerate",
            "Make one: accelerate config --config_file FILE",
        )
    return config


def launch(study: Study, root: Path, unit: str, folder: Path) -> None:
    """Have accelerate run the training of a unit, which writes into `folder`.

    Raises UserError if the configuration is not there, RuntimeError with the end of its output if the launch
    fails.
    """
    config = accelerate_config(study)
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config)]
    command += ["--module", "apportion.studies.launched", str(study.file), str(root), unit, str(folder)]
    with tempfile.TemporaryFile() as errors:
        # The processes end when this pipe does: they never outlive the worker that launched them
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        ) as launched:
            status = launched.wait()
        if status:
            errors.seek(0)
            said = errors.read()[-4000:].decode(errors="replace")
            raise RuntimeError(f"accelerate launch ended with {status}:\n{said}")
