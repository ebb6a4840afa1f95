"""SGCN (Derr, Ma, Tang 2018): balance-aware aggregation on the signed graph so far."""

import torch
from torch import Tensor, nn

from apportion.signed.graph_so_far import Embedder, Graph, GraphSettings, GraphSoFar
from apportion.signed.scorer import SignedTask


class SgcnEmbedder(Embedder):
    """A balanced (friend) and an unbalanced (enemy) vector a user, in two layers (equations 3 to 8 of the paper).

    First layer: b_i = tanh(W [mean over friends x_j | x_i]), n_i = tanh(V [mean over enemies x_j | x_i]).
    Second: b_i = tanh(W [friends' b | enemies' n | b_i]), n_i = tanh(V [friends' n | enemies' b | n_i]).
    Departures: inputs x are a learned vector a user and signed log counts, where the paper takes a spectral
    embedding, which turns as the graph grows; the loss is the task's own, without the paper's extra hinge terms.
    """

    def __init__(self, n_users: int, settings: GraphSettings) -> None:
        super().__init__()
        d, half = settings.dim, settings.dim // 2
        self.own = nn.Embedding(n_users, settings.own_dim)
        nn.init.zeros_(self.own.weight)
        self.counts = nn.Linear(4, d)
        self.balanced = nn.ModuleList(
            [nn.Linear(2 * (d + settings.own_dim), half), nn.Linear(3 * half, half)]
        )
        self.unbalanced = nn.ModuleList(
            [nn.Linear(2 * (d + settings.own_dim), half), nn.Linear(3 * half, half)]
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.width = 2 * half

    def forward(self, graph: Graph) -> Tensor:
        """Return [balanced | unbalanced], [n_users, dim]."""
        x = torch.cat([self.own.weight, self.counts(graph.counts)], dim=1)
        friends, enemies = graph.positive, graph.negative
        mean = torch.sparse.mm
        b = self.dropout(torch.tanh(self.balanced[0](torch.cat([mean(friends, x), x], dim=1))))
        n = self.dropout(torch.tanh(self.unbalanced[0](torch.cat([mean(enemies, x), x], dim=1))))
        b, n = (
            torch.tanh(self.balanced[1](torch.cat([mean(friends, b), mean(enemies, n), b], dim=1))),
            torch.tanh(self.unbalanced[1](torch.cat([mean(friends, n), mean(enemies, b), n], dim=1))),
        )
        return torch.cat([b, n], dim=1)


class Sgcn(GraphSoFar):
    """SGCN as a scorer; see `graph_so_far` for when it embeds anew."""

    def __init__(self, task: SignedTask, n_users: int, settings: GraphSettings | None = None) -> None:
        super().__init__(task, n_users, settings or GraphSettings())

    def embedder(self) -> Embedder:
        """Return a new embedder with random weights."""
        return SgcnEmbedder(self._n_users, self.settings)
