"""Trains a stage on several processes or devices, by `accelerate launch` with the user's own configuration."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from apportion.errors import UserError
from apportion.studies.study import Study

if TYPE_CHECKING:
    from apportion.studies.training_run import TrainingRun


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


def mixed_precision(study: Study) -> str | None:
    """Return the precision that the study's configuration of accelerate trains in, None for the model's own."""
    config = accelerate_config(study)
    if config is None:
        return None
    import yaml

    try:
        found = yaml.safe_load(config.read_text(encoding="utf-8"))
        precision = found.get("mixed_precision")
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError) as error:
        expected = "a configuration of accelerate (YAML)"
        cure = "Make one: accelerate config --config_file FILE"
        raise UserError("[engine] accelerate", f"{config}, which cannot be read", expected, cure) from error
    return None if precision in (None, False, "no") else str(precision)


def launch(study: Study, run: "TrainingRun", folder: Path) -> None:
    """Have accelerate do a training run, which writes into `folder`; its processes are handed the run as a value.

    Raises UserError if the configuration is not there, RuntimeError with the end of its output if the launch
    fails.
    """
    config = accelerate_config(study)
    handed = folder / "run.json"
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config)]
    command += ["--module", "apportion.studies.launched", str(handed), str(folder)]
    handed.write_bytes(msgspec.json.encode(run))
    with tempfile.TemporaryFile() as errors:
        # The processes end when this pipe does: they never outlive the worker that launched them
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        ) as launched:
            status = launched.wait()
        handed.unlink()
        if status:
            errors.seek(0)
            said = errors.read()[-4000:].decode(errors="replace")
            raise RuntimeError(f"accelerate launch ended with {status}:\n{said}")
