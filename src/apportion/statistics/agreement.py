"""Agreement of two readers beyond chance."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple


class Agreement(NamedTuple):
    """The share of items on which two readers agree, and Cohen's kappa."""

    share: float
    kappa: float
    items: int


def agreement(one: Sequence[Hashable], other: Sequence[Hashable]) -> Agreement:
    """Return how far two readers give the same labels to the same items.

    kappa = (p_o - p_e) / (1 - p_e), p_e from each reader's own shares of labels (Cohen 1960); 1 where both use one
    and the same label throughout. Raises ValueError for no items or readings of different lengths.

    >>> agreement("aabb", "aaba")
    Agreement(share=0.75, kappa=0.5, items=4)
    """
    if len(one) != len(other) or not one:
        raise ValueError(f"{len(one)} and {len(other)} labels; expected one each of the same items")
    items = len(one)
    share = sum(a == b for a, b in zip(one, other, strict=True)) / items
    left, right = Counter(one), Counter(other)
    chance = sum(left[label] * right[label] for label in left) / items**2
    return Agreement(share, 1.0 if chance == 1 else (share - chance) / (1 - chance), items)
