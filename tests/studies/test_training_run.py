"""A training run goes to the processes of a launch as JSON, and comes out the same."""

import msgspec
import pytest

from apportion.models.rendering import Rendered
from apportion.models.settings import ModelSettings
from apportion.studies.training_run import TrainingRun
from apportion.training.preference import ReferenceLogProbs
from apportion.training.settings import PRESETS

START = (ModelSettings(source="../model", revision=None), "/a/folder", ("stages/one", "stages/two"))


@pytest.mark.parametrize("preset", PRESETS)
def test_json_leaves_a_run_as_it_was(preset: str) -> None:
    rows = [Rendered([1, 2], ([3], [4, 5])), Rendered([], ([6], [7]))]
    reference = ReferenceLogProbs([-0.1, -1 / 3], [-1e-17, -123.456789012345678])
    settings = PRESETS[preset]
    sft = TrainingRun(*START, rows, 7, sft=settings.sft)
    preference = TrainingRun(*START, rows, 7, preference=settings.preference, reference=reference)
    for run in (sft, preference):
        assert msgspec.json.decode(msgspec.json.encode(run), type=TrainingRun) == run
