"""Oracle: TRL's own script on the same texts in the same order gives our stages' losses, tricks on or off."""

import os
from collections.abc import Callable
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.parity import trl_dpo, trl_sft

import apportion.training.preference
import apportion.training.sft
from apportion.judgements.demonstrations import Demonstration
from apportion.judgements.pairs import PreferencePair
from apportion.models.causal import load_model, load_tokenizer
from apportion.models.rendering import render
from apportion.models.settings import ModelSettings
from apportion.tasks.math import GSM8KSettings, gsm8k_task
from apportion.tasks.task import Task
from apportion.tasks.world import WorldSettings, world_task
from apportion.training.preference import reference_log_probs, train_preference
from apportion.training.settings import PreferenceSettings, SFTSettings
from apportion.training.sft import train_sft

HERE = Path()
MAX_LENGTH = 256


@pytest.fixture(autouse=True)
def _file_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches in file order, as the opponent takes them."""

    def in_order(lengths: Any, batch_size: int, batches: int, seed: int, *, sort_by_length: bool) -> list:
        return [list(range(i * batch_size, (i + 1) * batch_size)) for i in range(batches)]

    monkeypatch.setattr(apportion.training.sft, "batch_order", in_order)
    monkeypatch.setattr(apportion.training.preference, "batch_order", in_order)


class _Case:
    """A model with as many texts as the steps want."""

    def __init__(
        self,
        model: ModelSettings,
        task: Task,
        settings: PreferenceSettings,
        steps: int,
        longest: int = MAX_LENGTH,
    ) -> None:
        self.model, self.settings, self.steps, self.longest = model, settings, steps, longest
        self.tokenizer = load_tokenizer(model, HERE)
        wanted = steps * settings.batch_size
        self.demonstrations = [d for d in task.demonstrations if self._fits(d.prompt, d.response)][:wanted]
        self.pairs = [p for p in task.pairs if self._fits(p.prompt, p.chosen, p.rejected)][:wanted]
        assert len(self.demonstrations) == len(self.pairs) == wanted

    def _fits(self, prompt: Any, *responses: str) -> bool:
        return all(
            len(self.tokenizer(prompt + response)["input_ids"]) < self.longest for response in responses
        )

    def load(self) -> Any:
        return load_model(self.model, HERE)

    def rows(self, judgements: list) -> list:
        def texts(row: Demonstration | PreferencePair) -> tuple[str, ...]:
            return (row.response,) if isinstance(row, Demonstration) else (row.chosen, row.rejected)

        return [render(self.tokenizer, row.prompt, texts(row), "plain", MAX_LENGTH) for row in judgements]

    def sft_losses(self, folder: Path, *, pack: bool) -> tuple[list[float], list[float]]:
        fields = {name: getattr(self.settings, name) for name in SFTSettings.__dataclass_fields__}
        settings = SFTSettings(**(fields | {"pack": pack}))
        curve = train_sft(
            self.load(), self.tokenizer, self.rows(self.demonstrations), settings, seed=0, folder=folder
        )
        texts = [{"prompt": d.prompt, "completion": d.response} for d in self.demonstrations]
        return [row["loss"] for row in curve], trl_sft(
            self.load(), self.tokenizer, texts, settings, self.steps
        )

    def dpo_losses(
        self, settings: PreferenceSettings, folder: Path, theirs: list[float] | None = None
    ) -> tuple[list[float], list[float]]:
        """Our losses and TRL's; TRL's are computed unless they are known."""
        rows = self.rows(self.pairs)
        layout = settings.layout_for(len(rows))
        reference = reference_log_probs(self.load(), self.tokenizer, rows, layout)
        curve = train_preference(
            self.load(), self.tokenizer, rows, reference, settings, seed=0, folder=folder
        )
        texts = [{"prompt": p.prompt, "chosen": p.chosen, "rejected": p.rejected} for p in self.pairs]
        theirs = theirs or trl_dpo(self.load(), self.tokenizer, texts, settings, self.steps)
        return [row["loss"] for row in curve], theirs


def _assert_equal(ours: list[float], theirs: list[float], steps: int) -> None:
    assert len(ours) == len(theirs) == steps
    assert abs(ours[0] - theirs[0]) <= 1e-5
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) <= 1e-4


@pytest.fixture(scope="module")
def world() -> Callable[[int], _Case]:
    def case(steps: int) -> _Case:
        pools = {"demonstrations": 16 * steps, "pairs": 16 * steps}
        task = world_task(WorldSettings(problems=1, answers=0, comparisons=0, **pools))
        settings = PreferenceSettings(
            learning_rate=2.5e-4, epochs=1, batch_size=16, schedule="linear", log_every=1
        )
        return _Case(ModelSettings(), task, settings, steps)

    return case


@pytest.mark.parametrize("pack", [False, True])
def test_sft_equals_trl_over_50_steps(world: Callable[[int], _Case], tmp_path: Path, pack: bool) -> None:
    _assert_equal(*world(50).sft_losses(tmp_path, pack=pack), 50)


@pytest.mark.parametrize(("pack", "share_prompts"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize(
    ("loss", "sft_weight"), [("sigmoid", 0.0), ("sigmoid", 0.2), ("ipo", 0.0), ("hinge", 0.0)]
)
def test_preference_stages_equal_trl(
    world: Callable[[int], _Case],
    tmp_path: Path,
    loss: Any,
    sft_weight: float,
    pack: bool,
    share_prompts: bool,
) -> None:
    steps = 50 if (loss, sft_weight) == ("sigmoid", 0.0) else 5
    case = world(steps)
    tricks = {"pack": pack, "share_prompts": share_prompts}
    settings = replace(case.settings, loss=loss, sft_weight=sft_weight, **tricks)
    ours, theirs = case.dpo_losses(settings, tmp_path)
    _assert_equal(ours, theirs, steps)
    if (loss, sft_weight) == ("sigmoid", 0.0):
        assert abs(ours[0] - log(2)) <= 1e-6


@pytest.mark.slow
def test_smollm2_equals_trl_over_50_steps(tmp_path: Path) -> None:
    source = os.environ.get("APPORTION_SMOLLM2", "")
    if not source or not os.environ.get("APPORTION_DATA"):
        pytest.skip("needs APPORTION_SMOLLM2 (see studies/gsm8k-smollm2.toml) and APPORTION_DATA")
    settings = PreferenceSettings(
        learning_rate=1e-4, epochs=1, batch_size=1, schedule="linear", log_every=1, lora_rank=16
    )
    case = _Case(ModelSettings(source=source), gsm8k_task(GSM8KSettings(), HERE), settings, 50, longest=100)
    _assert_equal(*case.sft_losses(tmp_path, pack=True), 50)
    plain, theirs = case.dpo_losses(settings, tmp_path)
    shared, _ = case.dpo_losses(replace(settings, pack=True, share_prompts=True), tmp_path, theirs)
    for ours in (plain, shared):
        _assert_equal(ours, theirs, 50)
        assert abs(ours[0] - log(2)) <= 1e-6


def test_kto_trains_and_starts_at_one_half(world: Callable[[int], _Case], tmp_path: Path) -> None:
    """At the reference both sides' sigmoid is 1/2, whatever beta (Ethayarajh et al. 2024, eq. 7)."""
    case = world(5)
    rows = case.rows(case.pairs)
    settings = replace(case.settings, loss="kto")
    reference = reference_log_probs(case.load(), case.tokenizer, rows, settings.layout_for(len(rows)))
    curve = train_preference(case.load(), case.tokenizer, rows, reference, settings, seed=0, folder=tmp_path)
    assert curve[0]["loss"] == pytest.approx(0.5, abs=1e-5)
    assert all(torch.isfinite(torch.tensor(row["loss"])) for row in curve)
    assert (tmp_path / "model.safetensors").exists()
