"""A study's outcomes as a table of runs: one row a cell."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apportion.errors import UserError
from apportion.laws.graded import data_seed_of
from apportion.laws.imported.outcome import Outcome
from apportion.laws.tables import read_table
from apportion.metrics import KINDS


def exported(directory: Path, metric: str | None = None) -> list[Outcome]:
    """Return one outcome a cell: the mean of its items by one metric, and how many there were. Raises UserError.

    The items of "instruction_accuracy" are parts of prompts (ID/1, ID/2), of which the prompts are counted.
    """
    path = directory / "outcomes.parquet"
    if not path.is_file():
        found = "no outcomes.parquet in it" if directory.is_dir() else "no such folder"
        cure = "Type: apportion study run FILE.toml, then name its folder, such as runs/world."
        raise UserError(str(directory), found, "the folder of a study that has been run", cure)
    columns: dict[str, Sequence[Any]] = dict(read_table(path).columns)
    measured = dict.fromkeys(columns["metric"])
    chosen = metric or next((name for name in KINDS if name in measured), None)
    if chosen not in KINDS or chosen not in measured:
        listed = ", ".join(measured) or "nothing"
        raise UserError(f"{path}, --metric", f"{chosen}", f"what was measured: {listed}", "Change it.")
    cells: dict[str, list[int]] = {}
    for i, name in enumerate(columns["cell"]):
        if columns["metric"][i] == chosen:
            cells.setdefault(name, []).append(i)
    rows = []
    for members in cells.values():
        first = members[0]
        items = [columns["item"][i] for i in members]
        if chosen == "instruction_accuracy":
            items = {item.rpartition("/")[0] for item in items}
        drawn = data_seed_of(directory, columns["seed"][first])
        data_seed = drawn if drawn >= 0 else None
        rows.append(
            Outcome(
                task=columns["task"][first],
                metric=chosen,
                kind=KINDS[chosen],
                value=math.fsum(columns["score"][i] for i in members) / len(members),
                items=len(items),
                model=columns["model"][first],
                n_demonstrations=columns["n_demonstrations"][first],
                n_pairs=columns["n_pairs"][first],
                method=columns["method"][first],
                seed=columns["seed"][first],
                data_seed=data_seed,
            )
        )
    return rows
