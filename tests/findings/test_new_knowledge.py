"""The table of new knowledge: start, way of learning and kind of question, from outcomes whose truth is given."""

import polars as pl
import pytest
from tests.findings.made_outcomes import made_outcomes

from apportion.findings.measured import Arm, measured
from apportion.findings.new_knowledge import effects, nothing_known_before, post_training_helps
from apportion.findings.papers import all_findings

BASE, TAUGHT, POST, POST_TAUGHT = (
    Arm(0, 0, "base"),
    Arm(0, 0, "taught"),
    Arm(512, 0, "sft"),
    Arm(512, 0, "taught"),
)


def outcomes(truth: dict[str, dict[Arm, float]]) -> pl.DataFrame:
    """One table from the true scores of each kind of item, named WAY/KIND."""
    tables = []
    for draw, (prefix, of_arm) in enumerate(truth.items()):
        made = made_outcomes(of_arm, items=120, task="new-knowledge", draw=draw)
        tables.append(made.with_columns(pl.format(f"{prefix}/{{}}", "item").alias("item")))
    return pl.concat(tables)


def truth(two_hops_after: float = 0.6) -> dict[str, dict[Arm, float]]:
    return {
        "recalled/direct": {BASE: 0.03, TAUGHT: 0.7, POST: 0.03, POST_TAUGHT: 0.8},
        "recalled/two-hops": {BASE: 0.03, TAUGHT: 0.3, POST: 0.03, POST_TAUGHT: two_hops_after},
        "told/direct": {BASE: 0.5, TAUGHT: 0.5, POST: 0.9, POST_TAUGHT: 0.9},
        "told/two-hops": {BASE: 0.3, TAUGHT: 0.3, POST: 0.7, POST_TAUGHT: 0.7},
    }


def test_the_table_has_its_eight_cells_beside_the_paper():
    found = effects(measured(outcomes(truth()), "accuracy"))
    assert len(found) == 4
    taught = found["fine-tuning", "two-hops"]
    assert (taught.base.accuracy.mean, taught.post_trained.accuracy.mean) == pytest.approx(
        (0.3, 0.6), abs=0.05
    )
    assert (taught.base.paper, taught.post_trained.paper) == (0.37, 0.55)
    assert found["context", "direct"].gain.mean == pytest.approx(0.4, abs=0.06)
    assert taught.gain.seeds == 3
    assert taught.gain.items == 120


def test_a_gain_is_found_and_its_absence_too():
    gained = measured(outcomes(truth()), "accuracy")
    assert [post_training_helps(gained, way).verdict for way in ("fine-tuning", "context")] == ["holds"] * 2
    lost = measured(outcomes(truth(two_hops_after=0.1)), "accuracy")
    assert post_training_helps(lost, "fine-tuning").verdict == "fails"
    said = post_training_helps(lost, "fine-tuning").said
    assert said is not None
    assert "two hops 37% from the base, 55% post-trained" in said.sentence


def test_facts_that_were_known_before_are_called_so():
    assert nothing_known_before(measured(outcomes(truth()), "accuracy")).verdict == "holds"
    known = truth()
    known["recalled/direct"][BASE] = 0.4
    assert nothing_known_before(measured(outcomes(known), "accuracy")).verdict == "fails"


def test_a_study_without_teaching_is_undecided_and_other_tasks_have_other_claims():
    table = outcomes(truth()).filter(pl.col("method") != "taught")
    assert post_training_helps(measured(table, "accuracy"), "fine-tuning").verdict == "undecided"
    assert len(all_findings(outcomes(truth()), {}, ("dpo",))) == 3
    assert len(all_findings(made_outcomes({BASE: 0.1}), {}, ("dpo",))) > 3
