"""Learned models of signed networks as scorers: SEMBA, its ablations and TGN."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from apportion.errors import UserError
from apportion.identity import seed_for
from apportion.signed.boosting import SHARES
from apportion.signed.events import Events
from apportion.signed.heads import Scale, loss, scale_of, scores
from apportion.signed.memory import MemoryTable, MemoryUpdate
from apportion.signed.neighbourhood import Neighbourhood
from apportion.signed.neighbours import Neighbours
from apportion.signed.scorer import Group, Progress, Queries, Scorer, SignedTask, TrainingStream, no_scores
from apportion.signed.semba import Semba, SembaSettings

LONGEST_STEP = 1.0  # the norm at which gradients are cut


def _features(groups: list[Group]) -> NDArray[np.float32]:
    return np.concatenate([g.queries.features for g in groups if g.queries.features is not None])


class RunningMean:
    """The running mean of a network's weights over steps.

    Its decay is n / (n + 10) at step n, up to `decay`, so that it starts fast.
    """

    def __init__(self, network: Semba, decay: float) -> None:
        self._now = list(network.parameters())
        self._network = network
        self._mean = [x.detach().clone() for x in self._now]
        self._decay = decay
        self._steps = 0

    def update(self) -> None:
        """Take in the weights as they are now."""
        self._steps += 1
        decay = min(self._decay, self._steps / (self._steps + 10))
        for mean, now in zip(self._mean, self._now, strict=True):
            mean.lerp_(now.detach(), 1 - decay)

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the mean, with the network's buffers, as a state dict."""
        out = copied(self._network)
        for (name, _), x in zip(self._network.named_parameters(), self._mean, strict=True):
            out[name] = x.clone()
        return out


def copied(network: Semba) -> dict[str, Tensor]:
    """Return a copy of a network's state dict."""
    return {name: x.detach().clone() for name, x in network.state_dict().items()}


class Learned(Scorer):
    """A network with its state: the memories and latest neighbours of all users as of the last observed event.

    Scores depend on the query and the state alone: with the usual widths (64 and more) they are bit for bit the same
    whatever else is asked in the same call. Of a query's own time the network knows what its features say and no
    more: the time gone by on edges ends at the last observed event. Users that were not there at `fit` get rows when
    they first occur.
    """

    def __init__(self, settings: SembaSettings, task: SignedTask, n_users: int, n_features: int) -> None:
        self.settings = settings
        self.task: SignedTask = task
        self.n_features = n_features
        self.uses_features = settings.features
        with torch.random.fork_rng():
            torch.manual_seed(seed_for("signed fit", "before"))
            self.network = Semba(settings, task, n_features)
        self.network.eval()
        self.scale = Scale(0.0, 1.0, (0.5, 0.5))
        self.table = MemoryTable(n_users, settings.dim, settings.initial)
        self.neighbours = Neighbours(n_users, settings.neighbours)
        self.now = 0.0  # the time of the last observed event; before the first there is no edge to be older
        self.epochs: list[dict[str, float]] = []  # loss and validation score of each epoch of the last fit
        self._fresh: MemoryUpdate | None = None

    @property
    def n_observed(self) -> int:
        """Return the number of events observed since the last reset."""
        return int(self.neighbours.count(np.arange(self.neighbours.n_users)).sum()) // 2  # each has two ends

    def reset(self) -> None:
        """Forget every observed event, keep what was learned."""
        self.table.clear()
        self.neighbours.clear()
        self.now = 0.0
        self._fresh = None

    def score(self, queries: Queries) -> NDArray[np.float64]:
        """Return a score for each query from the events observed so far; changes nothing."""
        if not len(queries):
            return no_scores(self.task)
        with torch.no_grad():
            found = scores(self.answers(queries), self.task, self.scale)
        boosted = self.network.boosted
        share = float(boosted.share)
        if share and queries.features is not None:
            found = boosted.blend(found, boosted.raw(queries.features), share)
        return found

    def observe(self, events: Events) -> None:
        """Take in events; none may be earlier than one observed before."""
        if len(events) == 0:
            return
        self._make_room(events.source, events.target)
        self.neighbours.observe(events.source, events.target, events.time, events.weight)
        self.now = float(events.time[-1])
        if not self.settings.memory:
            return
        with torch.set_grad_enabled(self.network.training):
            update = self.network.remember(
                self.table,
                *(torch.tensor(x) for x in (events.source, events.target, events.time, events.weight)),
            )
        self.table.write(update)
        self._fresh = update if self.network.training else None

    def answers(self, queries: Queries) -> Tensor:
        """Return the answers of the network's members, [members, m, outputs]."""
        self._make_room(queries.source, queries.target)
        asked, row = np.unique(np.concatenate([queries.source, queries.target]), return_inverse=True)
        source, target = torch.from_numpy(row).split(len(queries))
        features = None if queries.features is None else torch.tensor(queries.features)
        return self.network(
            self.table, self._fresh, torch.from_numpy(asked), source, target, self._seen(asked), features
        )

    def embeddings(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of u users as of now, as sources and as targets, [u, 2, dim]."""
        self._make_room(users, users)
        with torch.no_grad():
            found = self.network.embeddings(self.table, None, torch.from_numpy(users), self._seen(users))
        return found.numpy()

    def _seen(self, users: NDArray[np.int64]) -> Neighbourhood:
        other, time, weight, outgoing, known = map(torch.from_numpy, self.neighbours.latest(users))
        return Neighbourhood(
            other, time, weight, outgoing, known, torch.tensor(self.now, dtype=torch.float64)
        )

    def fit(self, stream: TrainingStream, seed: int, progress: Progress | None = None) -> None:
        """Learn by Adam, one step a group, until validation has not improved for `patience` epochs; keep the best.

        What is chosen by is the running mean of the weights, walked through the training part anew, so that the
        state it is judged in is the state that it would make.
        """
        s = self.settings
        with torch.random.fork_rng():
            torch.manual_seed(seed_for("signed fit", str(seed)))
            self.network = Semba(s, self.task, self.n_features)
            self.prepare(stream.train(0))
            optimiser = self.optimiser()
            mean = RunningMean(self.network, s.averaging)
            best, best_score, since = mean.weights(), -np.inf, 0
            validation = stream.validation()
            self.epochs = []
            for epoch in range(s.epochs):
                groups = stream.train(epoch)

                def tell(share: float, epoch: int = epoch) -> None:
                    if progress is not None:
                        progress("training", (epoch + share) / s.epochs)

                wrong = self.learn(groups, optimiser, mean, tell)
                if not np.isfinite(wrong):
                    found = f"a loss that is no finite number in epoch {epoch + 1}"
                    cure = "Look at the weights and times: apportion signed info EVENTS."
                    raise UserError("training", found, "events that the model can learn from", cure)
                now = copied(self.network)
                self.network.load_state_dict(mean.weights())
                score = stream.validation_score(self._walk(groups, validation))
                self.epochs.append({"loss": wrong, "validation": score})
                if score > best_score:
                    best, best_score, since = mean.weights(), score, 0
                else:
                    since += 1
                if since >= s.patience:
                    break
                self.network.load_state_dict(now)
            self.network.load_state_dict(best)
            found = self._walk(stream.train(0), validation)
            if s.boosting and s.features:
                self._boost(stream, found, seed)
        if progress is not None:
            progress("training", 1.0)

    def _boost(self, stream: TrainingStream, found: NDArray[np.float64], seed: int) -> None:
        """Grow trees beside the network; of their shares the one that validation likes best stays."""
        boosted = self.network.boosted
        groups = stream.train(0)
        features, labels = _features(groups), np.concatenate([g.labels for g in groups])
        if not boosted.grow(features, labels, seed):
            return
        raw = boosted.raw(_features(stream.validation()))
        judged = [stream.validation_score(boosted.blend(found, raw, share)) for share in SHARES]
        boosted.share.fill_(SHARES[int(np.argmax(judged))])

    def prepare(self, groups: list[Group]) -> None:
        """Take from the training part what labels and features look like."""
        self.scale = scale_of(torch.tensor(np.concatenate([g.labels for g in groups])), self.task)
        if self.settings.features:
            self.network.inputs.learn(_features(groups))

    def optimiser(self) -> torch.optim.Optimizer:
        """Return Adam for the network as it stands."""
        s = self.settings
        return torch.optim.Adam(
            self.network.parameters(), lr=s.learning_rate, weight_decay=s.weight_decay, fused=True
        )

    def learn(
        self,
        groups: list[Group],
        optimiser: torch.optim.Optimizer,
        mean: RunningMean | None = None,
        tell: Callable[[float], None] | None = None,
    ) -> float:
        """Go through the training part once from the start, one step a group; return the mean loss."""
        self.network.train()
        self.reset()
        weights = list(self.network.parameters())
        losses = []
        for i, group in enumerate(groups):
            if tell is not None and i % 10 == 0:
                tell(i / len(groups))
            if len(group.queries):
                wrong = loss(
                    self.answers(group.queries),
                    torch.tensor(group.labels),
                    self.task,
                    self.scale,
                    self.settings.class_weight,
                )
                optimiser.zero_grad()
                wrong.backward()
                torch.nn.utils.clip_grad_norm_(weights, LONGEST_STEP, foreach=True)
                optimiser.step()
                losses.append(wrong.item())
                if mean is not None:
                    mean.update()
            self.observe(group.events)
        return float(np.mean(losses)) if losses else 0.0

    def state(self) -> dict[str, NDArray]:
        """Return all that observing changes, by name; the arrays are the model's own."""
        memories = {"positive": self.table.positive, "negative": self.table.negative, "last": self.table.last}
        return (
            {name: x.numpy() for name, x in memories.items()}
            | {f"neighbours_{name}": x for name, x in self.neighbours.tables().items()}
            | {"now": np.array([self.now])}
        )

    def restore(self, state: dict[str, NDArray]) -> None:
        """Stand where another model stood whose `state` this is."""
        self.table.grow(len(state["last"]))
        n = len(state["last"])
        self.table.clear()
        self.table.positive[:n], self.table.negative[:n], self.table.last[:n] = (
            torch.from_numpy(state[name]) for name in ("positive", "negative", "last")
        )
        self.neighbours.restore({name: state[f"neighbours_{name}"] for name in self.neighbours.tables()})
        self.now = float(state["now"][0])
        self._fresh = None

    def _walk(self, train: list[Group], validation: list[Group]) -> NDArray[np.float64]:
        """Return the scores of the validation queries; observes everything from the start, as a user would."""
        self.network.eval()
        self.reset()
        for group in train:
            self.observe(group.events)
        found = []
        for group in validation:
            found.append(self.score(group.queries))
            self.observe(group.events)
        return np.concatenate(found)

    def _make_room(self, source: NDArray[np.int64], target: NDArray[np.int64]) -> None:
        top = int(max(source.max(), target.max())) + 1
        self.table.grow(top)
        self.neighbours.grow(top)
