"""Batches as tensors: what TRL's collators make of the same rows, without a tensor for every text on the way."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    Batch = dict[str, "torch.Tensor"]

NO_LOSS = -100
"""The label of a token without loss."""


def right_padded(texts: "Sequence[Sequence[int]]", fill: int) -> "torch.Tensor":
    """Return texts as integers (N, width), the shorter ones filled up on the right.

    >>> right_padded([[1, 2], [3]], 0).tolist()
    [[1, 2], [3, 0]]
    """
    import numpy as np
    import torch

    padded = np.full((len(texts), max(map(len, texts))), fill, dtype=np.int64)
    for line, text in zip(padded, texts, strict=True):
        line[: len(text)] = text
    return torch.from_numpy(padded)


def pad_id(tokenizer: "PreTrainedTokenizerBase") -> int:
    """Return the token that fills up texts."""
    pad = tokenizer.pad_token_id
    assert isinstance(pad, int)
    return pad


class SFTCollator:
    """Rows of `input_ids` and `labels`, as `trl.trainer.sft_trainer.DataCollatorForLanguageModeling` makes a batch."""

    def __init__(self, pad_token_id: int) -> None:
        self.pad_token_id = pad_token_id

    def __call__(self, rows: Sequence[dict[str, Any]]) -> "Batch":
        """Return `input_ids`, `labels` and `attention_mask`, each (N, width)."""
        texts = [row["input_ids"] for row in rows]
        return {
            "input_ids": right_padded(texts, self.pad_token_id),
            "labels": right_padded([row["labels"] for row in rows], NO_LOSS),
            "attention_mask": right_padded([[1] * len(text) for text in texts], 0),
        }


class PreferenceCollator:
    """Pairs with reference log-probabilities, as `trl.trainer.dpo_trainer.DataCollatorForPreference` makes a batch."""

    def __init__(self, pad_token_id: int) -> None:
        self.pad_token_id = pad_token_id

    def __call__(self, rows: Sequence[dict[str, Any]]) -> "Batch":
        """Return `input_ids`, `attention_mask` and `completion_mask` (2 N, width), and the pairs' references (N,).

        The chosen sides come first, then the rejected ones.
        """
        import torch

        sides = [(row["prompt_ids"], row[side]) for side in ("chosen_ids", "rejected_ids") for row in rows]
        lengths = [(len(prompt), len(response)) for prompt, response in sides]
        references = {
            name: torch.tensor([row[name] for row in rows])
            for name in ("ref_chosen_logps", "ref_rejected_logps")
        }
        return {
            "input_ids": right_padded([prompt + response for prompt, response in sides], self.pad_token_id),
            "attention_mask": right_padded([[1] * (p + r) for p, r in lengths], 0),
            "completion_mask": right_padded([[0] * p + [1] * r for p, r in lengths], 0),
            **references,
        }
