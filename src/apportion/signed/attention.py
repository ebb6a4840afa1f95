"""Attention over a user's past neighbours: what they remember, and how each event with them was."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from apportion.signed.elapsed import TimeCode, log_elapsed
from apportion.signed.memory import ROLES, magnitude

EDGE = 4  # sign, magnitude, role, sign times role
FAR = -1e9


class Neighbourhood(NamedTuple):
    """The latest events of u users as tensors, [u, k] each, as `Latest` has them, and the time it is now, scalar."""

    other: Tensor
    time: Tensor
    weight: Tensor
    outgoing: Tensor
    known: Tensor
    now: Tensor


class EdgeCode(nn.Module):
    """What is known of an event with a neighbour: [phi(elapsed) | sign, log(1 + |w|), role, sign times role].

    Elapsed time is on a log scale. The role is +1 where the user asked about was the source, else -1.
    """

    def __init__(self, time_dim: int) -> None:
        super().__init__()
        self.time_code = TimeCode(time_dim)
        self.size = time_dim + EDGE

    def forward(self, seen: Neighbourhood) -> Tensor:
        """Return the codes, float32 [u, k, size]."""
        elapsed = log_elapsed(seen.time, seen.now)
        sign = torch.sign(seen.weight).float()
        role = torch.where(seen.outgoing, 1.0, -1.0)
        plain = torch.stack([sign, magnitude(seen.weight), role, sign * role], dim=-1)
        return torch.cat([self.time_code(elapsed), plain], dim=-1)


class NeighbourAttention(nn.Module):
    """z = MLP([attended | summed | s+ | s- | role]) of a user, from its memories and its latest neighbours.

    Queries are made from the user's [s+ | s- | role], keys and values from a neighbour's memories and the edge.
    Balance goes on here ("long-term propagation"): a neighbour is read as [s+ | s-] along a positive edge and as
    [s- | s+] along a negative one, so that an enemy's enemy comes in as a friend. With `balance` False it is
    always [s+ | s-]. Beside the softmax, which forgets how many neighbours there are, the values are summed.
    A user is embedded in both roles at once, from keys and values that are made once. With `propagation` False, z
    comes from the user's own memories and role alone.
    """

    def __init__(
        self, dim: int, edge: int, heads: int, dropout: float, balance: bool, propagation: bool
    ) -> None:
        super().__init__()
        self.heads = heads
        self.balance = balance
        self.propagation = propagation
        self.query = nn.Linear(2 * dim + ROLES, dim)
        self.of_user = nn.Linear(2 * dim, 2 * dim, bias=False)  # keys and values side by side
        self.of_edge = nn.Linear(edge, 2 * dim)
        self.out = nn.Sequential(
            nn.Linear((4 if propagation else 2) * dim + ROLES, dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(dim, dim),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        positive: Tensor,
        negative: Tensor,
        me: Tensor,
        them: Tensor,
        edge: Tensor,
        seen: Neighbourhood,
    ) -> Tensor:
        """Return the embeddings of u users as sources and as targets, [u, 2, dim].

        `positive` and `negative` [r, dim] are the memories of the r users that occur; `me` [u] and `them` [u, k]
        are rows of these; `edge` [u, k, size] are the edges' codes.
        """
        u, k = them.shape
        own = torch.cat([positive, negative], dim=1)[me].unsqueeze(1).expand(u, ROLES, -1)
        own = torch.cat([own, torch.eye(ROLES).expand(u, ROLES, ROLES)], dim=2)
        if not self.propagation:
            return self.out(own)
        dim = positive.shape[1]
        as_friend = self.of_user(torch.cat([positive, negative], dim=1))
        if self.balance:
            as_enemy = self.of_user(torch.cat([negative, positive], dim=1))
            from_user = torch.cat([as_friend, as_enemy])
            them = torch.where(seen.weight < 0, them + len(positive), them)
        else:
            from_user = as_friend
        both = from_user.index_select(0, them.flatten()).view(u, k, 2 * dim) + self.of_edge(edge)
        *keys, value = both.split([dim // self.heads] * self.heads + [dim], dim=2)
        value = nn.functional.gelu(value)

        known = seen.known.unsqueeze(1)
        attended = []
        for query, key, said in zip(
            self.query(own).chunk(self.heads, dim=2), keys, value.chunk(self.heads, dim=2), strict=True
        ):
            closeness = torch.bmm(query, key.transpose(1, 2)) / query.shape[2] ** 0.5  # [u, 2, k]
            share = torch.softmax(closeness.masked_fill(~known, FAR), dim=2)
            attended.append(torch.bmm(self.dropout(share * known.float()), said))  # without neighbours 0
        summed = (value * seen.known.unsqueeze(2).float()).sum(1) / k**0.5
        return self.out(torch.cat([*attended, summed.unsqueeze(1).expand(u, ROLES, dim), own], dim=2))


class CommonGround(nn.Module):
    """How far two users agree by their latest events: with each other, and with third users that both have met.

    sum over events i of u and j of v with the same third user of g(i) h(j), elementwise [size], where g and h are
    learned maps of the edges' codes: with g and h the sign this counts balanced minus unbalanced triads. Beside
    it, the sum of learned maps of the events that u and v had with each other. All by comparing numbers of users.
    """

    def __init__(self, edge: int, size: int) -> None:
        super().__init__()
        self.of_source = nn.Linear(edge, 2 * size)
        self.of_target = nn.Linear(edge, size)
        self.size = size

    def forward(
        self, edge: Tensor, seen: Neighbourhood, asked: Tensor, source: Tensor, target: Tensor
    ) -> Tensor:
        """Return the agreement of m pairs, [m, 2 size].

        `edge` and `seen` are those of the users numbered `asked`, [u]; `source` and `target` [m] are rows of these.
        """
        of_source, met = self.of_source(edge).index_select(0, source).split(self.size, dim=2)
        of_target = self.of_target(edge).index_select(0, target)
        other, known = seen.other[source], seen.known[source]
        same = (other.unsqueeze(2) == seen.other[target].unsqueeze(1)) & (
            known.unsqueeze(2) & seen.known[target].unsqueeze(1)
        )  # [m, k, k]
        triads = ((same.float() @ of_target) * of_source).sum(1)
        direct = (other == asked[target].unsqueeze(1)) & known
        return torch.cat([triads, (met * direct.unsqueeze(2)).sum(1)], dim=1)
