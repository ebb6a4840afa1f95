"""A positive and a negative memory for each user, and the balanced messages that change them."""

from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from apportion.identity import generator
from apportion.signed.elapsed import TimeCode, log_elapsed
from apportion.signed.neighbours import grown

BLOCK = 1024  # users whose initial memories are drawn together
ROLES = 2  # a message says whether its receiver was the source or the target

Initial = Literal["own", "shared"]


class MemoryTable:
    """What the memories hold now: float32 [n_users, dim] each, and the time of the last update, float64 [n_users].

    The initial negative memory of a user is the initial positive one with its sign turned. With `initial` "own",
    each user starts from draws of its own (from its number alone), so that balanced messages can carry *who* is
    whose friend: two users who share friends come to share memories, without anything else to tell camps apart.
    With "shared", all start alike.
    """

    def __init__(self, n_users: int, dim: int, initial: Initial) -> None:
        self.dim = dim
        self.initial: Initial = initial
        self.positive = torch.zeros(0, dim)
        self.negative = torch.zeros(0, dim)
        self.last = torch.zeros(0, dtype=torch.float64)
        self.grow(n_users)

    @property
    def n_users(self) -> int:
        """Return the number of users that have a row."""
        return len(self.last)

    def grow(self, n_users: int) -> None:
        """Make rows for users numbered up to `n_users`; what is there stays, new rows are initial."""
        had = self.n_users
        if n_users <= had:
            return
        self.positive, self.negative, self.last = (
            torch.from_numpy(grown(table.numpy(), n_users))
            for table in (self.positive, self.negative, self.last)
        )
        self._start(had)

    def clear(self) -> None:
        """Go back to the initial memories of all users."""
        self._start(0)

    def write(self, update: "MemoryUpdate") -> None:
        """Store new memories, cut off from how they were computed."""
        self.positive[update.users] = update.positive.detach()
        self.negative[update.users] = update.negative.detach()
        self.last[update.users] = update.time

    def _start(self, first: int) -> None:
        rows = initial_memories(first, self.n_users, self.dim, self.initial)
        self.positive[first:] = rows
        self.negative[first:] = -rows
        self.last[first:] = torch.nan


class MemoryUpdate(NamedTuple):
    """New memories of the m users that got messages: `users` int64 [m], ascending, memories [m, dim], `time` [m]."""

    users: Tensor
    positive: Tensor
    negative: Tensor
    time: Tensor


class SignedMemory(nn.Module):
    """The messages of balance theory, their mean over each user's messages, and a GRU for each memory.

    For an event between i and j both ends get one message to each memory. Sign +: [s_i+ | s_j+ | e] to s_i+ and
    [s_i- | s_j- | e] to s_i-; sign -: [s_i+ | s_j- | e] to s_i+ and [s_i- | s_j+ | e] to s_i-. Here
    e = [log(1 + |w|) | phi(time since i's last update) | role of i]; the role is ours, the paper has two nodes
    for a user. With `balance` False, the ablation, a positive event sends [s_i+ | s_j+ | e] to s_i+ alone and a
    negative one [s_i- | s_j- | e] to s_i- alone. `tied` gives both memories one GRU.
    """

    def __init__(self, dim: int, time_dim: int, balance: bool = True, tied: bool = False) -> None:
        super().__init__()
        self.balance = balance
        self.time_code = TimeCode(time_dim)
        size = 2 * dim + 1 + time_dim + ROLES
        self.to_positive = nn.GRUCell(size, dim)
        self.to_negative = self.to_positive if tied else nn.GRUCell(size, dim)

    def forward(
        self, table: MemoryTable, source: Tensor, target: Tensor, time: Tensor, weight: Tensor
    ) -> MemoryUpdate:
        """Return the new memories of all ends of n events, [n] each, from the memories before them; stores nothing."""
        n = len(source)
        user, other = torch.cat([source, target]), torch.cat([target, source])  # [2n], one row a message
        time, weight = time.repeat(2), weight.repeat(2)
        users, row = torch.unique(user, return_inverse=True)
        last = table.last.index_select(0, user)
        elapsed = log_elapsed(torch.where(last.isnan(), time, last), time)
        role = torch.zeros(2 * n, ROLES)
        role[:n, 0] = 1.0
        role[n:, 1] = 1.0
        edge = torch.cat([magnitude(weight).unsqueeze(1), self.time_code(elapsed), role], dim=1)

        positive, negative = table.positive.index_select(0, other), table.negative.index_select(0, other)
        own_positive, own_negative = (
            table.positive.index_select(0, users),
            table.negative.index_select(0, users),
        )
        when = torch.full((len(users),), -torch.inf, dtype=torch.float64).scatter_reduce(0, row, time, "amax")
        if self.balance:
            friendly = (weight > 0).unsqueeze(1)
            count = torch.bincount(row, minlength=len(users)).unsqueeze(1)
            heard = torch.cat(
                [torch.where(friendly, positive, negative), torch.where(friendly, negative, positive)], dim=1
            )
            to_positive, to_negative = _mean(heard, row, count).chunk(2, dim=1)
            edge = _mean(edge, row, count)  # the same in the messages to both memories
            return MemoryUpdate(
                users,
                _step(self.to_positive, own_positive, to_positive, edge),
                _step(self.to_negative, own_negative, to_negative, edge),
                when,
            )
        return MemoryUpdate(
            users,
            _step_of_some(self.to_positive, own_positive, positive, edge, row, weight > 0),
            _step_of_some(self.to_negative, own_negative, negative, edge, row, weight < 0),
            when,
        )


def _mean(sent: Tensor, row: Tensor, count: Tensor) -> Tensor:
    """Return the mean of the messages to each of m users, [m, size], from messages to the users `row`."""
    total = torch.zeros(len(count), sent.shape[1]).index_add(0, row, sent)
    return total / count.clamp_min(1)


def _step_of_some(
    gru: nn.GRUCell, own: Tensor, other: Tensor, edge: Tensor, row: Tensor, sent: Tensor
) -> Tensor:
    """Return the memories after the messages that are `sent`, [m, dim]; without one, a memory stays as it was."""
    row = row[sent]
    count = torch.bincount(row, minlength=len(own)).unsqueeze(1)
    new = _step(gru, own, _mean(other[sent], row, count), _mean(edge[sent], row, count))
    return torch.where(count > 0, new, own)


def _step(gru: nn.GRUCell, own: Tensor, other: Tensor, edge: Tensor) -> Tensor:
    """Return what the GRU makes of the memories `own` and the mean messages [own | other | edge], [m, dim].

    A user's own memory is in all its messages and is the hidden state, too, so that both weights of it are added
    where their products are; and nothing has to go back through memories, which are what they are.
    """
    dim = gru.hidden_size
    of_own, of_other, of_edge = gru.weight_ih.split([dim, dim, edge.shape[1]], dim=1)
    gates = 2 * dim  # reset and update
    twice = torch.cat([of_own[:gates] + gru.weight_hh[:gates], of_own[gates:], gru.weight_hh[gates:]])
    bias = torch.cat([gru.bias_hh[:gates], torch.zeros(dim), gru.bias_hh[gates:]])
    both, plain, hidden = functional.linear(own, twice, bias).split([gates, dim, dim], dim=1)
    heard = functional.linear(other, of_other, gru.bias_ih) + functional.linear(edge, of_edge)
    gated, changed = heard.split([gates, dim], dim=1)
    reset, update = torch.sigmoid(gated + both).chunk(2, dim=1)
    new = torch.tanh(changed + plain + reset * hidden)
    return torch.lerp(new, own, update)


def magnitude(weight: Tensor) -> Tensor:
    """Return log(1 + |w|), float32."""
    return torch.log1p(weight.abs()).float()


def initial_memories(first: int, last: int, dim: int, initial: Initial) -> Tensor:
    """Return the initial positive memories of users `first` to `last` - 1, float32 [last - first, dim].

    Normal draws of length about 1, from the user's number alone ("own") or the same for all ("shared").
    """
    rows = np.empty((last - first, dim), dtype=np.float32)
    for block in range(first // BLOCK, -(-last // BLOCK)):
        low, high = max(first, block * BLOCK), min(last, (block + 1) * BLOCK)
        draws = generator("signed memory", f"initial {dim}", block if initial == "own" else 0)
        drawn = draws.standard_normal((BLOCK if initial == "own" else 1, dim)) / dim**0.5
        part = drawn[low - block * BLOCK : high - block * BLOCK] if initial == "own" else drawn
        rows[low - first : high - first] = part
    return torch.from_numpy(rows)
