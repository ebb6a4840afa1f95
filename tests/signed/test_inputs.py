import numpy as np
import torch

from apportion.signed.inputs import CLIP, FeatureCode


def test_codes_are_standardised_values_and_shares_of_intervals_between_quantiles():
    column = np.arange(101, dtype=np.float32)[:, None]
    code = FeatureCode(1, 4)
    code.learn(column)
    out = code(torch.tensor([[-10.0], [12.5], [50.0], [1000.0]]))
    assert out[:, 1:].tolist() == [[0, 0, 0, 0], [0.5, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]
    expected = (np.array([-10.0, 12.5, 50.0]) - 50) / column.std()
    np.testing.assert_allclose(out[:3, 0], expected, rtol=1e-5)
    assert out[3, 0] == CLIP


def test_constant_features_and_few_values_are_no_trouble():
    features = np.array([[3.0, 0.0], [3.0, 1.0], [3.0, 1.0]], dtype=np.float32)
    code = FeatureCode(2, 8)
    code.learn(features)
    out = code(torch.from_numpy(features))
    assert out.shape == (3, code.size)
    assert bool(out.isfinite().all())
    assert not out[:, 0].any()
    assert len(torch.unique(out, dim=0)) == 2


def test_before_learning_everything_is_0():
    code = FeatureCode(3, 2)
    assert not code(torch.randn(4, 3)).any()
