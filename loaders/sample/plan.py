"""How many rows of each kind: the counts of the real files, times the scale."""

from dataclasses import dataclass

import numpy as np

from loaders.sample.noise import Ints

ORDERS = 99_441
PRODUCTS, SELLERS, POINTS = 32_951, 3_095, 1_000_163
LATE_SEASON_ORDERS = 20  # September and October 2018: nearly all canceled

# People with several orders: orders each → people; of the first two sizes some had one review
# that serves all their orders.
REPEATERS = {2: 2_745, 3: 203, 4: 30, 5: 8, 6: 6, 7: 3, 9: 1, 17: 1}
SHARED_REVIEWS = {2: 764, 3: 25}

# Items, payments and reviews of an order → orders that have as many; the rest has one.
ITEMS = {21: 1, 20: 2, 15: 2, 14: 2, 13: 1, 12: 5, 11: 4, 10: 8, 9: 3, 8: 8, 7: 22, 6: 198}
ITEMS |= {5: 204, 4: 505, 3: 1_322, 2: 7_516}
PAYMENTS = {29: 1, 26: 1, 22: 1, 21: 1, 19: 2, 15: 2, 14: 2, 13: 3, 12: 8, 11: 8, 10: 5, 9: 9}
PAYMENTS |= {8: 11, 7: 28, 6: 36, 5: 52, 4: 108, 3: 301, 2: 2_382}
REVIEWS = {0: 768, 3: 4, 2: 543}
SINGLE_PAYMENTS = {"boleto": 19_784, "debit_card": 1_527, "voucher": 885}


@dataclass(frozen=True)
class Kind:
    """A kind of order: status, orders at scale 1, and what it has."""

    status: str
    orders: int
    items: bool = True
    approved: bool = True
    carrier: bool = False
    delivered: bool = False
    quirk: str = ""


# In this order along the *slots* of the orders: first those without items. "rest" takes what is
# left; the last kind holds the orders of people whose one review serves several orders.
KINDS: tuple[Kind, ...] = (
    Kind("canceled", LATE_SEASON_ORDERS, items=False, approved=False, quirk="late season"),
    Kind("canceled", 121, items=False, approved=False),
    Kind("canceled", 23, items=False),
    Kind("unavailable", 603, items=False),
    Kind("created", 5, items=False, approved=False),
    Kind("invoiced", 2, items=False),
    Kind("shipped", 1, items=False, carrier=True),
    Kind("delivered", 1, carrier=True, delivered=True, quirk="unpaid"),
    Kind("shipped", 1_106, carrier=True),
    Kind("canceled", 386),
    Kind("canceled", 69, carrier=True),
    Kind("canceled", 6, carrier=True, delivered=True),
    Kind("unavailable", 6),
    Kind("invoiced", 312),
    Kind("processing", 301),
    Kind("approved", 2),
    Kind("delivered", 7, carrier=True),
    Kind("delivered", 1),
    Kind("delivered", 14, approved=False, carrier=True, delivered=True),
    Kind("delivered", 1_359, carrier=True, delivered=True, quirk="approved late"),
    Kind("delivered", 23, carrier=True, delivered=True, quirk="delivered early"),
    Kind("delivered", 2, carrier=True, delivered=True, quirk="far limit"),
    Kind("delivered", 0, carrier=True, delivered=True, quirk="rest"),
    Kind("delivered", 0, carrier=True, delivered=True, quirk="shared review"),
)


@dataclass(frozen=True)
class Segment:
    """People with as many orders each, one after the other."""

    people: int
    orders_each: int
    shared: bool = False


class Plan:
    """All counts for a scale."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.orders = self.times(ORDERS)
        self.late_season = self.times(LATE_SEASON_ORDERS)
        self.segments = self._segments()
        self.people = sum(segment.people for segment in self.segments)
        self.shared = sum(s.people * s.orders_each for s in self.segments if s.shared)
        counts = [self.times(kind.orders) for kind in KINDS]
        counts[-1] = self.shared
        counts[-2] = 0
        counts[-2] = self.orders - sum(counts)
        self.kind_edges: Ints = np.cumsum(np.array(counts, np.int64))
        self.without_items = sum(n for n, kind in zip(counts, KINDS, strict=True) if not kind.items)
        self.unpaid = self.without_items  # the slot of the first order without payment
        self.unpaid_orders = self.times(1)
        self.undefined_payments = min(self.times(3), self.late_season)
        self.products = max(self.times(PRODUCTS), 150)
        self.sellers = max(self.times(SELLERS), 30)
        self.blind_customers = self.times(278)
        self.blind_customer_zips = min(self.times(157, capped=True), self.blind_customers)
        self.blind_seller_zips = self.times(7, capped=True)
        self.item_counts = self._table(ITEMS, self.orders - self.without_items, 1)
        self.payment_counts = self._table(PAYMENTS, self.paid_orders, 1)
        self.review_counts = self._table(REVIEWS, self.orders - self.shared, 1)

    def times(self, count: int, *, least: int = 1, capped: bool = False) -> int:
        """The count at this scale; ``capped`` ones do not grow beyond the real figure."""
        scale = min(self.scale, 1.0) if capped else self.scale
        return max(least, int(count * scale + 0.5))

    @property
    def far_limit_slot(self) -> int:
        """Slot of the first order whose shipping limit is years away."""
        number = next(n for n, kind in enumerate(KINDS) if kind.quirk == "far limit")
        return int(self.kind_edges[number - 1])

    @property
    def paid_orders(self) -> int:
        """Orders with payments of a defined type."""
        return self.orders - self.unpaid_orders - self.undefined_payments

    def zips(self, count: int) -> int:
        """Zip prefixes; the country has no more of them at larger scales."""
        return self.times(count, capped=True)

    def points(self, zips: int) -> int:
        """Rows of the geolocation file."""
        return max(self.times(POINTS), 2 * zips)

    def _segments(self) -> tuple[Segment, ...]:
        shared = [Segment(self.times(n), size, True) for size, n in SHARED_REVIEWS.items()]
        others = [
            Segment(self.times(n - SHARED_REVIEWS.get(size, 0), least=size < 4), size)  # noqa: PLR2004
            for size, n in REPEATERS.items()
        ]
        several = [*shared, *others]
        rest = self.orders - self.late_season - sum(s.people * s.orders_each for s in several)
        return (Segment(self.late_season, 1), *several, Segment(rest, 1))

    def _table(self, counts: dict[int, int], orders: int, usual: int) -> tuple[Ints, Ints]:
        """Edges along the ranks of the orders, and how many each rank between them has."""
        scaled = {size: self.times(n, least=size < 4) for size, n in counts.items()}  # noqa: PLR2004
        sizes = [*scaled, usual]
        edges = np.cumsum([*scaled.values(), orders - sum(scaled.values())])
        return edges.astype(np.int64), np.array(sizes, np.int64)


def counted(table: tuple[Ints, Ints], rank: Ints) -> Ints:
    """How many children the order of each rank has."""
    edges, sizes = table
    return sizes[np.searchsorted(edges, rank, side="right")]
