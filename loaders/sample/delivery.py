"""Delivery times between states, as rounded means and quantiles in days."""

import numpy as np

from loaders.sample.noise import Floats, Ints, curve
from loaders.sample.places import PLACES
from loaders.sample.states import STATES

# Destination → mean transit from another state, mean promise from another state, and both
# within the state.
_DAYS: dict[str, tuple[float, float, float, float]] = {
    "SP": (7.0, 25.5, 4.6, 18.3),
    "RJ": (12.7, 27.6, 3.8, 19.6),
    "ES": (12.4, 26.2, 4.0, 20.0),
    "MG": (9.3, 25.8, 5.6, 21.1),
    "BA": (16.2, 30.3, 6.5, 19.8),
    "SE": (18.0, 31.5, 5.0, 20.0),
    "PE": (15.3, 31.9, 5.0, 20.0),
    "AL": (21.1, 33.2, 5.0, 20.0),
    "PB": (16.9, 33.7, 5.0, 20.0),
    "RN": (16.3, 33.5, 5.0, 20.0),
    "CE": (18.0, 32.1, 5.0, 20.0),
    "PI": (16.3, 30.7, 5.0, 20.0),
    "MA": (18.2, 31.4, 5.0, 20.0),
    "PA": (20.3, 37.8, 6.0, 22.0),
    "AP": (24.4, 46.5, 6.0, 22.0),
    "AM": (23.5, 46.0, 6.0, 22.0),
    "RR": (27.5, 46.1, 6.0, 22.0),
    "AC": (17.5, 41.3, 6.0, 22.0),
    "DF": (10.0, 25.2, 1.8, 13.4),
    "GO": (12.6, 27.9, 3.3, 14.7),
    "RO": (16.5, 39.4, 6.0, 22.0),
    "TO": (14.3, 29.7, 6.0, 22.0),
    "MT": (15.0, 32.5, 5.0, 20.0),
    "MS": (12.5, 26.6, 5.0, 20.0),
    "PR": (9.4, 26.0, 4.9, 20.6),
    "SC": (12.1, 26.9, 5.5, 19.7),
    "RS": (12.5, 29.8, 3.9, 18.8),
}
_ACROSS, _PROMISE_ACROSS, _WITHIN, _PROMISE_WITHIN = np.array(
    [_DAYS[state.code] for state in STATES]
).T

# Transit and promise as multiples of their means.
_SHARES: tuple[float, ...] = (
    0,
    0.01,
    0.05,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    0.95,
    0.98,
    0.99,
    0.995,
)
_SHARES += (0.9995, 1)
_SPREAD_ACROSS: tuple[float, ...] = (
    0.12,
    0.2,
    0.36,
    0.45,
    0.57,
    0.66,
    0.76,
    0.85,
    0.96,
    1.1,
    1.3,
    1.65,
    2.0,
    2.57,
)
_SPREAD_ACROSS += (3.1, 3.9, 7.0, 12.0)
_SPREAD_WITHIN: tuple[float, ...] = (
    0.08,
    0.12,
    0.17,
    0.23,
    0.33,
    0.44,
    0.63,
    0.8,
    1.0,
    1.21,
    1.47,
    1.97,
    2.53,
    3.4,
)
_SPREAD_WITHIN += (4.3, 5.3, 10.0, 25.0)
_PROMISES: tuple[float, ...] = (
    0.4,
    0.45,
    0.64,
    0.72,
    0.8,
    0.86,
    0.91,
    0.96,
    1.02,
    1.08,
    1.16,
    1.3,
    1.46,
    1.7,
    1.9,
)
_PROMISES += (2.15, 3.5, 6.0)
_ON_THE_ROAD = 0.94  # the rest of the transit is rounding to working days and hours
_SPREAD_DAYS, _SPREAD_PROMISE = 15.0, 20.0  # means beyond these do not spread more

# Hours until approval and days from approval until the carrier has the parcel.
_APPROVAL_SHARES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1)
APPROVAL_HOURS = {
    "boleto": (1.0, 5.8, 15.1, 29.1, 39.9, 85.6, 123.9, 300.0),
    "debit_card": (0.1, 0.14, 0.25, 0.85, 9.0, 40.5, 101.0, 200.0),
    "credit_card": (0.0, 0.14, 0.2, 0.27, 0.61, 24.5, 59.9, 200.0),
    "voucher": (0.0, 0.13, 0.2, 0.28, 3.2, 47.0, 69.7, 200.0),
}
_CARRIER_SHARES = (0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1)
_CARRIER_DAYS = (0.1, 0.45, 0.85, 1.6, 3.2, 5.6, 7.7, 16.5, 40.0, 90.0)


def transit_days(origin: Ints, target: Ints, share: Floats) -> Floats:
    """Days from the carrier to the customer; ``share`` is the quantile."""
    usual = _ACROSS[target]
    spread = np.minimum(usual, _SPREAD_DAYS) * (curve(share, _SHARES, _SPREAD_ACROSS) - 1.0)
    within = _WITHIN[target] * curve(share, _SHARES, _SPREAD_WITHIN)
    days: Floats = np.where(origin == target, within, usual + spread) * _ON_THE_ROAD
    return days


def promised_days(origin: Ints, target: Ints, share: Floats) -> Floats:
    """Days from the purchase to the estimated delivery."""
    usual: Floats = np.where(origin == target, _PROMISE_WITHIN[target], _PROMISE_ACROSS[target])
    spread = np.minimum(usual, _SPREAD_PROMISE) * (curve(share, _SHARES, _PROMISES) - 1.0)
    return usual + spread


def approval_hours(payment: str, share: Floats) -> Floats:
    """Hours from the purchase to the approval of the payment."""
    return curve(share, _APPROVAL_SHARES, APPROVAL_HOURS[payment])


def carrier_days(share: Floats) -> Floats:
    """Days from the approval until the carrier has the parcel."""
    return curve(share, _CARRIER_SHARES, _CARRIER_DAYS)


# Freight across states as a multiple of the freight within one, by distance in km.
_KILOMETRES = (0, 400, 900, 1_600, 2_200, 2_800, 5_000)
_FREIGHT = (1.35, 1.45, 1.5, 1.75, 2.35, 2.75, 3.0)
_KM_PER_DEGREE = (111.0, 104.0)


def _freight_factors() -> Floats:
    capitals = [next(p for p in PLACES if p.state == number) for number in range(len(STATES))]
    north = np.array([place.latitude for place in capitals]) * _KM_PER_DEGREE[0]
    east = np.array([place.longitude for place in capitals]) * _KM_PER_DEGREE[1]
    up, right = north[:, None] - north, east[:, None] - east
    rise, run = up * up, right * right
    factors = curve(np.sqrt(rise + run), _KILOMETRES, _FREIGHT)
    factors[np.arange(len(STATES)), np.arange(len(STATES))] = 1.0
    return factors


_FREIGHT_FACTORS = _freight_factors()


def freight_factor(origin: Ints, target: Ints) -> Floats:
    """How much dearer a parcel is than within one state."""
    return _FREIGHT_FACTORS[origin, target]
