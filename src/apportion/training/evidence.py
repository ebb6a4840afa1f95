"""What a preference stage did to the distribution: divergence, displacement, margins (the cold-start evidence)."""

from typing import TYPE_CHECKING, Any

from apportion.models.rendering import Rendered
from apportion.training.preference import ReferenceLogProbs, reference_log_probs

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PAIRS = 64
"""The first pairs of the stage's data, on which the evidence is taken."""

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
        self.log_probs = [_at_response(model, row) for row in self.rows]

    def divergence(self, model: Any) -> float:
        """Return KL(model || kept) in nats per token, exact over the vocabulary, averaged over the tokens."""
        total, tokens = 0.0, 0
        for row, before in zip(self.rows, self.log_probs, strict=True):
            after = _at_response(model, row)
            total += float((after.exp() * (after - before)).sum())
            tokens += len(after)
        return total / tokens


def _at_response(model: Any, row: Rendered) -> "torch.Tensor":
    import torch

    ids = torch.tensor([row.prompt + row.responses[0]], device=model.device)
    with torch.no_grad():
        logits = model(input_ids=ids).logits[0, len(row.prompt) - 1 : -1]
    return logits.float().log_softmax(dim=-1).cpu()


def preference_evidence(
    model: Any,
    tokenizer: "PreTrainedTokenizerBase",
    rows: list[Rendered],
    reference: ReferenceLogProbs,
    before: TokenDistributions,
) -> dict[str, float | int]:
    """Return means over the first pairs: log-probabilities before and after (nats), how often the chosen one fell.

    A chosen response whose log-probability falls although its margin grows is the likelihood displacement
    that DPO is known for.
    """
    count = min(PAIRS, len(rows))
    after = reference_log_probs(model, tokenizer, rows[:count])

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
