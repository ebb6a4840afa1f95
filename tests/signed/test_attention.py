from dataclasses import replace

import pytest
import torch
from tests.signed.made_networks import neighbourhood
from torch.nn import functional

from apportion.signed.memory import MemoryTable, MemoryUpdate
from apportion.signed.semba import Semba, semba_pure, without

DIM, K, HEADS = 8, 3, 2
SMALL = replace(semba_pure(), dim=DIM, time_dim=4, heads=HEADS, dropout=0.0, common_size=2)


def network(settings=SMALL):
    torch.manual_seed(0)
    return Semba(settings, "sign", 0)


def attend(seen, positive, negative, settings=SMALL):
    """Return the embeddings [u, 2, dim] of user 0 with each of the neighbourhoods."""
    with torch.no_grad():
        asked = torch.zeros(len(seen.other), dtype=torch.long)
        return network(settings).embeddings(table_of(positive, negative), None, asked, seen)


def table_of(positive, negative):
    table = MemoryTable(len(positive), positive.shape[1], "own")
    table.positive[:], table.negative[:] = positive, negative
    return table


@pytest.fixture
def memories():
    torch.manual_seed(1)
    return torch.randn(6, DIM), torch.randn(6, DIM)


def test_an_embedding_changes_with_the_memory_of_a_neighbour_and_not_with_a_strangers(memories):
    positive, negative = memories
    seen = neighbourhood([[1, 2, 3]], [[1.0, -1.0, 2.0]])
    plain = attend(seen, positive, negative)
    for user, changes in ((1, True), (2, True), (4, False)):
        other = positive.clone()
        other[user] += 1
        assert torch.equal(attend(seen, other, negative), plain) is not changes


@pytest.mark.parametrize(("balance", "same"), [(True, True), (False, False)])
def test_with_balance_an_enemy_is_read_with_its_memories_swapped(memories, balance, same):
    """Swapping a neighbour's memories and its sign changes nothing, as long as the edge does not show the sign."""
    positive, negative = memories
    swapped = positive.clone(), negative.clone()
    swapped[0][1], swapped[1][1] = negative[1], positive[1]
    model = network(SMALL if balance else without(SMALL, "balance"))
    friend = neighbourhood([[1, 2, 3]], [[1.0, 1.0, 2.0]])
    enemy = friend._replace(weight=torch.tensor([[-1.0, 1.0, 2.0]]).double())
    me = torch.zeros(1, dtype=torch.long)
    with torch.no_grad():
        for column in (4, 7):  # sign, and sign times role
            model.attention.of_edge.weight[:, column] = 0.0
        a = model.embeddings(table_of(positive, negative), None, me, friend)
        b = model.embeddings(table_of(*swapped), None, me, enemy)
    assert torch.allclose(a, b, atol=1e-6) is same


def test_what_is_not_known_is_not_attended_to(memories):
    positive, negative = memories
    known = [[True, False, False]]
    a = attend(neighbourhood([[1, 0, 0]], [[1.0, 0.0, 0.0]], known), positive, negative)
    b = attend(neighbourhood([[1, 5, 4]], [[1.0, -3.0, 2.0]], known), positive, negative)
    assert torch.equal(a, b)
    none = attend(neighbourhood([[1, 5, 4]], [[1.0, -3.0, 2.0]], [[False] * K]), positive, negative)
    assert bool(none.isfinite().all())
    assert not torch.allclose(none, a)


@pytest.mark.parametrize("field", ["weight", "time", "outgoing"])
def test_sign_magnitude_time_and_role_of_an_edge_matter(memories, field):
    positive, negative = memories
    seen = neighbourhood([[1, 2, 3]], [[1.0, -1.0, 2.0]])
    other = {"weight": seen.weight * 3, "time": seen.time - 40, "outgoing": ~seen.outgoing}[field]
    assert not torch.allclose(
        attend(seen._replace(**{field: other}), positive, negative), attend(seen, positive, negative)
    )


def test_without_propagation_neighbours_do_not_matter(memories):
    positive, negative = memories
    a = attend(
        neighbourhood([[1, 2, 3]], [[1.0, -1.0, 2.0]]), positive, negative, without(SMALL, "propagation")
    )
    b = attend(
        neighbourhood([[4, 5, 1]], [[-1.0, 1.0, 9.0]]), positive, negative, without(SMALL, "propagation")
    )
    assert torch.equal(a, b)


def plain_attention(layer, positive, negative, me, seen, code, role, balance):
    """Return the embedding of one user in one role by the formula, neighbour by neighbour, in float64."""
    own = torch.cat([positive[me], negative[me], functional.one_hot(torch.tensor(role), 2)])
    keys, values = [], []
    for other, weight, c in zip(seen.other.tolist(), seen.weight, code, strict=True):
        friend, enemy = positive[other], negative[other]
        if balance and weight < 0:
            friend, enemy = enemy, friend
        both = layer.of_user(torch.cat([friend, enemy])) + layer.of_edge(c)
        keys.append(both[:DIM])
        values.append(functional.gelu(both[DIM:]))
    attended, summed = torch.zeros(DIM).double(), torch.zeros(DIM).double()
    if keys:
        size = DIM // HEADS
        key, value = torch.stack(keys), torch.stack(values)
        for part in (slice(i * size, (i + 1) * size) for i in range(HEADS)):
            share = torch.softmax(key[:, part] @ layer.query(own)[part] / size**0.5, dim=0)
            attended[part] = share @ value[:, part]
        summed = value.sum(0) / K**0.5
    return layer.out(torch.cat([attended, summed, own]))


@pytest.mark.parametrize("balance", [True, False])
def test_embeddings_are_what_the_formula_gives_with_gradients_through_fresh_memories(memories, balance):
    """Known edges alone, neighbours once as friends and once as enemies, both roles from one projection."""
    model = network(SMALL if balance else without(SMALL, "balance")).double()
    weight = [[1.0, -1.0, 2.0], [-3.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    known = [[True] * 3, [True, True, False], [False] * 3]
    seen = neighbourhood([[1, 2, 1], [1, 4, 0], [0, 0, 0]], weight, known, time=[[50.0, 7.0, 3.0]] * 3)
    asked, changed = torch.tensor([0, 2, 5]), torch.tensor([1, 5])
    table = table_of(*memories)
    table.positive, table.negative = table.positive.double(), table.negative.double()
    positive, negative = (x[changed].double().requires_grad_() for x in memories)
    fresh = MemoryUpdate(changed, positive, negative, torch.zeros(2))
    torch.set_default_dtype(torch.float64)
    try:
        found = model.embeddings(table, fresh, asked, seen)
        friend = memories[0].double().index_copy(0, changed, positive)
        enemy = memories[1].double().index_copy(0, changed, negative)
        expected = []
        for i, me in enumerate(asked):
            only = seen._replace(**{f: getattr(seen, f)[i : i + 1] for f in seen._fields[:5]}).edges()
            code = model.edge(only)
            expected += [
                plain_attention(model.attention, friend, enemy, me, only, code, role, balance)
                for role in (0, 1)
            ]
        torch.testing.assert_close(found.flatten(0, 1), torch.stack(expected))
        draws = torch.randn(found.shape)
        weights = [positive, negative, *model.attention.parameters()]
        a = torch.autograd.grad((found * draws).sum(), weights)
        b = torch.autograd.grad((torch.stack(expected) * draws.flatten(0, 1)).sum(), weights)
        torch.testing.assert_close(a, b)
    finally:
        torch.set_default_dtype(torch.float32)


def test_users_embedded_in_some_roles_come_out_as_among_all(memories):
    seen = neighbourhood([[1, 2, 3], [4, 0, 0]], [[1.0, -1.0, 2.0], [1.0, 0.0, 0.0]])
    model, table = network(), table_of(*memories)
    with torch.no_grad():
        every = model.embeddings(table, None, torch.tensor([0, 5]), seen)
        some, _ = model._embedded(table, None, torch.tensor([0, 5]), seen, torch.tensor([0, 3]))
    torch.testing.assert_close(some, torch.stack([every[0, 0], every[1, 1]]))
