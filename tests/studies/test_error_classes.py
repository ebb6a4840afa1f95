"""Error classes on their way into outcomes."""

import polars as pl

from apportion.findings import measured
from apportion.findings.measured import FORMLESS
from apportion.studies.grading import _settled
from apportion.tasks import anatomy


def test_both_rooms_mean_the_same_by_form() -> None:
    assert FORMLESS == anatomy.FORMLESS


def test_whether_the_model_ended_settles_what_the_text_leaves_open() -> None:
    assert _settled("truncated", True) == _settled("malformed", True) == "malformed"
    assert _settled("truncated", False) == _settled("malformed", False) == "truncated"
    assert _settled("wrong-plan", False) == "wrong-plan"
    assert _settled("form", True) == "form"


def test_the_form_rate_counts_every_class_without_form() -> None:
    classes = [*sorted(FORMLESS), "none", "wrong-plan"]
    rows = [
        {"task": "t", "model": "m", "n_demonstrations": 1, "n_pairs": 0, "method": "sft", "seed": 0, "item": name,
         "metric": "accuracy", "score": 0.0, "error_class": name}
        for name in classes
    ]  # fmt: skip
    (found,) = measured(pl.DataFrame(rows), "accuracy", "form").values()
    assert found.values.sum() == 2
