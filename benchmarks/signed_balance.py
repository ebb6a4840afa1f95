"""Planted balance: python -m benchmarks.signed_balance. Sign AUROC on generated networks by strength of balance.

Hand-made inputs off. SEMBA, SEMBA without balance (neither balanced messages nor attention, nor common ground),
without common ground alone, and TGN, two seeds of network and training. AUROC has to rise with the strength; without
balance it has to lose.
"""

import time
from dataclasses import replace

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from apportion.signed.generator import NetworkSettings, generate
from apportion.signed.learned import Learned
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.semba import SembaSettings, semba_pure, tgn, without
from apportion.signed.splits import Split

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
MODELS = {
    "SEMBA": semba_pure(),
    "without balance": without(semba_pure(), "balance"),
    "without common ground": without(semba_pure(), "common"),
    "TGN": tgn(),
}


def auroc(settings: SembaSettings, network: NetworkSettings, seed: int) -> float:
    """Return the sign AUROC on the test part of a generated network."""
    stream = Walk(Split.by_quantiles(generate(network, seed)), "sign", Protocol(), seed=seed, features=False)
    model = Learned(settings, "sign", stream.n_users, stream.n_features)
    model.fit(stream, seed)
    labels, scores = [], []
    for group in stream.test():
        labels.append(group.labels)
        scores.append(model.score(group.queries))
        model.observe(group.events)
    return float(roc_auc_score(np.concatenate(labels), np.concatenate(scores)))


def network(balance: float, users: int = 300, events: int = 9_000) -> NetworkSettings:
    """Return a network whose signs tell nothing but balance: no trust, no drift, no rise, a third negative."""
    return NetworkSettings(users=users, events=events, balance=balance, negatives=0.3, rise=0.0, drift=0.0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print("| balance | " + " | ".join(MODELS) + " | CPU s |\n|---|" + "---|" * (len(MODELS) + 1))
    for strength in STRENGTHS:
        began = time.process_time()
        row = [
            np.mean([auroc(replace(s, epochs=8), network(strength), seed) for seed in (0, 1)])
            for s in MODELS.values()
        ]
        cells = " | ".join(f"{x:.3f}" for x in row)
        print(f"| {strength} | {cells} | {time.process_time() - began:.0f} |", flush=True)
