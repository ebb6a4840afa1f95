"""Hand-made inputs as a network likes them: standardised, and as positions between quantiles."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

CLIP = 4.0  # standard deviations


class FeatureCode(nn.Module):
    """Each feature standardised, beside its piecewise linear code between quantiles of the training events.

    The code of x has one number for each of `bins` intervals: 0 below it, 1 above it, and the share of the
    interval that x has passed inside it (Gorishniy 2022, "On embeddings for numerical features"). It lets a
    network bend where boosted trees would split. Until `learn` is called, everything is 0.
    """

    centre: Tensor
    scale: Tensor
    low: Tensor
    width: Tensor

    def __init__(self, n_features: int, bins: int) -> None:
        super().__init__()
        self.bins = bins
        self.size = n_features * (1 + bins)
        self.register_buffer("centre", torch.zeros(n_features))
        self.register_buffer("scale", torch.zeros(n_features))
        self.register_buffer("low", torch.full((n_features, bins), torch.inf))
        self.register_buffer("width", torch.ones(n_features, bins))

    def learn(self, features: NDArray[np.float32]) -> None:
        """Take means, spreads and quantiles from the features of the training events, [n, F]."""
        spread = features.std(axis=0)
        self.centre.copy_(torch.from_numpy(features.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0.0)))
        if not self.bins:
            return
        for i, column in enumerate(features.T):
            edges = np.unique(np.quantile(column, np.linspace(0, 1, self.bins + 1)))
            n = len(edges) - 1  # fewer than `bins` where many values are equal
            self.low[i] = torch.inf
            self.width[i] = 1.0
            self.low[i, :n] = torch.from_numpy(edges[:-1]).float()
            self.width[i, :n] = torch.from_numpy(np.maximum(np.diff(edges), 1e-6)).float()

    def forward(self, features: Tensor) -> Tensor:
        """Return the codes of features [m, F], [m, size]."""
        plain = ((features - self.centre) * self.scale).clamp(-CLIP, CLIP)
        passed = ((features.unsqueeze(2) - self.low) / self.width).clamp(0, 1)  # 0 where `low` is infinite
        return torch.cat([plain, passed.flatten(1)], dim=1)
