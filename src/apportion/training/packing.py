"""Forward passes without padding: a batch's texts are laid end to end in a few rows, the results are the same.

Batches stay what they were, so training does; only the layout of one forward pass changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

MODELS_WITH_PLAIN_CAUSAL_ATTENTION = ("llama", "qwen2", "qwen3", "mistral", "smollm3")
"""Model types where every layer takes the same causal mask, so that one mask of our own serves them all."""

WIDTH_IN_TEXTS = 2
"""Rows are at most as wide as so many of the longest text: narrow enough that attention stays cheap."""

WIDTHS_TRIED = 32

PER_TOKEN = ("log_probs", "entropy", "log_sum_sq_probs", "mean_logits", "is_top1")


@dataclass(frozen=True, slots=True)
class Span:
    """A run of tokens of one given row that lies whole in the packed rows.

    `row[start:stop]` of the given batch lies at `packed_row` from column `at`; `text` numbers the text that it
    belongs to. A branch is what another branch of its text does not see; branch 0 is seen by all that follow.
    """

    row: int
    start: int
    stop: int
    packed_row: int
    at: int
    text: int
    branch: int


def can_pack(model: "PreTrainedModel") -> bool:
    """Return whether the model's attention takes one explicit mask of truth values: causal layers under SDPA."""
    config = model.config.get_text_config()
    return (
        config.model_type in MODELS_WITH_PLAIN_CAUSAL_ATTENTION
        and getattr(config, "sliding_window", None) is None
        and config._attn_implementation == "sdpa"
    )


def pack_forward(model: Any, *, share_prompts: bool = False) -> None:
    """Let the model's fused forward run its batch in packed rows; outputs come back in the batch's own layout.

    `model` carries TRL's fused head and gets right-padded batches. With `share_prompts` a batch is [chosen rows,
    rejected rows] with equal prompts, as TRL's preference collator makes it, and each pair becomes one text

        prompt, chosen, last prompt token again, rejected

    where the repeated token and the rejected response take the positions that follow the prompt and do not see
    the chosen response. Exact up to the order of additions. A call may say `share_prompts` for itself.
    """
    shared_by_default = share_prompts
    original = model.forward
    last = model.base_model.layers[-1]

    def forward(
        *args: Any,
        fused_lm_head: bool = False,
        labels: Any = None,
        share_prompts: bool = shared_by_default,
        **kwargs: Any,
    ) -> Any:
        if not fused_lm_head:
            return original(*args, labels=labels, **kwargs)
        ids, attended = kwargs.pop("input_ids"), kwargs.pop("attention_mask")
        lengths = attended.sum(dim=1).tolist()
        prompts = (labels != -100).int().argmax(dim=1).tolist()
        spans, width = layout(lengths, prompts if share_prompts else None)
        packed, home = _packed(ids, spans, width)
        scored = labels[:, 1:] != -100
        places = home[scored]

        def last_layer(hidden: Any, **given: Any) -> Any:
            attended = last.self_attn(hidden_states=last.input_layernorm(hidden), **given)[0]
            kept = (hidden + attended).reshape(1, -1, hidden.size(-1))[:, places]
            return kept + last.mlp(last.post_attention_layernorm(kept))

        last.forward = last_layer
        try:
            output = original(
                **packed, shift_labels=labels[:, 1:][scored][None], fused_lm_head=True, **kwargs
            )
        finally:
            del last.forward

        def unpacked(field: "torch.Tensor | None") -> "torch.Tensor | None":
            return None if field is None else field.new_zeros(scored.shape).masked_scatter(scored, field)

        fields = {name: unpacked(getattr(output, name)) for name in PER_TOKEN}
        return type(output)(**fields, label_mask=scored)

    model.forward = forward


def layout(lengths: Sequence[int], prompts: Sequence[int] | None) -> tuple[list[Span], int]:
    """Return where each row's tokens lie when texts are packed, longest first into the first row with room.

    `lengths` are tokens in each row; with `prompts` (tokens in each row's prompt) the second half of the rows are
    the rejected sides of the first.
    """
    count = len(lengths) if prompts is None else len(lengths) // 2
    sizes = list(lengths)
    if prompts is not None:
        sizes = [lengths[i] + 1 + lengths[i + count] - prompts[i] for i in range(count)]
    places, width = _least_space(sizes)
    spans: list[Span] = []
    for text, (row, at) in places.items():
        if prompts is None:
            spans.append(Span(text, 0, lengths[text], row, at, text, 0))
            continue
        last = prompts[text] - 1  # the last prompt token, which both responses follow
        spans.append(Span(text, 0, last, row, at, text, 0))
        spans.append(Span(text, last, lengths[text], row, at + last, text, 1))
        rejected = text + count
        spans.append(Span(rejected, last, lengths[rejected], row, at + lengths[text], text, 2))
    return spans, width


def _least_space(sizes: Sequence[int]) -> tuple[dict[int, tuple[int, int]], int]:
    """Return (row, column) for each text, and the rows' width: of the widths tried, the one that fills best."""
    import numpy as np

    longest = max(sizes)
    limits = np.arange(longest, WIDTH_IN_TEXTS * longest + 1, max(1, longest // WIDTHS_TRIED))
    each = np.arange(len(limits))
    used = np.zeros((len(limits), len(sizes)), dtype=np.int64)
    places: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for text in sorted(range(len(sizes)), key=lambda text: -sizes[text]):
        row = (used + sizes[text] <= limits[:, None]).argmax(
            1
        )  # the first with room, for every limit at once
        places[text] = row, used[each, row]
        used[each, row] += sizes[text]
    space = (used > 0).sum(1) * used.max(1)
    best = int(space.argmin())
    return {text: (int(row[best]), int(at[best])) for text, (row, at) in places.items()}, int(
        used[best].max()
    )


def _packed(
    ids: "torch.Tensor", spans: list[Span], width: int
) -> tuple[dict[str, "torch.Tensor"], "torch.Tensor"]:
    """Return the packed batch, and for each token of the given batch but the last the place of its output.

    Shapes: R packed rows, W their width, N given rows, L their width; the mask is (R, 1, W, W), home (N, L - 1).
    The output at a token predicts the next one, which need not lie beside it.
    """
    import numpy as np
    import torch

    rows = 1 + max(span.packed_row for span in spans)
    source = np.zeros((rows, width), dtype=np.int64)
    position = np.zeros((rows, width), dtype=np.int64)
    text = np.full((rows, width), -1)
    branch = np.zeros((rows, width), dtype=np.int64)
    length = ids.size(1)
    home = np.zeros((ids.size(0), length), dtype=np.int64)
    for span in spans:
        place = (span.packed_row, slice(span.at, span.at + span.stop - span.start))
        inside = np.arange(span.start, span.stop)
        source[place] = span.row * length + inside
        position[place] = inside
        text[place] = span.text
        branch[place] = span.branch
        home[span.row, span.start : span.stop] = span.packed_row * width + span.at + inside - span.start
    same = text[:, :, None] == text[:, None, :]
    hidden = (branch[:, :, None] == 2) & (branch[:, None, :] == 1)
    mask = same & ~hidden & np.tri(width, dtype=bool)
    device = ids.device
    packed = {
        "input_ids": ids.reshape(-1)[torch.from_numpy(source).to(device)],
        "attention_mask": torch.from_numpy(mask[:, None]).to(device),
        "position_ids": torch.from_numpy(position).to(device),
    }
    return packed, torch.from_numpy(home[:, :-1]).to(device)
