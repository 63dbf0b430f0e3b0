"""Order items: products, sellers, shipping limits, prices and freight."""

from dataclasses import dataclass

import numpy as np

from loaders.sample.catalog import Catalog, freight_share
from loaders.sample.delivery import freight_factor
from loaders.sample.geography import Geography
from loaders.sample.noise import Ints, Noise, curve, whole
from loaders.sample.people import Visits
from loaders.sample.plan import Plan, counted
from loaders.sample.seasons import day_number, months
from loaders.sample.text import DAY, Cells, digits, identifier, moment, money

_MIXED = 0.4  # of the orders with several items hold several products
_OTHER_PRODUCT = 0.75  # of the later items of those are another product than the first
_OTHER_SELLER = 0.4  # of the mixed orders have several sellers
_BASE_FREIGHT, _INSURANCE = 0.98, 0.000_11  # the latter in reais per cent of the price
_FREE_FREIGHT = 0.0034
_STEPS = 32  # more than the items of any order

_LIMIT_SHARES = (0, 0.01, 0.05, 0.1, 0.3, 0.45, 0.8, 0.9, 0.95, 0.99, 1)
_LIMIT_DAYS = (2, 2, 2, 4, 4, 6, 6, 9, 12, 18, 40)
FAR_LIMITS: Ints = np.array([day_number("2020-04-09"), day_number("2020-02-05")], np.int64)


@dataclass(frozen=True)
class Items:
    """All items of a chunk of orders; ``row`` is the position of their order in the chunk."""

    row: Ints
    number: Ints  # 0 for the first item
    product: Ints
    seller: Ints
    price: Ints
    freight: Ints
    count: Ints  # items of each order of the chunk


class ItemMaker:
    """Makes the items of orders."""

    def __init__(self, noise: Noise, plan: Plan, geography: Geography, catalog: Catalog) -> None:
        self._noise, self._plan = noise, plan
        self._geography, self._catalog = geography, catalog

    def _first_product(self, visits: Visits) -> Ints:
        """Every product is the first one of some order; the other orders follow demand."""
        first = self._plan.without_items
        slot = np.maximum(visits.slot - first, 0)
        turn = self._noise.shuffle("shelf", slot, self._plan.orders - first)
        popular = self._catalog.popular("product", visits.order)
        return np.where(turn < self._plan.products, turn, popular)

    def origin(self, visits: Visits) -> Ints:
        """State that the order is sent from; São Paulo for orders that share a review."""
        seller = self._catalog.sellers(self._first_product(visits))
        state = self._geography.states(self._geography.seller_spots(seller))
        return np.where(visits.shared, 0, state)

    def items(self, visits: Visits) -> Items:
        """Items of the orders."""
        noise, plan, catalog = self._noise, self._plan, self._catalog
        first = plan.without_items
        rank = noise.shuffle("items", np.maximum(visits.slot - first, 0), plan.orders - first)
        count = np.where(visits.slot < first, 0, counted(plan.item_counts, rank))
        row = np.repeat(np.arange(len(count)), count)
        number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        order = visits.order[row]
        line = order * _STEPS + number

        chief = self._first_product(visits)[row]
        other = (number > 0) & noise.chance("mixed", order, _MIXED)
        other &= noise.chance("other product", line, _OTHER_PRODUCT)
        product = np.where(other, catalog.popular("further product", line), chief)
        own_seller = ~other | noise.chance("other seller", order, _OTHER_SELLER)
        seller = catalog.sellers(np.where(own_seller, product, chief))

        price = catalog.price_cents(product, months(visits.purchased[row] // DAY))
        origin = self._geography.states(self._geography.seller_spots(seller))
        factor = freight_factor(origin, self._geography.states(visits.spot)[row])
        lane = order * _STEPS + product % _STEPS
        reais = freight_share(catalog.grams(product)) * factor
        reais = reais * _BASE_FREIGHT + price * _INSURANCE
        freight = whole(reais * (noise.normal("freight", lane) * 0.24 + 1.0) * 100.0)
        freight = np.where(noise.chance("free freight", lane, _FREE_FREIGHT), 0, freight)
        return Items(row, number, product, seller, price, freight, count)

    def columns(self, visits: Visits, items: Items, approved: Ints) -> list[Cells]:
        """The columns of the order items file."""
        noise = self._noise
        order = visits.order[items.row]
        days = whole(curve(noise.uniform("limit", order), _LIMIT_SHARES, _LIMIT_DAYS))
        limit = approved[items.row] + days * DAY
        far = self._plan.far_limit_slot
        distant = visits.slot[items.row] - far
        is_far = (distant >= 0) & (distant < len(FAR_LIMITS))
        far_day = FAR_LIMITS[np.clip(distant, 0, len(FAR_LIMITS) - 1)]
        limit = np.where(is_far, far_day * DAY + limit % DAY, limit)
        return [
            identifier(noise, "order", order),
            digits(items.number + 1, 2),
            identifier(noise, "product", items.product),
            identifier(noise, "seller", items.seller),
            moment(limit),
            money(items.price),
            money(items.freight),
        ]
