"""One forward row for prompt, chosen and rejected, instead of two rows that repeat the prompt."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

MODELS_WITH_PLAIN_CAUSAL_ATTENTION = ("llama", "qwen2", "qwen3", "mistral", "smollm3")
"""Model types where every layer takes the same causal mask, so that one custom mask serves them all."""


def can_share_prompts(model: "PreTrainedModel") -> bool:
    """Return whether the model's attention takes one explicit mask: plain causal layers under SDPA or eager."""
    config = model.config.get_text_config()
    return (
        config.model_type in MODELS_WITH_PLAIN_CAUSAL_ATTENTION
        and getattr(config, "sliding_window", None) is None
        and config._attn_implementation in ("sdpa", "eager")
    )


def share_prompts(model: "PreTrainedModel") -> None:
    """Let the model's fused forward run each (chosen, rejected) pair of rows as one row; results are the same.

    `model` carries TRL's fused head; a batch is [chosen rows, rejected rows] with equal prompts, as TRL's
    preference collator makes it. The row that is run is

        prompt, chosen, last prompt token again, rejected

    where the repeated token and the rejected response have the positions that follow the prompt and do not
    see the chosen response; per-token outputs are then laid back into the two rows. Exact up to rounding.
    """
    original = model.forward

    def forward(*args: Any, fused_lm_head: bool = False, labels: Any = None, **kwargs: Any) -> Any:
        if not fused_lm_head:
            return original(*args, labels=labels, **kwargs)
        ids, attended = kwargs.pop("input_ids"), kwargs.pop("attention_mask")
        packed = _pack(ids, attended, labels)
        output = original(
            input_ids=packed["ids"],
            attention_mask=packed["mask"],
            position_ids=packed["positions"],
            labels=packed["labels"],
            fused_lm_head=True,
            **kwargs,
        )
        valid = labels[:, 1:] != -100

        def unpack(field: "torch.Tensor | None") -> "torch.Tensor | None":
            if field is None:
                return None
            both = field.repeat(2, 1)
            return both.gather(1, packed["home"]).masked_fill(~valid, 0)

        fields = ("log_probs", "entropy", "log_sum_sq_probs", "mean_logits", "is_top1")
        return type(output)(**{name: unpack(getattr(output, name)) for name in fields}, label_mask=valid)

    model.forward = forward


def _pack(ids: "torch.Tensor", attended: "torch.Tensor", labels: "torch.Tensor") -> dict[str, "torch.Tensor"]:
    """Return ids, labels, positions (B, T), mask (B, 1, T, T), and home (2B, L - 1): where each output came from.

    Legend: B pairs, L the width of the given rows, T the width of the packed rows.
    """
    import torch

    pairs, width, device = ids.size(0) // 2, ids.size(1), ids.device
    prompt = (labels != -100).int().argmax(dim=1)[:pairs, None]  # (B, 1) tokens in the prompt
    chosen = attended.sum(dim=1)[:pairs, None]  # (B, 1) tokens in prompt and chosen
    rejected = attended.sum(dim=1)[pairs:, None]
    total = chosen + 1 + rejected - prompt
    place = torch.arange(int(total.max()), device=device)[None]  # (1, T)
    second = place >= chosen  # the repeated token and the rejected response
    from_rejected = place - chosen + prompt - 1
    positions = torch.where(second, from_rejected, place)  # (B, T)
    source = positions.clamp(max=width - 1)
    real = place < total

    def lay(rows: torch.Tensor, fill: int) -> torch.Tensor:
        both = torch.where(second, rows[pairs:].gather(1, source), rows[:pairs].gather(1, source))
        return both.masked_fill(~real, fill)

    packed_labels = lay(labels, -100).masked_fill(place == chosen, -100)
    unseen = second[:, :, None] & (place >= prompt - 1)[:, None, :] & ~second[:, None, :]  # (B, query, key)
    mask = (place[0][:, None] >= place[0][None, :])[None] & ~unseen
    token = torch.arange(width - 1, device=device)[None]
    home = torch.cat([token.expand(pairs, -1), chosen + token - prompt + 1]).clamp(0, int(total.max()) - 2)
    return {
        "ids": lay(ids, 0),
        "labels": packed_labels,
        "positions": positions,
        "mask": mask[:, None],
        "home": home,
    }
