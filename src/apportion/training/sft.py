"""The SFT stage: imitate responses."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from datasets import Dataset
from transformers import set_seed
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from apportion.models.rendering import Rendered
from apportion.training.artefact import save_weights
from apportion.training.batches import batch_order
from apportion.training.collation import NO_LOSS, SFTCollator, pad_id
from apportion.training.packing import can_pack, pack_forward
from apportion.training.settings import SFTSettings
from apportion.training.trl_arguments import (
    FixedBatchesMixin,
    RunLog,
    fused,
    lora_config,
    run_quietly,
    trainer_arguments,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class _SFTTrainer(FixedBatchesMixin, SFTTrainer):
    pass


def train_sft(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    rows: list[Rendered],
    settings: SFTSettings,
    *,
    seed: int,
    folder: Path,
) -> list[dict[str, float]]:
    """Fine-tune on rows of one prompt and one response, write the weights, and return the training curve.

    Only the response has loss. Changes `model` in place (full fine-tuning) or wraps it in an adapter; what is
    written to `folder` is the whole model or the adapter, as safetensors.
    """
    ids = [row.prompt + row.responses[0] for row in rows]
    labels = [[NO_LOSS] * len(row.prompt) + row.responses[0] for row in rows]
    log = RunLog()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = trainer_arguments(
            settings, examples=len(rows), seed=seed, model=model, output_dir=scratch
        )
        config = SFTConfig(**arguments, dataset_kwargs={"skip_prepare_dataset": True}, packing=False)
        set_seed(seed)
        trainer = _SFTTrainer(
            model=model,
            args=config,
            train_dataset=Dataset.from_dict({"input_ids": ids, "labels": labels}),
            processing_class=tokenizer,
            callbacks=[log],
            peft_config=lora_config(settings, model),
        )
        trainer.data_collator = SFTCollator(pad_id(tokenizer))
        if settings.pack and can_pack(model):
            pack_forward(fused(trainer.model))
        trainer.batches = batch_order(
            [len(row) for row in ids],
            settings.batch_for(len(rows)),
            config.max_steps * settings.accumulation,
            seed,
            sort_by_length=settings.sort_by_length,
        )
        run_quietly(trainer)
        save_weights(trainer, folder)
    return log.rows
