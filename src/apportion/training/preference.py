"""The preference stage: DPO and its kin, with the parent stage as the reference."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from datasets import Dataset
from transformers import set_seed
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer

from apportion.models.rendering import Rendered
from apportion.training.artefact import save_weights
from apportion.training.batches import batch_order
from apportion.training.collation import PreferenceCollator, pad_id
from apportion.training.likelihood import response_likelihoods
from apportion.training.packing import can_pack, pack_forward
from apportion.training.settings import Layout, PreferenceSettings
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


class ReferenceLogProbs(NamedTuple):
    """Log-probabilities of chosen and rejected responses under the reference, in nats, one per pair."""

    chosen: list[float]
    rejected: list[float]


class _DPOTrainer(FixedBatchesMixin, DPOTrainer):
    """TRL's trainer on rows that are tokenised already and carry their reference log-probabilities."""

    def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        return dataset

    def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:
        return dataset


class _KTOTrainer(FixedBatchesMixin, KTOTrainer):
    """TRL's trainer on rows that are tokenised and batched already."""

    def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        return dataset


def reference_log_probs(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", rows: list[Rendered], layout: Layout
) -> ReferenceLogProbs:
    """Return the log-probabilities of the (chosen, rejected) responses of each row under the reference."""
    found = response_likelihoods(model, rows, pad_token_id=pad_id(tokenizer), layout=layout)
    chosen, rejected = ([sides[k].log_prob for sides in found] for k in (0, 1))
    return ReferenceLogProbs(chosen, rejected)


def train_preference(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    rows: list[Rendered],
    reference: ReferenceLogProbs,
    settings: PreferenceSettings,
    *,
    seed: int,
    folder: Path,
) -> list[dict[str, float]]:
    """Fine-tune on rows of one prompt and (chosen, rejected), write the weights, and return the training curve.

    The model as it is passed in is the reference; its log-probabilities come with `reference` (KTO, which
    needs them for mismatched pairs too, computes its own). Changes `model` in place or wraps it in an
    adapter; what is written to `folder` is the whole model or the adapter, as safetensors.
    """
    if settings.loss == "kto":
        return _train_kto(model, tokenizer, rows, settings, seed, folder)
    return _train_dpo(model, tokenizer, rows, reference, settings, seed, folder)


def _train_dpo(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    rows: list[Rendered],
    reference: ReferenceLogProbs,
    settings: PreferenceSettings,
    seed: int,
    folder: Path,
) -> list[dict[str, float]]:
    dataset = Dataset.from_dict(
        {
            "prompt_ids": [row.prompt for row in rows],
            "chosen_ids": [row.responses[0] for row in rows],
            "rejected_ids": [row.responses[1] for row in rows],
            "ref_chosen_logps": reference.chosen,
            "ref_rejected_logps": reference.rejected,
        }
    )
    with_sft = settings.sft_weight > 0
    log = RunLog()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = trainer_arguments(
            settings, examples=len(rows), seed=seed, model=model, output_dir=scratch
        )
        config = DPOConfig(
            **arguments,
            beta=settings.beta,
            loss_type=[settings.loss, "sft"] if with_sft else [settings.loss],
            loss_weights=[1.0, settings.sft_weight] if with_sft else None,
            precompute_ref_log_probs=True,
        )
        set_seed(seed)
        trainer = _DPOTrainer(
            model=model,
            args=config,
            train_dataset=dataset,
            processing_class=tokenizer,
            callbacks=[log],
            peft_config=lora_config(settings, model),
        )
        trainer.data_collator = PreferenceCollator(pad_id(tokenizer))
        if settings.pack and can_pack(model):
            pack_forward(fused(trainer.model), share_prompts=settings.share_prompts)
        trainer.batches = batch_order(
            [len(row.prompt) + max(map(len, row.responses)) for row in rows],
            settings.batch_for(len(rows)),
            config.max_steps * settings.accumulation,
            seed,
            sort_by_length=settings.sort_by_length,
        )
        run_quietly(trainer)
        save_weights(trainer, folder)
    return log.rows


def _train_kto(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    rows: list[Rendered],
    settings: PreferenceSettings,
    seed: int,
    folder: Path,
) -> list[dict[str, float]]:
    """Each pair becomes a desirable and an undesirable example; a batch holds both sides of its pairs."""
    pairs_per_batch = settings.batch_for(len(rows))
    steps = settings.steps_for(len(rows))
    order = batch_order(
        [len(row.prompt) + max(map(len, row.responses)) for row in rows],
        pairs_per_batch,
        steps * settings.accumulation,
        seed,
        sort_by_length=settings.sort_by_length,
    )
    examples: list[dict[str, Any]] = []
    batches: list[list[int]] = []
    for batch in order:
        sides = [
            {"prompt_ids": rows[i].prompt, "completion_ids": rows[i].responses[side], "label": side == 0}
            for i in batch
            for side in (0, 1)
        ]
        # TRL estimates the KL term from completions of other prompts: here the next pair's, side by side
        following = [*batch[1:], batch[0]] if len(batch) > 1 else [(batch[0] + 1) % len(rows)]
        rotated = [rows[i].responses[side] for i in following for side in (0, 1)]
        batches.append(list(range(len(examples), len(examples) + len(sides))))
        examples += [{**side, "KL_completion_ids": other} for side, other in zip(sides, rotated, strict=True)]
    log = RunLog()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = trainer_arguments(
            settings, examples=len(rows), seed=seed, model=model, output_dir=scratch
        )
        arguments["per_device_train_batch_size"] = 2 * pairs_per_batch
        config = KTOConfig(
            **arguments,
            beta=settings.beta,
            precompute_ref_log_probs=True,
            train_sampling_strategy="sequential",
        )
        set_seed(seed)
        trainer = _KTOTrainer(
            model=model,
            args=config,
            train_dataset=Dataset.from_list(examples),
            processing_class=tokenizer,
            callbacks=[log],
            peft_config=lora_config(settings, model),
        )
        trainer.batches = batches
        run_quietly(trainer)
        save_weights(trainer, folder)
    return log.rows
