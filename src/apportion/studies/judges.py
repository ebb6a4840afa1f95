"""Models as judges: win rates with intervals, and which side of a pair a model finds likelier."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from apportion.judgements.pairs import PreferencePair
from apportion.models.causal import load_model, load_tokenizer
from apportion.models.rendering import cut_prompt, render, render_prompt
from apportion.models.settings import ModelSettings, Rendering
from apportion.statistics import Estimate, clustered_mean, mean_over_seeds_and_items, wilson
from apportion.tasks.judged_sets import plain
from apportion.tasks.judging import (
    JUDGE_PROMPT,
    Comparison,
    HumanAgreement,
    Judge,
    Judged,
    Judging,
    Verdict,
    human_agreement,
    judged,
    length_controlled,
    read_verdict,
    summed,
    turned,
)
from apportion.tasks.task import Task
from apportion.training.decoding import DecodingSettings, decode
from apportion.training.likelihood import response_likelihoods

_VERDICT_TOKENS = 16


class WinRate(NamedTuple):
    """How often the first answers win: with its interval, at equal length, and the counts behind it.

    `rate` is None where every saying was junk.
    """

    rate: Estimate | None
    at_equal_length: float
    counts: Judging


def win_rate(comparisons: Sequence[Comparison], results: Sequence[Judged]) -> WinRate:
    """Return the win rate of the first answers; ties count half, junk is left out and counted apart."""
    scores = np.array([result.score for result in results])
    lengths = np.array([len(c.first) - len(c.second) for c in comparisons], dtype=float)
    read = scores[np.isfinite(scores)]
    rate = mean_over_seeds_and_items(read[None, :], bounded=True) if read.size else None
    return WinRate(rate, length_controlled(scores, lengths), summed(results))


def against_references(generations: Path, task: Task) -> list[Comparison]:
    """Return a cell's decoded answers (its generations.jsonl), each against the reference of the same item.

    The answer of the model stands first.
    """
    lines = generations.read_text(encoding="utf-8").splitlines()
    texts = {one["item"]: one["text"] for one in map(json.loads, lines)}
    return [
        Comparison(problem.id, plain(problem.prompt), texts[problem.id].strip(), problem.reference.strip())
        for problem in task.problems
        if problem.id in texts
    ]


def compared_by(judge: Judge, comparisons: Sequence[Comparison]) -> list[Judged]:
    """Return what any callable says of the comparisons, asked in both orders."""
    return [judged(judge, comparison) for comparison in comparisons]


def judged_by_model(
    settings: ModelSettings, comparisons: Sequence[Comparison], base: Path, template: str = JUDGE_PROMPT
) -> list[Judged]:
    """Return what a model says of the comparisons in both orders, decoded greedily.

    `settings.source` is a hub id, a folder or a GGUF file. `template` has {prompt}, {first} and {second}; it may
    end in "[[", which then is put before what the model says. Prompts are cut to `settings.max_length`, or to the
    model's positions where those are fewer.
    """
    model, tokenizer = load_model(settings, base), load_tokenizer(settings, base)
    opened = "[[" if template.endswith("[[") else ""
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    room = min(settings.max_length, positions or settings.max_length) - _VERDICT_TOKENS
    prompts: list[list[int]] = []
    for one in comparisons:
        for first, second in ((one.first, one.second), (one.second, one.first)):
            text = filled(template, one.prompt, first, second)
            ids = render_prompt(tokenizer, text, settings.rendering)
            prompts.append(cut_prompt(tokenizer, ids, room))
    said = decode(
        model, tokenizer, prompts, DecodingSettings(batch_size=16), max_new_tokens=_VERDICT_TOKENS, seed=0
    )
    verdicts: list[Verdict] = [read_verdict(opened + one.text) for one in said]
    return [
        Judged(one.id, verdicts[2 * place], turned(verdicts[2 * place + 1]))
        for place, one in enumerate(comparisons)
    ]


def filled(template: str, prompt: str, first: str, second: str) -> str:
    """Return the template with its three parts put in at once: answers may have braces of their own."""
    parts = {"prompt": prompt, "first": first, "second": second}
    return re.sub(r"\{(prompt|first|second)\}", lambda match: parts[match[1]], template)


class LabelAgreement(NamedTuple):
    """How often a judge says what people say, over prompts: a tie counts half, what was not read is wrong.

    `people` are the counts behind it, `counts` those of all comparisons.
    """

    share: Estimate
    people: HumanAgreement
    counts: Judging


def label_agreement(comparisons: Sequence[Comparison], results: Sequence[Judged]) -> LabelAgreement:
    """Return the agreement with the labels on the comparisons of which people prefer a side; at least one is."""
    worth = {"tie": 0.5, "junk": 0.0}
    rows = [
        (str(c.prompt), worth.get(r.verdict, float(r.verdict == c.human)))
        for c, r in zip(comparisons, results, strict=True)
        if c.human in ("first", "second")
    ]
    share = clustered_mean(np.array([score for _, score in rows]), [prompt for prompt, _ in rows])
    if share.low == share.high:  # all alike: as vague as that many prompts leave it
        share = share._replace(**wilson(share.mean, share.items)._asdict())
    return LabelAgreement(share, human_agreement(comparisons, results), summed(results))


def labelled_pairs(comparisons: Sequence[Comparison]) -> tuple[PreferencePair, ...]:
    """Return the comparisons of which people prefer a side as pairs of that side and the other; ties are left out."""
    sides = {"first": lambda c: (c.first, c.second), "second": lambda c: (c.second, c.first)}
    return tuple(PreferencePair(c.id, c.prompt, *sides[c.human](c)) for c in comparisons if c.human in sides)


class PairAccuracy(NamedTuple):
    """How often a model finds the chosen side likelier, by summed log-probability and by that per token.

    Ties count half; pairs of one prompt go together. `margins` [pairs, 2] are chosen less rejected, in nats.
    """

    summed: Estimate
    per_token: Estimate
    margins: NDArray[np.float64]


def preference_accuracy(
    model: Any, tokenizer: Any, pairs: Sequence[PreferencePair], rendering: Rendering, max_length: int
) -> PairAccuracy:
    """Return a model's accuracy on held-out pairs, for other prompts."""
    rows = [render(tokenizer, p.prompt, (p.chosen, p.rejected), rendering, max_length) for p in pairs]
    found = response_likelihoods(model, rows, pad_token_id=tokenizer.pad_token_id)
    sums = np.array([[side.log_prob for side in sides] for sides in found])
    tokens = np.array([[side.tokens for side in sides] for sides in found], dtype=float)
    margins = np.stack([sums[:, 0] - sums[:, 1], (sums / tokens)[:, 0] - (sums / tokens)[:, 1]], axis=1)
    prompts = [str(pair.prompt) for pair in pairs]
    accuracy = [clustered_mean((np.sign(margin) + 1) / 2, prompts) for margin in margins.T]
    return PairAccuracy(accuracy[0], accuracy[1], margins)
