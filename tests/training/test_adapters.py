"""Adapters: a model without the layers that they are to sit on is named with the layers it has."""

import pytest
from torch import nn

from apportion.errors import UserError
from apportion.training.settings import PreferenceSettings, SFTSettings
from apportion.training.trl_arguments import lora_config

MODEL = nn.ModuleDict({"attention": nn.ModuleDict({"c_attn": nn.Linear(2, 2), "c_proj": nn.Linear(2, 2)})})


@pytest.mark.parametrize(
    ("settings", "section"), [(SFTSettings, "[sft]"), (PreferenceSettings, "[preference]")]
)
@pytest.mark.parametrize("targets", [(), ("q_proj", "v_proj"), ("attn",)])
def test_targets_that_the_model_lacks_are_refused(
    settings: type[SFTSettings], section: str, targets: tuple[str, ...]
) -> None:
    with pytest.raises(UserError) as refused:
        lora_config(settings(lora_rank=4, lora_targets=targets), MODEL)
    assert refused.value.where == f"{section}, lora_targets"
    assert refused.value.expected == "one or more of c_attn, c_proj"


@pytest.mark.parametrize("targets", [("c_attn",), ("attention.c_attn",), ("q_proj", "c_proj")])
def test_targets_of_which_the_model_has_some_are_taken(targets: tuple[str, ...]) -> None:
    config = lora_config(SFTSettings(lora_rank=4, lora_targets=targets), MODEL)
    assert config is not None
    assert config.target_modules == set(targets)


def test_without_a_rank_nothing_is_asked_of_the_model() -> None:
    assert lora_config(SFTSettings(lora_rank=0, lora_targets=()), MODEL) is None
