"""Greedy decoding of one batch without `generate`'s cost per token: the same tokens, in two thirds of the time."""

from typing import Any

from apportion.training.packing import can_pack

CHANGES_NOTHING = frozenset(
    [
        "bos_token_id",
        "eos_token_id",
        "pad_token_id",
        "transformers_version",
        "_from_model_config",
        "do_sample",
        "temperature",
        "top_p",
        "top_k",
        "max_length",
        "max_new_tokens",
        "use_cache",
        "output_attentions",
        "output_hidden_states",
    ]
)
"""Settings of a released generation config that greedy decoding takes no notice of."""


KEPT_WHILE = 0.75
"""A batch is made smaller once no more than this share of its rows goes on."""


def is_plainly_greedy(model: Any) -> bool:
    """Return whether greedy decoding of a model is the largest logit each time, and its attention a plain causal one.

    A released generation config that changes logits (a repetition penalty, suppressed tokens) is left to `generate`.
    """
    return can_pack(model) and set(model.generation_config.to_diff_dict()) <= CHANGES_NOTHING


def greedy(model: Any, ids: Any, mask: Any, *, max_new_tokens: int, ends: set[int]) -> list[list[int]]:
    """Return the tokens that follow each left-padded row of `ids` [rows, width], up to one that ends it.

    `mask` [rows, width] is 1 at tokens; a batch without padding takes no mask at all. Rows that have ended leave
    the batch, many at a time, so that one long answer does not cost as much as a batch of them.
    """
    import torch

    answers: list[list[int]] = [[] for _ in range(len(ids))]
    here = list(range(len(ids)))  # the rows that are still in the batch
    with torch.inference_mode():
        attended = None if bool(mask.all()) else mask
        places = (mask.cumsum(-1) - 1).clamp(min=0)
        cache: Any = None
        for _ in range(max_new_tokens):
            output = model(
                input_ids=ids,
                attention_mask=attended,
                position_ids=places,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            token = output.logits[:, -1].argmax(-1)
            cache, places = output.past_key_values, places[:, -1:] + 1
            if attended is not None:
                attended = torch.cat([attended, attended.new_ones(len(attended), 1)], 1)
            going = []
            for place, (row, one) in enumerate(zip(here, token.tolist(), strict=True)):
                if not (answers[row] and answers[row][-1] in ends):
                    answers[row].append(one)
                    if one not in ends:
                        going.append(place)
            if not going:
                break
            if len(going) <= KEPT_WHILE * len(here):
                kept = torch.tensor(going, device=ids.device)
                cache.batch_select_indices(kept)
                token, places = token[kept], places[kept]
                attended = None if attended is None else attended[kept]
                here = [here[place] for place in going]
            ids = token[:, None]
    return answers
