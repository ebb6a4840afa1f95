"""Error classes on their way into outcomes."""

from typing import get_args

import polars as pl

from apportion import error_classes
from apportion.findings import measured
from apportion.findings.measured import FORMLESS, REASONING
from apportion.studies.grading import _settled


def test_every_class_is_right_of_form_of_arithmetic_or_of_reasoning() -> None:
    groups = [{"none"}, {"arithmetic"}, error_classes.FORMLESS, REASONING]
    assert sorted(name for group in groups for name in group) == sorted(error_classes.MEANINGS)
    assert list(error_classes.MEANINGS) == list(get_args(error_classes.ErrorClass))


def test_whether_the_model_ended_settles_what_the_text_leaves_open() -> None:
    assert _settled("truncated", True) == _settled("malformed", True) == "malformed"
    assert _settled("truncated", False) == _settled("malformed", False) == "truncated"
    assert _settled("wrong-plan", False) == "wrong-plan"
    assert _settled("style-only", False) == "style-only"


def test_the_form_rate_counts_every_class_without_form() -> None:
    classes = [*sorted(FORMLESS), "none", "wrong-plan"]
    rows = [
        {"task": "t", "model": "m", "n_demonstrations": 1, "n_pairs": 0, "method": "sft", "seed": 0, "item": name,
         "metric": "accuracy", "score": 0.0, "error_class": name}
        for name in classes
    ]  # fmt: skip
    (found,) = measured(pl.DataFrame(rows), "accuracy", "form").values()
    assert found.values.sum() == 2
