"""A study that is real but tiny, and the ways to run it."""

import os
import subprocess
import sys
from pathlib import Path

TINY = """
budgets = [4, 8]
shares = [1, 0.5, 0]
methods = ["dpo"]
controls = ["sft-on-chosen"]
control_budgets = [8]

[task]
name = "world"
demonstrations = 40
pairs = 40
problems = 12
answers = 6
comparisons = 6

[sft]
min_steps = 3
epochs = 1

[preference]
epochs = 1
"""


def write_study(folder: Path, text: str = TINY, name: str = "tiny.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def start(study: Path, out: Path, *extra: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "apportion", "study", "run", str(study), "--out", str(out), *extra]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def run(study: Path, out: Path, *extra: str) -> tuple[str, str]:
    """Run to the end and return standard output and standard error."""
    process = start(study, out, *extra)
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return output, errors


def outcomes(out: Path) -> bytes:
    return (out / "outcomes.parquet").read_bytes()
