"""One training run as a value, so that the processes of a launch do what the runner means and read nothing again."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate import PartialState

from apportion.models.rendering import Rendered
from apportion.models.settings import ModelSettings
from apportion.training.artefact import load_chain
from apportion.training.preference import ReferenceLogProbs, train_preference
from apportion.training.settings import PreferenceSettings, SFTSettings
from apportion.training.sft import train_sft


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """All that decides what a stage trains; plain values, so that it goes through JSON unchanged.

    `base` is the folder that the model's path counts from, `chain` holds the folders of the stages before, oldest
    first. Either `sft` is set, or `preference` with its `reference`.
    """

    model: ModelSettings
    base: str
    chain: tuple[str, ...]
    rows: list[Rendered]
    seed: int
    sft: SFTSettings | None = None
    preference: PreferenceSettings | None = None
    reference: ReferenceLogProbs | None = None


def train(run: TrainingRun, tokenizer: Any, folder: Path) -> None:
    """Do a training run and write weights and training.jsonl into a folder; every process of a launch calls it."""
    model = load_chain(run.model, Path(run.base), [Path(stage) for stage in run.chain])
    if run.preference is not None:
        assert run.reference is not None
        curve = train_preference(
            model, tokenizer, run.rows, run.reference, run.preference, seed=run.seed, folder=folder
        )
    else:
        assert run.sft is not None
        curve = train_sft(model, tokenizer, run.rows, run.sft, seed=run.seed, folder=folder)
    if PartialState().is_main_process:
        lines = (json.dumps(row, sort_keys=True) for row in curve)
        (folder / "training.jsonl").write_text("".join(f"{line}\n" for line in lines))
