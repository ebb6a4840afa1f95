"""Which examples go into which batch, decided before training and from nothing but lengths and a seed."""

from collections.abc import Sequence
from itertools import count

from apportion.identity import generator

POOL_BATCHES = 16
"""Batches that are sorted by length together: long enough to save padding, short enough to stay random."""


def batch_order(
    lengths: Sequence[int], batch_size: int, batches: int, seed: int, *, sort_by_length: bool
) -> list[list[int]]:
    """Return `batches` lists of row numbers, epoch after epoch, every row once an epoch.

    Each epoch is a fresh permutation, cut into batches (the last of an epoch may be short). With
    `sort_by_length` pools of 16 batches are sorted by length before they are cut, then the batches are
    shuffled.
    """
    order: list[list[int]] = []
    for epoch in count():
        if len(order) >= batches:
            return order[:batches]
        draw = generator(str(seed), "batch order", epoch)
        rows = [int(row) for row in draw.permutation(len(lengths))]
        if sort_by_length:
            pool = batch_size * POOL_BATCHES
            rows = [
                row
                for start in range(0, len(rows), pool)
                for row in sorted(rows[start : start + pool], key=lambda row: lengths[row])
            ]
        epoch_batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
        if sort_by_length:
            epoch_batches = [epoch_batches[i] for i in draw.permutation(len(epoch_batches))]
        order += epoch_batches
    raise AssertionError("unreachable")
