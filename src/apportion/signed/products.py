"""Matrix products whose rows come out bit for bit the same however many there are."""

import torch
from torch import Tensor

FEWEST = 8  # below 4 rows, products round otherwise than from 4 on


def rowwise(x: Tensor, weight: Tensor, start: Tensor) -> Tensor:
    """Return start + x weight' of rows x [n, in] and a weight [out, in], [n, out]; fewer than `FEWEST` are filled up.

    `start` is a bias [out] or another sum [n, out]; one pass less than adding it afterwards.
    """
    n = len(x)
    if 0 < n < FEWEST:
        rows = torch.arange(FEWEST) % n
        return torch.addmm(start if start.dim() == 1 else start[rows], x[rows], weight.T)[:n]
    return torch.addmm(start, x, weight.T)
