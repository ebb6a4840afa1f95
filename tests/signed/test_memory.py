import numpy as np
import pytest
import torch

from apportion.signed.elapsed import log_elapsed
from apportion.signed.memory import MemoryTable, MemoryUpdate, SignedMemory, initial_memories

USERS, DIM = 6, 5


def network(n=60, seed=0):
    draws = np.random.default_rng(seed)
    source = draws.integers(0, USERS, n)
    target = (source + draws.integers(1, USERS, n)) % USERS
    weight = draws.choice([-3.0, -1.0, 1.0, 2.0], n)
    columns = (source, target, np.cumsum(draws.exponential(100.0, n)), weight)
    return [torch.from_numpy(c) for c in columns]


def walked(memory, table, columns, size=7):
    with torch.no_grad():
        for start in range(0, len(columns[0]), size):
            table.write(memory(table, *(c[start : start + size] for c in columns)))
    return table


def slow_update(memory: SignedMemory, table: MemoryTable, source, target, time, weight) -> dict[int, tuple]:
    """Return the new memories by section 4 of the paper, message by message."""
    messages: dict[int, list] = {}
    for u, v, t, w in zip(source.tolist(), target.tolist(), time, weight, strict=True):
        for me, other, role in ((u, v, [1.0, 0.0]), (v, u, [0.0, 1.0])):
            last = table.last[me]
            elapsed = log_elapsed(t if last.isnan() else last, t)
            edge = torch.cat(
                [torch.log1p(w.abs()).float().view(1), memory.time_code(elapsed).view(-1), torch.tensor(role)]
            )
            friend, enemy = table.positive[other], table.negative[other]
            if w < 0:
                friend, enemy = enemy, friend
            positive = torch.cat([table.positive[me], friend, edge])
            negative = torch.cat([table.negative[me], enemy, edge])
            messages.setdefault(me, []).append((positive, negative))
    out = {}
    for me, rows in messages.items():
        means = [torch.stack(column).mean(0) for column in zip(*rows, strict=True)]
        out[me] = (
            memory.to_positive(means[0].unsqueeze(0), table.positive[me].unsqueeze(0))[0],
            memory.to_negative(means[1].unsqueeze(0), table.negative[me].unsqueeze(0))[0],
        )
    return out


def test_flat_arrays_give_what_messages_one_by_one_give():
    torch.manual_seed(0)
    memory = SignedMemory(DIM, 3)
    columns = network()
    table = walked(memory, MemoryTable(USERS, DIM, "own"), [c[:30] for c in columns])
    last = [c[30:50] for c in columns]
    slow, fast = slow_update(memory, table, *last), memory(table, *last)
    assert fast.users.tolist() == sorted(slow)
    for i, user in enumerate(fast.users.tolist()):
        torch.testing.assert_close(fast.positive[i], slow[user][0])
        torch.testing.assert_close(fast.negative[i], slow[user][1])
        assert fast.time[i] == max(
            t for u, v, t in zip(*(c.tolist() for c in last[:3]), strict=True) if user in (u, v)
        )


@pytest.mark.parametrize("tied", [False, True])
def test_gradients_are_those_of_messages_one_by_one(tied):
    torch.manual_seed(0)
    memory = SignedMemory(DIM, 3, tied=tied)
    columns = network()
    table = walked(memory, MemoryTable(USERS, DIM, "own"), [c[:30] for c in columns])
    last = [c[30:50] for c in columns]
    fast, slow = memory(table, *last), slow_update(memory, table, *last)
    draws = torch.randn(2, len(slow), DIM)
    weights = list(memory.parameters())
    found = torch.autograd.grad((torch.stack([fast.positive, fast.negative]) * draws).sum(), weights)
    both = torch.stack([torch.stack([slow[user][i] for user in sorted(slow)]) for i in (0, 1)])
    torch.testing.assert_close(found, torch.autograd.grad((both * draws).sum(), weights))


def flipped(columns, user):
    source, target, time, weight = columns
    return [source, target, time, torch.where((source == user) ^ (target == user), -weight, weight)]


@pytest.mark.parametrize("user", range(USERS))
def test_flipping_the_signs_of_one_user_swaps_its_memories_and_leaves_all_others(user):
    torch.manual_seed(0)
    memory = SignedMemory(DIM, 3, tied=True)
    columns = network()
    plain = walked(memory, MemoryTable(USERS, DIM, "own"), columns)
    other = MemoryTable(USERS, DIM, "own")
    other.positive[user], other.negative[user] = other.negative[user].clone(), other.positive[user].clone()
    other = walked(memory, other, flipped(columns, user))
    assert torch.equal(other.positive[user], plain.negative[user])
    assert torch.equal(other.negative[user], plain.positive[user])
    rest = [u for u in range(USERS) if u != user]
    assert torch.equal(other.positive[rest], plain.positive[rest])
    assert torch.equal(other.negative[rest], plain.negative[rest])
    assert not torch.allclose(plain.positive[user], plain.negative[user])


@pytest.mark.parametrize("change", ["two GRUs", "no balance", "memories not swapped"])
def test_the_law_of_flipping_can_fail(change):
    torch.manual_seed(0)
    memory = SignedMemory(DIM, 3, tied=change != "two GRUs", balance=change != "no balance")
    columns = network()
    plain = walked(memory, MemoryTable(USERS, DIM, "own"), columns)
    other = MemoryTable(USERS, DIM, "own")
    if change != "memories not swapped":
        other.positive[0], other.negative[0] = other.negative[0].clone(), other.positive[0].clone()
    other = walked(memory, other, flipped(columns, 0))
    assert not torch.allclose(other.positive[0], plain.negative[0])


def test_without_balance_an_event_reaches_the_memory_of_its_sign_alone():
    memory = SignedMemory(DIM, 3, balance=False)
    table = MemoryTable(3, DIM, "own")
    one = torch.tensor
    update = memory(
        table, one([0]), one([1]), one([5.0], dtype=torch.float64), one([-2.0], dtype=torch.float64)
    )
    assert torch.equal(update.positive, table.positive[:2])
    assert not torch.allclose(update.negative, table.negative[:2])


def test_what_is_stored_has_no_way_back_and_the_update_has():
    memory = SignedMemory(DIM, 3)
    table = MemoryTable(USERS, DIM, "own")
    update = memory(table, *network())
    table.write(update)
    assert update.positive.requires_grad
    assert not table.positive.requires_grad
    assert not table.negative.requires_grad


def test_initial_memories_depend_on_the_number_of_the_user_alone():
    whole = initial_memories(0, 3000, DIM, "own")
    assert torch.equal(initial_memories(1000, 2500, DIM, "own"), whole[1000:2500])
    assert len(torch.unique(whole, dim=0)) == 3000
    shared = initial_memories(5, 8, DIM, "shared")
    assert torch.equal(shared[0], shared[2])


def test_tables_grow_and_clear():
    table = MemoryTable(4, DIM, "own")
    table.write(
        MemoryUpdate(torch.tensor([1]), torch.ones(1, DIM), -torch.ones(1, DIM), torch.tensor([7.0]).double())
    )
    table.grow(2000)
    assert table.n_users >= 2000
    assert torch.equal(table.positive[1], torch.ones(DIM))
    fresh = MemoryTable(table.n_users, DIM, "own")
    assert torch.equal(table.positive[4:], fresh.positive[4:])
    assert bool(table.last[4:].isnan().all())
    table.clear()
    assert torch.equal(table.positive, fresh.positive)
    assert torch.equal(table.negative, -fresh.positive)
    assert bool(table.last.isnan().all())
