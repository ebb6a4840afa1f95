"""Decoding the generated world: Apportion's `decode` beside `model.generate`, the same batch of 32, in turns.

python -m benchmarks.decoding [--batch 32] [--problems 320] [--rounds 5] [--demonstrations 256]

A model is first trained on a few hundred demonstrations, so that its answers end as a study's do. `generate` gets the
prompts in batches as they come and is given the same limit. CPU seconds of one thread; the texts have to be equal.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig

from apportion.models.causal import load_model, load_tokenizer
from apportion.models.rendering import render, render_prompt
from apportion.models.settings import ModelSettings
from apportion.tasks.world import WorldSettings, world_task
from apportion.training.artefact import load_chain
from apportion.training.decoding import DecodingSettings, Generation, _cut, _ends, decode
from apportion.training.settings import PRESETS
from apportion.training.sft import train_sft

HERE = Path()


def by_generate(
    model: Any, tokenizer: Any, prompts: list[list[int]], batch: int, limit: int
) -> list[Generation]:
    """Return what `generate` decodes greedily, in the order of the prompts."""
    ends = _ends(model, tokenizer)
    config = GenerationConfig(
        max_new_tokens=limit,
        do_sample=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=sorted(ends),
        bos_token_id=tokenizer.bos_token_id,
    )
    found = []
    for start in range(0, len(prompts), batch):
        chunk = prompts[start : start + batch]
        width = max(map(len, chunk))
        ids = torch.full((len(chunk), width), tokenizer.pad_token_id)
        mask = torch.zeros((len(chunk), width), dtype=torch.long)
        for place, prompt in enumerate(chunk):
            ids[place, width - len(prompt) :] = torch.tensor(prompt)
            mask[place, width - len(prompt) :] = 1
        with torch.no_grad():
            output = model.generate(ids, attention_mask=mask, generation_config=config)
        found += [_cut(row[width:].tolist(), tokenizer, ends) for row in output]
    return found


def trained(demonstrations: int) -> Any:
    """Return the world's base after SFT on so many worked demonstrations, with a study's settings."""
    settings = ModelSettings()
    tokenizer = load_tokenizer(settings, HERE)
    task = world_task(WorldSettings(demonstrations=demonstrations, pairs=0, problems=0, lazy=0.0))
    rows = [render(tokenizer, row.prompt, (row.response,), "plain", 1024) for row in task.demonstrations]
    with tempfile.TemporaryDirectory() as folder:
        train_sft(
            load_model(settings, HERE), tokenizer, rows, PRESETS["world"].sft, seed=0, folder=Path(folder)
        )
        return load_chain(settings, HERE, [Path(folder)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--problems", type=int, default=320)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--demonstrations", type=int, default=256)
    given = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = trained(given.demonstrations), load_tokenizer(ModelSettings(), HERE)
    task = world_task(WorldSettings(problems=given.problems, demonstrations=0, pairs=0))
    prompts = [render_prompt(tokenizer, problem.prompt, "plain") for problem in task.problems]
    settings = DecodingSettings(batch_size=given.batch)
    ways: dict[str, Callable[[], list[Generation]]] = {
        "generate": lambda: by_generate(model, tokenizer, prompts, given.batch, task.max_new_tokens),
        "decode": lambda: decode(
            model, tokenizer, prompts, settings, max_new_tokens=task.max_new_tokens, seed=0
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    said: dict[str, list[Generation]] = {}
    for _ in range(given.rounds + 1):  # the first warms up
        for name, way in ways.items():
            before = time.process_time()
            said[name] = way()
            seconds[name].append(time.process_time() - before)
    same = said["generate"] == said["decode"]
    ratios = [a / b for a, b in zip(seconds["generate"][1:], seconds["decode"][1:], strict=True)]
    for name, some in seconds.items():
        print(f"{name:>8}: {statistics.median(some[1:]):.3f} CPU s for {len(prompts)} answers")
    print(
        f"   ratio: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); same texts: {same}"
    )


if __name__ == "__main__":
    main()
