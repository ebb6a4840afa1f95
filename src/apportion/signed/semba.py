"""SEMBA: the settings and the network, from what has been observed to answers about pairs."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from apportion.signed.attention import NeighbourAttention
from apportion.signed.boosting import Forests
from apportion.signed.common_ground import CommonGround
from apportion.signed.heads import OUTPUTS, AdditiveHead, Head, PairHead
from apportion.signed.inputs import FeatureCode
from apportion.signed.memory import ROLES, Initial, MemoryTable, MemoryUpdate, SignedMemory
from apportion.signed.neighbourhood import EdgeCode, Neighbourhood
from apportion.signed.scorer import SignedTask


@dataclass(frozen=True, slots=True)
class SembaSettings:
    """SEMBA's dials; the defaults are what validation on Bitcoin OTC chose (docs/lab-log.md).

    Parts, each of which can be switched off: `memory`, `propagation` (attention over neighbours), `balance`,
    `common` (agreement through common neighbours), `features` (history features as inputs), `boosting` (boosted
    trees on the features as a second opinion; nothing without features), `signs`. Without `signs` every event
    counts as positive: that is TGN (Rossi 2020), with a memory of two blocks.

    `group_size` is about how many events are predicted before they are observed; whoever makes the training
    stream reads it. `averaging` is the decay of the running mean of the weights, per step; 0 takes the weights
    as they are. `class_weight` is the power of `heads.loss`.
    """

    memory: bool = True
    propagation: bool = True
    balance: bool = True
    common: bool = True
    features: bool = True
    boosting: bool = True
    signs: bool = True
    head: Head = "agreement"
    initial: Initial = "own"
    dim: int = 64
    time_dim: int = 16
    neighbours: int = 10
    heads: int = 2
    hidden: int = 128
    members: int = 4
    bins: int = 8
    common_size: int = 8
    tied: bool = False
    dropout: float = 0.1
    group_size: int = 200
    class_weight: float = 0.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    averaging: float = 0.99
    epochs: int = 12
    patience: int = 3


def semba_pure() -> SembaSettings:
    """Return SEMBA without any hand-made input."""
    return SembaSettings(features=False)


def tgn() -> SembaSettings:
    """Return TGN: the same code without signs, balance, common neighbours and hand-made inputs.

    With more patience: a seed in three stands still for ten epochs at first.
    """
    return SembaSettings(signs=False, balance=False, common=False, features=False, epochs=40, patience=10)


def as_published() -> SembaSettings:
    """Return SEMBA with the paper's sizes and head: 8 heads, dropout .5, batches of 1,000, an additive head.

    What stays of ours and is not in the paper: the sign of an event and the roles of its ends on the edges that
    attention sees, roles in the messages, the two memories changing places along negative edges, values summed
    beside the softmax, logarithms of time, and one set of users where the release has raters and ratees apart.
    The order of predicting and observing is the protocol's business, not the model's.
    """
    return SembaSettings(
        common=False, features=False, head="additive", initial="shared", heads=8, members=1, dropout=0.5,
        group_size=1000, learning_rate=1e-3, weight_decay=0.0, averaging=0.0, epochs=20,
    )  # fmt: skip


def without(settings: SembaSettings, part: str) -> SembaSettings:
    """Return the settings with one part switched off, an ablation: "memory", "balance" ...

    Without "balance" there is no common ground either, as that counts balanced triads.

    >>> without(SembaSettings(), "features").features
    False
    """
    off = {"balance": {"balance": False, "common": False}}.get(part, {part: False})
    return replace(settings, **off)


class Semba(nn.Module):
    """The network of one task: memories, embeddings, pair head."""

    def __init__(self, settings: SembaSettings, task: SignedTask, n_features: int) -> None:
        super().__init__()
        s = settings
        self.settings = s
        self.memory = SignedMemory(s.dim, s.time_dim, s.balance, s.tied)
        self.edge = EdgeCode(s.time_dim)
        self.attention = NeighbourAttention(s.dim, self.edge.size, s.heads, s.dropout, s.propagation)
        self.inputs = FeatureCode(n_features if s.features else 0, s.bins)
        self.common = CommonGround(self.edge.size, s.common_size) if s.common else None
        self.boosted = Forests(task)
        extra = (2 * s.common_size if s.common else 0) + self.inputs.size
        outputs = OUTPUTS[task]
        self.additive = AdditiveHead(s.dim, outputs) if s.head == "additive" else None
        self.pair = (
            PairHead(4 * s.dim + extra, extra, s.hidden, outputs, s.dropout, s.members)
            if s.head == "agreement"
            else None
        )

    def remember(
        self, table: MemoryTable, source: Tensor, target: Tensor, time: Tensor, weight: Tensor
    ) -> MemoryUpdate:
        """Return the memories after n events; stores nothing."""
        return self.memory(table, source, target, time, self.seen_weight(weight))

    def seen_weight(self, weight: Tensor) -> Tensor:
        """Return the weights as the network may see them: without signs, all positive."""
        return weight if self.settings.signs else weight.abs()

    def forward(
        self,
        table: MemoryTable,
        fresh: MemoryUpdate | None,
        asked: Tensor,
        source: Tensor,
        target: Tensor,
        seen: Neighbourhood,
        features: Tensor | None,
    ) -> Tensor:
        """Return the answers to m queries, [members, m, outputs].

        `asked` are the numbers of the u users that the queries are about, each once, `seen` their neighbourhoods;
        `source` and `target` [m] are rows of these. `fresh` are memories that `table` already holds, but here with
        the way back to the weights that made them.
        """
        ends, row = torch.unique(torch.cat([2 * source, 2 * target + 1]), return_inverse=True)
        z, code = self._embedded(table, fresh, asked, seen, ends)
        source_z, target_z = z.index_select(0, row).split(len(source))
        if self.additive is not None:
            return self.additive(source_z, target_z)
        if self.common is not None:
            common = self.common(code, seen, asked, source, target)
        else:
            common = torch.zeros(len(source), 0)
        given = self.inputs(features) if features is not None and self.settings.features else None
        terms = torch.cat(
            [source_z, target_z, source_z * target_z, (source_z - target_z).abs(), common], dim=1
        )
        assert self.pair is not None
        return self.pair(terms, common, given)

    def embeddings(
        self, table: MemoryTable, fresh: MemoryUpdate | None, asked: Tensor, seen: Neighbourhood
    ) -> Tensor:
        """Return the embeddings of u users as sources and as targets, [u, 2, dim]."""
        u = len(asked)
        return self._embedded(table, fresh, asked, seen, torch.arange(ROLES * u))[0].view(u, ROLES, -1)

    def _embedded(
        self,
        table: MemoryTable,
        fresh: MemoryUpdate | None,
        asked: Tensor,
        seen: Neighbourhood,
        ends: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the embeddings [q, dim] of users in a role, rows of `asked` as `NeighbourAttention` numbers them,
        and the codes of the known events.

        Memories are gathered for the users asked about and, beside these, for their neighbours once as friends and
        once as enemies, as far as they occur as such: with `balance` an enemy is read with its memories swapped.
        """
        edges = seen.edges()
        edges = edges._replace(weight=self.seen_weight(edges.weight))
        enemy = (edges.weight < 0) & self.settings.balance
        read, row = torch.unique(
            edges.other + table.n_users * enemy, return_inverse=True
        )  # friends, then enemies
        users = torch.cat([asked, read % table.n_users])
        positive, negative = _memories(table, fresh, users)
        n_plain = len(asked) + int((read < table.n_users).sum())
        memories = torch.cat(
            [
                torch.cat([positive[:n_plain], negative[:n_plain]], dim=1),
                torch.cat([negative[n_plain:], positive[n_plain:]], dim=1),
            ]
        )
        own, read = memories.split([len(asked), len(read)])
        code = self.edge(edges)
        return self.attention(own, read, row, edges, seen.known.shape[1], code, ends), code


def _memories(table: MemoryTable, fresh: MemoryUpdate | None, users: Tensor) -> tuple[Tensor, Tensor]:
    """Return the memories of `users`, [n, dim] each, those that are in `fresh` from there."""
    positive, negative = table.positive.index_select(0, users), table.negative.index_select(0, users)
    if fresh is None:
        return positive, negative
    place = torch.searchsorted(fresh.users, users).clamp_max(len(fresh.users) - 1)
    here = (fresh.users[place] == users).nonzero().squeeze(1)
    place = place[here]
    return (
        positive.index_copy(0, here, fresh.positive.index_select(0, place)),
        negative.index_copy(0, here, fresh.negative.index_select(0, place)),
    )
