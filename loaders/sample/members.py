"""Sellers, products and zip code prefixes; which of them customers, sellers and items are of."""

from collections.abc import Iterator

import numpy as np

from loaders.sample.facts import DATA, Flags, Floats, Ints, Plan
from loaders.sample.noise import Noise, curve, skewed, whole
from loaders.sample.text import Columns, Text, blank, decimals, quoted, texts

_PLACES, _CATEGORIES = DATA["places"], DATA["categories"]
_HEAVY_PERCENT = 15  # of the sellers sell most; relatively more of them are in São Paulo
_STRIDE = 7_919  # a prime above the number of zip prefixes of any place
_ZIPS, _POINTS = 1 << 13, 1 << 22  # more than any place has, and more than any zip prefix has
_UNIT = 10**9  # coordinates are whole numbers of 1e-12 degree; this is a thousandth of one
_ABROAD: Ints = np.array([(41_600, -8_410), (28_010, -15_540), (9_340, -75_120)]) * _UNIT
_ZIPS_ABROAD, _ZIPS_IN_TWO_STATES = 30, 8  # at every scale
_CENTS: Ints = np.array([90, 0, 99])  # endings of prices
_DEARER_PERCENT, _CHEAPER = 15, 0.96  # the latter makes up for the endings
_MAX_CENTS, _MAX_GRAMS = 673_500.0, 30_000.0
_PRICES = np.stack([_CATEGORIES[name] for name in ("price_low", "price", "price_high")]) * 100.0
_WEIGHTS = np.stack([_CATEGORIES[name] for name in ("weight_low", "weight", "weight_high")])
_CITIES = texts([*_PLACES["name"], *_PLACES["accented"], *map(quoted, _PLACES["odd"])])
_CODES = DATA["states"]["code"]
_FIRST_ZIP, _LAST_ZIP = _PLACES["first_zip"], _PLACES["last_zip"]
_STATE = (_PLACES["state"][:, None] == _CODES).argmax(axis=1)
_FIRST_PLACE, _SIZE = np.searchsorted(_STATE, np.arange(len(_CODES))), np.bincount(_STATE)
_ZIP_TEXTS = texts(f"{number:05}" for number in range(100_000))


def states(spot: Ints) -> Ints:
    """Number of the state of each spot."""
    return np.asarray(_STATE[spot // _ZIPS], np.int64)


def address(spot: Ints, spelling: int | Ints = 0) -> Columns:
    """Zip prefix, city and state; spelling 1 has accents, 2 has more than the city."""
    place, rank = np.divmod(spot, _ZIPS)
    zips = _FIRST_ZIP[place] + rank * _STRIDE % (_LAST_ZIP - _FIRST_ZIP + 1)[place]
    return [_ZIP_TEXTS[zips], _CITIES[place + spelling * len(_STATE)], _CODES[_STATE[place]]]


class Members:
    """What orders refer to.

    A *spot* is a place and the rank of a zip prefix in it. The first ranks of a place are in the
    geolocation file, the busiest first; the next one may be only of customers or sellers.
    Products lie category by category, the best sold of each first; sellers likewise.
    """

    def __init__(self, noise: Noise, plan: Plan) -> None:
        self.noise, self.plan = noise, plan
        self._zips = plan.scaled(_PLACES["zips"], capped=True)
        counts = plan.scaled(_CATEGORIES["products"])
        self._ends, self._firsts = np.cumsum(counts), np.cumsum(counts) - counts

    def _spot(self, place: Ints, share: Floats) -> Ints:
        """The zip prefix at some share of those with a point; at 1, the first one without."""
        return np.asarray(place * _ZIPS + whole(self._zips[place] * share), np.int64)

    def customer_spots(self, customer: Ints, move: Ints) -> Ints:
        """Where customers live; ``move`` is 0 or the kind of move: 1 zip, 2 city, 3 state."""
        plan = self.plan
        place = self.noise.pick("customer place", customer, _PLACES["customers"])
        state = _STATE[place]
        across = _FIRST_PLACE[state] + (place - _FIRST_PLACE[state] + 1) % _SIZE[state]
        place = np.choose(move, [place, place, across, _FIRST_PLACE[(state + 1) % len(_CODES)]])
        spot = self._spot(place, curve("zip", self.noise.uniform("customer zip", customer)))
        next_zip = place * _ZIPS + (spot % _ZIPS + 1) % self._zips[place]
        rank = self.noise.shuffle("unmapped customers", customer, plan.customers)
        count = plan.times("unmapped_customers")
        zips = min(count, plan.times("unmapped_customer_zips", capped=True))
        spot = np.where((rank < count) & (move == 0), self._spot(rank % zips, np.ones(1)), spot)
        return np.where(move == 1, next_zip, spot)

    def seller_spots(self, seller: Ints) -> Ints:
        """Where sellers are."""
        heavy = self.noise.pick("heavy seller place", seller, _PLACES["heavy_sellers"])
        light = self.noise.pick("light seller place", seller, _PLACES["light_sellers"])
        place = np.where(seller * 100 < self.plan.sellers * _HEAVY_PERCENT, heavy, light)
        spot = self._spot(place, curve("zip", self.noise.uniform("seller zip", seller)))
        rank = self.noise.shuffle("unmapped sellers", seller, self.plan.sellers)
        zips = self.plan.times("unmapped_seller_zips", capped=True)
        unmapped = self._spot(rank % zips + DATA["rows"]["unmapped_customer_zips"], np.ones(1))
        return np.where(rank < zips, unmapped, spot)

    def seller_columns(self, row: Ints) -> Columns:
        """Rows of the sellers file."""
        seller = self.noise.shuffle("seller row", row, self.plan.sellers)
        odd = self.noise.chance("odd city", seller).astype(np.int64)
        return [self.noise.ids("seller", seller), *address(self.seller_spots(seller), odd * 2)]

    def points(self, size: int) -> Iterator[Columns]:
        """Rows of the geolocation file: many per zip prefix, a quarter twice, some misplaced."""
        noise, plan = self.noise, self.plan
        spots = np.concatenate([n * _ZIPS + np.arange(zips) for n, zips in enumerate(self._zips)])
        rows = max(plan.times("points"), 2 * len(spots))
        weight = whole(noise.drawn("points", spots)) * DATA["states"]["density"][states(spots)]
        ends = np.cumsum(weight) * (rows - len(spots)) // weight.sum() + np.arange(len(spots)) + 1
        count = np.diff(ends, prepend=0)
        copies = np.cumsum(count - 1) * plan.times("duplicate_points") // (rows - len(spots))
        originals = count - np.minimum(np.diff(copies, prepend=0), count - 1)
        centers = [np.rint(_PLACES[n] * 1e3).astype(np.int64) for n in ("latitude", "longitude")]
        for start in range(0, rows, size):
            row = noise.shuffle("point", np.arange(start, min(start + size, rows)), rows)
            at = np.searchsorted(ends, row, side="right")
            spot, nth, distinct = spots[at], row - (ends - count)[at], originals[at]
            point = np.where(nth < distinct, nth, noise.below("copy", row, distinct))
            key = spot * _POINTS + point
            zips, city, state = address(spot, noise.chance("accent", key).astype(np.int64))
            abroad = (at % (len(spots) // _ZIPS_ABROAD) == 0) & (point == 0)
            elsewhere = (at % (len(spots) // _ZIPS_IN_TWO_STATES) == 1) & (point == 1)
            found: Columns = []
            for axis, name in enumerate(("latitude", "longitude")):
                district = noise.below(f"{name} of zip", spot, 160) - 88
                fine = (noise.bits(f"{name} of point", key) >> np.uint64(10)).astype(np.int64)
                degree = (centers[axis][spot // _ZIPS] + district) * _UNIT + fine % (16 * _UNIT)
                away = _ABROAD[spot % 3, axis] + degree // 1_000
                found.append(decimals(np.where(abroad, away, degree), 12))
            yield [zips, *found, city, np.where(elsewhere, _CODES[states(spot) - 1], state)]

    def _categories(self, product: Ints) -> Ints:
        return np.searchsorted(self._ends, product, side="right").astype(np.int64)

    def category_names(self, product: Ints) -> Text:
        """Names of the categories of products, "" for none."""
        return np.asarray(_CATEGORIES["name"][self._categories(product)], np.object_)

    def popular(self, purpose: str, index: Ints) -> Ints:
        """Products as customers choose them; each is sold once besides."""
        extra = np.maximum(0, _CATEGORIES["items"] - _CATEGORIES["products"])
        category = self.noise.pick(f"{purpose} category", index, extra)
        first, share = self._firsts[category], curve("product", self.noise.uniform(purpose, index))
        return np.asarray(first + whole((self._ends[category] - first) * share), np.int64)

    def sellers(self, product: Ints) -> Ints:
        """Main seller of each product; every seller has at least one product."""
        rank = self.noise.shuffle("stall", product, self.plan.products)
        popular = whole(self.noise.drawn("seller", product) * self.plan.sellers)
        return np.where(rank < self.plan.sellers, rank, popular)

    def price_cents(self, product: Ints, month: Ints) -> Ints:
        """Price in cents; some products are cheaper or dearer in some months."""
        noise = self.noise
        low, middle, high = _PRICES[:, self._categories(product)]
        cents = skewed(noise.normal("price", product), low, middle, high) * _CHEAPER
        cents = np.minimum(cents, np.minimum(high * 8.0, _MAX_CENTS))
        change = noise.below("price change", product * 64 + month, 2 * _DEARER_PERCENT + 1)
        change = np.where(noise.chance("price moves", product), change - _DEARER_PERCENT, 0)
        reais = np.maximum(1, whole(cents * (100 + change) / 10_000.0))
        ending = noise.pick("price ending", product)
        any_cents = noise.below("price cents", product, 100)
        return reais * 100 + np.where(ending < len(_CENTS), _CENTS[ending % 3], any_cents)

    def _is_first(self, product: Ints, *counts: str) -> Flags:
        """So many products: those without weight and size come first, then those of weight 0."""
        rank = self.noise.shuffle("unweighed", product, self.plan.products)
        return rank < sum(self.plan.times(count) for count in counts)

    def grams(self, product: Ints) -> Ints:
        """Weight; dearer products of a category are heavier."""
        noise = self.noise
        low, middle, high = _WEIGHTS[:, self._categories(product)]
        z = noise.normal("weight", product) * 0.8 + noise.normal("price", product) * 0.6
        most = np.minimum(high * 3.5, _MAX_GRAMS)
        grams = np.maximum(50, whole(np.minimum(skewed(z, low, middle, high), most)))
        grams = np.where(noise.chance("round weight", product), (grams + 25) // 50 * 50, grams)
        return np.where(self._is_first(product, "unweighed", "weightless"), 0, grams)

    def product_columns(self, row: Ints) -> Columns:
        """Rows of the products file."""
        noise = self.noise
        product = noise.shuffle("product row", row, self.plan.products)
        grams, category = self.grams(product), self.category_names(product)
        bare, unweighed = category == "", self._is_first(product, "unweighed")

        def size(side: str, least: int) -> Text:
            centimeters = whole(curve(side, grams) * (noise.normal(side, product) * 0.25 + 1.0))
            return blank(np.clip(centimeters, least, 105), unweighed)

        return [
            noise.ids("product", product),
            category,
            blank(whole(noise.drawn("name length", product)), bare),
            blank(whole(noise.drawn("description length", product)), bare),
            blank(noise.pick("photos", product), bare),
            blank(grams, unweighed),
            *(size(side, least) for side, least in (("length", 16), ("height", 2), ("width", 11))),
        ]
