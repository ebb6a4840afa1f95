"""What validation says of SEMBA's defaults, one changed at a time: python -m benchmarks.signed_choices [--seeds N]

Sign task on Bitcoin OTC (`APPORTION_DATA`), or without it on a generated network of its size. Each row trains SEMBA
with one setting changed and prints its score on the validation events (mean of AUROC and AP of the negatives), seed
by seed, and the mean difference to the defaults. Test events are never asked.
"""

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from benchmarks.signed_speed import otc

from apportion.signed.learned import Learned
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.semba import SembaSettings, without
from apportion.signed.splits import Split

CHANGES: dict[str, dict[str, Any]] = {
    "training groups of 50": {"group_size": 50},
    "training groups of 100": {"group_size": 100},
    "training groups of 500": {"group_size": 500},
    "training groups of 1,000": {"group_size": 1000},
    "class weight .5": {"class_weight": 0.5},
    "class weight 1": {"class_weight": 1.0},
    "no boosting": {"boosting": False},
    "no hand-made inputs": {"features": False},
    "no common ground": {"common": False},
    "additive head": {"head": "additive"},
    "one member": {"members": 1},
    "weights as they are, no running mean": {"averaging": 0.0},
    "all memories start alike": {"initial": "shared"},
}
PARTS = ("memory", "propagation", "balance")


def validated(walk: Walk, settings: SembaSettings, seed: int) -> float:
    """Return the validation score of SEMBA after training, boosting included."""
    stream = walk.for_model(seed, features=settings.features, training_group_size=settings.group_size)
    model = Learned(settings, "sign", stream.n_users, stream.n_features)
    model.fit(stream, seed)
    model.reset()
    for group in stream.train(0):
        model.observe(group.events)
    found = []
    for group in stream.validation():
        found.append(model.score(group.queries))
        model.observe(group.events)
    return stream.validation_score(np.concatenate(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    name, events = otc()
    walk = Walk(Split.by_quantiles(events), "sign", Protocol())
    settings = SembaSettings()
    rows = {"as shipped": settings} | {what: replace(settings, **change) for what, change in CHANGES.items()}
    rows |= {f"no {part}": without(settings, part) for part in PARTS}
    shipped = None
    print(
        f"{name}, sign: validation score by seed\n| | by seed | mean | less as shipped |\n|---|---|---|---|"
    )
    for what, changed in rows.items():
        found = np.array([validated(walk, changed, seed) for seed in range(options.seeds)])
        shipped = found if shipped is None else shipped
        by_seed = " ".join(f"{score:.4f}" for score in found)
        print(f"| {what} | {by_seed} | {found.mean():.4f} | {(found - shipped).mean():+.4f} |", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
