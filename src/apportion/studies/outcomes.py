"""The outcome tables: items.parquet of a cell and outcomes.parquet of a study, byte-identical from run to run."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from apportion.studies.cells import Cell
from apportion.studies.stages import Graph
from apportion.studies.store import Store, write_atomically

SCHEMA = pa.schema(
    [
        ("cell", pa.string()),
        ("task", pa.string()),
        ("model", pa.string()),
        ("n_demonstrations", pa.int64()),
        ("n_pairs", pa.int64()),
        ("method", pa.string()),
        ("seed", pa.int64()),
        ("item", pa.string()),
        ("metric", pa.string()),
        ("score", pa.float64()),
        ("strict", pa.bool_()),
        ("flexible", pa.bool_()),
        ("error_class", pa.string()),
    ]
)
"""One row per graded item and metric. `strict`, `flexible` and `error_class` are null where nothing was decoded."""

ORDER = [(name, "ascending") for name in
         ("task", "model", "n_demonstrations", "n_pairs", "method", "seed", "cell", "metric", "item")]  # fmt: skip


def write_items(path: Path, name: str, cell: Cell, rows: list[dict[str, Any]]) -> None:
    """Write the graded items of one cell."""
    described = {
        "cell": name,
        "task": cell.task,
        "model": cell.model,
        "n_demonstrations": cell.n_demonstrations,
        "n_pairs": cell.n_pairs,
        "method": cell.method,
        "seed": cell.seed,
    }
    path.write_bytes(_parquet(pa.Table.from_pylist([described | row for row in rows], SCHEMA)))


def write_outcomes(store: Store, graph: Graph) -> pa.Table:
    """Write outcomes.parquet from the cells of the study that are done and whole, and return the table."""
    done = [unit for unit in graph.units.values() if unit.kind == "cell" and store.is_whole(unit.folder)]
    # ParquetFile: read_table would load pandas
    tables = [pq.ParquetFile(store.root / unit.folder / "items.parquet").read().cast(SCHEMA) for unit in done]
    table = pa.concat_tables(tables) if tables else SCHEMA.empty_table()  # which loads pandas, too
    write_atomically(store.root / "outcomes.parquet", _parquet(table))
    return table


def _parquet(table: pa.Table) -> bytes:
    """Rows and columns in fixed order, one row group, one compression, nothing of the place or the time."""
    buffer = io.BytesIO()
    pq.write_table(
        table.sort_by(ORDER).combine_chunks().replace_schema_metadata(None),
        buffer,
        compression="zstd",
        row_group_size=max(1, len(table)),
    )
    return buffer.getvalue()
