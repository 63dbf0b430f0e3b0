"""Who made which order: the index of an order in its file → person, how-manieth order, slot."""

from dataclasses import dataclass

import numpy as np

from loaders.sample.clock import PURCHASE_HOURS, time_of_day
from loaders.sample.geography import CITY_CELLS, STATE_CELLS, Geography
from loaders.sample.noise import Flags, Ints, Noise, curve, whole
from loaders.sample.plan import Plan
from loaders.sample.seasons import LAST_DAY, PAUSE, late_days, purchase_days
from loaders.sample.text import DAY, Cells, digits, identifier

_GAP_SHARES = (0, 0.08, 0.145, 0.34, 0.67, 0.93, 1)  # of the orders of people who come back …
_GAP_DAYS = (0, 1, 6, 28, 120, 285, 290)  # … so many days later
_MOVER_EVERY = 9  # of the people with several orders, one moved
_MOVES = np.array([3, 2, 2, 1, 1, 1], np.int64)  # state, city, zip code only
_STEPS = 32  # more than anybody's orders
_SHARED_KEY = 1 << 40  # keys of people among keys of orders


@dataclass(frozen=True)
class Visits:
    """Orders seen from the people who made them."""

    order: Ints
    person: Ints
    turn: Ints  # 0 for the first order of a person
    slot: Ints  # position along plan.KINDS
    spot: Ints  # where the customer lives at that time
    shared: Flags  # one review serves all orders of the person
    key: Ints  # for random numbers: the order, or the person where the review is shared
    purchased: Ints  # seconds since 1970
    started: Ints  # the same, but of the first order where the review is shared


class People:
    """Customers and their orders."""

    def __init__(self, noise: Noise, plan: Plan, geography: Geography) -> None:
        self._noise, self._plan, self._geography = noise, plan, geography
        segments = plan.segments
        self._size: Ints = np.array([s.orders_each for s in segments], np.int64)
        self._shared: Flags = np.array([s.shared for s in segments])
        people: Ints = np.array([s.people for s in segments], np.int64)
        self._first_person: Ints = np.cumsum(people) - people
        self._edges: Ints = np.cumsum(people * self._size)
        self._first: Ints = self._edges - people * self._size

    def visits(self, order: Ints) -> Visits:
        """People, slots and purchase times of the orders with these indexes."""
        noise, plan = self._noise, self._plan
        place = noise.shuffle("person", order, plan.orders)
        segment = np.searchsorted(self._edges, place, side="right")
        offset = place - self._first[segment]
        size, shared = self._size[segment], self._shared[segment]
        turn = offset % size
        nth = offset // size
        person = self._first_person[segment] + nth
        moved = (turn > 0) & ~shared & (nth % _MOVER_EVERY == 0)
        move = np.where(moved, _MOVES[nth // _MOVER_EVERY % len(_MOVES)], 0)
        key = np.where(shared, _SHARED_KEY + person, order)
        day = self._first_day(person) + self._days_later(person, turn, size, shared)
        started = day * DAY + time_of_day(noise, "purchase", key, PURCHASE_HOURS)
        pause = 60 * turn + noise.below("pause", order, 50) * (turn > 0)
        return Visits(
            order=order,
            person=person,
            turn=turn,
            slot=self._slot(place),
            spot=self._geography.customer_spots(person, move),
            shared=shared,
            key=key,
            purchased=started + np.where(shared, pause, 0),
            started=started,
        )

    def _first_day(self, person: Ints) -> Ints:
        plan = self._plan
        late = plan.late_season
        others = plan.people - late
        rank = self._noise.shuffle("date", np.maximum(person - late, 0), others)
        return np.where(
            person < late,
            late_days(np.minimum(person, late - 1), late),
            purchase_days(rank, others),
        )

    def _days_later(self, person: Ints, turn: Ints, size: Ints, shared: Flags) -> Ints:
        """Days after the first order; before it for people whose orders would end too late."""
        days = np.zeros_like(turn)
        again = np.flatnonzero((size > 1) & ~shared)
        total = np.zeros(len(again), np.int64)
        until_turn = np.zeros(len(again), np.int64)
        for step in range(1, int(size.max(initial=1))):
            share = self._noise.uniform("gap", person[again] * _STEPS + step)
            gap = whole(curve(share, _GAP_SHARES, _GAP_DAYS)) // (size[again] - 1)
            total += np.where(step < size[again], gap, 0)
            until_turn += np.where(step <= turn[again], gap, 0)
        first = self._first_day(person[again])
        later = np.where(first + total >= LAST_DAY, -until_turn, until_turn)
        paused = (first + later >= PAUSE[0]) & (first + later <= PAUSE[1])
        days[again] = np.where(paused, 0, later)
        return days

    def _slot(self, place: Ints) -> Ints:
        """Stragglers keep the first slots, orders with a shared review get the last ones."""
        plan = self._plan
        late, shared = plan.late_season, plan.shared
        others = plan.orders - late - shared
        mixed = np.clip(place - late - shared, 0, others - 1)
        mixed = late + self._noise.shuffle("kind", mixed, others)
        with_shared = plan.orders - shared + place - late
        return np.select([place < late, place < late + shared], [place, with_shared], mixed)

    def customer_columns(self, row: Ints) -> list[Cells]:
        """The columns of the customers file for the given rows."""
        visits = self.visits(self._noise.shuffle("customer row", row, self._plan.orders))
        geography = self._geography
        return [
            identifier(self._noise, "customer", visits.order),
            identifier(self._noise, "person", visits.person),
            digits(geography.zips[visits.spot], 5, 5),
            CITY_CELLS[geography.places[visits.spot]],
            STATE_CELLS[geography.states(visits.spot)],
        ]
