"""Likelihood, decoding, shared prompts and adapters, each against its slow and obvious version."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from trl.trainer.utils import add_fused_lm_head

from apportion.models.causal import load_model, load_tokenizer
from apportion.models.rendering import Rendered, render, render_prompt
from apportion.models.settings import ModelSettings
from apportion.tasks.world import WorldSettings, world_task
from apportion.training.artefact import load_chain
from apportion.training.decoding import DecodingSettings, decode
from apportion.training.evidence import TokenDistributions, preference_evidence
from apportion.training.greedy import greedy, is_plainly_greedy
from apportion.training.likelihood import response_likelihoods
from apportion.training.packing import can_pack, layout, pack_forward
from apportion.training.preference import reference_log_probs, train_preference
from apportion.training.settings import Layout, PreferenceSettings, SFTSettings
from apportion.training.sft import train_sft

HERE = Path()
MODEL = ModelSettings()
TASK = world_task(WorldSettings(demonstrations=24, pairs=24, problems=24, answers=0, comparisons=0))


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer(MODEL, HERE)


@pytest.fixture(scope="module")
def pairs(tokenizer: Any) -> list[Rendered]:
    return [render(tokenizer, p.prompt, (p.chosen, p.rejected), "plain", 256) for p in TASK.pairs]


def _log_prob(model: Any, prompt: list[int], response: list[int]) -> float:
    with torch.no_grad():
        ids = torch.tensor([prompt + response], device=model.device)
        logits = model(input_ids=ids).logits[0].log_softmax(-1)
    places = range(len(prompt) - 1, len(prompt) + len(response) - 1)
    return float(sum(logits[place, token] for place, token in zip(places, response, strict=True)))


@pytest.mark.parametrize("packs", [True, False])
def test_likelihoods_in_batches_are_those_one_by_one(
    tokenizer: Any, pairs: list[Rendered], packs: bool
) -> None:
    model = load_model(MODEL, HERE)
    singles = [Rendered(row.prompt, row.responses[:1]) for row in pairs]
    rows = [row for both in zip(pairs, singles, strict=True) for row in both]
    found = response_likelihoods(
        model, rows, pad_token_id=tokenizer.pad_token_id, layout=Layout(7, pack=packs)
    )
    for likelihoods, row in zip(found, rows, strict=True):
        assert [one.tokens for one in likelihoods] == [len(response) for response in row.responses]
        for one, response in zip(likelihoods, row.responses, strict=True):
            assert one.log_prob == pytest.approx(_log_prob(model, row.prompt, response), abs=1e-4)


def test_decoding_in_batches_is_decoding_one_by_one(tokenizer: Any) -> None:
    model = load_model(MODEL, HERE)
    prompts = [render_prompt(tokenizer, p.prompt, "plain") for p in TASK.problems]
    batched = decode(model, tokenizer, prompts, DecodingSettings(batch_size=10), max_new_tokens=12, seed=0)
    alone = [
        decode(model, tokenizer, [prompt], DecodingSettings(), max_new_tokens=12, seed=0)[0]
        for prompt in prompts
    ]
    assert batched == alone
    assert all(one.tokens <= 12 for one in alone)


@pytest.mark.parametrize("batch_size", [4, 32])
def test_greedy_decoding_says_what_generate_says(
    tokenizer: Any, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    model = load_model(MODEL, HERE)
    prompts = [render_prompt(tokenizer, p.prompt, "plain") for p in TASK.problems]
    prompts += [prompt[-5:] for prompt in prompts]  # of other lengths, so that batches are padded
    own = [
        decode(model, tokenizer, prompts, DecodingSettings(batch_size=batch_size), max_new_tokens=n, seed=0)
        for n in (1, 20)
    ]
    monkeypatch.setattr("apportion.training.decoding.is_plainly_greedy", lambda model: False)
    by_generate = [
        decode(model, tokenizer, prompts, DecodingSettings(batch_size=batch_size), max_new_tokens=n, seed=0)
        for n in (1, 20)
    ]
    assert own == by_generate
    assert any(one.finished for one in own[1]) or any(one.tokens == 20 for one in own[1])


@pytest.mark.parametrize("padded", [False, True])
def test_a_row_that_leaves_the_batch_changes_no_other(tokenizer: Any, padded: bool) -> None:
    model = load_model(MODEL, HERE)
    prompts = [render_prompt(tokenizer, p.prompt, "plain")[-12:] for p in TASK.problems]
    prompts = [prompt[place % 3 :] for place, prompt in enumerate(prompts)] if padded else prompts
    ends = set(range(0, len(tokenizer), 7))  # so that rows end at different steps

    def answers(rows: list[list[int]]) -> list[list[int]]:
        width = max(map(len, rows))
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        ids = torch.tensor([[0] * (width - len(row)) + row for row in rows])
        ids, mask = ids.to(model.device), mask.to(model.device)
        return greedy(model, ids, mask, max_new_tokens=12, ends=ends)

    found = answers(prompts)
    assert found == [answers([prompt])[0] for prompt in prompts]
    assert len({len(answer) for answer in found}) > 2


def test_a_model_whose_release_changes_logits_is_left_to_generate() -> None:
    model = load_model(MODEL, HERE)
    assert is_plainly_greedy(model)
    model.generation_config.repetition_penalty = 1.1
    assert not is_plainly_greedy(model)


def test_sampled_decoding_repeats_with_its_seed(tokenizer: Any) -> None:
    model = load_model(MODEL, HERE)
    prompts = [render_prompt(tokenizer, p.prompt, "plain") for p in TASK.problems]
    settings = DecodingSettings(temperature=1.5, top_p=0.95)
    one, again, other = (
        decode(model, tokenizer, prompts, settings, max_new_tokens=8, seed=seed) for seed in (0, 0, 1)
    )
    assert one == again
    assert one != other


@pytest.mark.parametrize("share", [False, True])
def test_packing_changes_no_output_and_no_gradient(
    tokenizer: Any, pairs: list[Rendered], share: bool
) -> None:
    plain, packed = load_model(MODEL, HERE), load_model(MODEL, HERE)
    for model in (plain, packed):
        add_fused_lm_head(model, outputs=("log_probs", "entropy", "mean_logits", "is_top1"))
    assert can_pack(packed)
    pack_forward(packed, share_prompts=share)
    width = max(len(row.prompt) + len(side) for row in pairs for side in row.responses)
    ids = torch.zeros((2 * len(pairs), width), dtype=torch.long)
    labels, mask = torch.full_like(ids, -100), torch.zeros_like(ids)
    for side in (0, 1):
        for i, row in enumerate(pairs):
            place, end = side * len(pairs) + i, len(row.prompt) + len(row.responses[side])
            ids[place, :end] = torch.tensor(row.prompt + row.responses[side])
            labels[place, len(row.prompt) : end] = torch.tensor(row.responses[side])
            mask[place, :end] = 1
    tensors = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    batch = {name: tensor.to(plain.device) for name, tensor in tensors.items()}
    one, two = (model(**batch, fused_lm_head=True) for model in (plain, packed))
    for field in ("log_probs", "entropy", "mean_logits"):
        torch.testing.assert_close(getattr(one, field), getattr(two, field), atol=1e-4, rtol=0)
    assert torch.equal(one.is_top1, two.is_top1)
    assert torch.equal(one.label_mask, two.label_mask)
    for output in (one, two):
        output.log_probs.sum().backward()
    for a, b in zip(plain.parameters(), packed.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-2, rtol=1e-3)


@given(lengths=st.lists(st.integers(2, 60), min_size=1, max_size=32))
def test_packed_texts_lie_whole_and_apart(lengths: list[int]) -> None:
    spans, width = layout(lengths, None)
    taken = {(span.packed_row, span.at + i) for span in spans for i in range(span.stop - span.start)}
    assert len(taken) == sum(lengths)
    assert all(span.at + span.stop - span.start <= width for span in spans)
    rows = 1 + max(span.packed_row for span in spans)
    assert rows * width <= 2 * sum(lengths) + 2 * max(lengths)  # first fit fills at least half


def test_an_adapter_is_merged_into_its_parent_and_the_parent_is_the_reference(
    tokenizer: Any, pairs: list[Rendered], tmp_path: Path
) -> None:
    lora = {"lora_rank": 4, "learning_rate": 1e-3, "epochs": 1, "batch_size": 8, "log_every": 1}
    demonstrations = [render(tokenizer, d.prompt, (d.response,), "plain", 256) for d in TASK.demonstrations]
    first, second = tmp_path / "sft", tmp_path / "dpo"
    first.mkdir()
    second.mkdir()
    train_sft(load_model(MODEL, HERE), tokenizer, demonstrations, SFTSettings(**lora), seed=0, folder=first)
    parent = load_chain(MODEL, HERE, [first])
    assert type(parent) is type(load_model(MODEL, HERE))  # a plain model
    reference = reference_log_probs(parent, tokenizer, pairs, Layout())
    before = TokenDistributions(load_chain(MODEL, HERE, [first]), pairs)
    curve = train_preference(
        load_chain(MODEL, HERE, [first]), tokenizer, pairs, reference, PreferenceSettings(**lora),
        seed=0, folder=second,
    )  # fmt: skip
    assert curve[0]["loss"] == pytest.approx(0.6931472, abs=1e-6)
    for folder in (first, second):
        assert {path.name for path in folder.iterdir()} == {
            "adapter_config.json",
            "adapter_model.safetensors",
        }
    trained = load_chain(MODEL, HERE, [first, second])
    evidence = preference_evidence(trained, tokenizer, pairs, reference, before, Layout())
    margin = evidence["chosen_after"] - evidence["rejected_after"]
    assert margin > evidence["chosen_before"] - evidence["rejected_before"]
    assert evidence["kl_per_token"] > 0
    assert before.divergence(load_chain(MODEL, HERE, [first])) == pytest.approx(0, abs=1e-6)
