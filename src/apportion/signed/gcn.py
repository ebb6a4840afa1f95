"""GCN (Kipf, Welling 2017): a network of the unsigned graph so far."""

import torch
from torch import Tensor, nn

from apportion.signed.graph_so_far import Embedder, Graph, GraphSettings, GraphSoFar
from apportion.signed.scorer import SignedTask


class GcnEmbedder(Embedder):
    """Two layers of h_i = relu(W h_i + V mean over neighbours h_j), neighbours in either direction, signs unseen.

    Departs from Kipf and Welling in that a user's own vector has its own matrix and the mean is over neighbours
    alone: with the symmetric normalisation a user without events and one with many start alike.
    """

    def __init__(self, n_users: int, settings: GraphSettings) -> None:
        super().__init__()
        d = settings.dim
        self.own = nn.Embedding(n_users, settings.own_dim)
        nn.init.zeros_(self.own.weight)
        self.counts = nn.Linear(2, d)
        self.layers = nn.ModuleList([nn.Linear(2 * (d + settings.own_dim), d), nn.Linear(2 * d, d)])
        self.dropout = nn.Dropout(settings.dropout)
        self.width = d

    def forward(self, graph: Graph) -> Tensor:
        """Return the embeddings."""
        counts = torch.log1p(torch.expm1(graph.counts).reshape(-1, 2, 2).sum(dim=2))  # gave, got
        h = torch.cat([self.own.weight, self.counts(counts)], dim=1)
        for layer in self.layers:
            h = torch.relu(layer(torch.cat([h, torch.sparse.mm(graph.any, h)], dim=1)))
            h = self.dropout(h)
        return h


class Gcn(GraphSoFar):
    """GCN as a scorer; see `graph_so_far` for when it embeds anew."""

    def __init__(self, task: SignedTask, n_users: int, settings: GraphSettings | None = None) -> None:
        super().__init__(task, n_users, settings or GraphSettings())

    def embedder(self) -> Embedder:
        """Return a new embedder with random weights."""
        return GcnEmbedder(self._n_users, self.settings)
