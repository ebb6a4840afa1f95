"""Matrix products whose rows come out bit for bit the same however many there are."""

import torch
from torch import Tensor
from torch.nn import functional

FEWEST = 8  # below 4 rows, products round otherwise than from 4 on


def rowwise(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return x weight' + bias of rows [n, in] and a weight [out, in], [n, out]; fewer than `FEWEST` are filled up."""
    n = len(x)
    if 0 < n < FEWEST:
        return functional.linear(x[torch.arange(FEWEST) % n], weight, bias)[:n]
    return functional.linear(x, weight, bias)
