"""The sellers file."""

import numpy as np

from loaders.sample.geography import CITY_CELLS, STATE_CELLS, Geography, plain
from loaders.sample.noise import Ints, Noise
from loaders.sample.places import PLACES
from loaders.sample.plan import Plan
from loaders.sample.states import STATES
from loaders.sample.text import Cells, digits, identifier, lookup, quoted

_ODD_CITY = 0.008  # of the sellers wrote more than a city


def _odd_names() -> Cells:
    names = []
    for number, place in enumerate(PLACES):
        city, code = plain(place.name), STATES[place.state].code.lower()
        shapes = (f"{city} - {code}", f"{city} / {city}", f"{city}, {city}, brasil")
        names.append(quoted(shapes[number % len(shapes)]))
    return lookup(names)


def seller_columns(noise: Noise, plan: Plan, geography: Geography, row: Ints) -> list[Cells]:
    """The columns of the sellers file for the given rows."""
    seller = noise.shuffle("seller row", row, plan.sellers)
    spot = geography.seller_spots(seller)
    place = geography.places[spot]
    odd = noise.chance("odd city", seller, _ODD_CITY)[:, None]
    city = np.hstack(
        [np.where(odd, _ODD_CELLS[place], 0), np.where(odd, 0, CITY_CELLS[place])]
    ).astype(np.uint8)
    return [
        identifier(noise, "seller", seller),
        digits(geography.zips[spot], 5, 5),
        city,
        STATE_CELLS[geography.states(spot)],
    ]


_ODD_CELLS = _odd_names()
