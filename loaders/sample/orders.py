"""Orders: who made them and when, what was in them, how they were paid, what became of them."""

import numpy as np

from loaders.sample.facts import DATA, DAY, LAST_DAY, Flags, Floats, Ints, months
from loaders.sample.members import Members, address, states
from loaders.sample.noise import Noise, curve, whole
from loaders.sample.text import Columns, Text, blank, decimals, moments, quoted, texts

HOUR, STEPS = 3_600, 32  # the latter is more than the items or payments of any order
_SHARED_KEY = 1 << 40  # keys of customers among keys of orders
_MOVER_EVERY = 9  # of the customers with several orders, one moved:
_MOVES: Ints = np.array([3, 2, 2, 1, 1, 1])  # state, city, zip code only
_FROM_WEEKEND: Ints = np.array([(-3, -2, -1, 2, 3), (-3, -2, 1, 2, 3)])  # to near working days
_DAYS, _DAY_ENDS = DATA["days"]["day"], np.cumsum(DATA["days"]["weight"])
_LATE, _PAUSE = DATA["dates"]["late_season"], DATA["dates"]["pause"]
_MOST_SPREAD = {"transit": 15.0, "promise": 20.0}  # means beyond these do not spread more
_ON_THE_ROAD = 0.94  # the rest of the transit is rounding to working days and hours
_TYPES = ("credit_card", "boleto", "debit_card", "voucher", "not_defined")
_CREDIT, _BOLETO, _, _VOUCHER, _UNDEFINED = range(len(_TYPES))
_INSTALLMENTS, _REVIEWS = DATA["installments"], DATA["reviews"]
_FREIGHT = DATA["states"]["freight"]  # across states, as a multiple of that within one
_BASE_FREIGHT, _INSURANCE = 0.98, 0.000_11  # the latter in reais per cent of the price
_SCORES, _NEVER = _REVIEWS["scores"], len(_REVIEWS["scores"]) - 1
_JOINTS = texts((" ", "\r\n", "\n", "\r\n\r\n"))
_PHRASES, _TONES = DATA["phrases"], np.array([0, 0, 1, 2, 2])  # by score: bad, fair, good


def time_of_day(noise: Noise, purpose: str, index: Ints) -> Ints:
    """Seconds since midnight."""
    hour = noise.pick(f"{purpose} hour", index)
    return hour * HOUR + noise.below(f"{purpose} second", index, HOUR)


def per_order(count: Ints) -> tuple[Ints, Ints]:
    """Position of the order, and number from 0 within it, of so many children per order."""
    row = np.repeat(np.arange(len(count)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)


def _phrases(noise: Noise, part: str, key: Ints, score: Ints, also: str = "") -> Text:
    """Phrases in the tone of the scores."""
    own, tone = _PHRASES["part"] == part, _TONES[score]
    ends = np.searchsorted(_PHRASES["tone"][own], np.arange(4))
    place = ends[tone] + noise.below(also + part, key, np.diff(ends)[tone])
    return np.asarray(_PHRASES["text"][own][place], np.object_)


class Orders:
    """A run of orders; moments are seconds since 1970, amounts are in cents."""

    def __init__(self, members: Members, order: Ints) -> None:
        noise, plan = members.noise, members.plan
        self.members, self.noise, self.plan, self.order = members, noise, plan, order
        place = noise.shuffle("person", order, plan.orders)
        sizes = plan.customer_counts * plan.orders_each
        group = np.searchsorted(np.cumsum(sizes), place, side="right")
        size, self.shared = plan.orders_each[group], plan.is_shared[group]
        nth, turn = np.divmod(place - (np.cumsum(sizes) - sizes)[group], size)
        self.customer = nth + (np.cumsum(plan.customer_counts) - plan.customer_counts)[group]
        moved = (turn > 0) & ~self.shared & (nth % _MOVER_EVERY == 0)
        move = np.where(moved, _MOVES[nth // _MOVER_EVERY % len(_MOVES)], 0)
        self.spot = members.customer_spots(self.customer, move)
        # orders with one review have the same fate, some minutes apart
        self.key = np.where(self.shared, _SHARED_KEY + self.customer, order)
        self.started = self._day(size, turn) * DAY + time_of_day(noise, "purchase", self.key)
        pause = turn * (60 + noise.below("pause", self.key, 50))
        self.purchased = self.started + np.where(self.shared, pause, 0)
        # slots: stragglers keep the first ones, orders with a shared review get the last ones
        late, others = plan.late_season, plan.orders - plan.late_season - plan.shared
        mixed = np.clip(place - late - plan.shared, 0, others - 1)
        mixed = np.where(place < late, place, late + noise.shuffle("kind", mixed, others))
        self.slot = np.where(self.shared, others + place, mixed)
        self.kind = np.searchsorted(plan.kind_ends, self.slot, side="right")
        self._add_payment_types()
        self._add_items()
        self._add_dates()

    def _day(self, size: Ints, turn: Ints) -> Ints:
        """Day of the purchase: later orders follow the first one, or precede it near the end."""
        late, others = self.plan.late_season, self.plan.customers - self.plan.late_season
        rank = self.noise.shuffle("date", np.maximum(self.customer - late, 0), others)
        first = _DAYS[np.searchsorted(_DAY_ENDS, rank * _DAY_ENDS[-1] // others, side="right")]
        straggler = np.minimum(self.customer, late - 1) * len(_LATE) // late
        first = np.where(self.customer < late, _LATE[len(_LATE) - 1 - straggler], first)
        span = whole(self.noise.drawn("gap", self.customer))
        span = np.where(first + span >= LAST_DAY, -span, span)
        day = first + np.where(self.shared, 0, span * turn // np.maximum(size - 1, 1))
        paused = (day >= _PAUSE[0]) & (day <= _PAUSE[1])
        return np.asarray(np.where(paused, first, day), np.int64)

    def has(self, column: str) -> Flags:
        """Of which orders the table of kinds has a 1 in the column."""
        return np.asarray(DATA["kinds"][column][self.kind] > 0, np.bool_)

    def _add_payment_types(self) -> None:
        """Ranks of the paid orders, those of several payments first, and the types of these."""
        plan = self.plan
        self.undefined = self.slot < plan.undefined
        gone = np.clip(self.slot - plan.without_items + 1, 0, plan.unpaid) + plan.undefined
        self.rank = self.noise.shuffle("payment", np.maximum(self.slot - gone, 0), plan.paid)
        count, several = plan.children("payments", self.rank)
        self.payments = np.where(self.has("unpaid"), 0, np.where(self.undefined, 1, count))
        ends = np.cumsum([several, *(plan.times(name) for name in _TYPES[_BOLETO:_UNDEFINED])])
        kinds = np.array([_CREDIT, *range(_BOLETO, _UNDEFINED), _CREDIT])
        self.paid_by = kinds[np.searchsorted(ends, self.rank, side="right")]

    def _add_items(self) -> None:
        noise, plan, members = self.noise, self.plan, self.members
        listed = plan.orders - plan.without_items
        slot = np.maximum(self.slot - plan.without_items, 0)
        # every product is the first one of some order; the other orders follow demand
        turn = noise.shuffle("shelf", slot, listed)
        first = np.where(turn < plan.products, turn, members.popular("product", self.order))
        count, _ = plan.children("items", noise.shuffle("items", slot, listed))
        self.items = np.where(self.slot < plan.without_items, 0, count)
        self.row, self.number = row, number = per_order(self.items)
        order, self.line = self.order[row], self.order[row] * STEPS + number
        other = (number > 0) & noise.chance("mixed", order)
        other &= noise.chance("other product", self.line)
        self.product = np.where(other, members.popular("further product", self.line), first[row])
        own_seller = ~other | noise.chance("other seller", order)
        self.seller = members.sellers(np.where(own_seller, self.product, first[row]))
        self.price = members.price_cents(self.product, months(self.purchased[row] // DAY))
        target, origin = states(self.spot), states(members.seller_spots(self.seller))
        across = np.maximum(_FREIGHT[origin], _FREIGHT[target[row]])
        reais = curve("freight", members.grams(self.product)) * _BASE_FREIGHT
        reais = reais * np.where(origin == target[row], 1.0, across) + self.price * _INSURANCE
        lane = order * STEPS + self.product % STEPS
        freight = whole(reais * (noise.normal("freight", lane) * 0.24 + 1.0) * 100.0)
        self.freight = np.where(noise.chance("free freight", lane), 0, freight)
        self.value, self.total = np.zeros((2, len(self.order)), np.int64)
        np.add.at(self.value, row, self.price)
        np.add.at(self.total, row, self.price + self.freight)
        main = states(members.seller_spots(members.sellers(first)))
        self.is_near = np.where(self.shared, 0, main) == target

    def _days(self, name: str, luck: Floats) -> Floats:
        """Days of transit or promise to the state of the customer; ``luck`` is the quantile."""
        means = [DATA["states"][f"{name}_{way}"][states(self.spot)] for way in ("across", "within")]
        spread = np.stack([curve(f"{name} {way}", luck) - 1.0 for way in ("across", "within")])
        far, near = np.minimum(means, _MOST_SPREAD[name]) * spread + means
        return np.asarray(np.where(self.is_near, near, far), np.float64)

    def _add_dates(self) -> None:
        noise, key, start = self.noise, self.key, self.started // DAY
        factors = {name: DATA["months"][name][months(start)] for name in DATA["months"]}
        share = noise.uniform("approval", key)
        hours = np.choose(self.paid_by, [curve(name, share) for name in _TYPES[:_UNDEFINED]])
        approved = self.started + whole(np.where(self.shared, 0.25 + share, hours) * HOUR)
        handling = noise.drawn("handling", key) * factors["handling"]
        carrier = self._working_hour("carrier", approved + whole(handling * DAY), approved, 2)
        luck = noise.uniform("transit", key)
        transit = self._days("transit", luck) * factors["transit"] * _ON_THE_ROAD
        self.delivered = self._working_hour("delivery", carrier + whole(transit * DAY), carrier, 4)
        luck = np.where(noise.chance("promise follows", key), luck, noise.uniform("promise", key))
        promise = np.maximum(3, whole(self._days("promise", luck) * factors["promise"]))
        self.estimated = self._working_day("estimate", start + promise) * DAY
        # some were with the carrier before the approval or the purchase, or after the delivery
        late, late_by = self.has("approved_late"), noise.below("approved late", key, 2 * DAY)
        approved = np.where(late, carrier + late_by + HOUR // 4, approved)
        before = self.started - noise.below("carrier first", key, DAY) - 1
        carrier = np.where(late & noise.chance("backdated", key), before, carrier)
        after = self.delivered + noise.below("delivered early", key, 4 * DAY) + HOUR
        self.carrier = np.where(self.has("delivered_early"), after, carrier)
        self.approved = approved + self.purchased - self.started

    def _working_day(self, purpose: str, day: Ints) -> Ints:
        """The day itself, or a near working day for Sundays and for most Saturdays."""
        weekend = (day + 3) % 7 - 5  # 1970-01-01 was a Thursday
        works = (weekend == 0) & self.noise.chance(f"{purpose} on saturday", self.key)
        moved = self.noise.below(f"{purpose} not on weekend", self.key, 5)
        other = day + _FROM_WEEKEND[np.maximum(weekend, 0), moved]
        return np.where((weekend < 0) | works, day, other)

    def _working_hour(self, purpose: str, planned: Ints, after: Ints, hours: int) -> Ints:
        """A moment near the planned one, but at least some hours after another."""
        day, pause = self._working_day(purpose, planned // DAY), hours * HOUR
        moment = day * DAY + time_of_day(self.noise, purpose, self.key)
        soon = after + pause + self.noise.below(f"{purpose} soon", self.key, 3 * pause)
        return np.where(moment <= after + pause, soon, moment)

    def customer_columns(self) -> Columns:
        """Rows of the customers file."""
        noise, order = self.noise, self.order
        return [
            noise.ids("customer", order),
            noise.ids("person", self.customer),
            *address(self.spot),
        ]

    def order_columns(self) -> Columns:
        """Rows of the orders file."""
        return [
            self.noise.ids("order", self.order),
            self.noise.ids("customer", self.order),
            DATA["kinds"]["status"][self.kind],
            moments(self.purchased),
            blank(moments(self.approved), ~self.has("approved")),
            blank(moments(self.carrier), ~self.has("carrier")),
            blank(moments(self.delivered), ~self.has("delivered")),
            moments(self.estimated),
        ]

    def item_columns(self) -> Columns:
        """Rows of the order items file."""
        order, end = self.order[self.row], (self.plan.kind_ends[self.kind] - self.slot) % 2
        limit = self.approved[self.row] + whole(self.noise.drawn("limit", order)) * DAY
        far = DATA["dates"]["far_limits"][end[self.row]] * DAY + limit % DAY
        limit = np.where(self.has("far_limit")[self.row], far, limit)
        return [
            self.noise.ids("order", order),
            self.number + 1,
            self.noise.ids("product", self.product),
            self.noise.ids("seller", self.seller),
            moments(limit),
            decimals(self.price),
            decimals(self.freight),
        ]

    def payment_columns(self) -> Columns:
        """Rows of the order payments file: values add up to the order's."""
        noise, count = self.noise, self.payments
        row, number = per_order(count)
        order, of, line = self.order[row], count[row], self.order[row] * STEPS + number
        due, is_second, without_installments = (values[row] for values in self._due())
        card = (number == 0) | ((of == 2) & (number == 1) & noise.chance("two cards", order))  # noqa: PLR2004
        card &= noise.chance("card first", order)
        kind = np.where(of > 1, np.where(card, _CREDIT, _VOUCHER), self.paid_by[row])
        kind = np.where(self.undefined[row], _UNDEFINED, kind)
        band = np.searchsorted(_INSTALLMENTS["below"] * 100, due, side="right")
        chosen = noise.choose("installments", line, _INSTALLMENTS["shares"], band)
        installments = np.where(kind == _CREDIT, _INSTALLMENTS["numbers"][chosen], 1)
        # parts by random weights; the last one of a few orders has none
        empty = (self.rank[row] < self.plan.times("zero_vouchers")) & (of > 1) & (number == of - 1)
        ends = np.append(0, np.cumsum(np.where(empty, 0, 10 + noise.below("part", line, 90))))
        first = (np.cumsum(count) - count)[row]
        before, after, size = (ends[first + n] - ends[first] for n in (number, number + 1, of))
        return [
            noise.ids("order", order),
            number + 1 + is_second,
            texts(_TYPES)[kind],
            np.where(without_installments, 0, installments),
            decimals(due * after // size - due * before // size),
        ]

    def invoice_columns(self) -> Columns:
        """Rows of the invoices file: one of each order line, by the order's first payment."""
        noise, row, order = self.noise, self.row, self.order[self.row]
        first, is_paid = np.cumsum(self.payments) - self.payments, self.payments[row] > 0
        _, _, kind, installments, _ = self.payment_columns()
        at = np.minimum(first, len(kind) - 1)[row]
        seat = address(self.members.seller_spots(self.seller))
        canceled = self.has("called_off")[row]
        return [
            noise.ids("invoice", self.line),
            noise.ids("order", order),
            noise.ids("customer", order),
            noise.ids("seller", self.seller),
            self.members.category_names(self.product),
            decimals(self.price),
            decimals(self.freight),
            decimals(self.price + self.freight),
            blank(kind[at], ~is_paid),
            blank(installments[at], ~is_paid),
            np.where(canceled, "canceled", np.where(is_paid, "paid", "issued")),
            *address(self.spot[row])[1:],
            *seat[1:],
            moments(np.where(self.has("approved"), self.approved, self.purchased)[row]),
            texts(["marketplace"] * len(row)),
        ]

    def _due(self) -> tuple[Ints, Flags, Flags]:
        """What is paid; is it payment 2 without a first one; has it 0 installments?"""
        noise, plan, order = self.noise, self.plan, self.order
        # the odd ones are at the end of the ranks, where orders have a single payment by card
        back = np.where(self.undefined, plan.paid, plan.paid - 1 - self.rank)
        due = np.where(self.total > 0, self.total, whole(noise.drawn("unlisted", order)))
        second = plan.times("second_only", 2)
        cents = second + plan.times("cents_off")
        off = np.array([-2, -1, 1, 2])[noise.below("cents", order, 4)]
        due = due + np.where((back >= second) & (back < cents), off, 0)
        interest = (back >= cents) & (back < cents + plan.times("interest"))
        due = due + np.where(interest, 100 + noise.below("interest", order, 2_500), 0)
        return np.where(self.undefined, 0, due), back < second, back < plan.times("no_installments")

    def review_columns(self) -> Columns:
        """Rows of the order reviews file."""
        noise, plan = self.noise, self.plan
        others = plan.orders - plan.shared
        rank = noise.shuffle("reviews", np.minimum(self.slot, others - 1), others)
        count, _ = plan.children("reviews", rank)
        row, number = per_order(np.where(self.shared, 1, count))
        key = self.key[row] * STEPS + number
        arrives, late = self.has("arrives"), self.delivered - self.estimated
        mood = np.searchsorted(_REVIEWS["lateness"] * DAY, late, side="right")
        score = noise.choose("score", self.key, _SCORES, np.where(arrives, mood, _NEVER))
        incomplete = (self.items > 1) & ~self.shared & noise.chance("incomplete", self.key)
        again = noise.choose("another score", key, _SCORES, np.zeros_like(row))
        keep = (number == 0) | noise.chance("same score", key)
        score = np.where(keep, np.where(incomplete, 0, score)[row], again)  # from 0 to 4
        # the survey is sent the day after the delivery, or when the order is overdue
        delivered, promised = self.delivered // DAY, self.estimated // DAY
        patient = noise.chance("patient survey", self.key) | (delivered <= promised + 1)
        overdue = promised + 2 + noise.pick("overdue survey", self.key)
        soon = delivered + np.array([1, 0, 2])[noise.pick("survey", self.key)]
        later = np.where(number > 0, 1 + noise.below("next review", key, 20), 0)
        day = np.where(arrives & patient, soon, overdue)[row] + later
        soonest = np.minimum(LAST_DAY, self.started[row] // DAY + 1)
        last = np.maximum(soonest, LAST_DAY - noise.below("last days", key, 10))
        day = np.where(day > LAST_DAY, last, day)
        answered = day + whole(noise.drawn("answer", key))
        answered = np.minimum(answered, DATA["dates"]["last_answer"]) * DAY
        month = np.searchsorted(DATA["dates"]["title_months"], day, side="right")
        has_title = (
            noise.uniform("has title", key)
            < _REVIEWS["titles"][score] * _REVIEWS["title_shares"][month]
        )
        has_message = noise.uniform("has message", key) < _REVIEWS["messages"][score]
        message = _phrases(noise, "opening", key, score)
        for part, also in (("detail", ""), ("detail", "second "), ("closing", ""), ("extra", "")):
            more = _JOINTS[noise.pick("joint", key)] + _phrases(noise, part, key, score, also)
            message = message + blank(more, ~noise.chance(f"has {also}{part}", key))
        return [
            noise.ids("review", key),
            noise.ids("order", self.order[row]),
            score + 1,
            texts(map(quoted, blank(_phrases(noise, "title", key, score), ~has_title))),
            texts(map(quoted, blank(message, ~has_message))),
            moments(day * DAY),
            moments(answered + time_of_day(noise, "answer", key)),
        ]
