"""What is known of each ordered pair of users so far, found by a hash of the pair: an event costs the same whatever
came before it."""

import numpy as np
from numpy.typing import NDArray

from apportion.signed.neighbours import grown
from apportion.signed.past import Floats, Ints

NOBODY = -1  # in place of the number of a pair that has had no event
_SMALLEST = 1 << 10  # slots
_GOLDEN = np.uint64(
    0x9E3779B97F4A7C15
)  # Fibonacci hashing: the top bits of a product with 2^64 / golden ratio


class PairTable:
    """The number of events of each pair so far, and the weight and time of the latest one.

    Pairs are numbered as they occur; `count`, `weight` and `time` are by number, and may be longer than there are
    pairs. A pair's number lies in the first slot, from the one that its hash names on, that holds the pair (open
    addressing with linear probing, Knuth 6.4); no more than half of the slots are taken.
    """

    def __init__(self) -> None:
        self._n = 0
        self._codes = np.full(_SMALLEST, NOBODY, dtype=np.int64)
        self._numbers = np.zeros(_SMALLEST, dtype=np.int32)
        self.count = np.zeros(0, dtype=np.int64)
        self.weight = np.zeros(0, dtype=np.float64)
        self.time = np.zeros(0, dtype=np.float64)

    def __len__(self) -> int:
        return self._n

    def find(self, source: Ints, target: Ints) -> NDArray[np.int64]:
        """Return the number of each of m pairs, `NOBODY` for one without an event, [m]."""
        codes = (source << 32) | target
        slot = self._home(codes)
        held = self._codes[slot]
        number = np.full(len(codes), NOBODY, dtype=np.int64)
        here = np.flatnonzero(held == codes)
        number[here] = self._numbers[slot[here]]
        left = np.flatnonzero((held != codes) & (held != NOBODY))
        while len(left):
            slot[left] = (slot[left] + 1) & (len(self._codes) - 1)
            held = self._codes[slot[left]]
            found = held == codes[left]
            number[left[found]] = self._numbers[slot[left[found]]]
            left = left[~found & (held != NOBODY)]
        return number

    def observe(self, source: Ints, target: Ints, time: Floats, weight: Floats) -> None:
        """Take in n events, [n] each, in time order, none earlier than one observed before."""
        codes = (source << 32) | target
        order = np.argsort(codes, kind="stable")
        first = np.flatnonzero(np.diff(codes[order], prepend=-1))
        latest = order[np.append(first[1:], len(codes)) - 1]
        number = self._numbers_for(codes[latest])
        self.count[number] += np.diff(first, append=len(codes))
        self.weight[number] = weight[latest]
        self.time[number] = time[latest]

    def _numbers_for(self, codes: Ints) -> Ints:
        """Return the numbers of pairs, each named once; new ones get theirs, in ascending order of their codes."""
        number = self.find(codes >> 32, codes & 0xFFFFFFFF)
        new = np.flatnonzero(number == NOBODY)
        if len(new):
            number[new] = np.arange(self._n, self._n + len(new))
            self._make_room(self._n + len(new))
            self._place(codes[new], number[new])
            self._n += len(new)
        return number

    def _make_room(self, n: int) -> None:
        self.count, self.weight, self.time = (grown(x, n) for x in (self.count, self.weight, self.time))
        if 2 * n <= len(self._codes):
            return
        taken = np.flatnonzero(self._codes != NOBODY)
        codes, numbers = self._codes[taken], self._numbers[taken]
        slots = 1 << (2 * n - 1).bit_length()
        self._codes = np.full(slots, NOBODY, dtype=np.int64)
        self._numbers = np.zeros(slots, dtype=np.int32)
        self._place(codes, numbers)

    def _place(self, codes: Ints, numbers: NDArray) -> None:
        """Give pairs that have no slot yet the first free one from their home on."""
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
