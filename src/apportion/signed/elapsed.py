"""Time gone by, as a model sees it: on a log scale, through learned cosines."""

import math

import torch
from torch import Tensor, nn

SHORTEST_PERIOD = 0.7  # in log-seconds; log(1 + elapsed) reaches 19.4 for ten years
LONGEST_PERIOD = 80.0


def log_elapsed(since: Tensor, now: Tensor) -> Tensor:
    """Return log(1 + seconds from `since` to `now`), computed in float64, float32 of the broadcast shape.

    Raw seconds since 1970 in float32 are off by a minute, and cosines of them are noise; hence both.
    """
    return torch.log1p((now - since).clamp_min(0.0)).float()


class TimeCode(nn.Module):
    """phi(d) = cos(a d + b) for d on a log scale, with learned a and b [size] (TGAT, Xu 2020).

    The periods start out in a geometric row, so that both a minute and a year can be told apart.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        step = torch.linspace(math.log(SHORTEST_PERIOD), math.log(LONGEST_PERIOD), size)
        self.frequency = nn.Parameter(2 * math.pi / torch.exp(step))
        self.phase = nn.Parameter(torch.zeros(size))

    def forward(self, log_seconds: Tensor) -> Tensor:
        """Return the code of log(1 + seconds) of any shape, with one more dimension of `size` at the end."""
        return torch.cos(log_seconds.unsqueeze(-1) * self.frequency + self.phase)
