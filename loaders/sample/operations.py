"""The optional files: stock that the order lines used up, and campaigns that brought orders."""

from collections.abc import Iterator

import numpy as np

from loaders.sample.facts import DATA, DAY, LAST_DAY, Flags, Ints, months
from loaders.sample.members import Members
from loaders.sample.noise import whole
from loaders.sample.orders import HOUR, STEPS, Orders, per_order
from loaders.sample.text import Columns, blank, decimals, moments, texts

_TYPES = ("receipt", "sale", "return", "adjustment")
_RECEIPT, _SALE, _RETURN, _ADJUSTMENT = range(len(_TYPES))
_END = (LAST_DAY + 1) * DAY  # nothing is known after the last day of orders
_SELLERS, _LOTS = 1 << 20, 1 << 10  # more than there are, and than one stock has
_CHANNELS, _CAMPAIGNS = DATA["channels"], DATA["campaigns"]  # each channel has each campaign
_FIRST, _LAST = _CAMPAIGNS["first_day"][:, None], _CAMPAIGNS["last_day"][:, None]
_DAYS = np.arange(_FIRST.min(), _LAST.max() + 1)
_RUNS = (_DAYS >= _FIRST) & (_DAYS <= _LAST)  # the last campaign is one beside another


class Operations:
    """Notes the orders as they are made, and makes the rows of the optional files of them."""

    def __init__(self, members: Members) -> None:
        self._members, self._noise, self._plan = members, members.noise, members.plan
        self._lines: list[Ints] = []
        campaigns = len(_CHANNELS["name"]) * len(_RUNS)
        self._brought = np.zeros((2, campaigns, len(_DAYS)), np.int64)  # orders and their value

    def note(self, orders: Orders) -> None:
        """Remember the lines of some orders, and which campaign brought the orders."""
        noise, row, line = self._noise, orders.row, orders.line
        after = noise.below("back after", line, 17 * DAY)
        sent_back = orders.has("received")[row] & noise.chance("sent back", line)
        back = np.where(sent_back, orders.delivered[row] + 3 * DAY + after, _END)
        back = np.where(
            orders.has("called_off")[row], orders.purchased[row] + HOUR + after // 4, back
        )
        lines = (orders.product, orders.seller, orders.purchased[row], line, np.minimum(back, _END))
        self._lines.append(np.stack(lines).astype(np.int32))
        shares, day = _CHANNELS["orders_per_1000"], orders.purchased // DAY - _DAYS[0]
        channel = noise.pick("campaign", orders.order, np.append(shares, 1_000 - shares.sum()))
        at = (channel < len(shares)) & (orders.items > 0) & (day >= 0) & (day < len(_DAYS))
        channel, day, value, order = (x[at] for x in (channel, day, orders.value, orders.order))
        in_sale = _RUNS[-1, day] & noise.chance("sale campaign", order)
        campaign = np.where(in_sale, len(_RUNS) - 1, _RUNS.argmax(axis=0)[day])
        for brought, amount in zip(self._brought, (1, value), strict=True):
            np.add.at(brought, (channel * len(_RUNS) + campaign, day), amount)

    def inventory(self, size: int) -> Iterator[Columns]:
        """Rows of the inventory transactions by moment; above scale 1, by group of products."""
        noise, lines = self._noise, np.concatenate(self._lines, axis=1)
        groups, number = int(np.ceil(self._plan.scale)), np.arange(0)
        for group in range(groups):
            made = self._transactions(lines[:, lines[0] % groups == group].astype(np.int64))
            for low in range(0, made.shape[1], size):
                product, seller, kind, quantity, moment, cost, line = made[:, low : low + size]
                number = number[-1:].sum() + 1 + np.arange(len(line))
                yield [
                    noise.ids("inventory transaction", number),
                    noise.ids("product", product),
                    noise.ids("seller", seller),
                    texts(_TYPES)[kind],
                    quantity,
                    moments(moment),
                    decimals(cost),
                    blank(noise.ids("order", line // STEPS), line < 0),
                    blank(line % STEPS + 1, line < 0),
                ]

    def _transactions(self, lines: Ints) -> Ints:
        """Product, seller, type, quantity, moment, cost and line of transactions.

        A product of a seller comes in lots: before the first sale, and some days after the stock
        fell to a level; in time for the next sale, but now and then the shelf is empty till then.
        """
        noise = self._noise
        product, seller, sold, line, back = lines[:, np.lexsort((lines[3], *lines[2::-1]))]
        key = product * _SELLERS + seller
        stocks, first, sales = np.unique(key, return_index=True, return_counts=True)
        size = sales // (3 + noise.below("lots", stocks, 6))
        size = np.maximum(1 + noise.below("small lot", stocks, 3), size)
        level = size * noise.below("order level", stocks, 4) // 4
        stock, number = per_order(1 + (sales + level) // size)  # of each lot
        lot_of_line = np.cumsum(np.append(0, 1 + (sales + level) // size))[:-1].repeat(sales)
        lot_of_line += per_order(sales)[1] // size.repeat(sales)

        key, first, size = stocks[stock] * _LOTS + number % _LOTS, first[stock], size[stock]
        needed = number * size < sales[stock]
        holder = first + np.where(needed, number * size, 0)  # the line that needs the lot
        ordered = sold[first + np.maximum(number * size - level[stock] - 1, 0)] // DAY
        came = (ordered + 4 + noise.below("lead days", key, 25)) * DAY
        came += 8 * HOUR + noise.below("arrival", key, 9 * HOUR)
        came = np.where(needed, np.minimum(came, sold[holder] - HOUR), came)
        before = (3 + noise.below("days before", key, 38)) * DAY
        came = np.where(number == 0, sold[holder] - before, came)
        kept = needed | ((came < _END) & ~noise.chance("given up", stocks[stock]))
        damaged = noise.chance("damaged", key) & kept
        found = noise.chance("found", key) & kept & (came < _END - 30 * DAY)
        month = months(np.minimum(came, _END - 1) // DAY)
        percent = 50 + noise.below("cost", product[holder], 26)
        price = self._members.price_cents(product[holder], month)
        cost = np.maximum(1, price * percent // 100)

        def rows(which: Flags, at: Ints, *fields: Ints | int) -> Ints:
            columns = np.broadcast_arrays(product[at], seller[at], *fields)
            return np.stack(columns)[:, which]

        ended, lines = np.minimum(came + 2 * HOUR, _END - 1), np.arange(len(line))
        parts = (
            rows(kept, holder, _RECEIPT, size + damaged, came, cost, -1),
            rows(damaged, holder, _ADJUSTMENT, -1, ended, cost, -1),
            rows(found, holder, _ADJUSTMENT, 1, came + 30 * DAY, cost, -1),
            rows(line >= 0, lines, _SALE, -1, sold, cost[lot_of_line], line),
            rows(back < _END, lines, _RETURN, 1, back, cost[lot_of_line], line),
        )
        made = np.concatenate(parts, axis=1)
        return made[:, np.lexsort(made[[6, 1, 0, 2, 4]])]

    def campaign_columns(self) -> Columns:
        """Rows of the marketing campaigns: each of their days."""
        noise = self._noise
        day, key = np.nonzero(np.tile(_RUNS, (len(_CHANNELS["name"]), 1)).T)
        orders, revenue = self._brought[:, key, day]
        channel, campaign = np.divmod(key, len(_RUNS))
        known = {name: column[channel] for name, column in _CHANNELS.items()}
        on = key * len(_DAYS) + day
        clicks = orders * known["clicks_per_order"] * (70 + noise.below("clicks", on, 61)) // 100
        idle = whole(known["idle_clicks"] * np.float64(self._plan.scale)) + 1
        clicks += whole(noise.uniform("idle clicks", on) * idle)
        clicks = np.where((orders == 0) & noise.chance("rests", on), 0, clicks)
        views = clicks * known["views_per_click"] * (80 + noise.below("views", on, 41)) // 100
        cost = clicks * known["click_cents"] * (85 + noise.below("bid", on, 31)) // 100
        return [
            noise.ids("campaign", key),
            texts(text[:10] for text in moments(_DAYS[day] * DAY)),
            known["title"] + " " + _CAMPAIGNS["title"][campaign],
            known["name"],
            views,
            clicks,
            decimals(cost + revenue * known["commission_percent"] // 100),
            orders,
            decimals(revenue),
        ]
