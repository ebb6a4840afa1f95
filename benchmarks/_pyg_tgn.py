"""PyTorch Geometric's TGN example loop (examples/tgn.py): its memory, its neighbour loader, attention, link loss.

Sizes as SEMBA's: dim 64, 10 neighbours, 2 heads.
What the example does for each batch: neighbours of sources, targets and one random non-link each, their memories,
one attention layer, the loss, `update_state`, `insert`, one step of Adam.
The example asks of every event; here it may be told to ask of some alone, as the causal protocol does.
"""

import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch_geometric.nn import TransformerConv
from torch_geometric.nn.models.tgn import IdentityMessage, LastAggregator, LastNeighborLoader, TGNMemory

from apportion.signed.events import Events


class Embedding(nn.Module):
    def __init__(self, dim: int, message: int, time_encoder: nn.Module) -> None:
        super().__init__()
        self.time_encoder = time_encoder
        self.conv = TransformerConv(dim, dim // 2, heads=2, dropout=0.1, edge_dim=message + dim)

    def forward(self, x, last_update, edge_index, t, message):
        elapsed = self.time_encoder((last_update[edge_index[0]] - t).to(x.dtype))
        return self.conv(x, edge_index, torch.cat([elapsed, message], dim=-1))


class Predictor(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.source, self.target, self.last = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, 1)

    def forward(self, source, target):
        return self.last((self.source(source) + self.target(target)).relu())


def epoch(events: Events, batch: int, asked: NDArray[np.bool_], dim: int = 64, neighbours: int = 10) -> float:
    """Return the CPU seconds for the first len(asked) events, forward and backward, from an empty state.

    All are observed; those that are `asked` are predicted before, with a non-link each.
    """
    torch.manual_seed(0)
    most = len(asked)
    n = events.n_users
    source, target = torch.tensor(events.source[:most]), torch.tensor(events.target[:most])
    t = torch.tensor(events.time[:most] - events.time[0]).long()
    message = torch.tensor(events.weight[:most]).float().unsqueeze(1)
    memory = TGNMemory(n, 1, dim, dim, IdentityMessage(1, dim, dim), LastAggregator())
    embed = Embedding(dim, 1, memory.time_enc)
    predict = Predictor(dim)
    loader = LastNeighborLoader(n, size=neighbours)
    optimiser = torch.optim.Adam({*memory.parameters(), *embed.parameters(), *predict.parameters()}, lr=1e-4)
    assoc = torch.empty(n, dtype=torch.long)
    criterion = nn.BCEWithLogitsLoss()
    for module in (memory, embed, predict):
        module.train()
    memory.reset_state()
    loader.reset_state()
    began = time.process_time()
    for start in range(0, len(source), batch):
        rows = slice(start, start + batch)
        src, dst, when, msg = source[rows], target[rows], t[rows], message[rows]
        ask = torch.from_numpy(asked[rows])
        loss = None
        if ask.any():
            u, v = src[ask], dst[ask]
            neg = torch.randint(0, n, (len(u),))
            optimiser.zero_grad()
            n_id, edge_index, e_id = loader(torch.cat([u, v, neg]).unique())
            assoc[n_id] = torch.arange(len(n_id))
            z, last_update = memory(n_id)
            z = embed(z, last_update, edge_index, t[e_id], message[e_id])
            yes, no = predict(z[assoc[u]], z[assoc[v]]), predict(z[assoc[u]], z[assoc[neg]])
            loss = criterion(yes, torch.ones_like(yes)) + criterion(no, torch.zeros_like(no))
        memory.update_state(src, dst, when, msg)
        loader.insert(src, dst)
        if loss is not None:
            loss.backward()
            optimiser.step()
        memory.detach()
    return time.process_time() - began
