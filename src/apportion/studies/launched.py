"""One process of a launch: trains a stage together with the others."""

import json
import os
import sys
import threading
from pathlib import Path

import msgspec
import torch
from accelerate import PartialState

from apportion.models.causal import load_tokenizer
from apportion.studies.training_run import TrainingRun, train


def main(arguments: list[str]) -> None:
    """Run one process of a launch: the file with the training run, and where to write."""
    threading.Thread(target=_end_with_worker, daemon=True).start()
    # Joins the other processes and takes this one's device; without an accelerator they talk by gloo
    state = PartialState(cpu=not torch.accelerator.is_available())
    handed, folder = arguments
    run = msgspec.json.decode(Path(handed).read_bytes(), type=TrainingRun)
    train(run, load_tokenizer(run.model, Path(run.base)), Path(folder))
    if state.is_main_process:
        launched = {"processes": state.num_processes, "backend": state.backend, "device": str(state.device)}
        (Path(folder) / "launch.json").write_text(json.dumps(launched))


def _end_with_worker() -> None:
    os.read(0, 1)  # not sys.stdin, whose lock would hold up an orderly end
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
