"""What a preference stage did to the distribution: divergence, displacement, margins (the cold-start evidence)."""

from typing import TYPE_CHECKING, Any

from apportion.models.rendering import Rendered
from apportion.training.collation import right_padded
from apportion.training.preference import ReferenceLogProbs, reference_log_probs
from apportion.training.settings import Layout

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PAIRS = 64
"""The first pairs of the stage's data, on which the evidence is taken."""

BATCH = 16

PROBABILITIES = 20_000_000
"""At most so many (token, vocabulary entry) probabilities are kept for the divergence."""


class TokenDistributions:
    """Next-token log-probabilities at the tokens of some chosen responses, kept to compare a later model with."""

    def __init__(self, model: "PreTrainedModel", rows: list[Rendered]) -> None:
        vocabulary = model.config.get_text_config().vocab_size
        self.rows: list[Rendered] = []
        tokens = 0
        for row in rows[:PAIRS]:
            tokens += len(row.responses[0])
            if tokens * vocabulary > PROBABILITIES and self.rows:
                break
            self.rows.append(row)
        self.log_probs = _at_responses(model, self.rows)

    def divergence(self, model: Any) -> float:
        """Return KL(model || kept) in nats per token, exact over the vocabulary, averaged over the tokens."""
        total, tokens = 0.0, 0
        for before, after in zip(self.log_probs, _at_responses(model, self.rows), strict=True):
            total += float((after.exp() * (after - before)).sum())
            tokens += len(after)
        return total / tokens


def _at_responses(model: Any, rows: list[Rendered]) -> "list[torch.Tensor]":
    """Return for each row the log-probabilities at its chosen response, (tokens, vocabulary entries)."""
    import torch

    found: list[torch.Tensor] = []
    for start in range(0, len(rows), BATCH):
        texts = [row.prompt + row.responses[0] for row in rows[start : start + BATCH]]
        ids = right_padded(texts, 0)  # what follows a text is not seen by it
        with torch.no_grad():
            logits = model(input_ids=ids.to(model.device)).logits
        for place, (row, text) in enumerate(zip(rows[start : start + BATCH], texts, strict=True)):
            at_response = logits[place, len(row.prompt) - 1 : len(text) - 1]
            found.append(at_response.float().log_softmax(dim=-1).cpu())
    return found


def preference_evidence(
    model: Any,
    tokenizer: "PreTrainedTokenizerBase",
    rows: list[Rendered],
    reference: ReferenceLogProbs,
    before: TokenDistributions,
    layout: Layout,
) -> dict[str, float | int]:
    """Return means over the first pairs: log-probabilities before and after (nats), how often the chosen one fell.

    A chosen response whose log-probability falls although its margin grows is the likelihood displacement
    that DPO is known for. `layout` is that of the reference.
    """
    count = min(PAIRS, len(rows))
    after = reference_log_probs(model, tokenizer, rows[:count], layout)

    def mean(values: list[float]) -> float:
        return sum(values[:count]) / count

    fell = [now < then for now, then in zip(after.chosen, reference.chosen[:count], strict=True)]
    return {
        "pairs": count,
        "kl_per_token": before.divergence(model),
        "chosen_before": mean(reference.chosen),
        "chosen_after": mean(after.chosen),
        "rejected_before": mean(reference.rejected),
        "rejected_after": mean(after.rejected),
        "chosen_fell_share": mean([float(f) for f in fell]),
    }
