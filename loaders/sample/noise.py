"""Random numbers that are a pure function of (seed, purpose, index).

Every attribute of a row is a hash of its index, so any row can be made in any chunk. Only integer
operations and single float operations that IEEE 754 rounds exactly are used, so the result has the
same bits on every machine. The chance, weights or curve of a purpose stand under its name in
``tables/parameters.toml``.
"""

from functools import cache, partial

import numpy as np
import numpy.typing as npt

from loaders.sample.facts import DATA, Flags, Floats, Ints
from loaders.sample.text import Text, texts

_Words = npt.NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ROUNDS = 4


def _key(seed: int, purpose: str) -> _Words:
    spawned = np.random.SeedSequence(seed, spawn_key=tuple(purpose.encode()))
    return np.asarray(spawned.generate_state(2 * _ROUNDS, np.uint64), np.uint64)


class Noise:
    """Counter-based random numbers; each purpose has keys of its own, spawned from the seed."""

    def __init__(self, seed: int) -> None:
        self._key = cache(partial(_key, seed))

    def bits(self, purpose: str, index: Ints) -> _Words:
        """64 random bits per index; different indexes never give the same word."""
        word = index.astype(np.uint64) * _GOLDEN + self._key(purpose)[0]
        word = (word ^ (word >> np.uint64(30))) * _MIX_1
        word = (word ^ (word >> np.uint64(27))) * _MIX_2
        return np.asarray(word ^ (word >> np.uint64(31)), np.uint64)

    def ids(self, kind: str, index: Ints) -> Text:
        """32 hexadecimal digits; different indexes of one kind never share them."""
        words = np.stack([self.bits(f"{kind} id", index), self.bits(f"{kind} id tail", index)], 1)
        text = words.astype(">u8").tobytes().hex()
        return texts(text[start : start + 32] for start in range(0, len(text), 32))

    def uniform(self, purpose: str, index: Ints) -> Floats:
        """Numbers in [0, 1)."""
        return (self.bits(purpose, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, purpose: str, index: Ints, limit: int | Ints) -> Ints:
        """Whole numbers in [0, limit)."""
        return (self.bits(purpose, index) >> np.uint64(33)).astype(np.int64) * limit >> 31

    def normal(self, purpose: str, index: Ints) -> Floats:
        """About standard normal within ±3.46: the sum of four uniform numbers."""
        quarters = self.bits(purpose, index).view(np.uint16).reshape(-1, 4)
        return np.asarray((quarters.sum(axis=1) / 65536.0 - 2.0) * 1.7320508075688772, np.float64)

    def chance(self, purpose: str, index: Ints) -> Flags:
        """True with the probability of the purpose."""
        return self.uniform(purpose, index) < float(DATA["chances"][purpose])

    def drawn(self, purpose: str, index: Ints) -> Floats:
        """Numbers with the quantiles of the purpose."""
        return curve(purpose, self.uniform(purpose, index))

    def pick(self, purpose: str, index: Ints, weights: Ints | None = None) -> Ints:
        """Positions in proportion to whole-number weights, by default those of the purpose."""
        ends = np.cumsum(DATA["weights"][purpose] if weights is None else weights)
        position = (self.uniform(purpose, index) * float(ends[-1])).astype(np.int64)
        return np.searchsorted(ends, position, side="right").astype(np.int64)

    def choose(self, purpose: str, index: Ints, weights: Ints, row: Ints) -> Ints:
        """Positions in proportion to the weights in a row of the matrix; all have one sum."""
        share = self.below(purpose, index, int(weights[0].sum()))
        passed = share[:, None] >= np.cumsum(weights, axis=1)[row]
        return np.asarray(passed.sum(axis=1), np.int64)

    def shuffle(self, purpose: str, index: Ints, size: int) -> Ints:
        """A fixed permutation of 0 … size-1, evaluated at the given indexes."""
        bits = max(3, (size - 1).bit_length())
        mask, shift = np.uint64((1 << bits) - 1), np.uint64((bits + 1) // 2)
        factors, offsets = self._key(purpose)[:_ROUNDS] | np.uint64(1), self._key(purpose)[_ROUNDS:]

        def step(word: _Words) -> _Words:
            for factor, offset in zip(factors, offsets, strict=True):
                word = (word * factor + offset) & mask
                word = word ^ (word >> shift)
            return word

        word = step(index.astype(np.uint64))
        outside = np.flatnonzero(word >= np.uint64(size))
        while outside.size:  # walk the cycle until it comes back into the range
            word[outside] = step(word[outside])
            outside = outside[word[outside] >= np.uint64(size)]
        return word.astype(np.int64)


def curve(name: str, position: Floats | Ints) -> Floats:
    """The broken line of that name in the parameters."""
    x, y = DATA["curves"][name].astype(np.float64)
    piece = np.clip(np.searchsorted(x, position, side="right") - 1, 0, len(x) - 2)
    rise = (position - x[piece]) * ((y[1:] - y[:-1]) / (x[1:] - x[:-1]))[piece]
    return np.asarray(y[piece] + rise, np.float64)


def skewed(z: Floats, low: Floats, middle: Floats, high: Floats) -> Floats:
    """Skewed numbers from normal ``z``: ``low`` at -1, ``middle`` at 0, ``high`` at 1."""
    down, up, one = low / middle, high / middle, np.ones_like(middle)
    steps = np.stack([down * down * down, down * down, down, one, up, up * up, up * up * up])
    step = np.clip(z + 3.0, 0.0, 5.999999).astype(np.int64)
    first, second = steps[[step, step + 1], np.arange(len(z))]
    rise = (second - first) * (np.clip(z + 3.0, 0.0, 5.999999) - step)
    return np.asarray((first + rise) * middle, np.float64)


def whole(numbers: Floats) -> Ints:
    """Whole numbers, rounded down."""
    return np.floor(numbers).astype(np.int64)
