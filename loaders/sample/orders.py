"""Orders: who made them and when, what became of them, what was in them; the customers file."""

from dataclasses import dataclass

import numpy as np

from loaders.sample.catalog import Catalog
from loaders.sample.geography import FREIGHT_FACTORS, Geography, address, states
from loaders.sample.noise import Noise, curve, ladder, whole
from loaders.sample.parameters import (
    DAY,
    DAYS,
    FIRST_DAY,
    KINDS,
    LAST_DAY,
    MONTHS,
    PARAMETERS,
    STATES,
    Flags,
    Floats,
    Ints,
    Plan,
    day_number,
    floats,
    ints,
    months,
)
from loaders.sample.text import Columns, cells, digits, identifier, lookup, moment, money

HOUR, STEPS = 3_600, 32  # the latter is more than the items or payments of any order
_SHARED_KEY = 1 << 40  # keys of people among keys of orders
_MOVER_EVERY = 9  # of the people with several orders, one moved:
_MOVES: Ints = np.array([3, 2, 2, 1, 1, 1])  # state, city, zip code only

_KNOWN = PARAMETERS["days"]
_PAUSE, _FAR_LIMITS, _LATE = (
    ints(map(day_number, _KNOWN[name])) for name in ("pause", "far_limits", "late_season")
)
_DAY_EDGES = np.cumsum(ints(DAYS["weight"]))
_FACTORS = floats(MONTHS, "transit", "promise", "handling")
_STATUS = lookup(KINDS["status"])
_HAS_APPROVED, _HAS_CARRIER, _HAS_DELIVERED = (
    ints(KINDS[name]) > 0 for name in ("approved", "carrier", "delivered")
)
_ARRIVES: Flags = np.array([status == "delivered" for status in KINDS["status"]])
_IS_OFF: Flags = np.array([status in ("canceled", "unavailable") for status in KINDS["status"]])
_DAYS_BY_STATE = {
    name: floats(STATES, f"{name}_across", f"{name}_within") for name in ("transit", "promise")
}
_ON_THE_ROAD = 0.94  # the rest of the transit is rounding to working days and hours
_SPREAD = {"transit": 15.0, "promise": 20.0}  # means beyond these do not spread more
# days from a Saturday or Sunday to a near working day
_FROM_WEEKEND: Ints = np.array([(-3, -2, -1, 2, 3), (-3, -2, 1, 2, 3)])

PAID_BY = ("credit_card", "boleto", "debit_card", "voucher", "not_defined")
CREDIT, BOLETO, DEBIT, VOUCHER, UNDEFINED = range(len(PAID_BY))
_PAID_BY = lookup(PAID_BY)
_INSTALLMENTS = {name: np.array(values) for name, values in PARAMETERS["installments"].items()}
_UNLISTED = (6_800.0, 10_700.0, 21_500.0)  # value in cents of orders without items
_BASE_FREIGHT, _INSURANCE = 0.98, 0.000_11  # the latter in reais per cent of the price


@dataclass(frozen=True)
class Shop:
    """What the orders are made from."""

    noise: Noise
    plan: Plan
    geography: Geography
    catalog: Catalog


def time_of_day(noise: Noise, purpose: str, index: Ints) -> Ints:
    """Seconds since midnight."""
    hour = noise.pick(f"{purpose} hour", index)
    return hour * HOUR + noise.below(f"{purpose} second", index, HOUR)


def _working_day(noise: Noise, purpose: str, index: Ints, day: Ints) -> Ints:
    """The day itself, or a near working day for Sundays and for most Saturdays."""
    weekend = (day + 3) % 7 - 5  # 1970-01-01 was a Thursday
    works = (weekend < 0) | ((weekend == 0) & noise.chance(f"{purpose} on saturday", index))
    moved = noise.below(f"{purpose} not on weekend", index, 5)
    return np.where(works, day, day + _FROM_WEEKEND[np.maximum(weekend, 0), moved])


def per_order(count: Ints) -> tuple[Ints, Ints]:
    """Position of the order, and number from 0 within it, of so many children per order."""
    row = np.repeat(np.arange(len(count)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)


def counted(table: tuple[Ints, Ints], rank: Ints) -> Ints:
    edges, sizes = table
    return np.asarray(sizes[np.searchsorted(edges, rank, side="right")], np.int64)


class Visits:
    """Orders seen from the people who made them; moments are seconds since 1970."""

    def __init__(self, shop: Shop, order: Ints) -> None:
        noise, plan = shop.noise, shop.plan
        self.shop, self.order = shop, order
        place = noise.shuffle("person", order, plan.orders)
        ends = np.cumsum(plan.people_each * plan.orders_each)
        segment = np.searchsorted(ends, place, side="right")
        size, self.shared = plan.orders_each[segment], plan.is_shared[segment]
        nth, turn = np.divmod(place - (ends - plan.people_each * plan.orders_each)[segment], size)
        self.person = nth + (np.cumsum(plan.people_each) - plan.people_each)[segment]
        moved = (turn > 0) & ~self.shared & (nth % _MOVER_EVERY == 0)
        move = np.where(moved, _MOVES[nth // _MOVER_EVERY % len(_MOVES)], 0)
        self.spot = shop.geography.customer_spots(self.person, move)
        # orders with one review have the same fate, some minutes apart
        self.key = np.where(self.shared, _SHARED_KEY + self.person, order)
        self.started = self._day(size, turn) * DAY + time_of_day(noise, "purchase", self.key)
        pause = 60 * turn + noise.below("pause", order, 50) * (turn > 0)
        self.purchased = self.started + np.where(self.shared, pause, 0)
        self.slot = self._slot(place)

    def _day(self, size: Ints, turn: Ints) -> Ints:
        """Day of the purchase: later orders follow the first one, or precede it near the end."""
        noise, plan = self.shop.noise, self.shop.plan
        late, others = plan.late_season, plan.people - plan.late_season
        rank = noise.shuffle("date", np.maximum(self.person - late, 0), others)
        first = np.searchsorted(_DAY_EDGES, rank * _DAY_EDGES[-1] // others, side="right")
        first += FIRST_DAY
        straggler = np.minimum(self.person, late - 1) * len(_LATE) // late
        first = np.where(self.person < late, _LATE[len(_LATE) - 1 - straggler], first)
        span = whole(noise.drawn("gap", self.person))
        span = np.where(first + span >= LAST_DAY, -span, span)
        day = first + np.where(self.shared, 0, span * turn // np.maximum(size - 1, 1))
        return np.where((day >= _PAUSE[0]) & (day <= _PAUSE[1]), first, day)

    def _slot(self, place: Ints) -> Ints:
        """Stragglers keep the first slots, orders with a shared review get the last ones."""
        late, shared, orders = (getattr(self.shop.plan, n) for n in ("late_season", "shared", "orders"))
        others = orders - late - shared
        mixed = np.clip(place - late - shared, 0, others - 1)
        mixed = late + self.shop.noise.shuffle("kind", mixed, others)
        last = orders - shared + place - late
        return np.select([place < late, place < late + shared], [place, last], mixed)

    def customer_columns(self) -> Columns:
        """Rows of the customers file."""
        zips, city, state = address(self.spot)
        return {
            "customer_id": identifier(self.shop.noise, "customer", self.order),
            "customer_unique_id": identifier(self.shop.noise, "person", self.person),
            "customer_zip_code_prefix": zips,
            "customer_city": city,
            "customer_state": state,
        }


class Orders(Visits):
    """A run of orders with their items, payments and dates; amounts are in cents."""

    def __init__(self, shop: Shop, order: Ints) -> None:
        super().__init__(shop, order)
        self.kind = np.searchsorted(shop.plan.kind_edges, self.slot, side="right").astype(np.int64)
        self.arrives, self.has_delivered = _ARRIVES[self.kind], _HAS_DELIVERED[self.kind]
        self.is_off = _IS_OFF[self.kind]
        self._set_payment_ranks()
        self._set_items()
        self._set_dates()

    def _is(self, quirk: str) -> Flags:
        return np.asarray(self.kind == KINDS["quirk"].index(quirk), np.bool_)

    def _set_items(self) -> None:
        noise, plan, catalog = self.shop.noise, self.shop.plan, self.shop.catalog
        listed = plan.orders - plan.without_items
        slot = np.maximum(self.slot - plan.without_items, 0)
        # every product is the first one of some order; the other orders follow demand
        turn = noise.shuffle("shelf", slot, listed)
        first = np.where(turn < plan.products, turn, catalog.popular("product", self.order))
        count = counted(plan.children("items", listed), noise.shuffle("items", slot, listed))
        self.items = np.where(self.slot < plan.without_items, 0, count)
        self.row, self.number = row, number = per_order(self.items)
        order = self.order[row]
        self.line = line = order * STEPS + number
        other = (number > 0) & noise.chance("mixed", order) & noise.chance("other product", line)
        self.product = np.where(other, catalog.popular("further product", line), first[row])
        own_seller = ~other | noise.chance("other seller", order)
        self.seller = catalog.sellers(np.where(own_seller, self.product, first[row]))
        self.price = catalog.price_cents(self.product, months(self.purchased[row] // DAY))
        origin = states(self.shop.geography.seller_spots(self.seller))
        reais = curve("freight", catalog.grams(self.product)) * _BASE_FREIGHT
        reais = reais * FREIGHT_FACTORS[origin, states(self.spot)[row]] + self.price * _INSURANCE
        lane = order * STEPS + self.product % STEPS
        freight = whole(reais * (noise.normal("freight", lane) * 0.24 + 1.0) * 100.0)
        self.freight = np.where(noise.chance("free freight", lane), 0, freight)
        self.total = np.zeros(len(self.order), np.int64)
        np.add.at(self.total, row, self.price + self.freight)
        main = states(self.shop.geography.seller_spots(catalog.sellers(first)))
        self.within = np.where(self.shared, 0, main) == states(self.spot)

    def _days(self, name: str, luck: Floats, curves: tuple[str, str]) -> Floats:
        """Days of transit or promise by the state of the customer; ``luck`` is the quantile."""
        across, within = _DAYS_BY_STATE[name][:, states(self.spot)]
        far = across + np.minimum(across, _SPREAD[name]) * (curve(curves[0], luck) - 1.0)
        near = np.minimum(within, _SPREAD[name]) * (curve(curves[1], luck) - 1.0) + within
        return np.asarray(np.where(self.within, near, far), np.float64)

    def _set_dates(self) -> None:
        noise, key, start = self.shop.noise, self.key, self.started // DAY
        transit_factor, promise_factor, handling_factor = _FACTORS[:, months(start)]
        share = noise.uniform("approval", key)
        hours = np.choose(self.paid_by, [curve(name, share) for name in PAID_BY[:UNDEFINED]])
        approved = self.started + whole(np.where(self.shared, 0.25 + share, hours) * HOUR)
        handling = noise.drawn("handling", key) * handling_factor
        carrier = self._at("carrier", approved + whole(handling * DAY), approved, 2 * HOUR)
        luck = noise.uniform("transit", key)
        transit = self._days("transit", luck, ("transit across", "transit within"))
        transit = transit * transit_factor * _ON_THE_ROAD
        self.delivered = self._at("delivery", carrier + whole(transit * DAY), carrier, 4 * HOUR)
        luck = np.where(noise.chance("promise follows", key), luck, noise.uniform("promise", key))
        promise = self._days("promise", luck, ("promise", "promise")) * promise_factor
        promised = start + np.maximum(3, whole(promise))
        self.estimated = _working_day(noise, "estimate", key, promised) * DAY
        # approved after the carrier had the parcel, which some got before the purchase; or
        # delivered before the carrier had it
        late, early = self._is("approved late"), self._is("delivered early")
        approved = np.where(
            late, carrier + noise.below("approved late", key, 2 * DAY) + HOUR // 4, approved
        )
        before = self.started - noise.below("carrier first", key, DAY) - 1
        carrier = np.where(late & noise.chance("backdated", key), before, carrier)
        after = self.delivered + noise.below("delivered early", key, 4 * DAY) + HOUR
        self.carrier = np.where(early, after, carrier)
        self.approved = approved + self.purchased - self.started

    def _at(self, purpose: str, planned: Ints, after: Ints, pause: int) -> Ints:
        """A working hour of a working day near the planned moment, some hours after another."""
        noise = self.shop.noise
        day = _working_day(noise, purpose, self.key, planned // DAY)
        at = day * DAY + time_of_day(noise, purpose, self.key)
        soon = after + pause + noise.below(f"{purpose} soon", self.key, 3 * pause)
        return np.where(at <= after + pause, soon, at)

    def order_columns(self) -> Columns:
        """Rows of the orders file."""
        return {
            "order_id": identifier(self.shop.noise, "order", self.order),
            "customer_id": identifier(self.shop.noise, "customer", self.order),
            "order_status": cells(_STATUS, self.kind),
            "order_purchase_timestamp": moment(self.purchased),
            "order_approved_at": moment(self.approved, ~_HAS_APPROVED[self.kind]),
            "order_delivered_carrier_date": moment(self.carrier, ~_HAS_CARRIER[self.kind]),
            "order_delivered_customer_date": moment(self.delivered, ~self.has_delivered),
            "order_estimated_delivery_date": moment(self.estimated),
        }

    def item_columns(self) -> Columns:
        """Rows of the order items file."""
        noise, order = self.shop.noise, self.order[self.row]
        limit = self.approved[self.row] + whole(noise.drawn("limit", order)) * DAY
        quirk = KINDS["quirk"].index("far limit")
        nth = self.slot[self.row] - self.shop.plan.kind_edges[quirk - 1]
        far = _FAR_LIMITS[np.minimum(np.maximum(nth, 0), 1)] * DAY + limit % DAY
        is_far = (nth >= 0) & (nth < len(_FAR_LIMITS)) & self._is("far limit")[self.row]
        return {
            "order_id": identifier(noise, "order", order),
            "order_item_id": digits(self.number + 1, 2),
            "product_id": identifier(noise, "product", self.product),
            "seller_id": identifier(noise, "seller", self.seller),
            "shipping_limit_date": moment(np.where(is_far, far, limit)),
            "price": money(self.price),
            "freight_value": money(self.freight),
        }

    def _set_payment_ranks(self) -> None:
        """Type of the first payment; ranks of the paid orders, those of several payments first."""
        plan = self.shop.plan
        self.undefined = self.slot < plan.undefined
        self.unpaid = self._is("unpaid")
        gone = np.clip(self.slot - plan.without_items + 1, 0, plan.unpaid)
        place = np.maximum(self.slot - plan.undefined - gone, 0)
        self.rank = self.shop.noise.shuffle("payment", place, plan.paid)
        edges, _ = self.payments = plan.children("payments", plan.paid)
        self.several = (self.rank < edges[-2]) & ~self.undefined
        types = edges[-2] + np.cumsum([plan.times(name) for name in PAID_BY[BOLETO:UNDEFINED]])
        single = np.searchsorted(types, self.rank, side="right")
        single = np.array([BOLETO, DEBIT, VOUCHER, CREDIT])[single]
        self.paid_by = np.where(self.rank < edges[-2], CREDIT, single)

    def payment_columns(self) -> Columns:
        """Rows of the order payments file: values add up to the order's."""
        noise, plan = self.shop.noise, self.shop.plan
        count = np.where(self.undefined, 1, counted(self.payments, self.rank))
        count = np.where(self.unpaid, 0, count)
        row, number = per_order(count)
        order, rank, of = self.order[row], self.rank[row], count[row]
        line = order * STEPS + number
        due, second_only, no_installments = self._due()
        card_first, two_cards = noise.chance("card first", order), noise.chance("two cards", order)
        card = card_first & ((number == 0) | ((of == 2) & (number == 1) & two_cards))
        kind = np.where(self.several[row], np.where(card, CREDIT, VOUCHER), self.paid_by[row])
        kind = np.where(self.undefined[row], UNDEFINED, kind)
        band = np.searchsorted(_INSTALLMENTS["below"] * 100, due[row], side="right")
        chosen = noise.choose("installments", line, _INSTALLMENTS["shares"], band)
        installments = np.where(kind == CREDIT, _INSTALLMENTS["numbers"][chosen], 1)
        # parts by random weights, of which the last one may be 0
        weight = 10 + noise.below("part", line, 90)
        empty = (rank < plan.times("zero_vouchers")) & (of > 1) & (number == of - 1)
        running = np.concatenate([[0], np.cumsum(np.where(empty, 0, weight))])
        first = (np.cumsum(count) - count)[row]
        size = running[first + of] - running[first]
        ends = (due[row] * (running[at] - running[first]) // size for at in (first + number + 1, first + number))
        return {
            "order_id": identifier(noise, "order", order),
            "payment_sequential": digits(number + 1 + second_only[row], 2),
            "payment_type": cells(_PAID_BY, kind),
            "payment_installments": digits(np.where(no_installments[row], 0, installments), 2),
            "payment_value": money(np.subtract(*ends)),
        }

    def _due(self) -> tuple[Ints, Flags, Flags]:
        """What is paid; payments numbered 2 without a first one; those of 0 installments.

        The quirks are at the end of the ranks, which are single payments by card.
        """
        noise, plan, order = self.shop.noise, self.shop.plan, self.order
        back = np.where(self.undefined, plan.paid, plan.paid - 1 - self.rank)
        second = plan.times("second_only", least=2)
        cents = second + plan.times("cents_off")
        cents_off = (back >= second) & (back < cents)
        interest = (back >= cents) & (back < cents + plan.times("interest"))
        low, middle, high = (np.full(len(order), value) for value in _UNLISTED)
        unlisted = whole(ladder(noise.normal("unlisted", order), low, middle, high))
        due = np.where(self.total > 0, self.total, unlisted)
        due = due + cents_off * np.array([-2, -1, 1, 2])[noise.below("cents", order, 4)]
        due = due + interest * (100 + noise.below("interest", order, 2_500))
        return np.where(self.undefined, 0, due), back < second, back < plan.times("no_installments")
