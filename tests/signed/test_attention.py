import pytest
import torch

from apportion.signed.attention import CommonGround, EdgeCode, NeighbourAttention, Neighbourhood

DIM, K = 8, 3


def neighbourhood(other, weight, known=None, outgoing=None, time=None, now=100.0):
    other, weight = torch.tensor(other), torch.tensor(weight, dtype=torch.float64)
    known = torch.ones_like(other, dtype=torch.bool) if known is None else torch.tensor(known)
    outgoing = torch.ones_like(known) if outgoing is None else torch.tensor(outgoing)
    time = torch.full(other.shape, 50.0).double() if time is None else torch.tensor(time).double()
    return Neighbourhood(other, time, weight, outgoing, known, torch.tensor(now).double())


def attend(seen, positive, negative, balance=True, propagation=True, me=0):
    torch.manual_seed(0)
    edge = EdgeCode(4)
    layer = NeighbourAttention(DIM, edge.size, 2, 0.0, balance, propagation)
    b = len(seen.other)
    with torch.no_grad():
        return layer(
            positive,
            negative,
            torch.full((b,), me),
            seen.other,
            edge(seen),
            seen,
        )


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
    """Swapping a neighbour's memories and its sign changes nothing but the sign that the edge shows."""
    positive, negative = memories
    swapped = positive.clone(), negative.clone()
    swapped[0][1], swapped[1][1] = negative[1], positive[1]
    torch.manual_seed(0)
    edge = EdgeCode(4)
    layer = NeighbourAttention(DIM, edge.size, 2, 0.0, balance, True)
    friend = neighbourhood([[1, 2, 3]], [[1.0, 1.0, 2.0]])
    enemy = friend._replace(weight=torch.tensor([[-1.0, 1.0, 2.0]]).double())
    me = torch.zeros(1, dtype=torch.long)
    codes = edge(friend)
    with torch.no_grad():
        a = layer(positive, negative, me, friend.other, codes, friend)
        b = layer(*swapped, me, enemy.other, codes, enemy)
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
    a = attend(neighbourhood([[1, 2, 3]], [[1.0, -1.0, 2.0]]), positive, negative, propagation=False)
    b = attend(neighbourhood([[4, 5, 1]], [[-1.0, 1.0, 9.0]]), positive, negative, propagation=False)
    assert torch.equal(a, b)


def test_common_ground_counts_balanced_minus_unbalanced_triads():
    """With g and h the sign, sources first: 0 and 1 share 7 (+ +) and 8 (- +), and 0 has met 1 once (-)."""
    edge = EdgeCode(2)
    common = CommonGround(edge.size, 1)
    sign = torch.zeros(edge.size)
    sign[2] = 1.0
    with torch.no_grad():
        for layer in (common.of_source, common.of_target):
            layer.weight.copy_(sign.expand_as(layer.weight))
            layer.bias.zero_()
    seen = neighbourhood(
        [[7, 8, 1], [7, 8, 0], [5, 5, 0], [6, 6, 0]],
        [[1.0, -2.0, -1.0], [3.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]],
        [[True] * 3, [True] * 3, [True, True, False], [True, True, False]],
    )
    out = common(edge(seen), seen, torch.arange(4), torch.tensor([0, 2]), torch.tensor([1, 3]))
    assert out.tolist() == [[1 * 1 + -1 * 1, -1.0], [0.0, 0.0]]
