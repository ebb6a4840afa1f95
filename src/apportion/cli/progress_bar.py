"""How far long work is, on standard error: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY_SECONDS = 30.0


@contextmanager
def progress_bar(
    what: str, *, quiet: bool = False, lines: bool = True
) -> Iterator[Callable[[float, str], None]]:
    """Give a function that takes the share of the work that is done and what is being done.

    On a terminal a bar with the time left stays below whatever else is printed to standard error; elsewhere a line
    comes every half minute (not without `lines`, for work that tells its own); `quiet` shows nothing.
    """
    work = _Work(what)
    if quiet:
        yield lambda share, now: None
    elif on_a_terminal():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.fields[now]}", markup=False),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=1.0, left="", now="")
            yield lambda share, now: bar.update(task, completed=share, now=now, left=work.left(share))
    else:
        yield work.tell if lines else lambda share, now: None


def on_a_terminal() -> bool:
    """Return whether standard error is a terminal that can move its cursor."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.is_terminal and not console.is_dumb_terminal


class _Work:
    def __init__(self, what: str) -> None:
        self._what = what
        self._began = self._said = time.monotonic()

    def left(self, share: float) -> str:
        """Return the time left, at the speed so far."""
        if not 0 < share < 1:
            return ""
        from apportion.studies.progress import duration

        return f"about {duration((time.monotonic() - self._began) * (1 - share) / share)} left"

    def tell(self, share: float, now: str) -> None:
        """Say how far the work is, if the last time was a while ago."""
        clock = time.monotonic()
        if clock - self._said < EVERY_SECONDS or not 0 < share < 1:
            return
        self._said = clock
        print(f"apportion: {self._what}: {share:.0%} done, {self.left(share)} ({now})", file=sys.stderr)
