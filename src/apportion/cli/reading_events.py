"""Reading a file of events for a command: what was dropped is said on standard error."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apportion.signed.events import Events


def events_of(path: Path) -> "Events":
    """Return the events of a file, after a line on standard error for each reason for which rows were dropped."""
    from apportion.signed.gathering import counted
    from apportion.signed.readers import read_events

    read = read_events(path)
    for reason, count in read.dropped.items():
        if count:
            print(f"apportion: {path}: dropped {counted(count, reason)}", file=sys.stderr)
    return read.events
