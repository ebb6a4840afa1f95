from tests.findings.made_outcomes import BASE, made_outcomes
from tests.findings.test_claims import AS_PUBLISHED, POINTS, arm

from apportion.findings import Allocation, measured
from apportion.reports.best_splits import best_splits


def test_the_best_split_and_those_that_cannot_be_told_apart_from_it():
    truth = AS_PUBLISHED | {arm(512, 0.5): 0.75}
    small, large = best_splits(
        Allocation(measured(made_outcomes(truth), "accuracy"), POINTS, "accuracy", "dpo")
    )
    assert (small.share, small.level_with, small.behind) == (1.0, (), (0.5, 0.25, 0.0))
    assert {large.share, *large.level_with} == {0.5, 0.25}
    assert large.behind == (1.0, 0.0)


def test_for_a_loss_the_lowest_is_best():
    table = measured(made_outcomes(AS_PUBLISHED, metric="nll"), "nll")
    small, large = best_splits(Allocation(table, POINTS, "nll", "dpo"))
    assert (small.share, large.share) == (1.0, 0.25)


def test_splits_that_have_not_run_are_named():
    truth = {
        point: score for point, score in AS_PUBLISHED.items() if point not in (arm(32, 0.25), arm(512, 0.5))
    }
    small, large = best_splits(
        Allocation(measured(made_outcomes(truth), "accuracy"), POINTS, "accuracy", "dpo")
    )
    assert (small.not_run, large.not_run) == ((0.25,), (0.5,))
    alone = measured(made_outcomes({BASE: 0.1, arm(32, 1.0): 0.4}), "accuracy")
    assert best_splits(Allocation(alone, POINTS, "accuracy", "dpo")) == []
