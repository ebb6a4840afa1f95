"""How many CPU cores there are to work on."""

import os


def cores() -> int:
    """Return the number of cores that this process may use; of the machine where the system does not say (macOS)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
