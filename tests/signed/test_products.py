import torch
from torch.nn import functional

from apportion.signed.products import rowwise


def test_rows_come_out_the_same_however_many_there_are():
    torch.manual_seed(0)
    for size, outputs in ((128, 128), (20, 128), (20, 8), (64, 64), (272, 128)):
        x, weight, bias = torch.randn(300, size), torch.randn(outputs, size), torch.randn(outputs)
        whole = rowwise(x, weight, bias)
        torch.testing.assert_close(whole, functional.linear(x, weight, bias))
        for n in (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 130):
            assert torch.equal(rowwise(x[40 : 40 + n], weight, bias), whole[40 : 40 + n])
