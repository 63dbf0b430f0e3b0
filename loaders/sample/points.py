"""The geolocation file: many points per zip code prefix, some twice, some misplaced."""

from collections.abc import Iterator

import numpy as np

from loaders.sample.geography import (
    ACCENTED_CELLS,
    CITY_CELLS,
    HAS_ACCENT,
    STATE_CELLS,
    STATE_OF_PLACE,
    Geography,
)
from loaders.sample.noise import Flags, Ints, Noise, curve
from loaders.sample.places import PLACES
from loaders.sample.plan import Plan
from loaders.sample.states import STATES
from loaders.sample.text import Cells, degrees, digits

_DUPLICATES = 261_831
_OUTSIDE, _TWO_STATES = 30, 8  # zip prefixes with a point abroad, or in another state
_SHARES = (0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1)
_POINTS = (1, 1, 3, 10, 29, 66, 124, 180, 353, 1146)
_POINTS_PER_ZIP = 1 << 22  # more than any zip prefix has
_ACCENTED = 0.165
_SHORT = 0.005
_DIGIT_ZIPS = 10_000  # the file is in the order of the first digit only

_UNIT = 10**15  # coordinates are whole numbers of 1e-15 degree
_ABROAD = ((41_600_000, -8_410_000), (28_010_000, -15_540_000), (9_340_000, -75_120_000))


class PointMaker:
    """Makes the rows of the geolocation file."""

    def __init__(self, noise: Noise, plan: Plan, geography: Geography) -> None:
        self._noise, self._geography = noise, geography
        zips = geography.mapped
        self.rows = plan.points(zips)
        spots = geography.by_prefix
        self._spots = spots
        density = np.array([1_000 * state.customers // state.zips for state in STATES], np.int64)
        weight = curve(noise.uniform("points", spots), _SHARES, _POINTS).astype(np.int64)
        weight = weight * (1 + density[geography.states(spots)])
        edges = np.cumsum(weight) * (self.rows - zips) // weight.sum() + np.arange(1, zips + 1)
        self._edges: Ints = edges
        count = np.diff(edges, prepend=0)
        copies = np.cumsum(count - 1) * plan.times(_DUPLICATES) // (self.rows - zips)
        copies = np.minimum(np.diff(copies, prepend=0), count - 1)
        self._first: Ints = edges - count
        self._distinct: Ints = count - copies
        self._abroad = self._marked(plan.times(_OUTSIDE, least=3, capped=True), 1)
        self._two_states = self._marked(plan.times(_TWO_STATES, capped=True), 4)
        centre = np.array([(p.latitude, p.longitude) for p in PLACES])
        self._centre = np.rint(centre * 100.0).astype(np.int64) * (_UNIT // 100)

    def _marked(self, count: int, points: int) -> Flags:
        """So many prefixes, evenly spread among those with enough points."""
        marked = np.zeros(len(self._distinct), np.bool_)
        fit = np.flatnonzero(self._distinct >= points)
        marked[fit[np.arange(count) * len(fit) // count]] = True
        return marked

    def chunks(self, size: int) -> Iterator[list[Cells]]:
        """The columns of the file, so many rows at a time."""
        noise, zips = self._noise, self._geography.zips
        blocks = zips[self._spots] // _DIGIT_ZIPS
        start = 0
        for digit in range(10):
            found = int(np.searchsorted(blocks, digit, side="right"))
            end = int(self._edges[found - 1]) if found else 0
            for low in range(start, end, size):
                row = np.arange(low, min(end, low + size)) - start
                yield self._columns(start + noise.shuffle(f"point {digit}", row, end - start))
            start = end

    def _columns(self, row: Ints) -> list[Cells]:
        noise, geography = self._noise, self._geography
        at = np.searchsorted(self._edges, row, side="right")
        spot = self._spots[at]
        nth = row - self._first[at]
        distinct = self._distinct[at]
        copied = noise.below("copy", row, 1 << 20) * distinct // (1 << 20)
        point = np.where(nth < distinct, nth, copied)
        key = spot * _POINTS_PER_ZIP + point

        place = geography.places[spot]
        latitude = self._coordinate("latitude", 0, place, spot, key)
        longitude = self._coordinate("longitude", 1, place, spot, key)
        abroad = self._abroad[at] & (point == 0)
        where = np.array(_ABROAD, np.int64)[spot % len(_ABROAD)] * (_UNIT // 10**6)
        latitude = np.where(abroad, where[:, 0] + latitude // 1_000, latitude)
        longitude = np.where(abroad, where[:, 1] + longitude // 1_000, longitude)
        short = noise.chance("short coordinates", key, _SHORT)

        accented = HAS_ACCENT[place] & noise.chance("accent", key, _ACCENTED)
        city = np.where(accented, len(PLACES) + place, place)
        state = STATE_OF_PLACE[place]
        other = self._two_states[at] & (point == 1)
        state = np.where(other, (state + 1) % len(STATES), state)
        return [
            digits(geography.zips[spot], 5, 5),
            degrees(latitude, short),
            degrees(longitude, short),
            _SPELLINGS[city],
            STATE_CELLS[state],
        ]

    def _coordinate(self, name: str, axis: int, place: Ints, spot: Ints, key: Ints) -> Ints:
        """Centre of the place, plus an offset of the zip prefix, plus one of the point."""
        noise = self._noise
        span = _UNIT // 1_000
        district = noise.below(f"{name} of zip", spot, 160) - 80  # thousandths of a degree
        fine = (noise.bits(f"{name} of point", key) >> np.uint64(10)).astype(np.int64)
        centre: Ints = self._centre[place, axis]
        return centre + district * span + fine % (16 * span) - 8 * span


def _spellings() -> Cells:
    width = max(CITY_CELLS.shape[1], ACCENTED_CELLS.shape[1])
    tables = [np.pad(t, ((0, 0), (0, width - t.shape[1]))) for t in (CITY_CELLS, ACCENTED_CELLS)]
    return np.concatenate(tables)


_SPELLINGS: Cells = _spellings()
