"""Log-probabilities of responses under a model, in length-sorted batches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from apportion.training.packing import can_pack, pack_forward

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Likelihood(NamedTuple):
    """Sum of the log-probabilities of a response's tokens, in nats, and the number of those tokens."""

    log_prob: float
    tokens: int


def response_likelihoods(
    model: "PreTrainedModel",
    rows: Sequence[tuple[list[int], list[int]]],
    *,
    pad_token_id: int,
    batch_size: int = 32,
) -> list[Likelihood]:
    """Return log p(response | prompt) for rows of (prompt ids, response ids), in the order of the rows.

    Uses TRL's fused head, hence the same arithmetic as its preference trainers.
    """
    import torch
    from trl.trainer.utils import add_fused_lm_head

    if "forward" not in vars(model):
        add_fused_lm_head(model)
        if can_pack(model):
            pack_forward(model)
    by_length = sorted(range(len(rows)), key=lambda i: len(rows[i][0]) + len(rows[i][1]))
    found: dict[int, Likelihood] = {}
    for start in range(0, len(rows), batch_size):
        chunk = by_length[start : start + batch_size]
        width = max(len(rows[i][0]) + len(rows[i][1]) for i in chunk)
        ids = torch.full((len(chunk), width), pad_token_id)
        labels = torch.full((len(chunk), width), -100)
        mask = torch.zeros((len(chunk), width), dtype=torch.long)
        for place, i in enumerate(chunk):
            prompt, response = rows[i]
            end = len(prompt) + len(response)
            ids[place, :end] = torch.tensor(prompt + response)
            labels[place, len(prompt) : end] = torch.tensor(response)
            mask[place, :end] = 1
        device = model.device
        with torch.no_grad():
            output = model(
                input_ids=ids.to(device),
                attention_mask=mask.to(device),
                labels=labels.to(device),
                fused_lm_head=True,
            )
        sums = output.log_probs.float().sum(dim=1).cpu()
        for place, i in enumerate(chunk):
            found[i] = Likelihood(float(sums[place]), len(rows[i][1]))
    return [found[i] for i in range(len(rows))]
