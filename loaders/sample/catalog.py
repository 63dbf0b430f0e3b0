"""Products and their sellers: attributes, and which of them an item is; the products file."""

import numpy as np

from loaders.sample.noise import Noise, curve, ladder, whole
from loaders.sample.parameters import CATEGORIES, Flags, Ints, Plan, floats, ints
from loaders.sample.text import Cells, Columns, blank, cells, digits, identifier, lookup

_CENTS: Ints = np.array([90, 0, 99], np.int64)  # endings of prices
_DEARER_PERCENT = 15
_MAX_CENTS, _MAX_GRAMS = 673_500.0, 30_000.0
_CHEAPER = 0.96  # makes up for the endings
_NO_CATEGORY = CATEGORIES["name"].index("")  # that of the products that have none
_CATEGORIES = lookup(CATEGORIES["name"])


def translation_columns() -> Columns:
    """The translation file; some categories are not in it."""
    pairs = zip(CATEGORIES["name"], CATEGORIES["english"], strict=True)
    names, english = zip(*(pair for pair in pairs if pair[1]), strict=True)
    return {
        "product_category_name": lookup(names),
        "product_category_name_english": lookup(english),
    }


class Catalog:
    """Products lie category by category, the best sold of each first; sellers likewise."""

    def __init__(self, noise: Noise, plan: Plan) -> None:
        self._noise, self._plan = noise, plan
        counts = ints(plan.times(int(count)) for count in CATEGORIES["products"])
        while counts.sum() > plan.products:  # small scales round up to one product a category
            counts[counts.argmax()] -= 1
        counts[0] += plan.products - counts.sum()
        self._edges = np.cumsum(counts)
        self._first = self._edges - counts
        self._extra = np.maximum(0, ints(CATEGORIES["items"]) - ints(CATEGORIES["products"]))
        self._price = floats(CATEGORIES, "price_low", "price", "price_high") * 100.0
        self._weight = floats(CATEGORIES, "weight_low", "weight", "weight_high")

    def _categories(self, product: Ints) -> Ints:
        return np.searchsorted(self._edges, product, side="right").astype(np.int64)

    def popular(self, purpose: str, index: Ints) -> Ints:
        """Products as customers choose them."""
        category = self._noise.pick(f"{purpose} category", index, self._extra)
        share = curve("product", self._noise.uniform(purpose, index))
        first: Ints = self._first[category]
        return first + whole((self._edges[category] - first) * share)

    def sellers(self, product: Ints) -> Ints:
        """Main seller of each product; every seller has at least one product."""
        rank = self._noise.shuffle("stall", product, self._plan.products)
        share = self._noise.drawn("seller", product)
        return np.where(rank < self._plan.sellers, rank, whole(share * self._plan.sellers))

    def price_cents(self, product: Ints, season: Ints) -> Ints:
        """Price in cents; some products are cheaper or dearer in some seasons."""
        noise = self._noise
        low, middle, high = self._price[:, self._categories(product)]
        cents = ladder(noise.normal("price", product), low, middle, high) * _CHEAPER
        cents = np.minimum(cents, np.minimum(high * 8.0, _MAX_CENTS))
        change = noise.below("price change", product * 64 + season, 2 * _DEARER_PERCENT + 1)
        change = np.where(noise.chance("price moves", product), change - _DEARER_PERCENT, 0)
        reais = np.maximum(1, whole(cents * (100 + change) / 100.0 / 100.0))
        ending = noise.pick("price ending", product)
        any_cents = noise.below("price cents", product, 100)
        return reais * 100 + np.where(ending < len(_CENTS), _CENTS[ending % 3], any_cents)

    def _missing(self, product: Ints) -> tuple[Flags, Flags]:
        """Products without weight and size, and products of weight 0."""
        rank = self._noise.shuffle("unweighed", product, self._plan.products)
        edge = self._plan.times("unweighed")
        return rank < edge, (rank >= edge) & (rank < edge + self._plan.times("weightless"))

    def grams(self, product: Ints) -> Ints:
        """Weight; dearer products of a category are heavier."""
        noise = self._noise
        low, middle, high = self._weight[:, self._categories(product)]
        own = noise.normal("weight", product)
        z = own * 0.8 + noise.normal("price", product) * 0.6
        most = np.minimum(high * 3.5, _MAX_GRAMS)
        grams = np.maximum(50, whole(np.minimum(ladder(z, low, middle, high), most)))
        even = noise.below("weight rounding", product, 10) < 8
        grams = np.where(even, (grams + 25) // 50 * 50, grams)
        return np.where(self._missing(product)[1], 0, grams)

    def product_columns(self, row: Ints) -> Columns:
        """Rows of the products file."""
        noise = self._noise
        product = noise.shuffle("product row", row, self._plan.products)
        category, grams = self._categories(product), self.grams(product)
        bare, unweighed = category == _NO_CATEGORY, self._missing(product)[0]

        def described(purpose: str) -> Cells:
            return blank(digits(whole(noise.drawn(purpose, product)), 4), bare)

        def size(side: str, least: int) -> Cells:
            centimeters = whole(curve(side, grams) * (noise.normal(side, product) * 0.25 + 1.0))
            return blank(digits(np.clip(centimeters, least, 105), 3), unweighed)

        return {
            "product_id": identifier(noise, "product", product),
            "product_category_name": cells(_CATEGORIES, category),
            "product_name_lenght": described("name length"),
            "product_description_lenght": described("description length"),
            "product_photos_qty": blank(digits(noise.pick("photos", product), 2), bare),
            "product_weight_g": blank(digits(grams, 5), unweighed),
            "product_length_cm": size("length", 16),
            "product_height_cm": size("height", 2),
            "product_width_cm": size("width", 11),
        }
