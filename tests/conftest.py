"""What all tests share: one torch thread, and the public data where the machine has it."""

import os
from pathlib import Path

import pytest

try:
    import torch
except ImportError:  # most rooms need no torch, and their tests run without it
    pass
else:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of public data sets that $APPORTION_DATA names; without it the test is skipped."""
    named = os.environ.get("APPORTION_DATA")
    if not named:
        pytest.skip("APPORTION_DATA is not set: export it to the folder of the public data sets")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"APPORTION_DATA names {named}, which is not a folder")
    return folder
