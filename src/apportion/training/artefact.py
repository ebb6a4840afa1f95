"""What a stage leaves behind: weights as safetensors, and the one place where adapters are merged."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apportion.models.causal import load_model, open_model
from apportion.models.settings import ModelSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, Trainer

ADAPTER = "adapter_config.json"


def save_weights(trainer: "Trainer", folder: Path) -> None:
    """Write what a trainer has trained into a folder: the adapter if one was trained, else the whole model.

    Has to be called on every process of a distributed run; one of them writes.
    """
    trainer.processing_class = None  # the tokenizer is the base model's
    trainer.save_model(str(folder))
    if not trainer.is_world_process_zero():
        return
    for stray in ("README.md", "training_args.bin"):  # an empty form; a pickle
        (folder / stray).unlink(missing_ok=True)
    config = folder / ADAPTER
    if config.exists():  # peft writes down where the base lay on this disk, and sets in no fixed order
        settings = json.loads(config.read_text())
        settings["base_model_name_or_path"] = None
        settings["target_modules"] = sorted(settings["target_modules"])
        config.write_text(json.dumps(settings, indent=1, sort_keys=True))


def load_chain(settings: ModelSettings, base: Path, folders: Sequence[Path]) -> "PreTrainedModel":
    """Return the model after the stages in `folders` (oldest first; none is the base model itself).

    Every adapter is merged into the weights below it, here and nowhere else, so that the model which a stage
    starts from, and which is its reference, is a plain model.
    """
    from peft import PeftModel

    full = [place for place, folder in enumerate(folders) if not (folder / ADAPTER).exists()]
    model: Any = open_model(settings, folders[full[-1]]) if full else load_model(settings, base)
    start = full[-1] + 1 if full else 0
    for folder in folders[start:]:
        model = PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
    return model
