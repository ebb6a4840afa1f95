"""pass@k: the chance that one of k answers passes, without bias from n answers (Chen et al., 2021)."""

from collections.abc import Sequence
from math import prod

from apportion.errors import UserError


def pass_at_k(n: int, passed: int, k: int) -> float:
    """Return the unbiased estimate 1 - C(n - c, k) / C(n, k) from n answers, c of which passed.

    Chen et al., arXiv 2107.03374, equation 1, as the product that does not overflow. Raises `UserError` for k
    over n, where there is no unbiased estimate.

    >>> pass_at_k(4, 1, 2)
    0.5
    """
    if not 0 < k <= n or not 0 <= passed <= n:
        expected = "0 < k <= n and 0 <= passed <= n"
        raise UserError(
            "pass@k", f"n = {n}, passed = {passed}, k = {k}", expected, "Decode at least k answers."
        )
    if n - passed < k:
        return 1.0
    return 1.0 - prod(1.0 - k / i for i in range(n - passed + 1, n + 1))


def mean_pass_at_k(passes: Sequence[Sequence[bool]], k: int) -> float:
    """Return pass@k averaged over problems, each given by whether each of its answers passed.

    >>> mean_pass_at_k([[True, False], [False, False]], 1)
    0.25
    """
    if not passes:
        raise UserError("pass@k", "no problem", "at least one", "Grade some answers first.")
    return sum(pass_at_k(len(answers), sum(answers), k) for answers in passes) / len(passes)
