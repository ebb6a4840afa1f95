import torch

from apportion.signed.elapsed import TimeCode, log_elapsed

NOW = 1_290_241_912.0


def test_a_second_is_told_from_a_minute_in_the_days_of_unix_time():
    since = torch.tensor([NOW - 1, NOW - 60, NOW], dtype=torch.float64)
    found = log_elapsed(since, torch.tensor(NOW, dtype=torch.float64))
    torch.testing.assert_close(found, torch.log1p(torch.tensor([1.0, 60.0, 0.0])))
    assert found.dtype == torch.float32


def test_the_code_is_the_cosine_of_the_formula_and_learns():
    code = TimeCode(4)
    d = torch.tensor([[0.5, 7.0]])
    out = code(d)
    assert out.shape == (1, 2, 4)
    expected = torch.cos(d.unsqueeze(-1) * code.frequency + code.phase)
    torch.testing.assert_close(out, expected)
    out.sum().backward()
    assert code.frequency.grad is not None
    assert bool(code.frequency.grad.abs().sum() > 0)
    assert bool(code.phase.grad.abs().sum() > 0)  # type: ignore[union-attr]
