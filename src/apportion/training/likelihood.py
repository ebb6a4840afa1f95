"""Log-probabilities of responses under a model, in length-sorted batches."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apportion.models.rendering import Rendered
from apportion.training.collation import NO_LOSS, right_padded
from apportion.training.packing import can_pack, pack_forward
from apportion.training.settings import AS_GRADED, Layout

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Likelihood(NamedTuple):
    """Sum of the log-probabilities of a response's tokens, in nats, and the number of those tokens."""

    log_prob: float
    tokens: int


class _Side(NamedTuple):
    row: int
    response: int


def response_likelihoods(
    model: "PreTrainedModel", rows: Sequence[Rendered], *, pad_token_id: int, layout: Layout = AS_GRADED
) -> list[list[Likelihood]]:
    """Return log p(response | prompt) for each response of each row, in the order of the rows.

    Uses TRL's fused head, hence the same arithmetic as its preference trainers. A pair's responses are in one batch.
    """
    from trl.trainer.utils import add_fused_lm_head

    packs = layout.pack and can_pack(model)
    if "forward" not in vars(model):
        add_fused_lm_head(model)
        if packs:
            pack_forward(model)
    found: list[dict[int, Likelihood]] = [{} for _ in rows]
    for sides, paired in _batches(rows, layout.batch_size):
        texts = [(rows[side.row].prompt, rows[side.row].responses[side.response]) for side in sides]
        options = {"share_prompts": True} if packs and paired and layout.share_prompts else {}
        for side, likelihood in zip(sides, _likelihoods(model, texts, pad_token_id, options), strict=True):
            found[side.row][side.response] = likelihood
    return [[of_row[k] for k in range(len(of_row))] for of_row in found]


def _batches(rows: Sequence[Rendered], batch_size: int) -> Iterator[tuple[list[_Side], bool]]:
    """Yield batches of texts that are about as long, and whether each is first sides and then second sides of pairs."""

    def length(side: _Side) -> int:
        return len(rows[side.row].prompt) + len(rows[side.row].responses[side.response])

    pairs, others = [], []
    for place, row in enumerate(rows):
        sides = [_Side(place, k) for k in range(len(row.responses))]
        if len(sides) == 2:
            pairs.append(sides)
        else:
            others += sides
    pairs.sort(key=lambda pair: sum(map(length, pair)))
    others.sort(key=length)
    at_once = max(1, batch_size // 2)
    for start in range(0, len(pairs), at_once):
        chunk = pairs[start : start + at_once]
        yield [first for first, _ in chunk] + [second for _, second in chunk], True
    for start in range(0, len(others), batch_size):
        yield others[start : start + batch_size], False


def _likelihoods(
    model: Any, texts: Sequence[tuple[list[int], list[int]]], pad_token_id: int, options: dict[str, bool]
) -> list[Likelihood]:
    import torch

    ids = right_padded([prompt + response for prompt, response in texts], pad_token_id)
    labels = right_padded([[NO_LOSS] * len(prompt) + response for prompt, response in texts], NO_LOSS)
    mask = right_padded([[1] * (len(prompt) + len(response)) for prompt, response in texts], 0)
    device = model.device
    with torch.no_grad():
        output = model(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            labels=labels.to(device),
            fused_lm_head=True,
            **options,
        )
    sums = output.log_probs.float().sum(dim=1).tolist()
    return [Likelihood(found, len(response)) for found, (_, response) in zip(sums, texts, strict=True)]
