"""Review titles and comments, quoted where CSV asks for it."""

import numpy as np

from loaders.sample import phrases
from loaders.sample.noise import Flags, Ints, Noise
from loaders.sample.text import Cells, blank, lookup

_MESSAGE = np.array((0.765, 0.68, 0.435, 0.31, 0.36))  # by score
_TITLE = np.array((1.38, 1.28, 0.85, 0.77, 1.0))  # by score, as a multiple of the month's share
_DETAIL, _SECOND_DETAIL, _CLOSING, _EXTRA = 0.4, 0.25, 0.3, 0.05
_BREAKS = (" ", "\r\n", "\n", "\r\n\r\n")
_BREAK_WEIGHTS = (87, 7, 4, 2)
_GOOD_FROM, _BAD_UNTIL = 4, 2


class _Phrases:
    """A table of phrases that knows which ones need quotes."""

    def __init__(self, *groups: tuple[str, ...]) -> None:
        flat = [phrase for group in groups for phrase in group]
        self._cells = lookup(phrase.replace('"', '""') for phrase in flat)
        self._special: Flags = np.array([any(c in phrase for c in ',"\r\n') for phrase in flat])
        self._size: Ints = np.array([len(group) for group in groups], np.int64)
        self._start: Ints = np.cumsum(self._size) - self._size

    def draw(self, noise: Noise, purpose: str, key: Ints, group: Ints) -> tuple[Cells, Flags]:
        """A phrase of the group for each key, and whether it needs quotes."""
        size = self._size[group]
        place = self._start[group] + noise.below(purpose, key, 1 << 20) * size // (1 << 20)
        return self._cells[place], self._special[place]


_TITLES = _Phrases(phrases.TITLES_BAD, phrases.TITLES_GOOD)
_OPENINGS = _Phrases(phrases.OPENINGS_BAD, phrases.OPENINGS_FAIR, phrases.OPENINGS_GOOD)
_DETAILS = _Phrases(phrases.DETAILS_BAD, phrases.DETAILS_GOOD)
_CLOSINGS = _Phrases(phrases.CLOSINGS_BAD, phrases.CLOSINGS_GOOD)
_EXTRAS = _Phrases(phrases.EXTRAS_BAD, phrases.EXTRAS_GOOD)
_JOINTS = lookup(_BREAKS)


def _field(parts: list[tuple[Cells, Flags]], wanted: Flags) -> Cells:
    """The parts as one CSV field; nothing where it is not wanted."""
    quote = np.zeros((len(wanted), 1), np.uint8)
    quote[np.logical_or.reduce([special for _, special in parts])] = ord('"')
    return blank(np.hstack([quote, *(cells for cells, _ in parts), quote]), ~wanted)


def titles(
    noise: Noise, key: Ints, score: Ints, month_share: np.typing.NDArray[np.float64]
) -> Cells:
    """Review titles; ``month_share`` is the share of reviews that have one."""
    wanted = noise.uniform("has title", key) < _TITLE[score - 1] * month_share
    drawn = _TITLES.draw(noise, "title", key, (score >= _GOOD_FROM).astype(np.int64))
    return _field([drawn], wanted)


def messages(noise: Noise, key: Ints, score: Ints) -> Cells:
    """Review comments, some of several lines."""
    good = (score >= _GOOD_FROM).astype(np.int64)
    tone = good + (score > _BAD_UNTIL)
    kind = noise.pick("joint", key, _BREAK_WEIGHTS)
    joint, broken = _JOINTS[kind], kind > 0

    def piece(table: _Phrases, purpose: str, probability: float) -> list[tuple[Cells, Flags]]:
        absent = ~noise.chance(f"has {purpose}", key, probability)
        cells, special = table.draw(noise, purpose, key, good)
        return [(blank(joint, absent), broken & ~absent), (blank(cells, absent), special & ~absent)]

    parts = [
        _OPENINGS.draw(noise, "opening", key, tone),
        *piece(_DETAILS, "detail", _DETAIL),
        *piece(_DETAILS, "second detail", _SECOND_DETAIL),
        *piece(_CLOSINGS, "closing", _CLOSING),
        *piece(_EXTRAS, "extra", _EXTRA),
    ]
    return _field(parts, noise.uniform("has message", key) < _MESSAGE[score - 1])
