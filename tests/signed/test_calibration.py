import numpy as np
import pytest
from scipy.special import expit
from tests.signed.test_metrics import scored

from apportion.signed.calibration import Calibration, calibrate, reliability


def overconfident(m=4000, seed=0):
    """Return labels and scores whose logits are twice too far out and shifted by one."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 1.5, m)
    return (draw.random(m) < expit(logits)).astype(float), expit(2 * logits + 1)


@pytest.mark.parametrize("task", ["sign", "existence"])
def test_overconfidence_is_undone(task):
    label, score = overconfident()
    found = calibrate(task, scored(label, score))
    assert found.slope == pytest.approx(0.5, abs=0.05)
    assert found.shift[0] == pytest.approx(-0.5, abs=0.12)
    fresh_label, fresh = overconfident(seed=1)
    before = reliability(task, scored(fresh_label, fresh)).error
    after = reliability(task, scored(fresh_label, found.apply(task, fresh))).error
    assert before > 0.1
    assert after < 0.03


def test_classes_are_shifted_to_their_shares():
    draw = np.random.default_rng(0)
    truth = draw.dirichlet([2, 2, 2], 4000)
    label = np.array([draw.choice(3, p=p) for p in truth])
    wrong = truth * np.array([1, 3, 1])
    wrong /= wrong.sum(axis=1, keepdims=True)
    found = calibrate("signed-existence", scored(label, wrong))
    right = found.apply("signed-existence", wrong)
    assert right.sum(axis=1) == pytest.approx(1)
    assert right.mean(axis=0) == pytest.approx(np.bincount(label) / 4000, abs=0.02)
    both = [reliability("signed-existence", scored(label, x)).error for x in (wrong, right)]
    assert both[1] < both[0] / 2


def test_weights_are_put_on_their_line():
    draw = np.random.default_rng(0)
    score = draw.normal(size=500)
    found = calibrate("weight", scored(3 * score + 2, score))
    assert (found.slope, found.shift[0]) == pytest.approx((3, 2))
    assert calibrate("weight", scored(-3 * score, score)).slope == 0  # never turns the order round


@pytest.mark.parametrize("task", ["sign", "signed-existence", "weight"])
def test_without_data_nothing_changes(task):
    score = np.array([[0.2, 0.3, 0.5]]) if task == "signed-existence" else np.array([0.3])
    assert calibrate(task, scored([1], score)).apply(task, score) == pytest.approx(score)


def test_the_order_of_scores_stays():
    score = np.sort(np.random.default_rng(0).random(50))
    assert (np.diff(Calibration(0.3, (2.0,)).apply("sign", score)) > 0).all()


def test_the_order_of_one_class_among_three_does_not_stay():
    score = np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3]])
    first, second = Calibration(3.0, (0.0, 0.0, 0.0)).apply("signed-existence", score)[:, 0]
    assert first < second


def test_perfectly_separated_labels_keep_finite_numbers():
    found = calibrate("sign", scored([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]))
    assert np.isfinite(found.apply("sign", np.array([0.0, 0.5, 1.0]))).all()


def test_reliability_counts_its_distance():
    found = reliability("sign", scored([0, 1] * 50, [0.9] * 100))
    assert found.error == pytest.approx(0.4)
    assert len(found.said) == 10
    assert reliability("sign", scored([], [])).said == ()
