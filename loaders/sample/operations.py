"""The optional files: stock that the order lines used up, and campaigns that brought orders."""

import datetime
from collections.abc import Iterator

import numpy as np

from loaders.sample.noise import whole
from loaders.sample.orders import HOUR, STEPS, Orders, Shop
from loaders.sample.parameters import CHANNELS, DAY, LAST_DAY, PARAMETERS, Flags, Ints, day_number, ints, months
from loaders.sample.text import Columns, blank, cells, date, digits, identifier, lookup, moment, money

RECEIPT, SALE, RETURN, ADJUSTMENT = range(4)
_TYPES = lookup(("receipt", "sale", "return", "adjustment"))
_END = (LAST_DAY + 1) * DAY  # nothing is known after the last day of orders
_COST_PERCENT = (50, 26)  # of the price: the least, and how much more it may be
_STOCKS = 1 << 20  # more than there are sellers
_LOTS = 1 << 10

_FIRST_DAY = day_number("2017-01-05")
_DAYS = np.arange(_FIRST_DAY, LAST_DAY + 1)
_DATES = [datetime.date.fromordinal(int(day) + 719_163) for day in _DAYS]
_QUARTERS = [f"{day.year} Q{(day.month + 2) // 3}" for day in _DATES]
_TITLES = [*sorted(set(_QUARTERS)), "Black Friday 2017"]  # the campaigns of each channel
_TITLE_OF_DAY = ints(map(_TITLES.index, _QUARTERS))
_SALE, _CAMPAIGNS = len(_TITLES) - 1, len(_TITLES) * len(CHANNELS["name"])
_SALE_WEEK = ints(map(day_number, PARAMETERS["days"]["sale_week"]))
_IN_SALE = (_DAYS >= _SALE_WEEK[0]) & (_DAYS <= _SALE_WEEK[1])
_NAMES = lookup(f"{channel} {title}" for channel in CHANNELS["title"] for title in _TITLES)
_CHANNELS = lookup(CHANNELS["name"])


class Operations:
    """Notes the orders as they are made, and makes the rows of the optional files of them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._lines: list[Ints] = []
        self._brought = np.zeros((2, _CAMPAIGNS, len(_DAYS)), np.int64)  # orders and their value

    def note(self, orders: Orders) -> None:
        """Remember the lines of some orders, and which campaign brought the orders."""
        noise, row, line = self._shop.noise, orders.row, orders.line
        after = noise.below("back after", line, 17 * DAY)
        sent_back = (orders.arrives & orders.has_delivered)[row] & noise.chance("sent back", line)
        back = np.where(sent_back, orders.delivered[row] + 3 * DAY + after, _END)
        back = np.where(orders.is_off[row], orders.purchased[row] + HOUR + after // 4, back)
        sold, back = orders.purchased[row], np.minimum(back, _END)
        lines = (orders.product, orders.seller, sold, line, back)
        self._lines.append(np.stack(lines).astype(np.int32))

        value = np.zeros(len(orders.order), np.int64)
        np.add.at(value, row, orders.price)
        shares = ints(CHANNELS["orders_per_1000"])
        channel = noise.pick("campaign", orders.order, np.append(shares, 1_000 - shares.sum()))
        day = orders.purchased // DAY - _FIRST_DAY
        at = np.flatnonzero((channel < len(shares)) & (value > 0) & (day >= 0) & (day < len(_DAYS)))
        in_sale = _IN_SALE[day[at]] & noise.chance("sale campaign", orders.order[at])
        title = np.where(in_sale, _SALE, _TITLE_OF_DAY[day[at]])
        place = (channel[at] * len(_TITLES) + title, day[at])
        np.add.at(self._brought[0], place, 1)
        np.add.at(self._brought[1], place, value[at])

    def inventory(self, size: int) -> Iterator[Columns]:
        """Rows of the inventory transactions, so many at a time, of a group of products at a time.

        Within a group (all products up to scale 1) they are in the order of their moments.
        """
        lines = np.concatenate(self._lines, axis=1)
        groups = int(np.ceil(self._shop.plan.scale))
        start = 0
        for group in range(groups):
            made = self._transactions(lines[:, lines[0] % groups == group].astype(np.int64))
            for low in range(0, made.shape[1], size):
                yield self._inventory_columns(made[:, low : low + size], start + low)
            start += made.shape[1]

    def _transactions(self, lines: Ints) -> Ints:
        """Product, seller, type, quantity, moment, cost and line of transactions, by moment.

        Stock is of a product with a seller. A lot comes in before the first sale, and another one
        some days after the stock has fallen to a level: in time for the sale that needs it, but
        now and then the shelf was empty until then.
        """
        noise = self._shop.noise
        product, seller, sold, line, back = lines[:, np.lexsort((lines[3], *lines[2::-1]))]
        stocks, begin, sales = np.unique(
            product * _STOCKS + seller, return_index=True, return_counts=True
        )
        lot = np.maximum(1 + noise.below("lot", stocks, 3), sales // (3 + noise.below("lots", stocks, 6)))
        level = lot * noise.below("order level", stocks, 4) // 4
        # of each lot its stock, its number there, and the line that needs it: a last lot has none
        lots = 1 + (sales + level) // lot
        stock = np.repeat(np.arange(len(lots)), lots)
        number = np.arange(len(stock)) - np.repeat(np.cumsum(lots) - lots, lots)
        key = stocks[stock] * _LOTS + number % _LOTS
        needed = number * lot[stock] < sales[stock]
        holder = begin[stock] + np.where(needed, number * lot[stock], 0)
        ordered = sold[begin[stock] + np.maximum(number * lot[stock] - level[stock] - 1, 0)]
        came = (ordered // DAY + 4 + noise.below("lead days", key, 25)) * DAY
        came += 8 * HOUR + noise.below("arrival", key, 9 * HOUR)
        came = np.where(needed, np.minimum(came, sold[holder] - HOUR), came)
        before = (3 + noise.below("days before", stocks[stock], 38)) * DAY
        came = np.where(number == 0, sold[holder] - before, came)
        kept = needed | ((came < _END) & ~noise.chance("given up", stocks[stock]))
        damaged = noise.chance("damaged", key) & kept
        found = noise.chance("found", key) & kept & (came < _END - 30 * DAY)
        percent = _COST_PERCENT[0] + noise.below("cost", product[holder], _COST_PERCENT[1])
        season = months(np.minimum(came, _END - 1) // DAY)
        price = self._shop.catalog.price_cents(product[holder], season)
        cost = np.maximum(1, price * percent // 100)
        nth = np.arange(len(line)) - np.repeat(begin, sales)
        own = nth // np.repeat(lot, sales) + np.repeat(np.cumsum(lots) - lots, sales)

        def rows(which: Flags, kind: int, quantity: Ints | int, when: Ints) -> Ints:
            """Transactions of some lots, or of some lines."""
            if len(which) == len(line) and kind in (SALE, RETURN):
                fields = (product, seller, kind, quantity, when, cost[own], line)
            else:
                fields = (product[holder], seller[holder], kind, quantity, when, cost, -1)
            return np.stack(np.broadcast_arrays(*fields))[:, which]

        made = np.concatenate(
            [
                rows(kept, RECEIPT, lot[stock] + damaged, came),
                rows(damaged, ADJUSTMENT, -1, np.minimum(came + 2 * HOUR, _END - 1)),
                rows(found, ADJUSTMENT, 1, came + 30 * DAY),
                rows(np.ones_like(line) > 0, SALE, -1, sold),
                rows(back < _END, RETURN, 1, back),
            ],
            axis=1,
        )
        return made[:, np.lexsort((made[6], made[1], made[0], made[2], made[4]))]

    def _inventory_columns(self, made: Ints, start: int) -> Columns:
        noise = self._shop.noise
        product, seller, kind, quantity, when, cost, line = made
        number = np.arange(start, start + len(line))
        return {
            "transaction_id": identifier(noise, "inventory transaction", number),
            "product_id": identifier(noise, "product", product),
            "seller_id": identifier(noise, "seller", seller),
            "transaction_type": cells(_TYPES, kind),
            "quantity": digits(quantity, 7),
            "transaction_at": moment(when),
            "unit_cost": money(cost),
            "order_id": blank(identifier(noise, "order", line // STEPS), line < 0),
            "order_item_id": blank(digits(line % STEPS + 1, 2), line < 0),
        }

    def campaigns(self) -> Columns:
        """Rows of the marketing campaigns: each of their days."""
        noise = self._shop.noise
        of_title = np.vstack([np.arange(_SALE)[:, None] == _TITLE_OF_DAY, _IN_SALE])
        day, campaign = np.nonzero(np.tile(of_title, (len(_CHANNELS), 1)).T)
        key, channel = campaign * len(_DAYS) + day, campaign // len(_TITLES)
        orders, revenue = self._brought[:, campaign, day]

        def known(name: str) -> Ints:
            return ints(CHANNELS[name])[channel]

        idle = whole(known("idle_clicks") * self._shop.plan.scale)
        clicks = orders * known("clicks_per_order") * (70 + noise.below("clicks", key, 61)) // 100
        clicks += whole(noise.uniform("idle clicks", key) * (idle + 1))
        clicks = np.where((orders == 0) & noise.chance("rests", key), 0, clicks)
        views = clicks * known("views_per_click") * (80 + noise.below("views", key, 41)) // 100
        cost = clicks * known("click_cents") * (85 + noise.below("bid", key, 31)) // 100
        return {
            "campaign_id": identifier(noise, "campaign", campaign),
            "campaign_date": date(_DAYS[day]),
            "campaign_name": cells(_NAMES, campaign),
            "channel": cells(_CHANNELS, channel),
            "impressions": digits(views, 11),
            "clicks": digits(clicks, 9),
            "cost": money(cost + revenue * known("commission_percent") // 100, 9),
            "attributed_orders": digits(orders, 7),
            "attributed_revenue": money(revenue, 9),
        }
