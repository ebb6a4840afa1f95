"""Summaries: what a file of judgements holds, in a few numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from apportion.judgements.contamination import prompt_key
from apportion.judgements.demonstrations import Demonstration, Prompt
from apportion.judgements.pairs import PreferencePair


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of sound rows, and medians of length in characters by field.

    `unique_prompts` counts prompts that differ in more than case and white space, `repeated_rows` the rows
    that say what an earlier row says, `chat_rows` those whose prompt is a chat.
    """

    rows: int
    unique_prompts: int
    repeated_rows: int
    chat_rows: int
    median_characters: dict[str, float]


def summarise(judgements: Sequence[Demonstration] | Sequence[PreferencePair]) -> Summary:
    """Return the summary of demonstrations or of pairs."""
    texts = [_texts(row) for row in judgements]
    lengths: dict[str, list[int]] = {}
    for row in texts:
        for name, text in row.items():
            lengths.setdefault(name, []).append(len(text))
    return Summary(
        rows=len(judgements),
        unique_prompts=len({prompt_key(row.prompt) for row in judgements}),
        repeated_rows=len(judgements) - len({tuple(row.values()) for row in texts}),
        chat_rows=sum(not isinstance(row.prompt, str) for row in judgements),
        median_characters={name: float(median(values)) for name, values in lengths.items()},
    )


def _texts(row: Demonstration | PreferencePair) -> dict[str, str]:
    if isinstance(row, Demonstration):
        return {"prompt": _joined(row.prompt), "response": row.response}
    return {"prompt": _joined(row.prompt), "chosen": row.chosen, "rejected": row.rejected}


def _joined(prompt: Prompt) -> str:
    return prompt if isinstance(prompt, str) else "\n".join(message.content for message in prompt)
