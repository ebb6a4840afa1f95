"""Static graph networks in a world that moves: the graph of all events so far, embedded anew as it grows.

What GCN and SGCN share. They know no time: an old event counts as a new one. So that they are not asked to score
from a graph that is long gone, users are embedded anew whenever the graph has grown by `RENEWED_AFTER` of itself,
and at least `LEAST_GROWTH` events.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from apportion.identity import seed_for
from apportion.signed.answers import loss_of, scores_of
from apportion.signed.event_log import joined
from apportion.signed.events import Events
from apportion.signed.heads import OUTPUTS
from apportion.signed.scorer import Group, Progress, Queries, Scorer, SignedTask, TrainingStream

RENEWED_AFTER, LEAST_GROWTH = 0.005, 100
STEPS = (
    60  # optimiser steps an epoch: the training part in so many pieces, each scored from the graph before it
)


@dataclass(frozen=True, slots=True)
class GraphSettings:
    """How a graph network is trained: Adam, until validation has not improved for `patience` epochs."""

    dim: int = 64
    own_dim: int = 16  # of the learned vector of a user, beside its counts
    learning_rate: float = 0.002
    weight_decay: float = 1e-4
    dropout: float = 0.2
    epochs: int = 15
    patience: int = 3


class Graph:
    """The events so far: users' counts in each role and sign, and neighbours in either direction by sign."""

    def __init__(self, events: Events, n_users: int) -> None:
        self.n_users = n_users
        self.counts = torch.zeros(n_users, 4)  # gave +, gave -, got +, got -
        positive = torch.from_numpy(events.weight > 0)
        ends = torch.from_numpy(np.stack([events.source, events.target]))  # [2, n]
        for column, (role, chosen) in enumerate(
            ((0, positive), (0, ~positive), (1, positive), (1, ~positive))
        ):
            self.counts[:, column] = torch.bincount(ends[role][chosen], minlength=n_users).float()
        self.counts = torch.log1p(self.counts)
        self.any = self._means(ends)
        self.positive = self._means(ends[:, positive])
        self.negative = self._means(ends[:, ~positive])

    def _means(self, ends: Tensor) -> Tensor:
        """Return the sparse matrix [n_users, n_users] that takes the mean over neighbours in either direction."""
        both = torch.cat([ends, ends.flip(0)], dim=1)
        degree = torch.bincount(both[0], minlength=self.n_users).clamp(min=1).float()
        shape = (self.n_users, self.n_users)
        return torch.sparse_coo_tensor(both, 1 / degree[both[0]], shape, check_invariants=False).coalesce()


class Embedder(nn.Module, ABC):
    """Turns a graph into one vector a user, [n_users, width]."""

    width: int

    @abstractmethod
    def forward(self, graph: Graph) -> Tensor:
        """Return the embeddings."""


class PairNetwork(nn.Module):
    """An embedder and a head on [z_u | z_v | z_u * z_v]; the product lets it express agreement."""

    def __init__(self, embedder: Embedder, task: SignedTask, settings: GraphSettings) -> None:
        super().__init__()
        self.embedder = embedder
        self.head = nn.Sequential(
            nn.Linear(3 * embedder.width, settings.dim),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.dim, OUTPUTS[task]),
        )

    def answers(self, z: Tensor, queries: Queries) -> Tensor:
        """Return the outputs for pairs, [m, outputs]."""
        u, v = z[torch.from_numpy(queries.source)], z[torch.from_numpy(queries.target)]
        return self.head(torch.cat([u, v, u * v], dim=1))


class GraphSoFar(Scorer, ABC):
    """A scorer that embeds the graph of the events observed so far."""

    def __init__(self, task: SignedTask, n_users: int, settings: GraphSettings) -> None:
        self.task: SignedTask = task
        self.settings = settings
        self._n_users = n_users
        self._network: PairNetwork | None = None
        self._scale = (0.0, 1.0)  # mean and standard deviation of training's labels, for weights
        self.reset()

    @abstractmethod
    def embedder(self) -> Embedder:
        """Return a new embedder with random weights."""

    def fit(self, stream: TrainingStream, seed: int, progress: Progress | None = None) -> None:
        """Train by Adam on the training part, step by step as the graph grows; keep the best epoch by validation."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_for(f"{type(self).__name__} {seed}", "weights"))
            network = self._network = PairNetwork(self.embedder(), self.task, self.settings)
            labels = np.concatenate([group.labels for group in stream.train(0)])
            if self.task == "weight" and len(labels):
                self._scale = (float(labels.mean()), float(max(labels.std(), 1e-6)))
            s = self.settings
            optimiser = torch.optim.Adam(network.parameters(), s.learning_rate, weight_decay=s.weight_decay)
            best, kept, waited = -np.inf, None, 0
            for epoch in range(s.epochs):
                self._epoch(network, optimiser, stream.train(epoch))
                score = stream.validation_score(self._walk(stream.validation()))
                score = score if np.isfinite(score) else best
                if kept is None or score > best:
                    best, waited = score, 0
                    kept = {name: value.clone() for name, value in network.state_dict().items()}
                else:
                    waited += 1
                if progress is not None:
                    progress(f"epoch {epoch + 1}", (epoch + 1) / s.epochs)
                if waited >= s.patience:
                    break
            assert kept is not None
            network.load_state_dict(kept)
        self._embedded = None

    def _epoch(self, network: PairNetwork, optimiser: torch.optim.Optimizer, groups: list[Group]) -> None:
        self.reset()
        network.train()
        total = sum(len(group.events) for group in groups)
        waiting: list[Group] = []
        for i, group in enumerate(groups):
            waiting.append(group)
            if sum(len(g.events) for g in waiting) * STEPS < total and i + 1 < len(groups):
                continue
            asked = [g for g in waiting if len(g.queries)]
            if asked:
                z = network.embedder(self._graph())
                outputs = torch.cat([network.answers(z, g.queries) for g in asked])
                labels = torch.from_numpy(np.concatenate([g.labels for g in asked]))
                loss = loss_of(self.task, outputs, labels, self._scale)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            for g in waiting:
                self.observe(g.events)
            waiting = []

    def _walk(self, groups: list[Group]) -> NDArray[np.float64]:
        """Score, then observe, group by group."""
        scores = []
        for group in groups:
            if len(group.queries):
                scores.append(self.score(group.queries))
            self.observe(group.events)
        return np.concatenate(scores) if scores else np.zeros(0)

    def reset(self) -> None:
        """Forget the graph."""
        self._events: list[Events] = []
        self._count, self._embedded, self._embedded_at = 0, None, 0

    @torch.no_grad()
    def score(self, queries: Queries) -> NDArray[np.float64]:
        """Return the answers from the latest embeddings, made anew if the graph has grown enough since."""
        if self._network is None:
            raise ValueError("this model has not been fitted")
        self._network.eval()
        grown = self._count - self._embedded_at
        if self._embedded is None or grown >= max(LEAST_GROWTH, RENEWED_AFTER * self._count):
            self._embedded, self._embedded_at = self._network.embedder(self._graph()), self._count
        return scores_of(self.task, self._network.answers(self._embedded, queries), self._scale)

    def observe(self, events: Events) -> None:
        """Add events to the graph."""
        if len(events):
            self._events.append(events)
            self._count += len(events)

    def _graph(self) -> Graph:
        events = joined(self._events)
        self._events = [events]
        return Graph(events, self._n_users)
