"""The inventory transactions: what the order lines took out of stock, and what filled it.

Stock is of a product with a seller. A lot comes in before the first sale, and another one some days
after the stock has fallen to the level at which its seller orders anew: in time for the sale that
needs it, but now and then the shelf was empty until then.
"""

from dataclasses import dataclass

import numpy as np

from loaders.sample.catalog import Catalog
from loaders.sample.items import Items
from loaders.sample.noise import Flags, Ints, Noise
from loaders.sample.people import Visits
from loaders.sample.plan import KINDS
from loaders.sample.seasons import LAST_DAY, months
from loaders.sample.text import DAY, Cells, blank, digits, identifier, lookup, moment, money
from loaders.sample.timeline import Timeline

RECEIPT, SALE, RETURN, ADJUSTMENT = range(4)
TYPES = lookup(("receipt", "sale", "return", "adjustment"))
STEPS = 32  # more than the items of any order

_END = (LAST_DAY + 1) * DAY  # nothing is known after the last day of orders
_HOUR = 3_600
_SENT_BACK = 0.02  # of the delivered lines
_DAMAGED, _FOUND = 0.04, 0.01  # of the lots
_GIVEN_UP = 0.35  # of the stocks are not filled again after their last sale
_COST_PERCENT = (50, 26)  # of the price: the least, and how much more it may be
_CALLED_OFF: Flags = np.array([kind.status in {"canceled", "unavailable"} for kind in KINDS])
_SELLERS = 1 << 20  # more than there are
_LOTS = 1 << 10


@dataclass(frozen=True)
class Transactions:
    """Some transactions; ``line`` is that of the order, -1 for none."""

    product: Ints
    seller: Ints
    kind: Ints
    quantity: Ints
    moment: Ints
    cost: Ints
    line: Ints


@dataclass(frozen=True)
class _Stocks:
    """The sales of each stock, one after the other: where its own begin, how they are filled."""

    first: Ints
    sales: Ints
    key: Ints
    lot: Ints  # pieces
    level: Ints  # of pieces, at which the next lot is ordered
    lots: Ints


class InventoryMaker:
    """Notes the order lines as they are made, and makes the transactions of all of them."""

    def __init__(self, noise: Noise, catalog: Catalog) -> None:
        self._noise, self._catalog = noise, catalog
        self._noted: list[tuple[Ints, ...]] = []

    def note(self, visits: Visits, timeline: Timeline, items: Items) -> None:
        """Remember the lines of a chunk of orders, in half the bytes of other arrays."""
        row, noise = items.row, self._noise
        line = visits.order[row] * STEPS + items.number
        called_off = _CALLED_OFF[timeline.kind[row]]
        sent_back = timeline.arrives[row] & timeline.has_delivered[row]
        sent_back &= noise.chance("sent back", line, _SENT_BACK)
        after = noise.below("back after", line, 17 * DAY)
        back = np.where(sent_back, timeline.delivered[row] + 3 * DAY + after, _END)
        back = np.where(called_off, visits.purchased[row] + _HOUR + after // 4, back)
        sold = visits.purchased[row]
        columns = (items.product, items.seller, sold, line, np.minimum(back, _END))
        self._noted.append(tuple(column.astype(np.int32) for column in columns))

    def transactions(self) -> Transactions:
        """All transactions, in the order of their moments."""
        columns = [np.concatenate(parts) for parts in zip(*self._noted, strict=True)]
        product, seller, _, line, _ = columns
        order = np.lexsort((line, columns[2], seller, product))
        product, seller, sold, line, back = (c[order].astype(np.int64) for c in columns)
        stocks = self._stocks(product * _SELLERS + seller)
        stock = np.repeat(np.arange(len(stocks.sales)), stocks.sales)
        nth = np.arange(len(stock)) - stocks.first[stock]
        lot = nth // stocks.lot[stock] + (np.cumsum(stocks.lots) - stocks.lots)[stock]

        of, number, came, kept = self._lots(stocks, sold)
        holder = stocks.first[of]
        unit = self._costs(product[holder], np.minimum(came, _END - 1) // DAY)
        key = stocks.key[of] * _LOTS + number % _LOTS
        damaged = self._noise.chance("damaged", key, _DAMAGED) & kept
        found = self._noise.chance("found", key, _FOUND) & kept & (came < _END - 30 * DAY)

        def of_lots(which: Flags, kind: int, quantity: Ints, when: Ints) -> tuple[Ints, ...]:
            at = holder[which]
            rows = len(at)
            kinds, none = np.full(rows, kind), np.full(rows, -1)
            return product[at], seller[at], kinds, quantity[which], when[which], unit[which], none

        def of_lines(which: Flags, kind: int, quantity: int, when: Ints) -> tuple[Ints, ...]:
            rows = int(which.sum())
            kinds, pieces = np.full(rows, kind), np.full(rows, quantity)
            cost = unit[lot[which]]
            return product[which], seller[which], kinds, pieces, when[which], cost, line[which]

        ones = np.ones(len(of), np.int64)
        every = np.ones(len(line), np.bool_)
        parts = (
            of_lots(kept, RECEIPT, stocks.lot[of] + damaged, came),
            of_lots(damaged, ADJUSTMENT, -ones, np.minimum(came + 2 * _HOUR, _END - 1)),
            of_lots(found, ADJUSTMENT, ones, came + 30 * DAY),
            of_lines(every, SALE, -1, sold),
            of_lines(back < _END, RETURN, 1, back),
        )
        joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
        product, seller, kind, _, when, _, line = joined
        order = np.lexsort((line, seller, product, kind, when))
        return Transactions(*(column[order] for column in joined))

    def _stocks(self, key: Ints) -> _Stocks:
        """Stocks from the sorted keys of their sales."""
        noise = self._noise
        stock, first, sales = np.unique(key, return_index=True, return_counts=True)
        small = 1 + noise.below("small lot", stock, 3)
        lot = np.maximum(small, sales // (3 + noise.below("lots", stock, 6)))
        level = lot * noise.below("order level", stock, 4) // 4
        return _Stocks(first, sales, stock, lot, level, 1 + (sales + level) // lot)

    def _lots(self, stocks: _Stocks, sold: Ints) -> tuple[Ints, Ints, Ints, Flags]:
        """Of each lot: its stock, its number there, when it came, and whether it did."""
        noise = self._noise
        of = np.repeat(np.arange(len(stocks.lots)), stocks.lots)
        number = np.arange(len(of)) - np.repeat(np.cumsum(stocks.lots) - stocks.lots, stocks.lots)
        key = stocks.key[of] * _LOTS + number % _LOTS
        first, sales, lot = stocks.first[of], stocks.sales[of], stocks.lot[of]
        ordered = sold[first + np.maximum(number * lot - stocks.level[of] - 1, 0)]
        arrival = (ordered // DAY + 4 + noise.below("lead days", key, 25)) * DAY
        arrival += 8 * _HOUR + noise.below("arrival", key, 9 * _HOUR)
        needed = number * lot < sales
        needed_at = sold[first + np.where(needed, number * lot, 0)]
        came = np.where(needed, np.minimum(arrival, needed_at - _HOUR), arrival)
        before = (3 + noise.below("days before", stocks.key[of], 38)) * DAY
        came = np.where(number == 0, needed_at - before, came)
        kept = needed | ((came < _END) & ~noise.chance("given up", stocks.key[of], _GIVEN_UP))
        return of, number, came, kept

    def _costs(self, product: Ints, day: Ints) -> Ints:
        """Cents a piece: a part of the price that the product has then."""
        least, more = _COST_PERCENT
        percent = least + self._noise.below("cost", product, more)
        price: Ints = self._catalog.price_cents(product, months(day))
        cost: Ints = np.maximum(1, price * percent // 100)
        return cost

    def columns(self, made: Transactions, start: int, end: int) -> list[Cells]:
        """The columns of the inventory transactions file for rows of the transactions."""
        noise, rows = self._noise, slice(start, end)
        line, quantity, cost = made.line[rows], made.quantity[rows], made.cost[rows]
        has_none = line < 0
        sign = np.where(quantity < 0, np.uint8(ord("-")), np.uint8(0))[:, None]
        number = np.arange(start, start + len(line))
        return [
            identifier(noise, "inventory transaction", number),
            identifier(noise, "product", made.product[rows]),
            identifier(noise, "seller", made.seller[rows]),
            TYPES[made.kind[rows]],
            np.hstack([sign, digits(np.abs(quantity), 7)]),
            moment(made.moment[rows]),
            money(cost),
            blank(identifier(noise, "order", line // STEPS), has_none),
            blank(digits(line % STEPS + 1, 2), has_none),
        ]
