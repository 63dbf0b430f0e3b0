"""Random numbers that are a pure function of (seed, purpose, index).

Every attribute of a synthetic row is a hash of its index, so any row can be made at any time, in
any chunk, without keeping the others. Only integer operations and single float operations that
IEEE 754 rounds exactly are used, so the result has the same bits on every machine.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_ROUNDS = 4
_MIN_BITS = 3
_SQRT_3 = 1.7320508075688772


class Noise:
    """Counter-based random numbers; each purpose has keys of its own, spawned from the seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._keys: dict[str, Words] = {}

    def _key(self, purpose: str) -> Words:
        if purpose not in self._keys:
            spawned = np.random.SeedSequence(self._seed, spawn_key=tuple(purpose.encode()))
            state = spawned.generate_state(2 * _ROUNDS, np.uint64)
            self._keys[purpose] = np.asarray(state, dtype=np.uint64)
        return self._keys[purpose]

    def bits(self, purpose: str, index: Ints) -> Words:
        """64 random bits per index; different indexes never give the same word."""
        word = index.astype(np.uint64) * _GOLDEN + self._key(purpose)[0]
        word = (word ^ (word >> np.uint64(30))) * _MIX_1
        word = (word ^ (word >> np.uint64(27))) * _MIX_2
        mixed: Words = word ^ (word >> np.uint64(31))
        return mixed

    def uniform(self, purpose: str, index: Ints) -> Floats:
        """Numbers in [0, 1)."""
        return (self.bits(purpose, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, purpose: str, index: Ints, limit: int) -> Ints:
        """Whole numbers in [0, limit)."""
        high = self.bits(purpose, index) >> np.uint64(33)
        return (high * np.uint64(limit) >> np.uint64(31)).astype(np.int64)

    def normal(self, purpose: str, index: Ints) -> Floats:
        """About standard normal within ±3.46: the sum of four uniform numbers."""
        word = self.bits(purpose, index)
        low = np.uint64(0xFFFF)
        total = sum(((word >> np.uint64(s)) & low).astype(np.int64) for s in (0, 16, 32, 48))
        return (np.asarray(total, dtype=np.float64) / 65536.0 - 2.0) * _SQRT_3

    def chance(self, purpose: str, index: Ints, probability: float) -> Flags:
        """True with the given probability."""
        return self.uniform(purpose, index) < probability

    def pick(self, purpose: str, index: Ints, weights: Sequence[int] | Ints) -> Ints:
        """Positions drawn in proportion to whole-number weights."""
        edges = np.cumsum(np.asarray(weights, dtype=np.int64))
        position = self.uniform(purpose, index) * float(edges[-1])
        return np.searchsorted(edges, position.astype(np.int64), side="right").astype(np.int64)

    def shuffle(self, purpose: str, index: Ints, size: int) -> Ints:
        """A fixed permutation of 0 … size-1, evaluated at the given indexes."""
        bits = max(_MIN_BITS, (size - 1).bit_length())
        mask = np.uint64((1 << bits) - 1)
        shift = np.uint64((bits + 1) // 2)
        key = self._key(purpose)
        multipliers, offsets = key[:_ROUNDS] | np.uint64(1), key[_ROUNDS:]

        def step(word: Words) -> Words:
            for multiplier, offset in zip(multipliers, offsets, strict=True):
                word = (word * multiplier + offset) & mask
                word = word ^ (word >> shift)
            return word

        word = step(index.astype(np.uint64))
        outside = np.flatnonzero(word >= np.uint64(size))
        while outside.size:  # walk the cycle until it comes back into the range
            word[outside] = step(word[outside])
            outside = outside[word[outside] >= np.uint64(size)]
        return word.astype(np.int64)


def curve(position: Floats, xs: Sequence[float], ys: Sequence[float]) -> Floats:
    """The broken line through (xs, ys): with uniform positions, numbers of those quantiles."""
    x, y = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
    slope = (y[1:] - y[:-1]) / (x[1:] - x[:-1])
    piece = np.clip(np.searchsorted(x, position, side="right") - 1, 0, len(slope) - 1)
    rise = (position - x[piece]) * slope[piece]
    return y[piece] + rise


def ladder(z: Floats, low: Floats, middle: Floats, high: Floats) -> Floats:
    """Skewed numbers from normal ``z``: ``low`` at -1, ``middle`` at 0, ``high`` at 1."""
    down, up = low / middle, high / middle
    ones = np.ones_like(middle)
    rungs = np.stack([down * down * down, down * down, down, ones, up, up * up, up * up * up])
    place = np.clip(z + 3.0, 0.0, 5.999999)
    rung = place.astype(np.int64)
    column = np.arange(len(z))
    first, second = rungs[rung, column], rungs[rung + 1, column]
    rise = (second - first) * (place - rung)
    return (first + rise) * middle


def whole(numbers: Floats) -> Ints:
    """Whole numbers, rounded down."""
    return np.floor(numbers).astype(np.int64)
