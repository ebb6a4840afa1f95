"""Ctrl-C at the very end of a run: what is done is in the outcomes all the same."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.studies.tiny import write_study

from apportion.interrupts import interrupts_held
from apportion.studies import runner
from apportion.studies.stages import graph_of
from apportion.studies.store import Store
from apportion.studies.study_file import read_study


@pytest.fixture(autouse=True)
def _interrupts() -> Iterator[None]:
    """Have Ctrl-C raise, also where the tests run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class _Interrupted:
    """An engine whose user presses Ctrl-C while it works, and once more while it is closed."""

    def __init__(self, *arguments: Any) -> None:
        self.closed = False

    def idle(self) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return 0

    def close(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        self.closed = True


def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        os.kill(os.getpid(), signal.SIGINT)
        reached = True
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupts_while_a_run_ends_leave_its_outcomes_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LocalEngine", _Interrupted)
    study = read_study(write_study(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        runner.run_study(study, graph_of(study), tmp_path / "out")
    assert (tmp_path / "out" / "outcomes.parquet").exists()
    assert not Store(tmp_path / "out").has_runner()
    assert not list((tmp_path / "out" / "locks").glob("runner-*"))
