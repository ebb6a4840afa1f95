"""Attention over a user's past neighbours: what they remember, and how each event with them was."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from apportion.signed.dropout import Dropout
from apportion.signed.memory import ROLES
from apportion.signed.neighbourhood import Edges
from apportion.signed.products import rowwise

FAR = -1e9


class NeighbourAttention(nn.Module):
    """z = MLP([attended | summed | s+ | s- | role]) of a user, from its memories and its latest neighbours.

    Queries are made from the user's [s+ | s- | role], keys and values from a neighbour's memories and the edge.
    Balance goes on here ("long-term propagation"): a neighbour is read as [s+ | s-] along a positive edge and as
    [s- | s+] along a negative one, so that an enemy's enemy comes in as a friend. Beside the softmax, which forgets
    how many neighbours there are, the values are summed. With `propagation` False, z comes from the user's own
    memories and role alone.

    A user is embedded in both roles at once: of a linear map of [x | role], the part of x is computed once a user.
    """

    def __init__(self, dim: int, edge: int, heads: int, dropout: float, propagation: bool) -> None:
        super().__init__()
        self.dim = dim
        self.heads = heads
        self.propagation = propagation
        self.query = nn.Linear(2 * dim + ROLES, dim)
        self.of_user = nn.Linear(2 * dim, 2 * dim, bias=False)  # keys and values side by side
        self.of_edge = nn.Linear(edge, 2 * dim)
        self.out = nn.Sequential(
            nn.Linear((4 if propagation else 2) * dim + ROLES, dim),
            nn.GELU(),
            Dropout(dropout),
            nn.Linear(dim, dim),
        )
        self.dropout = Dropout(dropout)

    def forward(
        self, own: Tensor, read: Tensor, row: Tensor, edges: Edges, k: int, code: Tensor, ends: Tensor
    ) -> Tensor:
        """Return the embeddings of q users in a role, [q, dim].

        `own` [u, 2 dim] are the memories [s+ | s-] of the users of a neighbourhood of width k, whose known events
        are `edges`, with the codes `code` [e, edge]; the other end of an event is read as row `row` [e] of `read`
        [r, 2 dim]. `ends` [q] are 2 i for row i of `own` as a source, 2 i + 1 for it as a target.
        """
        first, gelu, dropout, last = self.out
        assert isinstance(first, nn.Linear)
        assert isinstance(last, nn.Linear)
        dim = self.dim
        if self.propagation:
            of_attended, of_summed, of_own, of_role = first.weight.split([dim, dim, 2 * dim, ROLES], dim=1)
            of_query, query_role = self.query.weight.split([2 * dim, ROLES], dim=1)
            weight, bias = torch.cat([of_query, of_own]), torch.cat([self.query.bias, first.bias])
            asks, plain = rowwise(own, weight, bias).split(dim, dim=1)
            of_read = rowwise(read, self.of_user.weight, self.of_edge.bias)
            both = rowwise(code, self.of_edge.weight, of_read.index_select(0, row))
            key, said = both.split(dim, dim=1)
            value = functional.gelu(
                said.contiguous()
            )  # rounds otherwise, and takes longer, where there are gaps
            attended, summed = self.attend(asks, query_role.T, key, value, edges, k)
            hidden = _in_roles(rowwise(summed, of_summed, plain), of_role, ends)
            hidden = rowwise(attended.flatten(0, 1).index_select(0, ends), of_attended, hidden)
        else:
            of_own, of_role = first.weight.split([2 * dim, ROLES], dim=1)
            hidden = _in_roles(rowwise(own, of_own, first.bias), of_role, ends)
        return rowwise(dropout(gelu(hidden)), last.weight, last.bias)

    def attend(
        self, asks: Tensor, as_role: Tensor, key: Tensor, value: Tensor, edges: Edges, k: int
    ) -> tuple[Tensor, Tensor]:
        """Return what u users get in each role [u, 2, dim], and the sum of all values by sqrt(k) [u, dim].

        The query of a user in a role is `asks` [u, dim] + `as_role` [2, dim]; `key` and `value` [e, dim] belong to
        the edges. Products and sums edge by edge, for the edges that there are: batched products of a few rows each
        cost more. How close an edge is to a role does not depend on the user: a map of the key.
        """
        u, e, heads, size = len(asks), len(key), self.heads, self.dim // self.heads
        near = (asks.index_select(0, edges.owner) * key).view(e, 1, heads, size).sum(3)
        each = torch.eye(heads).view(1, heads, heads, 1) * as_role.view(ROLES, 1, heads, size)
        closeness = near + rowwise(key, each.reshape(-1, self.dim), torch.zeros(ROLES * heads)).view(
            e, ROLES, heads
        )
        full = torch.full((u * k, ROLES * heads), FAR).index_copy(
            0, edges.place, closeness.flatten(1) / size**0.5
        )
        share = torch.softmax(full.view(u, k, -1), dim=1).flatten(0, 1).index_select(0, edges.place)
        share = self.dropout(share).view(e, ROLES, heads, 1)
        weighted = (share * value.view(e, 1, heads, size)).view(e, ROLES * self.dim)
        attended = torch.zeros(u, ROLES * self.dim).index_add(0, edges.owner, weighted)
        summed = torch.zeros(u, self.dim).index_add(0, edges.owner, value) / k**0.5
        return attended.view(u, ROLES, self.dim), summed


def _in_roles(plain: Tensor, of_role: Tensor, ends: Tensor) -> Tensor:
    """Return what users [u, dim] are in the roles that `ends` [q] name, from a weight [dim, ROLES]; [q, dim]."""
    return (plain.unsqueeze(1) + of_role.T).flatten(0, 1).index_select(0, ends)
