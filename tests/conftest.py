"""What all tests share: one thread a process, and the public data where the machine has it."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Read by torch when a test first imports it, and by the processes that tests start
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

# No test is about time: a busy machine is no error
settings.register_profile("apportion", deadline=None)
settings.load_profile("apportion")


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
