"""`study status`: a snapshot, and a table that is shown anew while a study runs."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from apportion.cli.app import main
from apportion.studies.progress import PROGRESS_FILE
from apportion.studies.store import Store


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study's folder of which nothing is done yet."""
    recipe = {"n_demonstrations": 64, "n_pairs": 32, "method": "dpo", "seed": 3}
    state = {
        "units": 5,
        "done": 2,
        "seconds_left": 40,
        "cells": ["c"],
        "recipes": {"c": recipe | {"state": "training"}},
    }
    (tmp_path / "study.toml").write_text("budgets = [64]\n")
    (tmp_path / PROGRESS_FILE).write_text(json.dumps(state))
    return tmp_path


@pytest.mark.parametrize("watch", [False, True])
def test_without_a_terminal_it_is_one_plain_snapshot(
    study: Path, capsys: pytest.CaptureFixture[str], watch: bool
) -> None:
    with Store(study).presence(), pytest.raises(SystemExit) as ended:
        main(["study", "status", str(study), *["--watch"] * watch])
    assert not ended.value.code
    shown = capsys.readouterr().out
    assert "running, 2 of 5 units done, about 40 s left" in shown
    assert shown.splitlines()[-1].split() == ["64", "32", "dpo", "3", "training"]
    assert "\x1b" not in shown
    with pytest.raises(SystemExit):
        main(["study", "status", str(study), "--json"])
    assert json.loads(capsys.readouterr().out)["open_cells"][0]["state"] == "waiting"  # nobody runs it now


def test_on_a_terminal_it_watches_until_the_runner_is_gone(study: Path) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "apportion", "study", "status", str(study), "--watch"]
    with Store(study).presence():
        process = subprocess.Popen(command, stdout=terminal, env=os.environ | {"TERM": "xterm"})
        shown = b""
        while b"training" not in shown:
            shown += os.read(controller, 4096)
        assert process.poll() is None
    os.close(terminal)
    try:
        while piece := os.read(controller, 4096):
            shown += piece
    except OSError:  # the other side of a terminal that is closed
        pass
    os.close(controller)
    assert process.wait(timeout=60) == 0
    assert b"stopped with 2 of 5 units done" in shown
