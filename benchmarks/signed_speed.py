"""SEMBA's speed in CPU seconds: python -m benchmarks.signed_speed [epochs|memory|scale ...], all by default.

epochs: one training epoch (train split, forward and backward) on Bitcoin OTC, or without APPORTION_DATA on a
generated network of its size, at groups of 1,000 and 200, k = 10, dim 64, beside PyTorch Geometric's TGN example
loop at the same sizes. The loop is asked of every event, and once more of those alone that SEMBA is asked of (both
ends seen before): the ratio is to the latter. History features are looked up before, and their time is printed.
memory: resident memory from epoch 2 to 20. scale: CPU time per event and per line of a stream, predicting and
observing, from 30,000 to 3 million generated events (`signed_scale.py`).
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from benchmarks import _pyg_tgn
from benchmarks.signed_scale import resident_mb, scale

from apportion.signed.events import Events
from apportion.signed.generator import NetworkSettings, generate
from apportion.signed.learned import Learned
from apportion.signed.negatives import Negatives
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.readers import read_events
from apportion.signed.scorer import SignedTask
from apportion.signed.semba import SembaSettings, semba_pure, tgn
from apportion.signed.splits import Split

REPEATS = 2


def otc() -> tuple[str, Events]:
    folder = os.environ.get("APPORTION_DATA")
    if folder:
        return "Bitcoin OTC", read_events(Path(folder) / "signed" / "soc-sign-bitcoinotc.csv").events
    return "generated, of OTC's size", generate(NetworkSettings(users=5_881, events=35_592), 0)


class Epochs:
    """Training epochs of SEMBA, one at a time."""

    def __init__(self, events: Events, settings: SembaSettings, task: SignedTask, size: int) -> None:
        split = Split.by_quantiles(events)
        protocol = Protocol(training_group_size=size)
        self.stream = Walk(split, task, protocol, features=settings.features)
        self.model = Learned(settings, task, self.stream.n_users, self.stream.n_features)
        self.model.prepare(self.stream.train(0))
        self.optimiser = self.model.optimiser()

    def one(self) -> float:
        began = time.process_time()
        self.model.learn(self.stream.train(0), self.optimiser)  # draws non-links, as the loop does
        return time.process_time() - began


def epochs() -> None:
    name, events = otc()
    began = time.process_time()
    Epochs(events, SembaSettings(), "sign", 200)
    print(f"history features of {name}, train, validation: {time.process_time() - began:.2f} CPU s\n")
    n = Split.by_quantiles(events).train_end
    print(f"{name}: one training epoch of {n:,} events, k = 10, dim 64; the best of {REPEATS}")
    print("| | group | CPU s | events per s |\n|---|---|---|---|")
    ours: tuple[tuple[str, SembaSettings, SignedTask], ...] = (
        ("SEMBA, sign", SembaSettings(), "sign"),
        ("SEMBA without features, sign", semba_pure(), "sign"),
        ("SEMBA without features, existence", semba_pure(), "existence"),
        ("TGN by the same code, existence", tgn(), "existence"),
    )
    seen = Negatives(events, 0).seen(np.arange(n))
    for size in (1_000, 200):
        every, theirs = (
            min(_pyg_tgn.epoch(events, size, asked) for _ in range(REPEATS))
            for asked in (np.ones(n, dtype=bool), seen)
        )
        row("PyTorch Geometric's TGN loop, existence of every event", size, every, n)
        row("the loop, asked what SEMBA is asked", size, theirs, n)
        for what, settings, task in ours:
            run = Epochs(events, settings, task, size)
            seconds = [run.one() for _ in range(REPEATS)]
            row(what, size, min(seconds), n)
            if task == "existence":
                print(f"  {theirs / min(seconds):.2f} times the events per second of the loop", flush=True)
    print()


def row(what: str, size: int, seconds: float, n: int) -> None:
    print(f"| {what} | {size:,} | {seconds:.2f} | {n / seconds:,.0f} |", flush=True)


def memory() -> None:
    name, events = otc()
    run = Epochs(events, SembaSettings(), "sign", 200)
    print(f"{name}: resident memory by epoch, MB")
    found = {}
    for epoch in range(1, 21):
        run.one()
        found[epoch] = resident_mb()
        if epoch in (1, 2, 5, 10, 20):
            print(f"  epoch {epoch}: {found[epoch]:.0f}")
    print(f"  epoch 2 to 20: {100 * (found[20] / found[2] - 1):+.2f} %\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    # memory first: what the other parts have taken does not all go back
    parts = {"memory": memory, "epochs": epochs, "scale": scale}
    wanted = sys.argv[1:] or list(parts)
    if unknown := set(wanted) - set(parts):
        sys.exit(f"no part {', '.join(unknown)}: type some of {', '.join(parts)}")
    for name, part in parts.items():
        if name in wanted:
            part()
