"""Writing: events as a file that every reader of them takes, SNAP's CSV (plain or gzip) or Parquet."""

import gzip
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl

from apportion.errors import UserError
from apportion.signed.events import Events
from apportion.signed.tables import to_frame

ROWS = 1_000_000  # of one chunk


def write_events(events: Events, path: Path) -> None:
    """Write events as .csv or .csv.gz in SNAP's form (source,target,rating,time, no header) or as .parquet.

    Written whole or not at all; the same events give the same bytes.
    """
    write: dict[str, Callable[[Events, Path], None]] = {
        ".csv": _write_csv,
        ".csv.gz": _write_csv_gz,
        ".parquet": _write_parquet,
    }
    kind = next((ending for ending in write if path.name.lower().endswith(ending)), None)
    if kind is None:
        raise UserError(str(path), "another ending", " or ".join(write), f"Type {path.stem or 'events'}.csv.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        os.close(handle)
        part = Path(name)
        try:
            write[kind](events, part)
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        found = f"a place that cannot be written ({error.strerror or error})"
        raise UserError(str(path), found, "a file to write", "Name another: --out FILE.") from None


def _write_csv(events: Events, path: Path) -> None:
    with path.open("wb") as file:
        for start in range(0, len(events), ROWS):
            file.write(_lines(events[start : start + ROWS]))


def _write_csv_gz(events: Events, path: Path) -> None:
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        for start in range(0, len(events), ROWS):
            file.write(_lines(events[start : start + ROWS]))


def _write_parquet(events: Events, path: Path) -> None:
    to_frame(events).write_parquet(path)


def _lines(events: Events) -> bytes:
    """Return the events as lines; whole weights and times without a fraction."""
    frame = to_frame(events).select("source", "target", "weight", "time")
    is_whole = {name: bool((frame[name] == frame[name].round()).all()) for name in ("weight", "time")}
    frame = frame.with_columns(pl.col(name).cast(pl.Int64) for name in is_whole if is_whole[name])
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False)
    return buffer.getvalue()
