"""What is known of each ordered pair of users so far, found by a hash of the pair: an event costs the same whatever
came before it."""

import numpy as np
from numpy.typing import NDArray

from apportion.signed.neighbours import grown
from apportion.signed.past import Floats, Ints

NOBODY = -1  # in place of the place of a pair that has had no event in either direction
_SMALLEST = 1 << 10  # slots
_GOLDEN = np.uint64(
    0x9E3779B97F4A7C15
)  # Fibonacci hashing: the top bits of a product with 2^64 / golden ratio


class PairTable:
    """The number of events of each ordered pair so far, and the weight and time of the latest one.

    Two users are numbered as they first meet, and have two places, twice that number and the next: in the first is
    what the one with the lower number gave the other, in the second what it got. So `place ^ 1` is the place of the
    other direction. `count`, `weight` and `time` are by place; they may be longer than there are places. The number
    of two users lies in the first slot, from the one that their hash names on, that holds them (open addressing with
    linear probing, Knuth 6.4); no more than half of the slots are taken.
    """

    def __init__(self) -> None:
        self._n = 0
        self._codes = np.full(_SMALLEST, NOBODY, dtype=np.int64)
        self._numbers = np.zeros(_SMALLEST, dtype=np.int32)
        self.count = np.zeros(0, dtype=np.int64)
        self.weight = np.zeros(0, dtype=np.float64)
        self.time = np.zeros(0, dtype=np.float64)

    def __len__(self) -> int:
        """Return the number of twos of users that have met."""
        return self._n

    def places(self, source: Ints, target: Ints) -> Ints:
        """Return the place of each of m pairs, `NOBODY` where the two have never met, [m]."""
        number = self._find(_code(source, target))
        return np.where(number == NOBODY, NOBODY, 2 * number + (source > target))

    def observe(self, source: Ints, target: Ints, time: Floats, weight: Floats) -> None:
        """Take in n events, [n] each, in time order, none earlier than one observed before."""
        codes = (source << 32) | target
        order = np.argsort(codes, kind="stable")
        start = np.flatnonzero(np.diff(codes[order], prepend=-1))
        size = np.diff(start, append=len(codes))
        latest = order[start + size - 1]
        self._meet(_code(source[latest], target[latest]))
        place = self.places(source[latest], target[latest])
        self.count[place] += size
        self.weight[place] = weight[latest]
        self.time[place] = time[latest]

    def _find(self, codes: Ints) -> Ints:
        slot = self._home(codes)
        held = self._codes[slot]
        number = np.full(len(codes), NOBODY, dtype=np.int64)
        is_here = held == codes
        here = np.flatnonzero(is_here)
        number[here] = self._numbers[slot[here]]
        left = np.flatnonzero(is_here == (held == NOBODY))  # neither found nor at an end
        slot, codes = slot[left], codes[left]
        while len(left):
            slot = (slot + 1) & (len(self._codes) - 1)
            held = self._codes[slot]
            is_here = held == codes
            number[left[is_here]] = self._numbers[slot[is_here]]
            on = np.flatnonzero(is_here == (held == NOBODY))
            left, slot, codes = left[on], slot[on], codes[on]
        return number

    def _meet(self, codes: Ints) -> None:
        """Give a number to each two users that have none, in ascending order of their codes."""
        codes = np.unique(codes)
        new = codes[self._find(codes) == NOBODY]
        self._make_room(self._n + len(new))
        self._place(new, np.arange(self._n, self._n + len(new)))
        self._n += len(new)

    def _make_room(self, n: int) -> None:
        self.count, self.weight, self.time = (grown(x, 2 * n) for x in (self.count, self.weight, self.time))
        if 2 * n <= len(self._codes):
            return
        taken = np.flatnonzero(self._codes != NOBODY)
        codes, numbers = self._codes[taken], self._numbers[taken]
        slots = 1 << (2 * n - 1).bit_length()
        self._codes = np.full(slots, NOBODY, dtype=np.int64)
        self._numbers = np.zeros(slots, dtype=np.int32)
        self._place(codes, numbers)

    def _place(self, codes: Ints, numbers: NDArray) -> None:
        """Give twos of users that have no slot yet the first free one from their home on."""
        slot = self._home(codes)
        left = np.arange(len(codes))
        while len(left):
            free = left[self._codes[slot[left]] == NOBODY]
            self._codes[slot[free]] = codes[free]  # of several that want a slot, one gets it
            self._numbers[slot[free]] = numbers[free]
            left = left[self._codes[slot[left]] != codes[left]]
            slot[left] = (slot[left] + 1) & (len(self._codes) - 1)

    def _home(self, codes: Ints) -> Ints:
        shift = np.uint64(64 - (len(self._codes) - 1).bit_length())
        return ((codes.view(np.uint64) * _GOLDEN) >> shift).view(np.int64)


def _code(source: Ints, target: Ints) -> Ints:
    """Return one number of two users below 2^31, whichever is the source."""
    return (np.minimum(source, target) << 32) | np.maximum(source, target)
