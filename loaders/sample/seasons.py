"""When orders are made: days and months, and what the season does to delivery."""

import datetime

import numpy as np

from loaders.sample.noise import Floats, Ints

# month → orders, and factors of transit time, of promised time and of time until the carrier
_MONTHS: dict[str, tuple[int, float, float, float]] = {
    "2016-09": (4, 1.0, 0.75, 3.0),
    "2016-10": (324, 0.67, 2.31, 3.5),
    "2016-11": (0, 0.67, 1.5, 1.0),
    "2016-12": (1, 0.5, 1.31, 1.0),
    "2017-01": (800, 1.04, 1.64, 1.02),
    "2017-02": (1_780, 1.03, 1.33, 1.10),
    "2017-03": (2_682, 1.03, 1.03, 0.95),
    "2017-04": (2_404, 1.21, 1.14, 1.12),
    "2017-05": (3_700, 0.91, 1.01, 0.91),
    "2017-06": (3_245, 0.99, 1.01, 0.95),
    "2017-07": (4_026, 0.89, 0.98, 0.94),
    "2017-08": (4_331, 0.84, 0.98, 0.94),
    "2017-09": (4_285, 0.90, 0.93, 0.97),
    "2017-10": (4_631, 0.88, 0.96, 1.05),
    "2017-11": (7_544, 1.17, 0.95, 1.24),
    "2017-12": (5_673, 1.24, 1.18, 1.13),
    "2018-01": (7_269, 1.12, 1.11, 1.09),
    "2018-02": (6_728, 1.40, 1.03, 1.08),
    "2018-03": (7_211, 1.37, 0.93, 1.01),
    "2018-04": (6_939, 0.90, 1.01, 0.86),
    "2018-05": (6_873, 0.98, 0.98, 0.82),
    "2018-06": (6_167, 0.73, 1.18, 0.78),
    "2018-07": (6_292, 0.68, 0.83, 0.86),
    "2018-08": (6_512, 0.63, 0.66, 0.77),
}
_WEEKDAYS = (1629, 1605, 1564, 1484, 1420, 1095, 1203)
_SPECIAL_DAYS = {  # Black Friday and after
    "2017-11-23": 283,
    "2017-11-24": 1176,
    "2017-11-25": 499,
    "2017-11-26": 391,
    "2017-11-27": 403,
    "2017-11-28": 380,
    "2017-11-29": 323,
    "2017-11-30": 267,
    "2018-08-23": 144,  # and the end of the period
    "2018-08-24": 99,
    "2018-08-25": 69,
    "2018-08-26": 73,
    "2018-08-27": 67,
    "2018-08-28": 44,
    "2018-08-29": 14,
    "2018-08-30": 4,
    "2018-08-31": 1,
}
_OPEN_DAYS = {  # months in which orders were made on some days only
    "2016-09": (4, 5, 13, 15),
    "2016-10": (3, 4, 5, 6, 7, 8, 9, 10),
    "2016-12": (23,),
    "2017-01": tuple(range(5, 32)),
}
_LATE_DAYS = (
    *("2018-09-03",) * 4,
    *("2018-09-06",) * 3,
    *("2018-09-10", "2018-09-11", "2018-09-12", "2018-09-13", "2018-09-17", "2018-09-20"),
    *("2018-09-25", "2018-09-26", "2018-09-29", "2018-10-01", "2018-10-03", "2018-10-16"),
    "2018-10-17",
)
_WEIGHT = 1_000
_EPOCH = datetime.date(1970, 1, 1)


def day_number(text: str) -> int:
    """Days since 1970."""
    return (datetime.date.fromisoformat(text) - _EPOCH).days


FIRST_DAY = day_number("2016-09-01")
LAST_DAY = day_number("2018-08-31")
LAST_REVIEW_DAY = LAST_DAY
LAST_ANSWER_DAY = day_number("2018-10-29")
PAUSE = (day_number("2016-10-11"), day_number("2017-01-04"))  # hardly an order between
_LATE: Ints = np.array([day_number(day) for day in _LATE_DAYS], np.int64)


def _day_weights() -> tuple[Ints, Ints]:
    """Weight of each day from FIRST_DAY on, and the number of its month."""
    days = [
        datetime.date.fromordinal(_EPOCH.toordinal() + n) for n in range(FIRST_DAY, LAST_DAY + 1)
    ]
    months = list(_MONTHS)
    weights = [_SPECIAL_DAYS.get(day.isoformat(), 0) * _WEIGHT for day in days]
    for month, (orders, *_) in _MONTHS.items():
        members = [n for n, day in enumerate(days) if day.isoformat()[:7] == month]
        left = orders * _WEIGHT - sum(weights[n] for n in members)
        usual = [
            n
            for n in members
            if not weights[n] and days[n].day in _OPEN_DAYS.get(month, (days[n].day,))
        ]
        whole_week = sum(_WEEKDAYS[days[n].weekday()] for n in usual)
        for n in usual:
            weights[n] = left * _WEEKDAYS[days[n].weekday()] // whole_week
    numbers = [months.index(day.isoformat()[:7]) for day in days]
    return np.array(weights, np.int64), np.array(numbers, np.int64)


_DAY_WEIGHTS, _MONTH_OF_DAY = _day_weights()
_DAY_EDGES: Ints = np.cumsum(_DAY_WEIGHTS)
_FACTORS = np.array([factors for _, *factors in _MONTHS.values()])


def purchase_days(rank: Ints, people: int) -> Ints:
    """Day of each rank among ``people`` in the order of their dates."""
    position = rank * _DAY_EDGES[-1] // people
    days: Ints = np.searchsorted(_DAY_EDGES, position, side="right").astype(np.int64)
    return FIRST_DAY + days


def late_days(rank: Ints, people: int) -> Ints:
    """Day of the stragglers of September and October 2018, the last one first."""
    place: Ints = len(_LATE) - 1 - rank * len(_LATE) // people
    return _LATE[place]


def months(day: Ints) -> Ints:
    """Number of the month of each day; days after the period count to the last month."""
    known: Ints = np.clip(day - FIRST_DAY, 0, len(_MONTH_OF_DAY) - 1)
    return _MONTH_OF_DAY[known]


def factors(day: Ints) -> tuple[Floats, Floats, Floats]:
    """Seasonal factors of transit, of the promise and of the time until the carrier."""
    transit, promise, handling = _FACTORS[months(day)].T
    return transit, promise, handling
