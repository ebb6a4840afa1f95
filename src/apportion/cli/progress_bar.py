"""How far long work is, on standard error: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

EVERY_SECONDS = 30.0


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float, str], None]]:
    """Give a function that takes the share of the work that is done and what is being done."""
    if sys.stderr.isatty():
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[now]}"),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            work = bar.add_task(what, total=1.0, now="")
            yield lambda share, now: bar.update(work, completed=share, now=now)
        return
    yield _Lines(what).tell


class _Lines:
    def __init__(self, what: str) -> None:
        self._what = what
        self._began = self._said = time.monotonic()

    def tell(self, share: float, now: str) -> None:
        """Say how far the work is, if the last time was a while ago."""
        clock = time.monotonic()
        if clock - self._said < EVERY_SECONDS or not 0 < share < 1:
            return
        self._said = clock
        left = (clock - self._began) * (1 - share) / share
        print(
            f"apportion: {self._what}: {share:.0%} done, about {left / 60:.0f} min left ({now})",
            file=sys.stderr,
        )
