import torch

from apportion.signed.dropout import Dropout, kept


def test_units_fall_out_with_their_probability_and_the_mean_stays():
    torch.manual_seed(0)
    factors = kept((500, 1001), 0.1)
    torch.testing.assert_close(factors.unique(), torch.tensor([0.0, 1 / 0.9]), rtol=1e-4, atol=0)
    n = factors.numel()
    assert abs((factors == 0).float().mean() - 0.1) < 4 * (0.09 / n) ** 0.5
    assert abs(factors.mean() - 1) < 4 * (0.1 / 0.9 / n) ** 0.5
    neighbours = ((factors[:, 1:] == 0) & (factors[:, :-1] == 0)).float().mean()  # four share a draw
    assert abs(neighbours - 0.01) < 4 * (0.01 / n) ** 0.5


def test_dropout_is_of_training_alone_and_follows_the_seed():
    x = torch.ones(3, 7)
    layer = Dropout(0.5)
    assert torch.equal(layer.eval()(x), x)
    torch.manual_seed(3)
    a = layer.train()(x)
    torch.manual_seed(3)
    assert torch.equal(layer(x), a)
    assert not torch.equal(layer(x), a)
    assert torch.equal(Dropout(0.0)(x), x)
