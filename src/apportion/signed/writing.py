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
from apportion.signed.generator import Network
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
    _write_whole(path, lambda part: write[kind](events, part))


def write_truth(network: Network, path: Path) -> None:
    """Write what was planted as .parquet, one row a user: its factions before and after its time of change (none
    where it does not change), and whether it is untrustworthy."""
    if path.suffix.lower() != ".parquet":
        raise UserError(str(path), "another ending", ".parquet", f"Type {path.stem or 'truth'}.parquet.")
    truth = network.truth
    frame = pl.DataFrame(
        {
            "user": pl.Series(network.events.users.tolist(), dtype=pl.String),
            "first_faction": truth.first_faction,
            "last_faction": truth.last_faction,
            "change": pl.Series(truth.change).replace(float("inf"), None),
            "untrustworthy": truth.untrustworthy,
        }
    )
    _write_whole(path, frame.write_parquet)


def _write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write under another name and rename, so that nobody ever sees half a file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        os.close(handle)
        part = Path(name)
        try:
            write(part)
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
