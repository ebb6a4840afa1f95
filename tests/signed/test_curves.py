import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve
from tests.signed.test_rivals import harsh

from apportion.signed.curves import RECALLS, curves_of
from apportion.signed.evaluation import evaluate
from apportion.signed.protocol import Protocol, Walk
from apportion.signed.reputation import Reputation
from apportion.signed.splits import Split

WALK = Walk(Split.by_quantiles(harsh(60, 1200)), "sign", Protocol(non_links=2, validation_non_links=1))


def test_precision_is_the_best_at_a_recall_or_beyond():
    found = evaluate(Reputation("sign"), WALK)
    curve = curves_of("sign", [found])["precision_recall"]
    negative = found.test.label == 0
    precision, recall, _ = precision_recall_curve(negative, -found.test.score)
    expected = [precision[:-1][recall[:-1] >= r - 1e-12].max() for r in RECALLS]
    assert curve["precision"] == pytest.approx(expected, abs=1e-5)
    assert curve["share"] == pytest.approx(negative.mean(), abs=1e-5)
    assert (curve["of"], curve["recall"][-1]) == ("negatives", 1.0)


def test_recalibrated_scores_say_what_is_so():
    found = evaluate(Reputation("sign"), WALK)
    bold = found._replace(
        validation=found.validation.with_scores(found.validation.score**4),
        test=found.test.with_scores(found.test.score**4),
    )
    calibration = curves_of("sign", [bold])["calibration"]
    assert calibration["after"]["error"] < calibration["before"]["error"]
    assert len(calibration["after"]["said"]) == len(calibration["after"]["was"]) == 10


def test_curves_are_means_over_seeds_and_small():
    found = evaluate(Reputation("sign"), WALK)
    once, twice = curves_of("sign", [found]), curves_of("sign", [found, found])
    assert once == twice
    assert len(json.dumps(once, allow_nan=False)) < 3000


def test_a_test_part_of_one_class_has_no_curve():
    found = evaluate(Reputation("sign"), WALK)
    test = replace(found.test, label=np.ones(len(found.test)))
    assert curves_of("sign", [found._replace(test=test)])["precision_recall"]["precision"] == []
    assert curves_of("weight", [found]) == {}
