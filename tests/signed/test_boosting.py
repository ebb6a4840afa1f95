import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from apportion.identity import seed_for
from apportion.signed import boosting
from apportion.signed.boosting import Forests


def data(n=400, classes=2):
    draws = np.random.default_rng(0)
    x = draws.standard_normal((n, 5)).astype(np.float32)
    x[:, 3] = np.round(x[:, 3])
    y = (x[:, 0] * x[:, 1] + x[:, 3] > 0).astype(float)
    return x, y + (x[:, 2] > 1) if classes == 3 else y


def theirs(kind, x, y, asked):
    """Return the mean raw answer of scikit-learn's own models."""
    found = []
    for i, (steps, leaves, share, least) in enumerate(boosting.FORESTS):
        model = kind(
            learning_rate=boosting.RATE, max_iter=steps, max_leaf_nodes=leaves, min_samples_leaf=least,
            l2_regularization=1.0, max_features=share, early_stopping=False,
            random_state=seed_for("boosting 3", "columns", i),
        ).fit(x, y)  # fmt: skip
        found.append(model._raw_predict(asked))
    return np.mean(found, axis=0)


@pytest.mark.parametrize("task", ["sign", "signed-existence", "weight"])
def test_flat_arrays_give_what_scikit_learns_trees_give(task):
    x, y = data(classes=3 if task == "signed-existence" else 2)
    ours = Forests(task)
    assert ours.grow(x, y, 3)
    asked = np.random.default_rng(1).standard_normal((50, 5)).astype(np.float32)
    kind = HistGradientBoostingRegressor if task == "weight" else HistGradientBoostingClassifier
    np.testing.assert_allclose(ours.raw(asked), theirs(kind, x, y, asked), rtol=1e-9)


def test_an_answer_does_not_depend_on_what_else_is_asked():
    x, y = data()
    trees = Forests("sign")
    trees.grow(x, y, 0)
    together = trees.raw(x[:60])
    for size in (1, 3, 7):
        pieces = [trees.raw(x[i : min(60, i + size)]) for i in range(0, 60, size)]
        assert np.array_equal(np.concatenate(pieces), together)


def test_many_rows_walk_down_some_at_a_time_to_the_same_answers(monkeypatch: pytest.MonkeyPatch):
    x, y = data(classes=3)
    trees = Forests("signed-existence")
    trees.grow(x, y, 0)
    at_once = trees.raw(x)
    monkeypatch.setattr(boosting, "ROWS", 57)  # 400 rows: the last piece is one row
    assert np.array_equal(trees.raw(x), at_once)
    assert trees.raw(x[:0]).shape == (0, 3)


def test_blending_goes_from_the_network_to_the_trees():
    trees = Forests("sign")
    network, raw = np.array([0.2, 0.9]), np.array([[2.0], [-1.0]])
    np.testing.assert_allclose(trees.blend(network, raw, 0.0), network)
    np.testing.assert_allclose(trees.blend(network, raw, 1.0), expit(raw[:, 0]))
    three = Forests("signed-existence")
    network, raw = np.array([[0.2, 0.3, 0.5]]), np.array([[1.0, 0.0, 0.0]])
    np.testing.assert_allclose(three.blend(network, raw, 0.0), network, rtol=1e-9)
    np.testing.assert_allclose(three.blend(network, raw, 1.0), softmax(raw, axis=1))
    np.testing.assert_allclose(Forests("weight").blend(np.array([1.0]), np.array([[3.0]]), 0.25), [1.5])


def test_one_label_grows_no_trees_and_the_arrays_are_buffers():
    x, _ = data()
    trees = Forests("sign")
    assert not trees.grow(x, np.ones(len(x)), 0)
    assert not list(trees.parameters())
    names = {"feature", "threshold", "left", "right", "value", "start", "share"}
    assert set(trees.state_dict()) == names
    assert torch.equal(trees.share, torch.zeros((), dtype=torch.float64))
