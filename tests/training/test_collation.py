"""Batches are those of TRL's collators, tensor by tensor."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
sft_trainer = pytest.importorskip("trl.trainer.sft_trainer")
dpo_trainer = pytest.importorskip("trl.trainer.dpo_trainer")

from apportion.training.collation import NO_LOSS, PreferenceCollator, SFTCollator  # noqa: E402

tokens = st.lists(st.integers(0, 500), min_size=1, max_size=40)
log_prob = st.floats(-1e4, 0)
few = settings(max_examples=50)


def assert_same(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name], tensor), name


@few
@given(texts=st.lists(st.tuples(tokens, tokens), min_size=1, max_size=9), pad=st.integers(0, 9))
def test_sft_batches(texts: list[tuple[list[int], list[int]]], pad: int) -> None:
    rows = [{"input_ids": p + r, "labels": [NO_LOSS] * len(p) + r} for p, r in texts]
    assert_same(SFTCollator(pad)(rows), sft_trainer.DataCollatorForLanguageModeling(pad)(rows))


@few
@given(
    pairs=st.lists(st.tuples(tokens, tokens, tokens, log_prob, log_prob), min_size=1, max_size=9),
    pad=st.integers(0, 9),
)
def test_preference_batches(pairs: list[tuple], pad: int) -> None:
    names = ("prompt_ids", "chosen_ids", "rejected_ids", "ref_chosen_logps", "ref_rejected_logps")
    rows: list[dict[str, Any]] = [dict(zip(names, pair, strict=True)) for pair in pairs]
    assert_same(PreferenceCollator(pad)(rows), dpo_trainer.DataCollatorForPreference(pad)(rows))
