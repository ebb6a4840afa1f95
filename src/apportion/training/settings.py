"""The settings of a training stage, and the papers' settings as named presets."""

from dataclasses import dataclass
from math import ceil
from typing import Literal, NamedTuple

Schedule = Literal["cosine", "linear", "constant"]
PreferenceLoss = Literal["sigmoid", "ipo", "hinge", "kto"]

ALL_PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Layout(NamedTuple):
    """How texts are laid out for a forward pass: so many responses at once, packed or padded, a pair's prompt once.

    What cannot be packed is padded, and what is padded shares no prompt.
    """

    batch_size: int = 32
    pack: bool = True
    share_prompts: bool = True


AS_GRADED = Layout()
"""How held-out responses are laid out, whose likelihoods belong to no training."""


@dataclass(frozen=True, slots=True)
class SFTSettings:
    """Supervised fine-tuning on responses: token negative log-likelihood, AdamW.

    `min_steps` lets a small set train until it is fitted rather than for a few updates: the number of
    optimiser steps is the larger of `epochs` over the data and `min_steps`. `batch_sizes` overrides
    `batch_size` by the number of examples, as (up to, batch size) in rising order. `warmup` is a share of
    the steps. `lora_rank` 0 is full fine-tuning. `log_every` is in steps.

    `pack` lays a batch's texts end to end where the model's attention allows it: the same numbers up to
    rounding, without padding. `sort_by_length` fills batches with texts of similar length instead, which
    saves padding too but makes each batch alike, and costs accuracy where length goes with content.
    """

    learning_rate: float = 5e-5
    epochs: float = 2.0
    min_steps: int = 0
    batch_size: int = 16
    batch_sizes: tuple[tuple[int, int], ...] = ()
    accumulation: int = 1
    schedule: Schedule = "cosine"
    warmup: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    lora_rank: int = 0
    lora_alpha: float = 32.0
    lora_dropout: float = 0.0
    lora_targets: tuple[str, ...] = ALL_PROJECTIONS
    pack: bool = False
    sort_by_length: bool = False
    gradient_checkpointing: bool = False
    log_every: int = 10

    def batch_for(self, examples: int) -> int:
        """Return the batch size for a number of examples."""
        return next((size for up_to, size in self.batch_sizes if examples <= up_to), self.batch_size)

    def steps_for(self, examples: int) -> int:
        """Return the number of optimiser steps for a number of examples.

        >>> SFTSettings(epochs=2, batch_size=16).steps_for(100)
        14
        """
        per_epoch = ceil(ceil(examples / self.batch_for(examples)) / self.accumulation)
        return max(ceil(self.epochs * per_epoch), self.min_steps)


@dataclass(frozen=True, slots=True)
class PreferenceSettings(SFTSettings):
    """Preference fine-tuning from the parent stage, which is also the reference.

    Losses as TRL names them: "sigmoid" is DPO (Rafailov et al. 2023), "ipo" averages over tokens as its
    authors advised, "hinge" is SLiC's, "kto" takes each pair as one good and one bad example (Ethayarajh et
    al. 2024). `beta` weighs the distance to the reference. `sft_weight` above 0 adds the negative
    log-likelihood of the chosen response (the RPO term; not for KTO). `share_prompts` runs prompt, chosen
    and rejected as one row where the model's attention allows it: the same numbers up to rounding, in less
    time.
    """

    beta: float = 0.1
    loss: PreferenceLoss = "sigmoid"
    sft_weight: float = 0.0
    share_prompts: bool = False

    def layout_for(self, pairs: int) -> Layout:
        """Return how a training on so many pairs lays its batches out, which its reference pass does alike.

        Then the first loss is as near to log 2 as rounding lets it be, and a batch that fits one fits the other.
        """
        return Layout(2 * self.batch_for(pairs), self.pack, self.pack and self.share_prompts)


@dataclass(frozen=True, slots=True)
class Preset:
    """A published recipe for both stages."""

    source: str
    sft: SFTSettings
    preference: PreferenceSettings


def _preset(source: str, sft: dict, preference: dict) -> Preset:
    return Preset(source, SFTSettings(**sft), PreferenceSettings(**(sft | preference)))


PRESETS: dict[str, Preset] = {
    "world": _preset(
        "Apportion's own settings for the generated world, chosen on its development split",
        {"learning_rate": 1e-3, "epochs": 4.0, "min_steps": 300, "schedule": "linear", "warmup": 0.05}
        | {"weight_decay": 0.0, "pack": True},
        {"learning_rate": 1e-4, "epochs": 2.0, "min_steps": 0, "sft_weight": 1.0, "share_prompts": True},
    ),
    "balancing-budget": _preset(
        "Raghavendra, Kang, Ritter 2025 (arXiv 2502.11284); beta is not printed there, .1 is the follow-up's",
        {"lora_rank": 32, "lora_alpha": 32.0, "gradient_checkpointing": True},
        {"learning_rate": 5e-6},
    ),
    "near-optimal-allocation": _preset(
        "Wang et al. 2026, the follow-up to arXiv 2502.11284",
        {"learning_rate": 1e-5, "epochs": 1.0, "lora_rank": 32, "gradient_checkpointing": True},
        {"learning_rate": 1e-6},
    ),
    "superficial-alignment": _preset(
        "Raghavendra, Nath, Hendryx 2024 (arXiv 2410.03717), SFT only; the preference settings are 2502.11284's",
        {"learning_rate": 1e-5, "epochs": 3.0, "batch_sizes": ((100, 2), (1000, 8)), "warmup": 0.0},
        {"learning_rate": 5e-6, "epochs": 2.0, "batch_sizes": ()},
    ),
    "small-lora": _preset(
        "Apportion's settings for models of 100 to 300 million parameters on a CPU",
        {"learning_rate": 2e-4, "epochs": 2.0, "batch_size": 4, "lora_rank": 16, "lora_alpha": 32.0}
        | {"pack": True},
        {"learning_rate": 5e-5, "epochs": 1.0, "share_prompts": True},
    ),
}
