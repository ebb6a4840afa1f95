import torch
from tests.signed.made_networks import neighbourhood

from apportion.signed.common_ground import CommonGround
from apportion.signed.neighbourhood import EdgeCode


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
    out = common(edge(seen.edges()), seen, torch.arange(4), torch.tensor([0, 2]), torch.tensor([1, 3]))
    assert out.tolist() == [[1 * 1 + -1 * 1, -1.0], [0.0, 0.0]]


def test_maps_of_matching_events_alone_give_the_sum_over_all_pairs_of_events():
    torch.manual_seed(0)
    u, k, size = 9, 4, 3
    edge = EdgeCode(2)
    common = CommonGround(edge.size, size)
    draws = torch.randint(0, u, (u, k)), torch.randn(u, k)
    known = torch.arange(k) < torch.randint(0, k + 1, (u, 1))
    seen = neighbourhood(draws[0].tolist(), draws[1].tolist(), known.tolist())
    source, target = torch.randint(0, u, (2, 30))
    code = torch.zeros(u, k, edge.size)
    code[known] = edge(seen.edges())
    expected = torch.zeros(30, 2 * size)
    for m, (a, b) in enumerate(zip(source.tolist(), target.tolist(), strict=True)):
        for i in known[a].nonzero()[:, 0]:
            for j in known[b].nonzero()[:, 0]:
                if seen.other[a, i] == seen.other[b, j]:
                    expected[m, :size] += common.of_source(code[a, i])[:size] * common.of_target(code[b, j])
            if seen.other[a, i] == b:
                expected[m, size:] += common.of_source(code[a, i])[size:]
    found = common(code[known], seen, torch.arange(u), source, target)
    assert bool(expected.any())
    torch.testing.assert_close(found, expected)
