"""PyTorch Geometric's `TemporalData`, both ways."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from apportion.errors import UserError
from apportion.signed.events import Events

if TYPE_CHECKING:
    from torch_geometric.data import TemporalData


def to_temporal_data(events: Events) -> "TemporalData":
    """Return events as `TemporalData`: src and dst are user numbers int64 [n], t the seconds float64 [n] (as they
    are: rounded to int64 they would lose the order within a second), msg the weights float32 [n, 1].

    Both roles share the numbers 0 to n_users - 1. A weight that float32 cannot hold is rounded.
    """
    torch, temporal_data = _libraries()
    return temporal_data(
        src=torch.tensor(events.source),
        dst=torch.tensor(events.target),
        t=torch.tensor(events.time),
        msg=torch.tensor(events.weight, dtype=torch.float32)[:, None],
    )


def from_temporal_data(data: "TemporalData", column: int = 0, users: Sequence[str] | None = None) -> Events:
    """Return the events of `TemporalData`: the weight is `msg[:, column]`, in any order.

    `users` gives the id of each node number; without it the numbers are the ids. Raises `UserError` as
    `Events.of`, and where src, dst, t or msg is missing or has another shape.
    """
    _libraries()
    found = {name: _array(data, name) for name in ("src", "dst", "t", "msg")}
    message = found["msg"][:, None] if found["msg"].ndim == 1 else found["msg"]
    if message.ndim != 2 or not -message.shape[1] <= column < message.shape[1]:
        shape = f"msg of the shape {found['msg'].shape}"
        raise UserError(
            "TemporalData", shape, f"a column {column} with the weights", "Name another: column=0."
        )
    source, target = found["src"], found["dst"]
    if users is not None:
        highest = int(max(source.max(initial=-1), target.max(initial=-1)))
        if highest >= len(users):
            cure = "Give an id for every node number, from 0."
            raise UserError(
                "TemporalData", f"the node {highest}", f"one of the {len(users)} users given", cure
            )
        names = np.array(users, dtype=object)
        source, target = names[source], names[target]
    return Events.of(source, target, found["t"], message[:, column])


def _array(data: Any, name: str) -> np.ndarray:
    if name not in data or data[name] is None:
        raise UserError("TemporalData", f"no {name}", "src, dst, t and msg", "Fill them in.")
    return data[name].detach().cpu().numpy()


def _libraries() -> tuple[Any, Any]:
    try:
        import torch
        from torch_geometric.data import TemporalData
    except ImportError:
        cure = "Type: pip install 'apportion[pyg]'."
        raise UserError("TemporalData", "no PyTorch Geometric", "the package torch-geometric", cure) from None
    return torch, TemporalData
