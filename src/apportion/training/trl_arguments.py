"""What the stages share when they call TRL: trainer arguments, fixed batches and the log of a run."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, PeftModel
from torch.nn import Linear
from torch.utils.data import DataLoader, Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback
from transformers.pytorch_utils import Conv1D
from transformers.utils import logging as transformers_logging

from apportion.errors import UserError
from apportion.training.settings import PreferenceSettings, SFTSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LOGGED = ("loss", "grad_norm", "learning_rate", "mean_token_accuracy", "entropy")
LOGGED_PREFIXES = ("logps/", "rewards/", "kl")


class FixedBatches(Sampler[list[int]]):
    """Yields the batches that were decided before training; with several processes each takes its slice.

    Slices are of one length, since the processes gather what they computed: rows that do not divide go into the next
    batch, and a batch of fewer rows than processes is its first row everywhere.
    """

    def __init__(self, batches: list[list[int]], rank: int = 0, processes: int = 1) -> None:
        self.batches = batches
        self.rank = rank
        self.processes = processes

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        left: list[int] = []
        for batch in self.batches:
            rows = left + batch
            whole = len(rows) - len(rows) % self.processes
            left = rows[whole:] if whole else []
            yield rows[:whole][self.rank :: self.processes] or rows[:1]


class FixedBatchesMixin:
    """A trainer that takes `batches` as they are instead of drawing its own."""

    batches: list[list[int]]
    accelerator: Any
    train_dataset: Any
    data_collator: Any

    def floating_point_ops(self, inputs: Any) -> int:
        """Return 0: nobody reads the sum, and every step would count the parameters for it."""
        return 0

    def get_train_dataloader(self) -> DataLoader:
        """Return a loader over the fixed batches; the trainer moves each to its device."""
        rows: Any = (
            self.train_dataset.to_list()
        )  # a row out of a list costs nothing, out of an Arrow table .1 ms
        sampler = FixedBatches(self.batches, self.accelerator.process_index, self.accelerator.num_processes)
        return DataLoader(rows, batch_sampler=sampler, collate_fn=self.data_collator)


class RunLog(TrainerCallback):
    """Collects the training curve: one row per logged step, without times."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: dict | None = None, **kwargs: Any) -> None:
        """Keep the fields that describe learning."""
        kept = {k: v for k, v in (logs or {}).items() if k in LOGGED or k.startswith(LOGGED_PREFIXES)}
        if "loss" in kept:
            self.rows.append({"step": state.global_step, **kept})


def run_quietly(trainer: Trainer) -> None:
    """Train, with the training curve going to the trainer's callbacks and not to the terminal."""
    trainer.remove_callback(PrinterCallback)
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    trainer.train()
    transformers_logging.set_verbosity(verbosity)


def trainer_arguments(
    settings: SFTSettings, *, examples: int, seed: int, model: "PreTrainedModel", output_dir: str
) -> dict[str, Any]:
    """Return the arguments that SFTConfig, DPOConfig and KTOConfig have in common."""
    steps = settings.steps_for(examples)
    return {
        "output_dir": output_dir,
        "max_steps": steps,
        "per_device_train_batch_size": settings.batch_for(examples),
        "gradient_accumulation_steps": settings.accumulation,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.schedule,
        "warmup_steps": round(settings.warmup * steps),
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "activation_checkpointing": settings.gradient_checkpointing,
        "logging_steps": settings.log_every,
        "logging_first_step": True,
        "seed": seed,
        "bf16": model.dtype == torch.bfloat16,
        "fp16": model.dtype == torch.float16,
        "use_cpu": model.device.type == "cpu",
        "max_length": None,  # texts are cut before they come here
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
    }


def fused(model: Any) -> Any:
    """Return the model that carries TRL's fused head: the one inside an adapter, or the model itself."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def lora_config(settings: SFTSettings, model: Any) -> LoraConfig | None:
    """Return the adapter to train, or None for full fine-tuning; raises UserError if the model has no such layers."""
    if settings.lora_rank == 0:
        return None
    names = [name for name, _ in model.named_modules()]
    if not any(f".{name}".endswith(f".{target}") for name in names for target in settings.lora_targets):
        weights = [name for name, module in model.named_modules() if isinstance(module, Linear | Conv1D)]
        raise UserError(
            f"{'[preference]' if isinstance(settings, PreferenceSettings) else '[sft]'}, lora_targets",
            f"{', '.join(settings.lora_targets) or 'none'}, which the model does not have",
            f"one or more of {', '.join(sorted({name.rpartition('.')[2] for name in weights}))}",
            "Write lora_targets = [...] under [sft] and [preference].",
        )
    return LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,  # type: ignore[arg-type]  # peft says int, and takes a float
        lora_dropout=settings.lora_dropout,
        target_modules=list(settings.lora_targets),
        task_type="CAUSAL_LM",
    )
