"""Zip code prefixes: which exist, where they lie, who lives there."""

import unicodedata

import numpy as np

from loaders.sample.noise import Flags, Ints, Noise, curve, whole
from loaders.sample.places import PLACES
from loaders.sample.plan import Plan
from loaders.sample.states import STATES
from loaders.sample.text import lookup

HEAVY_SELLERS_PERCENT = 15  # these sell most …
HEAVY_SELLERS_IN_SP = 130  # … and relatively more of them are in São Paulo
_SHARE_SCALE = 1_000
_CUSTOMERS = (0, 0.09, 0.38, 0.63, 0.87, 0.97, 1)  # so many live in …
_ZIPS = (0, 0.01, 0.1, 0.25, 0.5, 0.7, 1)  # … so many of the zip prefixes of a place
_STRIDE = 7_919  # a prime above the number of zip prefixes of any place
_SP = 0

STATE_OF_PLACE: Ints = np.array([place.state for place in PLACES], np.int64)
_FIRST_PLACE: Ints = np.searchsorted(STATE_OF_PLACE, np.arange(len(STATES))).astype(np.int64)
_PLACES_IN_STATE: Ints = np.bincount(STATE_OF_PLACE).astype(np.int64)


def plain(name: str) -> str:
    """The name without accents, as most of the files spell it."""
    return unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode()


CITY_CELLS = lookup(plain(place.name) for place in PLACES)
ACCENTED_CELLS = lookup(place.name for place in PLACES)
HAS_ACCENT: Flags = np.array([plain(place.name) != place.name for place in PLACES])
STATE_CELLS = lookup(state.code for state in STATES)


def _place_weights(shares: list[int]) -> Ints:
    state_weights = [share * 1_000_000 // sum(shares) for share in shares]
    totals = [0] * len(STATES)
    for place in PLACES:
        totals[place.state] += place.weight
    return np.array(
        [
            state_weights[place.state] * place.weight * _SHARE_SCALE // totals[place.state]
            for place in PLACES
        ],
        np.int64,
    )


def _zips_per_place(plan: Plan) -> list[int]:
    """How many prefixes each place has in the geolocation file; a state's total is kept."""
    counts: list[int] = []
    for number, state in enumerate(STATES):
        places = [place for place in PLACES if place.state == number]
        total = max(len(places), plan.zips(state.zips))
        room = [place.last_zip - place.first_zip - 1 for place in places]  # leaves some unmapped
        weight = sum(place.weight for place in places)
        width = sum(room)
        share = [
            max(
                1, min(free, total * (place.weight * width + free * weight) // (2 * weight * width))
            )
            for place, free in zip(places, room, strict=True)
        ]
        spot = 0
        while sum(share) != total:
            step = 1 if sum(share) < total else -1
            if 1 <= share[spot] + step <= room[spot]:
                share[spot] += step
            spot = (spot + 1) % len(share)
        counts += share
    return counts


class Geography:
    """All zip prefixes; a *spot* is a position in ``zips`` and ``places``.

    The first ``mapped`` spots are those of the geolocation file, place by place; ``by_prefix``
    has them in the order of the prefix. The rest have no point there: first
    ``plan.blind_customer_zips`` of customers, then ``plan.blind_seller_zips`` of sellers.
    """

    def __init__(self, noise: Noise, plan: Plan) -> None:
        self._noise, self._plan = noise, plan
        counts = _zips_per_place(plan)
        blind = plan.blind_customer_zips + plan.blind_seller_zips
        zips: list[Ints] = []
        spare: list[tuple[int, int]] = []
        for number, (place, count) in enumerate(zip(PLACES, counts, strict=True)):
            width = place.last_zip - place.first_zip + 1
            order = noise.shuffle(f"zips of {place.first_zip}", np.arange(width), width)
            zips.append(np.sort(order[:count]) + place.first_zip)
            spare += [(int(extra) + place.first_zip, number) for extra in order[count : count + 24]]
        picked = [spare[at * len(spare) // blind] for at in range(blind)]
        order = noise.shuffle("unmapped zips", np.arange(blind), blind)
        self.places: Ints = np.concatenate(
            [np.repeat(np.arange(len(PLACES)), counts), np.array([p for _, p in picked])[order]]
        )
        self.zips: Ints = np.concatenate([*zips, np.array([z for z, _ in picked])[order]])
        self.mapped = sum(counts)
        self._count: Ints = np.array(counts, np.int64)
        self._first: Ints = np.cumsum(self._count) - self._count
        # the mapped spots must be in the order of the prefix: places of a state are, states are not
        rank = np.argsort(self.zips[: self.mapped], kind="stable")
        self.by_prefix: Ints = rank.astype(np.int64)
        self._customers = _place_weights([state.customers for state in STATES])
        percent = [HEAVY_SELLERS_IN_SP if number == _SP else 55 for number in range(len(STATES))]
        heavy = [state.sellers * p for state, p in zip(STATES, percent, strict=True)]
        light = [
            max(0, state.sellers * sum(heavy) - 100 * HEAVY_SELLERS_PERCENT * weight)
            for state, weight in zip(STATES, heavy, strict=True)
        ]
        self._heavy = _place_weights(heavy)
        self._light = _place_weights(light)

    def states(self, spots: Ints) -> Ints:
        """Number of the state of each spot."""
        return STATE_OF_PLACE[self.places[spots]]

    def _within(self, place: Ints, share: np.typing.NDArray[np.float64]) -> Ints:
        count = self._count[place]
        rank = whole(count * curve(share, _CUSTOMERS, _ZIPS))
        return self._first[place] + rank * _STRIDE % count  # the busy ones lie scattered

    def customer_spots(self, person: Ints, move: Ints) -> Ints:
        """Where people live; ``move`` is 0 or the kind of move: 1 zip, 2 city, 3 state."""
        noise = self._noise
        place = noise.pick("customer place", person, self._customers)
        state = STATE_OF_PLACE[place]
        across = _FIRST_PLACE[state] + (place - _FIRST_PLACE[state] + 1) % _PLACES_IN_STATE[state]
        other = noise.pick("new state", person, self._customers)
        fallback = np.where(state == _SP, _FIRST_PLACE[1], _FIRST_PLACE[_SP])
        other = np.where(STATE_OF_PLACE[other] == state, fallback, other)
        place = np.select([move == 2, move == 3], [across, other], place)  # noqa: PLR2004
        spot = self._within(place, noise.uniform("customer zip", person))
        step = (spot - self._first[place] + 1) % self._count[place]
        spot = np.where(move == 1, self._first[place] + step, spot)
        rank = noise.shuffle("unmapped customers", person, self._plan.people)
        unmapped = (rank < self._plan.blind_customers) & (move == 0)
        return np.where(unmapped, self.mapped + rank % self._plan.blind_customer_zips, spot)

    def seller_spots(self, seller: Ints) -> Ints:
        """Where sellers are."""
        noise, plan = self._noise, self._plan
        heavy = seller * 100 < plan.sellers * HEAVY_SELLERS_PERCENT
        place = np.where(
            heavy,
            noise.pick("heavy seller place", seller, self._heavy),
            noise.pick("seller place", seller, self._light),
        )
        spot = self._within(place, noise.uniform("seller zip", seller))
        rank = noise.shuffle("unmapped sellers", seller, plan.sellers)
        first = self.mapped + plan.blind_customer_zips
        return np.where(rank < plan.blind_seller_zips, first + rank, spot)
