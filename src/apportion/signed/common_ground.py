"""How far two users agree by their latest events."""

import torch
from torch import Tensor, nn

from apportion.signed.neighbourhood import Neighbourhood
from apportion.signed.products import rowwise


class CommonGround(nn.Module):
    """How far two users agree by their latest events: with each other, and with third users that both have met.

    sum over events i of u and j of v with the same third user of g(i) h(j), elementwise [size], where g and h are
    learned maps of the edges' codes: with g and h the sign this counts balanced minus unbalanced triads. Beside
    it, the sum of learned maps of the events that u and v had with each other. All by comparing numbers of users;
    few pairs of events match, and g and h are computed for these alone.
    """

    def __init__(self, edge: int, size: int) -> None:
        super().__init__()
        self.of_source = nn.Linear(edge, 2 * size)
        self.of_target = nn.Linear(edge, size)
        self.size = size

    def forward(
        self, code: Tensor, seen: Neighbourhood, asked: Tensor, source: Tensor, target: Tensor
    ) -> Tensor:
        """Return the agreement of m pairs, [m, 2 size].

        `code` [e, edge] are those of the known events of `seen`, the neighbourhoods of the users numbered `asked`,
        [u]; `source` and `target` [m] are rows of these.
        """
        m, size = len(source), self.size
        number = (seen.known.flatten().cumsum(0) - 1).view(
            seen.known.shape
        )  # of an event among the known ones
        of_source = seen.other.where(seen.known, -1).index_select(0, source)
        of_target = seen.other.where(seen.known, -2).index_select(0, target)
        pair, i, j = (of_source.unsqueeze(2) == of_target.unsqueeze(1)).nonzero().unbind(1)
        met, at = (of_source == asked[target].unsqueeze(1)).nonzero().unbind(1)
        events = number[source[torch.cat([pair, met])], torch.cat([i, at])]
        maps = _maps(self.of_source, code, events).split([len(pair), len(met)])
        g, direct = maps[0][:, :size], maps[1][:, size:]
        h = _maps(self.of_target, code, number[target[pair], j])
        triads = torch.zeros(m, size).index_add(0, pair, g * h)
        return torch.cat([triads, torch.zeros(m, size).index_add(0, met, direct)], dim=1)


def _maps(layer: nn.Linear, code: Tensor, events: Tensor) -> Tensor:
    return rowwise(code.index_select(0, events), layer.weight, layer.bias)
