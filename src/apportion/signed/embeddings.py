"""Embeddings: what a trained model makes of each user as of now, as arrays and as a Parquet file."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from apportion.signed.learned import Learned

AT_ONCE = 5_000  # users


def embeddings(model: "Learned", n_users: int) -> NDArray[np.float32]:
    """Return the embeddings of users 0 to n_users - 1 as of now, [n_users, 2, dim]: as a source and as a target.

    They are what the attention over memories and past neighbours hands to the pair head.
    """
    starts = range(0, n_users, AT_ONCE)
    return np.concatenate([model.embeddings(np.arange(i, min(n_users, i + AT_ONCE))) for i in starts])


def write_embeddings(users: list[str], vectors: NDArray[np.float32], path: Path) -> None:
    """Write embeddings as Parquet: the columns user, as_source and as_target, each of the latter a list of floats."""
    columns = {
        name: pl.Series(name, vectors[:, role]) for role, name in enumerate(("as_source", "as_target"))
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"user": pl.Series(users, dtype=pl.String), **columns}).write_parquet(path)
