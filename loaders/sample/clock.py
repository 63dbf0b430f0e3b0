"""Hours of the day and days of the week."""

import numpy as np

from loaders.sample.noise import Ints, Noise


def _weights(text: str) -> tuple[int, ...]:
    return tuple(int(weight) for weight in text.split())


# Weights of the 24 hours.
PURCHASE_HOURS = _weights(
    "241 118 51 27 21 19 50 124 298 481 621 661 603 655 661 649 671 618 580 602 623 625 585 415"
)
CARRIER_HOURS = _weights("25 14 6 3 2 3 7 11 20 26 32 42 56 77 108 90 59 58 71 79 69 57 49 38")
DELIVERY_HOURS = _weights("30 16 7 3 2 2 3 4 8 12 19 27 38 47 59 70 82 91 100 98 95 79 64 46")
ANSWER_HOURS = _weights("65 58 38 23 11 6 4 5 11 27 50 70 65 54 50 44 42 43 44 51 51 59 58 70")
_SATURDAY = 5
_FROM_SATURDAY: Ints = np.array((-3, -2, -1, 2, 3), np.int64)
_FROM_SUNDAY: Ints = np.array((-3, -2, 1, 2, 3), np.int64)


def time_of_day(noise: Noise, purpose: str, index: Ints, hours: tuple[int, ...]) -> Ints:
    """Seconds since midnight."""
    hour = noise.pick(f"{purpose} hour", index, hours)
    return hour * 3_600 + noise.below(f"{purpose} second", index, 3_600)


def working_day(noise: Noise, purpose: str, index: Ints, day: Ints, saturdays: float) -> Ints:
    """The day itself, or a near working day for Sundays and for most Saturdays.

    ``saturdays`` is the share of Saturdays that count.
    """
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    saturday = weekday == _SATURDAY
    works = noise.chance(f"{purpose} on saturday", index, saturdays)
    moved = noise.below(f"{purpose} not on weekend", index, 5)
    after = np.where(saturday, _FROM_SATURDAY[moved], _FROM_SUNDAY[moved])
    rest = (weekday > _SATURDAY) | (saturday & ~works)
    return np.where(rest, day + after, day)
