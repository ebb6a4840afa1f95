"""The one vocabulary of metrics: what a cell's items are scored by, and which way is better."""

from typing import Literal

Metric = Literal["accuracy", "rouge_l", "preference_accuracy", "nll", "f1", "instruction_accuracy"]

KINDS: dict[Metric, Literal["score", "loss"]] = {
    "accuracy": "score",
    "rouge_l": "score",
    "preference_accuracy": "score",
    "nll": "loss",
    "f1": "score",
    "instruction_accuracy": "score",
}
"""Scores lie in [0, 1] and higher is better; a loss is in nats per token and lower is better. In the order in which
one stands for a task where nobody chooses."""
