"""SEMBA: the settings and the network, from what has been observed to answers about pairs."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from apportion.signed.attention import CommonGround, EdgeCode, NeighbourAttention, Neighbourhood
from apportion.signed.boosting import Forests
from apportion.signed.heads import OUTPUTS, AdditiveHead, Head, PairHead
from apportion.signed.inputs import FeatureCode
from apportion.signed.memory import Initial, MemoryTable, MemoryUpdate, SignedMemory
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
    """Return TGN: the same code without signs, balance, common neighbours and hand-made inputs."""
    return SembaSettings(signs=False, balance=False, common=False, features=False)


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
        self.attention = NeighbourAttention(
            s.dim, self.edge.size, s.heads, s.dropout, s.balance, s.propagation
        )
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
        z, edge, seen = self.embeddings(table, fresh, asked, seen)
        source_z = z.flatten(0, 1).index_select(0, 2 * source)
        target_z = z.flatten(0, 1).index_select(0, 2 * target + 1)
        if self.additive is not None:
            return self.additive(source_z, target_z)
        extra = []
        if self.common is not None:
            extra.append(self.common(edge, seen, asked, source, target))
        if features is not None and self.settings.features:
            extra.append(self.inputs(features))
        beside = torch.cat(extra, dim=1) if extra else torch.zeros(len(source), 0)
        terms = torch.cat(
            [source_z, target_z, source_z * target_z, (source_z - target_z).abs(), beside], dim=1
        )
        assert self.pair is not None
        return self.pair(terms, beside)

    def embeddings(
        self, table: MemoryTable, fresh: MemoryUpdate | None, asked: Tensor, seen: Neighbourhood
    ) -> tuple[Tensor, Tensor, Neighbourhood]:
        """Return the embeddings of u users as sources and as targets, [u, 2, dim], the codes of their edges, and
        their neighbourhoods as the network may see them.
        """
        seen = seen._replace(weight=self.seen_weight(seen.weight))
        users, row = torch.unique(torch.cat([asked, seen.other.flatten()]), return_inverse=True)
        positive, negative = table.positive[users], table.negative[users]
        if fresh is not None:
            positive, negative = _with_fresh(users, fresh, positive, negative)
        edge = self.edge(seen)
        me, them = row[: len(asked)], row[len(asked) :].view(seen.other.shape)
        return self.attention(positive, negative, me, them, edge, seen), edge, seen


def _with_fresh(
    users: Tensor, fresh: MemoryUpdate, positive: Tensor, negative: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the memories [r, dim] of `users`, those of `fresh` in their places."""
    place = torch.searchsorted(users, fresh.users).clamp_max(len(users) - 1)
    here = users[place] == fresh.users
    place = place[here]
    return (
        positive.index_copy(0, place, fresh.positive[here]),
        negative.index_copy(0, place, fresh.negative[here]),
    )
