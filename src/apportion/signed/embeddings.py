"""Embeddings: what a trained model makes of each user as of now, as arrays and as a Parquet file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from apportion.signed.scorer import Queries

if TYPE_CHECKING:
    from apportion.signed.learned import Learned

AT_ONCE = 5_000  # users


def embeddings(model: "Learned", n_users: int, time: float) -> NDArray[np.float32]:
    """Return the embeddings of users 0 to n_users - 1 at a time, [n_users, 2, dim]: as a source and as a target.

    They are what the attention over memories and past neighbours hands to the pair head.
    """
    import torch

    seen: list[Any] = []
    # what is asked of the network is a pair; of its answer only the step before the head is wanted
    hook = model.network.attention.register_forward_hook(lambda _module, _inputs, z: seen.append(z))
    parts = []
    try:
        with torch.no_grad():
            for start in range(0, n_users, AT_ONCE):
                users = np.arange(start, min(n_users, start + AT_ONCE))
                features = (
                    np.zeros((len(users), model.n_features), np.float32) if model.uses_features else None
                )
                model.answers(Queries(users, users, np.full(len(users), time), features))
                z = seen.pop().float().numpy()
                parts.append(np.stack([z[: len(users)], z[len(users) :]], axis=1))
    finally:
        hook.remove()
    return np.concatenate(parts)


def write_embeddings(users: list[str], vectors: NDArray[np.float32], path: Path) -> None:
    """Write embeddings as Parquet: the columns user, as_source and as_target, each of the latter a list of floats."""
    columns = {
        name: pl.Series(name, vectors[:, role]) for role, name in enumerate(("as_source", "as_target"))
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"user": pl.Series(users, dtype=pl.String), **columns}).write_parquet(path)
