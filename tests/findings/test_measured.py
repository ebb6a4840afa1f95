import numpy as np
import polars as pl
import pytest
from tests.findings.made_outcomes import BASE, made_outcomes

from apportion.findings.measured import Arm, compared, main_metric, mean, measured

SFT = Arm(32, 0, "sft")
MIXED = Arm(16, 16, "dpo")


@pytest.fixture(scope="module")
def outcomes() -> pl.DataFrame:
    truth = {BASE: 0.1, SFT: 0.4, MIXED: 0.5}
    return made_outcomes(truth, form={BASE: 0.0, SFT: 0.9, MIXED: 1.0}, items=50)


def test_every_score_stands_at_its_seed_and_item(outcomes: pl.DataFrame):
    table = measured(outcomes.sample(fraction=1.0, shuffle=True, seed=1), "accuracy")
    assert set(table) == {BASE, SFT, MIXED}
    for arm, scores in table.items():
        assert scores.seeds == ((0,) if arm.method == "base" else (0, 1, 2))
        for row in outcomes.filter(
            pl.struct("n_demonstrations", "n_pairs", "method") == arm._asdict()
        ).to_dicts():
            place = scores.seeds.index(row["seed"]), scores.items.index(row["item"])
            assert scores.values[place] == row["score"]


def test_form_and_classes_add_up(outcomes: pl.DataFrame):
    form = measured(outcomes, "accuracy", "form")
    classes = [
        measured(outcomes, "accuracy", f"class:{name}")
        for name in ("none", "wrong-plan", "arithmetic", "malformed")
    ]
    for arm, well_formed in form.items():
        assert np.array_equal(sum(table[arm].values for table in classes), np.ones_like(well_formed.values))
        assert np.array_equal(well_formed.values, 1 - classes[3][arm].values)


def test_items_that_some_seed_lacks_are_left_out(outcomes: pl.DataFrame):
    fewer = outcomes.filter(
        ~((pl.col("item") == "item-0007") & (pl.col("seed") == 1) & (pl.col("method") == "sft"))
    )
    table = measured(fewer, "accuracy")
    assert "item-0007" not in table[SFT].items
    assert len(table[SFT].items) == 49
    assert len(table[MIXED].items) == 50
    lead = compared(table, [MIXED, SFT], [1, -1], "accuracy")
    assert lead is not None
    assert lead.items == 49


def test_arms_are_compared_on_the_seeds_they_share(outcomes: pl.DataFrame):
    fewer = outcomes.filter((pl.col("method") != "sft") | (pl.col("seed") > 0))
    table = measured(fewer, "accuracy")
    lead = compared(table, [MIXED, SFT], [1, -1], "accuracy")
    assert lead is not None
    assert lead.seeds == 2
    assert lead.mean == pytest.approx(table[MIXED].values[1:].mean() - table[SFT].values.mean())
    none = outcomes.filter((pl.col("method") != "sft") | (pl.col("seed") > 8))
    assert compared(measured(none, "accuracy"), [MIXED, SFT], [1, -1], "accuracy") is None


def test_the_untrained_model_stands_beside_every_seed(outcomes: pl.DataFrame):
    table = measured(outcomes, "accuracy")
    lead = compared(table, [SFT, BASE], [1, -1], "accuracy")
    assert lead is not None
    assert (lead.seeds, lead.basis) == (3, "seeds and items")
    assert lead.mean == pytest.approx(mean(table[SFT], "accuracy").mean - mean(table[BASE], "accuracy").mean)


def test_outcomes_of_two_tasks_are_not_mixed(outcomes: pl.DataFrame):
    two = pl.concat([outcomes, made_outcomes({BASE: 0.1}, task="other")])
    with pytest.raises(ValueError, match="several tasks"):
        measured(two, "accuracy")


def test_accuracy_stands_for_a_task_that_has_it(outcomes: pl.DataFrame):
    loss = made_outcomes({BASE: 0.1}, metric="nll")
    preference = made_outcomes({BASE: 0.1}, metric="preference_accuracy")
    assert main_metric(pl.concat([loss, preference, outcomes])) == "accuracy"
    assert main_metric(pl.concat([loss, preference])) == "preference_accuracy"
    assert main_metric(loss) == "nll"
    assert main_metric(loss.clear()) is None
