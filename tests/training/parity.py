"""TRL's own scripts, as its documentation writes them: texts in, its tokenisation, its batches in file order."""

import tempfile
from typing import Any

from datasets import Dataset
from transformers import TrainerCallback, set_seed
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from apportion.training.settings import PreferenceSettings, SFTSettings
from apportion.training.trl_arguments import lora_config


class Losses(TrainerCallback):
    def __init__(self) -> None:
        self.values: list[float] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if "loss" in logs:
            self.values.append(logs["loss"])


def _arguments(settings: SFTSettings, steps: int, output_dir: str) -> dict[str, Any]:
    return {
        "output_dir": output_dir,
        "max_steps": steps,
        "per_device_train_batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.schedule,
        "warmup_steps": round(settings.warmup * steps),
        "weight_decay": settings.weight_decay,
        "train_sampling_strategy": "sequential",
        "logging_steps": 1,
        "seed": 0,
        "use_cpu": True,
        "bf16": False,
        "activation_checkpointing": False,
        "max_length": 256,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
    }


def trl_sft(model: Any, tokenizer: Any, rows: list[dict], settings: SFTSettings, steps: int) -> list[float]:
    """`rows` are {"prompt", "completion"} in the order in which they are to be seen."""
    losses = Losses()
    with tempfile.TemporaryDirectory() as scratch:
        set_seed(0)
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(**_arguments(settings, steps, scratch)),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            callbacks=[losses],
            peft_config=lora_config(settings, model),
        )
        trainer.train()
    return losses.values


def trl_dpo(
    model: Any, tokenizer: Any, rows: list[dict], settings: PreferenceSettings, steps: int
) -> list[float]:
    """`rows` are {"prompt", "chosen", "rejected"} in the order in which they are to be seen."""
    losses = Losses()
    with_sft = settings.sft_weight > 0
    with tempfile.TemporaryDirectory() as scratch:
        config = DPOConfig(
            **_arguments(settings, steps, scratch),
            beta=settings.beta,
            loss_type=[settings.loss, "sft"] if with_sft else [settings.loss],
            loss_weights=[1.0, settings.sft_weight] if with_sft else None,
            precompute_ref_log_probs=True,
        )
        set_seed(0)
        trainer = DPOTrainer(
            model=model,
            args=config,
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            callbacks=[losses],
            peft_config=lora_config(settings, model),
        )
        trainer.train()
    return losses.values
