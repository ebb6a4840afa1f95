"""What a network sees of users' latest events: where they are known, with whom, and a code of each."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from apportion.signed.elapsed import TimeCode, log_elapsed
from apportion.signed.memory import magnitude

EDGE = 4  # sign, magnitude, role, sign times role


class Neighbourhood(NamedTuple):
    """The latest events of u users as tensors, [u, k] each, as `Latest` has them, and the time it is now, scalar."""

    other: Tensor
    time: Tensor
    weight: Tensor
    outgoing: Tensor
    known: Tensor
    now: Tensor

    def edges(self) -> "Edges":
        """Return the known events alone: of most users fewer than k are known."""
        place = self.known.flatten().nonzero().squeeze(1)
        other, time, weight, outgoing = (
            x.flatten().index_select(0, place) for x in (self.other, self.time, self.weight, self.outgoing)
        )
        return Edges(place // self.known.shape[1], place, other, time, weight, outgoing, self.now)


class Edges(NamedTuple):
    """The e known events of a neighbourhood, user by user, [e] each, and the time it is now, scalar.

    `owner` are rows of the neighbourhood, `place` rows of it with its two dimensions made one.
    """

    owner: Tensor
    place: Tensor
    other: Tensor
    time: Tensor
    weight: Tensor
    outgoing: Tensor
    now: Tensor


class EdgeCode(nn.Module):
    """What is known of an event with a neighbour: [phi(elapsed) | sign, log(1 + |w|), role, sign times role].

    Elapsed time is on a log scale. The role is +1 where the user asked about was the source, else -1.
    """

    def __init__(self, time_dim: int) -> None:
        super().__init__()
        self.time_code = TimeCode(time_dim)
        self.size = time_dim + EDGE

    def forward(self, edges: Edges) -> Tensor:
        """Return the codes, float32 [e, size]."""
        elapsed = log_elapsed(edges.time, edges.now)
        sign = torch.sign(edges.weight).float()
        role = torch.where(edges.outgoing, 1.0, -1.0)
        plain = torch.stack([sign, magnitude(edges.weight), role, sign * role], dim=-1)
        return torch.cat([self.time_code(elapsed), plain], dim=-1)
