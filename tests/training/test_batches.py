from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.training.batches import batch_order
from apportion.training.settings import PRESETS, SFTSettings
from apportion.training.trl_arguments import FixedBatches

lengths = st.lists(st.integers(1, 200), min_size=1, max_size=120)


@given(
    lengths=lengths,
    batch=st.integers(1, 16),
    epochs=st.integers(1, 3),
    seed=st.integers(0, 99),
    sort=st.booleans(),
)
def test_every_row_comes_once_an_epoch(
    lengths: list[int], batch: int, epochs: int, seed: int, sort: bool
) -> None:
    per_epoch = -(-len(lengths) // batch)
    order = batch_order(lengths, batch, per_epoch * epochs, seed, sort_by_length=sort)
    for epoch in range(epochs):
        rows = [row for b in order[epoch * per_epoch : (epoch + 1) * per_epoch] for row in b]
        assert sorted(rows) == list(range(len(lengths)))
    assert max(map(len, order)) <= batch


def test_sorting_saves_padding_and_keeps_batches_in_random_order() -> None:
    lengths = [(37 * i) % 101 + 1 for i in range(512)]

    def padded(sort: bool) -> int:
        order = batch_order(lengths, 16, 32, 0, sort_by_length=sort)
        return sum(max(lengths[row] for row in b) * len(b) for b in order)

    assert padded(True) < 0.7 * padded(False)
    widths = [max(lengths[r] for r in b) for b in batch_order(lengths, 16, 32, 0, sort_by_length=True)]
    assert widths != sorted(widths)


def test_another_seed_is_another_order_and_the_same_seed_the_same() -> None:
    one, two = (batch_order([1] * 64, 8, 8, seed, sort_by_length=False) for seed in (0, 1))
    assert one != two
    assert one == batch_order([1] * 64, 8, 8, 0, sort_by_length=False)
    assert Counter(map(len, one)) == {8: 8}


@pytest.mark.parametrize(
    ("preset", "examples", "batch", "steps"),
    [
        ("balancing-budget", 1000, 16, 126),
        ("superficial-alignment", 100, 2, 150),
        ("superficial-alignment", 1000, 8, 375),
        ("superficial-alignment", 7500, 16, 1407),
        ("world", 64, 16, 300),
        ("world", 2048, 16, 512),
    ],
)
def test_presets_take_the_papers_batches_and_steps(
    preset: str, examples: int, batch: int, steps: int
) -> None:
    settings = PRESETS[preset].sft
    assert (settings.batch_for(examples), settings.steps_for(examples)) == (batch, steps)


def test_accumulation_counts_as_one_step() -> None:
    assert SFTSettings(epochs=1, batch_size=4, accumulation=4).steps_for(64) == 4


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=20), processes=st.integers(1, 4))
def test_processes_get_slices_of_one_length(sizes: list[int], processes: int) -> None:
    rows = iter(range(sum(sizes)))
    batches = [[next(rows) for _ in range(size)] for size in sizes]
    ranks = [list(FixedBatches(batches, rank, processes)) for rank in range(processes)]
    assert all(len(slices) == len(batches) for slices in ranks)
    for slices in zip(*ranks, strict=True):
        assert len({len(part) for part in slices}) == 1 and slices[0]
    if processes == 1:
        assert ranks[0] == batches
    elif min(sizes) >= processes:
        seen = sorted(row for slices in ranks for part in slices for row in part)
        assert seen == list(range(len(seen)))  # each once; at most processes - 1 are left at the end
        assert sum(sizes) - len(seen) < processes
