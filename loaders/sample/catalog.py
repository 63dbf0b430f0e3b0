"""Products and sellers: their attributes, and which of them an item is."""

import numpy as np

from loaders.sample.categories import CATEGORIES, CATEGORY_CELLS, NO_CATEGORY
from loaders.sample.noise import Flags, Floats, Ints, Noise, curve, ladder, whole
from loaders.sample.plan import Plan
from loaders.sample.text import Cells, blank, digits, identifier

# Which share of the sales goes to which share of the products (of a category) and of the sellers.
_SALES = (0, 0.045, 0.096, 0.177, 0.308, 0.477, 0.574, 0.719, 0.865, 0.958, 0.999, 1)
_PRODUCTS = (0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.2, 0.35, 0.5, 1)
_STALLS = (0, 0.016, 0.05, 0.125, 0.26, 0.43, 0.53, 0.68, 0.825, 0.917, 0.96, 0.99, 1)
_SELLERS = (0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1)

_QUANTILES = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1)
_NAME_LENGTH = (5, 20, 29, 33, 42, 51, 57, 59, 60, 63, 76)
_TEXT_LENGTH = (4, 84, 150, 207, 339, 595, 972, 1578, 2063, 3286, 3992)
_PHOTOS = (0, 510, 703, 823, 898, 944, 974, 984, 990, 993, 996, 998, 999, 1000)  # per 1,000
_GRAMS = (0, 100, 300, 700, 2_000, 6_000, 12_000, 30_000, 50_000)
_LENGTH_CM = (17, 18, 21, 25, 34, 45, 55, 80, 100)
_HEIGHT_CM = (3, 6, 10, 13, 18, 26, 36, 50, 70)
_WIDTH_CM = (12, 14, 16, 20, 26, 33, 40, 55, 70)
_MAX_GRAMS = 30_000.0
_TENTHS_ROUND = 8  # of ten weights are multiples of 50 g

# Prices per 100 that end in these cents; the rest end in anything.
_CENTS: Ints = np.array([90, 0, 99], np.int64)
_ENDINGS = (36, 29, 18, 17)
_DEARER_PERCENT = 15
_MAX_CENTS = 673_500.0
_CHEAPER = 0.96  # makes up for the endings


class Catalog:
    """Products lie category by category, the best sold of each first; sellers likewise."""

    def __init__(self, noise: Noise, plan: Plan) -> None:
        self._noise, self._plan = noise, plan
        counts = [plan.times(category.products) for category in CATEGORIES]
        while sum(counts) > plan.products:  # small scales round up to one product a category
            counts[counts.index(max(counts))] -= 1
        counts[0] += plan.products - sum(counts)
        self._edges: Ints = np.cumsum(np.array(counts, np.int64))
        self._first: Ints = self._edges - np.array(counts, np.int64)
        self._extra = [max(0, category.items - category.products) for category in CATEGORIES]
        self._price = np.array([category.price for category in CATEGORIES]).T * 100.0
        self._weight = np.array([category.weight for category in CATEGORIES], np.float64).T

    def categories(self, product: Ints) -> Ints:
        """Number of the category of each product."""
        return np.searchsorted(self._edges, product, side="right").astype(np.int64)

    def popular(self, purpose: str, index: Ints) -> Ints:
        """Products as customers choose them."""
        category = self._noise.pick(f"{purpose} category", index, self._extra)
        share = curve(self._noise.uniform(purpose, index), _SALES, _PRODUCTS)
        first = self._first[category]
        return first + whole((self._edges[category] - first) * share)

    def sellers(self, product: Ints) -> Ints:
        """Main seller of each product; every seller has at least one product."""
        rank = self._noise.shuffle("stall", product, self._plan.products)
        share = curve(self._noise.uniform("seller", product), _STALLS, _SELLERS)
        return np.where(rank < self._plan.sellers, rank, whole(share * self._plan.sellers))

    def price_cents(self, product: Ints, season: Ints) -> Ints:
        """Price in cents; some products are cheaper or dearer in some seasons."""
        noise = self._noise
        category = self.categories(product)
        low, middle, high = self._price[:, category]
        cents = ladder(noise.normal("price", product), low, middle, high) * _CHEAPER
        cents = np.minimum(cents, np.minimum(high * 8.0, _MAX_CENTS))
        tick = product * 64 + season
        moves = noise.chance("price moves", product, 0.5)
        span = 2 * _DEARER_PERCENT
        change = noise.below("price change", tick, span + 1) - _DEARER_PERCENT
        cents = np.where(moves, cents * (100 + change) / 100.0, cents)
        reais = np.maximum(1, whole(cents / 100.0))
        ending = noise.pick("price ending", product, _ENDINGS)
        any_cents = noise.below("price cents", product, 100)
        return reais * 100 + np.where(ending < len(_CENTS), _CENTS[ending % 3], any_cents)

    def _unweighed(self, product: Ints) -> tuple[Flags, Flags]:
        """Products without weight and size, and products of weight 0."""
        rank = self._noise.shuffle("unweighed", product, self._plan.products)
        missing = self._plan.times(2)
        return rank < missing, (rank >= missing) & (rank < missing + self._plan.times(4))

    def grams(self, product: Ints) -> Ints:
        """Weight; dearer products of a category are heavier."""
        noise = self._noise
        low, middle, high = self._weight[:, self.categories(product)]
        own = noise.normal("weight", product)
        z = own * 0.8 + noise.normal("price", product) * 0.6
        most = np.minimum(high * 3.5, _MAX_GRAMS)
        grams = np.maximum(50, whole(np.minimum(ladder(z, low, middle, high), most)))
        even = noise.below("weight rounding", product, 10) < _TENTHS_ROUND
        grams = np.where(even, (grams + 25) // 50 * 50, grams)
        return np.where(self._unweighed(product)[1], 0, grams)

    def product_columns(self, row: Ints) -> list[Cells]:
        """The columns of the products file for the given rows."""
        noise = self._noise
        product = noise.shuffle("product row", row, self._plan.products)
        category = self.categories(product)
        bare = category == NO_CATEGORY

        def length(purpose: str, ys: tuple[int, ...]) -> Ints:
            return whole(curve(noise.uniform(purpose, product), _QUANTILES, ys))

        photos = np.searchsorted(
            np.array(_PHOTOS), noise.below("photos", product, 1000), side="right"
        ).astype(np.int64)
        grams = self.grams(product)
        unweighed, _ = self._unweighed(product)

        def size(purpose: str, ys: tuple[int, ...], least: int) -> Cells:
            usual = curve(grams.astype(np.float64), _GRAMS, ys)
            spread = noise.normal(purpose, product) * 0.25 + 1.0
            return blank(digits(np.clip(whole(usual * spread), least, 105), 3), unweighed)

        return [
            identifier(noise, "product", product),
            CATEGORY_CELLS[category],
            blank(digits(length("name length", _NAME_LENGTH), 2), bare),
            blank(digits(length("description length", _TEXT_LENGTH), 4), bare),
            blank(digits(photos, 2), bare),
            blank(digits(grams, 5), unweighed),
            size("length", _LENGTH_CM, 16),
            size("height", _HEIGHT_CM, 2),
            size("width", _WIDTH_CM, 11),
        ]


def freight_share(grams: Ints) -> Floats:
    """Freight within São Paulo state, in reais, by weight."""
    weights = (0, 150, 300, 550, 850, 1_500, 3_500, 7_500, 15_000, 25_000, 40_000)
    reais = (8.6, 9.0, 9.9, 11.0, 11.9, 13.2, 15.3, 19.5, 33.0, 60.0, 90.0)
    return curve(grams.astype(np.float64), weights, reais)
