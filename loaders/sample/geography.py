"""Zip code prefixes: which exist, where they lie, and who lives there; the geolocation file."""

import unicodedata
from collections.abc import Iterator

import numpy as np

from loaders.sample.noise import Noise, curve, whole
from loaders.sample.parameters import PLACES, STATES, Flags, Floats, Ints, Plan, floats, ints
from loaders.sample.text import Cells, Columns, cells, degrees, digits, identifier, lookup, quoted

_HEAVY_PERCENT = 15  # of the sellers sell most; relatively more of them are in São Paulo
_STRIDE = 7_919  # a prime above the number of zip prefixes of any place
_ZIPS = 1 << 13  # more than any place has
_POINTS = 1 << 22  # more than any zip prefix has
_UNIT = 10**15  # coordinates are whole numbers of 1e-15 degree
_ABROAD: Ints = np.array([(41_600, -8_410), (28_010, -15_540), (9_340, -75_120)]) * (_UNIT // 1_000)
_ZIPS_ABROAD, _ZIPS_IN_TWO_STATES = 30, 8  # at every scale


def _plain(name: str) -> str:
    """The name without accents, as most of the files spell it."""
    return unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode()


_NAMES = [_plain(name) for name in PLACES["name"]]
_ODD_NAMES = (
    quoted((f"{city} - {code.lower()}", f"{city} / {city}", f"{city}, {city}, brasil")[number % 3])
    for number, (city, code) in enumerate(zip(_NAMES, PLACES["state"], strict=True))
)
_CITIES = lookup([*_NAMES, *PLACES["name"], *_ODD_NAMES])
_CODES = lookup(STATES["code"])
_FIRST_ZIP, _LAST_ZIP = ints(PLACES["first_zip"]), ints(PLACES["last_zip"])
_STATE = ints(STATES["code"].index(code) for code in PLACES["state"])
_FIRST_PLACE = np.searchsorted(_STATE, np.arange(len(_CODES)))
_PLACES_IN_STATE = np.bincount(_STATE)


def _place_weights(column: str) -> Ints:
    weight, shares = ints(PLACES["weight"]), ints(STATES[column])
    total = np.bincount(_STATE, weight).astype(np.int64)
    return np.asarray(shares[_STATE] * weight * 1_000 // total[_STATE], np.int64)


def _freight_factors() -> Floats:
    """How much dearer a parcel is than within one state, by the distance of the capitals."""
    north, east = floats(PLACES, "latitude", "longitude")[:, _FIRST_PLACE] * [[111.0], [104.0]]
    up, right = north[:, None] - north, east[:, None] - east
    rise, run = up * up, right * right
    factors = curve("distance", np.sqrt(rise + run))
    np.fill_diagonal(factors, 1.0)
    return factors


FREIGHT_FACTORS = _freight_factors()


def states(spot: Ints) -> Ints:
    """Number of the state of each spot."""
    return np.asarray(_STATE[spot // _ZIPS], np.int64)


def address(spot: Ints, spelling: int | Ints = 0) -> list[Cells]:
    """Zip prefix, city and state; spelling 1 has accents, 2 has more than the city."""
    place, rank = np.divmod(spot, _ZIPS)
    zips = _FIRST_ZIP[place] + rank * _STRIDE % (_LAST_ZIP - _FIRST_ZIP + 1)[place]
    city = cells(_CITIES, place + spelling * len(_NAMES))
    return [digits(zips, 5, 5), city, cells(_CODES, _STATE[place])]


class Geography:
    """Where people and sellers are; a *spot* is a place and the rank of a zip prefix in it.

    The first ranks of a place are in the geolocation file, the busiest first. The next one may be
    of people or sellers without a point there.
    """

    def __init__(self, noise: Noise, plan: Plan) -> None:
        self._noise, self._plan = noise, plan
        self._count = ints(plan.times(int(zips), capped=True) for zips in PLACES["zips"])
        self.mapped = np.concatenate(
            [place * _ZIPS + np.arange(count) for place, count in enumerate(self._count)]
        )
        blind = plan.blind_customer_zips + plan.blind_seller_zips
        place = np.arange(blind) * len(_NAMES) // blind
        place = place[noise.shuffle("unmapped zips", np.arange(blind), blind)]
        self._unmapped = place * _ZIPS + self._count[place]
        self._weights = [
            _place_weights(name) for name in ("customers", "heavy_sellers", "light_sellers")
        ]

    def _within(self, place: Ints, share: Floats) -> Ints:
        return np.asarray(place * _ZIPS + whole(self._count[place] * curve("zip", share)), np.int64)

    def customer_spots(self, person: Ints, move: Ints) -> Ints:
        """Where people live; ``move`` is 0 or the kind of move: 1 zip, 2 city, 3 state."""
        noise, plan = self._noise, self._plan
        place = noise.pick("customer place", person, self._weights[0])
        state = _STATE[place]
        across = _FIRST_PLACE[state] + (place - _FIRST_PLACE[state] + 1) % _PLACES_IN_STATE[state]
        other = _FIRST_PLACE[(state + 1) % len(_CODES)]
        place = np.choose(move, [place, place, across, other])
        spot = self._within(place, noise.uniform("customer zip", person))
        next_zip = place * _ZIPS + (spot % _ZIPS + 1) % self._count[place]
        spot = np.where(move == 1, next_zip, spot)
        rank = noise.shuffle("unmapped customers", person, plan.people)
        unmapped = (rank < plan.blind_customers) & (move == 0)
        return np.where(unmapped, self._unmapped[rank % plan.blind_customer_zips], spot)

    def seller_spots(self, seller: Ints) -> Ints:
        """Where sellers are."""
        noise, plan = self._noise, self._plan
        heavy = noise.pick("heavy seller place", seller, self._weights[1])
        light = noise.pick("light seller place", seller, self._weights[2])
        place = np.where(seller * 100 < plan.sellers * _HEAVY_PERCENT, heavy, light)
        spot = self._within(place, noise.uniform("seller zip", seller))
        rank = noise.shuffle("unmapped sellers", seller, plan.sellers)
        unmapped = self._unmapped[plan.blind_customer_zips + rank % plan.blind_seller_zips]
        return np.where(rank < plan.blind_seller_zips, unmapped, spot)

    def seller_columns(self, row: Ints) -> Columns:
        """Rows of the sellers file."""
        seller = self._noise.shuffle("seller row", row, self._plan.sellers)
        odd = self._noise.chance("odd city", seller).astype(np.int64)
        zips, city, state = address(self.seller_spots(seller), odd * 2)
        return {
            "seller_id": identifier(self._noise, "seller", seller),
            "seller_zip_code_prefix": zips,
            "seller_city": city,
            "seller_state": state,
        }


def points(noise: Noise, plan: Plan, spots: Ints, size: int) -> Iterator[Columns]:
    """Rows of the geolocation file, so many at a time: points of ``spots``, a quarter of them
    twice, some of them misplaced."""
    zips = len(spots)
    rows = max(plan.times("points"), 2 * zips)
    density = 1 + 1_000 * ints(STATES["customers"]) // ints(STATES["zips"])
    weight = whole(noise.drawn("points", spots)) * density[states(spots)]
    edges = np.cumsum(weight) * (rows - zips) // weight.sum() + np.arange(1, zips + 1)
    count = np.diff(edges, prepend=0)
    copies = np.cumsum(count - 1) * plan.times("duplicate_points") // (rows - zips)
    distincts = count - np.minimum(np.diff(copies, prepend=0), count - 1)
    centers = np.rint(floats(PLACES, "latitude", "longitude") * 100).astype(np.int64)
    for start in range(0, rows, size):
        row = noise.shuffle("point", np.arange(start, min(start + size, rows)), rows)
        at = np.searchsorted(edges, row, side="right")
        spot, nth, distinct = spots[at], row - (edges - count)[at], distincts[at]
        copied = noise.below("copy", row, 1 << 20) * distinct >> 20
        point = np.where(nth < distinct, nth, copied)
        key = spot * _POINTS + point
        abroad = (at % (zips // _ZIPS_ABROAD) == 0) & (point == 0)
        elsewhere = (at % (zips // _ZIPS_IN_TWO_STATES) == 1) & (point == 1)
        zip_code, city, state = address(spot, noise.chance("accent", key).astype(np.int64))
        found: list[Cells] = []
        for axis, name in enumerate(("latitude", "longitude")):
            district = noise.below(f"{name} of zip", spot, 160) - 80  # thousandths of a degree
            fine = (noise.bits(f"{name} of point", key) >> np.uint64(10)).astype(np.int64)
            offset = (10 * centers[axis, spot // _ZIPS] + district - 8) * (_UNIT // 1_000)
            offset += fine % (_UNIT * 16 // 1_000)
            offset = np.where(abroad, _ABROAD[spot % 3, axis] + offset // 1_000, offset)
            found.append(degrees(offset))
        yield {
            "geolocation_zip_code_prefix": zip_code,
            "geolocation_lat": found[0],
            "geolocation_lng": found[1],
            "geolocation_city": city,
            "geolocation_state": np.where(elsewhere[:, None], _CODES[states(spot) - 1], state),
        }
