"""Order payments: types, instalments and values that add up to the order."""

import numpy as np

from loaders.sample.noise import Flags, Ints, Noise, ladder, whole
from loaders.sample.people import Visits
from loaders.sample.plan import SINGLE_PAYMENTS, Plan, counted
from loaders.sample.text import Cells, digits, identifier, lookup, money

CREDIT, BOLETO, DEBIT, VOUCHER, UNDEFINED = range(5)
_TYPES = lookup(("credit_card", "boleto", "debit_card", "voucher", "not_defined"))
_SINGLE_TYPES: Ints = np.array([BOLETO, DEBIT, VOUCHER, CREDIT], np.int64)
_STEPS = 32  # more than the payments of any order
_CARD_FIRST = 0.77  # of the orders with several payments; the others are paid by vouchers alone
_TWO_CARDS = 0.1

# Singles that are paid by card: differences of cents, differences by interest, payments that are
# the second of their order although there is no first one, and those of them with 0 instalments.
_CENTS_OFF, _INTEREST, _SECOND_ONLY, _NO_INSTALMENTS, _ZERO_VOUCHERS = 316, 260, 80, 2, 6

# Instalments by card, per 1,000, for orders of up to so many reais.
_BANDS = (50, 100, 200)
_INSTALMENTS: Ints = np.array((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 18, 20, 24), np.int64)
_MIXES = (
    (610, 205, 110, 45, 20, 5, 1, 2, 0, 2, 0, 0, 0, 0, 0),
    (375, 200, 175, 115, 72, 33, 8, 14, 2, 6, 0, 0, 0, 0, 0),
    (265, 160, 150, 110, 92, 75, 32, 62, 9, 42, 2, 1, 0, 0, 0),
    (180, 85, 100, 78, 65, 70, 34, 130, 18, 230, 5, 3, 1, 1, 0),
)
_UNLISTED = (6_800.0, 10_700.0, 21_500.0)  # value in cents of orders without items


class PaymentMaker:
    """Makes the payments of orders."""

    def __init__(self, noise: Noise, plan: Plan) -> None:
        self._noise, self._plan = noise, plan
        self._several = int(plan.payment_counts[0][-2])
        singles = [plan.times(count) for count in SINGLE_PAYMENTS.values()]
        self._type_edges: Ints = self._several + np.cumsum(np.array(singles, np.int64))

    def _rank(self, slot: Ints) -> Ints:
        """Ranks of the paid orders; those with several payments come first."""
        plan = self._plan
        unpaid = np.clip(slot - plan.unpaid + 1, 0, plan.unpaid_orders)
        place = np.maximum(slot - plan.undefined_payments - unpaid, 0)
        return self._noise.shuffle("payment", place, plan.paid_orders)

    def first_type(self, slot: Ints) -> Ints:
        """Type of the first payment of each order, a card where there are several."""
        rank = self._rank(slot)
        single = _SINGLE_TYPES[np.searchsorted(self._type_edges, rank, side="right")]
        return np.where(rank < self._several, CREDIT, single)

    def columns(self, visits: Visits, total: Ints) -> list[Cells]:
        """The columns of the order payments file; ``total`` is in cents, 0 without items."""
        noise, plan = self._noise, self._plan
        slot, rank = visits.slot, self._rank(visits.slot)
        undefined = slot < plan.undefined_payments
        unpaid = (slot >= plan.unpaid) & (slot < plan.unpaid + plan.unpaid_orders)
        several = (rank < self._several) & ~undefined
        count = np.where(undefined, 1, counted(plan.payment_counts, rank))
        count = np.where(unpaid, 0, count)
        first = self.first_type(slot)
        single_card = (first == CREDIT) & ~several & ~undefined
        quirks = self._quirks(rank)
        second_only, no_instalments, cents_off, interest = (q & single_card for q in quirks)

        due = self._due(visits, total, cents_off, interest)
        due = np.where(undefined, 0, due)
        row = np.repeat(np.arange(len(count)), count)
        number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        order = visits.order[row]
        line = order * _STEPS + number

        card = noise.chance("card first", order, _CARD_FIRST)
        two_cards = (count[row] == 2) & (number == 1) & noise.chance("two cards", order, _TWO_CARDS)  # noqa: PLR2004
        kind = np.where(card & ((number == 0) | two_cards), CREDIT, VOUCHER)
        kind = np.where(several[row], kind, first[row])
        kind = np.where(undefined[row], UNDEFINED, kind)

        instalments = np.where(kind == CREDIT, self._instalments(line, due[row]), 1)
        instalments = np.where(no_instalments[row], 0, instalments)
        values = self._split(due, count, row, number, line)
        values = self._move_to_first(values, number, count[row], rank[row])
        return [
            identifier(noise, "order", order),
            digits(number + 1 + second_only[row], 2),
            _TYPES[kind],
            digits(instalments, 2),
            money(values),
        ]

    def _quirks(self, rank: Ints) -> tuple[Flags, Flags, Flags, Flags]:
        """Orders at the end of the ranks, which are single payments by card."""
        plan = self._plan
        back = plan.paid_orders - 1 - rank
        second, bare = plan.times(_SECOND_ONLY, least=2), plan.times(_NO_INSTALMENTS)
        cents = second + plan.times(_CENTS_OFF)
        interest = cents + plan.times(_INTEREST)
        return (
            back < second,
            back < bare,
            (back >= second) & (back < cents),
            (back >= cents) & (back < interest),
        )

    def _due(self, visits: Visits, total: Ints, cents_off: Flags, interest: Flags) -> Ints:
        noise, order = self._noise, visits.order
        low, middle, high = (np.full(len(order), cents) for cents in _UNLISTED)
        unlisted = whole(ladder(noise.normal("unlisted", order), low, middle, high))
        due = np.where(total > 0, total, unlisted)
        sign = noise.below("sign", order, 2) * 2 - 1
        due = due + np.where(cents_off, sign * (1 + noise.below("cents", order, 2)), 0)
        return due + np.where(interest, 100 + noise.below("interest", order, 2_500), 0)

    def _instalments(self, line: Ints, due: Ints) -> Ints:
        share = self._noise.below("instalments", line, 1_000)
        band = np.searchsorted(np.array(_BANDS) * 100, due, side="right")
        chosen = [
            _INSTALMENTS[np.minimum(np.searchsorted(np.cumsum(mix), share, side="right"), 14)]
            for mix in _MIXES
        ]
        return np.choose(band, chosen)

    def _split(self, due: Ints, count: Ints, row: Ints, number: Ints, line: Ints) -> Ints:
        """Parts of each order that add up to its total, by random weights."""
        weight = 10 + self._noise.below("part", line, 90)
        running: Ints = np.concatenate([[0], np.cumsum(weight)])
        start = np.cumsum(count) - count
        base, whole_weight = running[start], running[start + count] - running[start]
        after: Ints = running[1:] - base[row]
        before: Ints = running[:-1] - base[row]
        size: Ints = np.maximum(whole_weight, 1)[row]
        whole_due: Ints = due[row]
        return whole_due * after // size - whole_due * before // size

    def _move_to_first(self, values: Ints, number: Ints, count: Ints, rank: Ints) -> Ints:
        """A few orders have a last voucher of 0.00; the first payment takes its value."""
        empty = (rank < self._plan.times(_ZERO_VOUCHERS)) & (count > 1)
        last = empty & (number == count - 1)
        moved = values.copy()
        places = np.flatnonzero(last)
        moved[places - number[places]] += values[places]
        moved[places] = 0
        return moved
