import torch
from torch.nn import functional

from apportion.signed.products import rowwise


def test_rows_come_out_the_same_however_many_there_are():
    torch.manual_seed(0)
    for size, outputs in ((128, 128), (20, 128), (64, 4), (20, 8), (64, 64), (272, 128)):
        x, weight = torch.randn(300, size), torch.randn(outputs, size)
        for start in (torch.randn(outputs), torch.randn(300, outputs)):
            whole = rowwise(x, weight, start)
            torch.testing.assert_close(whole, functional.linear(x, weight) + start)
            for n in (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 130):
                rows = slice(40, 40 + n)
                part = rowwise(x[rows], weight, start if start.dim() == 1 else start[rows])
                assert torch.equal(part, whole[rows])
