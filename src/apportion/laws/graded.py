"""A study's outcomes, one graded item a row, as runs: the mean of each cell."""

import math
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from apportion.errors import UserError
from apportion.laws.cells import (
    Counted,
    CurveName,
    Kind,
    Row,
    curve_called,
    given_or,
    label_of,
    refuse_merged_labels,
    renamed_columns,
    require_column,
    result_in,
    seed_in,
    size_in,
)
from apportion.laws.tables import Table
from apportion.metrics import KINDS

NOT_BOUGHT = ("sft-on-chosen", "taught")
"""Methods that stand beside a purchase: its control, and what is taught after it."""

MEASURES: dict[str, Kind] = {name: KINDS[name] for name in ("accuracy", "preference_accuracy", "nll")}
"""What a study's outcomes are fitted by: the first of these that a curve has."""


def graded_rows(table: Table) -> tuple[list[Row], tuple[str, ...], dict[CurveName, Counted]]:
    """Return one row per cell of a study's outcomes: the mean of its items by the metric of its curve."""
    columns = renamed_columns(table)
    for name in ("n_demonstrations", "n_pairs", "method", "seed"):
        require_column(table, columns, name, name)
    blank = [None] * len(table.places)
    models, tasks = columns.get("model", blank), columns.get("task", blank)
    for name, labels in (("model", models), ("task", tasks)):
        refuse_merged_labels(table, name, labels)
    use = [
        i
        for i in range(len(table.places))
        if columns["metric"][i] in MEASURES
        and columns["method"][i] not in NOT_BOUGHT
        and given_or(columns["score"][i], None) is not None
    ]
    if not use:
        raise UserError(
            str(table.path),
            "no graded items",
            f"outcomes by {', '.join(MEASURES)}",
            "Let the study finish some cells first.",
        )
    curves: dict[tuple[str | None, str | None], list[int]] = {}
    for i in use:
        curves.setdefault((label_of(models[i]), label_of(tasks[i])), []).append(i)
    every: dict[CurveName, set[str | None]] = {}
    for i in range(len(table.places)):
        every.setdefault((label_of(models[i]), label_of(tasks[i])), set()).add(label_of(columns["cell"][i]))
    rows, warnings, counted = [], [], {}
    for (model, task), indices in curves.items():
        measured = {columns["metric"][i] for i in indices}
        metric = next(name for name in MEASURES if name in measured)
        kept = [i for i in indices if columns["metric"][i] == metric]
        kept, warned = one_method(table, columns, kept, curve_called(model, task))
        warnings.extend(warned)
        cells: dict[object, list[int]] = {}
        for i in kept:
            cells.setdefault(label_of(columns["cell"][i]), []).append(i)
        counted[model, task] = Counted(0, len(every[model, task]) - len(cells))
        for members in cells.values():
            scores = [result_in(table, i, MEASURES[metric], columns["score"][i]) for i in members]
            rows.append(
                Row(
                    model,
                    task,
                    metric,
                    MEASURES[metric],
                    size_in(table, members[0], "n_demonstrations", columns["n_demonstrations"][members[0]]),
                    size_in(table, members[0], "n_pairs", columns["n_pairs"][members[0]]),
                    math.fsum(scores) / len(scores),
                    float(len(scores)),
                    seed_in(table, members[0], "seed", columns["seed"][members[0]]),
                )
            )
    return rows, tuple(warnings), counted


def one_method(
    table: Table, columns: dict[str, Sequence[Any]], indices: list[int], called: str
) -> tuple[list[int], list[str]]:
    """Return the rows without pairs and those of the preference method that the most rows have."""
    paired = [i for i in indices if size_in(table, i, "n_pairs", columns["n_pairs"][i]) > 0]
    count = Counter(str(columns["method"][i]) for i in paired)
    if len(count) < 2:
        return indices, []
    best = max(sorted(count), key=count.__getitem__)
    others = {i for i in paired if str(columns["method"][i]) != best}
    left_out = ", ".join(sorted(count.keys() - {best}))
    return [i for i in indices if i not in others], [f"{called}: fitted by {best}; left out: {left_out}"]


def with_data_seeds(rows: list[Row], folder: Path) -> list[Row]:
    """Return a study's rows with the seed of their data: the study file's `data_seed`, or else their own seed."""
    return [replace(r, data_seed=data_seed_of(folder, r.seed)) for r in rows]


def data_seed_of(folder: Path, seed: int) -> int:
    """Return the seed that drew the data of a cell in a study's folder; -1 where nothing says so."""
    try:
        fixed = tomllib.loads((folder / "study.toml").read_text("utf-8")).get("data_seed")
    except (OSError, ValueError):  # a folder that somebody has cut down
        return -1
    return fixed if isinstance(fixed, int) else seed
