"""The marketing campaigns, day by day: what each showed, cost and brought.

The orders that a campaign is said to have brought are orders of that day, each of one campaign at
most, so that they and their revenue add up to less than the shop's.
"""

import datetime
from dataclasses import dataclass

import numpy as np

from loaders.sample.items import Items
from loaders.sample.noise import Flags, Ints, Noise, whole
from loaders.sample.people import Visits
from loaders.sample.plan import Plan
from loaders.sample.seasons import LAST_DAY, day_number
from loaders.sample.text import DAY, Cells, digits, identifier, lookup, moment, same


@dataclass(frozen=True)
class _Channel:
    """How a channel works, in whole numbers."""

    name: str
    title: str
    orders: int  # of a thousand of the shop's
    clicks: int  # an order
    views: int  # a click
    click_cents: int
    commission: int  # percent of the revenue
    idle_clicks: int  # a day at scale 1, without an order


_CHANNELS = (
    _Channel("affiliate", "Affiliates", 50, 22, 15, 0, 9, 60),
    _Channel("display", "Display", 25, 120, 300, 18, 0, 300),
    _Channel("email", "Newsletter", 60, 18, 12, 2, 0, 90),
    _Channel("paid_search", "Search", 120, 30, 25, 55, 0, 400),
    _Channel("social", "Social", 80, 55, 90, 35, 0, 400),
    _Channel("video", "Video", 15, 160, 400, 22, 0, 200),
)
_FIRST_DAY = day_number("2017-01-05")
_DAYS = LAST_DAY + 1 - _FIRST_DAY
_QUARTERS = ("2017 Q1", "2017 Q2", "2017 Q3", "2017 Q4", "2018 Q1", "2018 Q2", "2018 Q3")
_SALE_WEEK = (day_number("2017-11-20"), day_number("2017-11-27"))
_SALE_SHARE = 0.6  # of a channel's orders in the week of Black Friday are of its own campaign
_IDLE = 0.03  # of the days a campaign rests
_NORMAL = len(_CHANNELS) * len(_QUARTERS)
_CAMPAIGNS = _NORMAL + len(_CHANNELS)  # the last ones are those of Black Friday


def _quarter_of_day() -> Ints:
    epoch = datetime.date(1970, 1, 1).toordinal()
    days = [datetime.date.fromordinal(epoch + _FIRST_DAY + n) for n in range(_DAYS)]
    return np.array([(d.year - 2017) * 4 + (d.month - 1) // 3 for d in days], np.int64)


_QUARTER = _quarter_of_day()
_CHANNEL: Ints = np.concatenate(
    [np.repeat(np.arange(len(_CHANNELS)), len(_QUARTERS)), np.arange(len(_CHANNELS))]
)
_NAMES = lookup(
    [f"{channel.title} {quarter}" for channel in _CHANNELS for quarter in _QUARTERS]
    + [f"{channel.title} Black Friday 2017" for channel in _CHANNELS]
)
_CHANNEL_NAMES = lookup(channel.name for channel in _CHANNELS)


def _of_channels(attribute: str) -> Ints:
    return np.array([getattr(channel, attribute) for channel in _CHANNELS], np.int64)


class CampaignMaker:
    """Counts the orders of each campaign as they are made; then makes its days."""

    def __init__(self, noise: Noise, plan: Plan) -> None:
        self._noise, self._plan = noise, plan
        self._orders = np.zeros((_CAMPAIGNS, _DAYS), np.int64)
        self._revenue = np.zeros((_CAMPAIGNS, _DAYS), np.int64)

    def note(self, visits: Visits, items: Items) -> None:
        """Count the orders of a chunk that a campaign brought, of those that have a line."""
        noise, order = self._noise, visits.order
        value = np.zeros(len(order), np.int64)
        np.add.at(value, items.row, items.price)
        share = _of_channels("orders")
        channel = noise.pick("attribution", order, [*share.tolist(), 1_000 - int(share.sum())])
        day = visits.purchased // DAY - _FIRST_DAY
        brought = np.flatnonzero(
            (channel < len(_CHANNELS)) & (items.count > 0) & (day >= 0) & (day < _DAYS)
        )
        channel, day, order = channel[brought], day[brought], order[brought]
        in_sale = (day + _FIRST_DAY >= _SALE_WEEK[0]) & (day + _FIRST_DAY <= _SALE_WEEK[1])
        in_sale &= noise.chance("sale campaign", order, _SALE_SHARE)
        usual = channel * len(_QUARTERS) + _QUARTER[day]
        campaign = np.where(in_sale, _NORMAL + channel, usual)
        np.add.at(self._orders, (campaign, day), 1)
        np.add.at(self._revenue, (campaign, day), value[brought])

    def columns(self) -> list[Cells]:
        """The columns of the marketing campaigns file, by day."""
        noise = self._noise
        day, campaign = np.nonzero(_active().T)
        key = campaign * _DAYS + day
        channel = _CHANNEL[campaign]
        orders, revenue = self._orders[campaign, day], self._revenue[campaign, day]

        idle = _scaled(_of_channels("idle_clicks")[channel], self._plan.scale)
        spread = 70 + noise.below("clicks", key, 61)
        clicks = orders * _of_channels("clicks")[channel] * spread // 100
        clicks += whole(noise.uniform("idle clicks", key) * (idle + 1))
        views = (
            clicks * _of_channels("views")[channel] * (80 + noise.below("views", key, 41)) // 100
        )
        price = _of_channels("click_cents")[channel] * (85 + noise.below("bid", key, 31))
        cost = clicks * price // 100 + revenue * _of_channels("commission")[channel] // 100
        rests = (orders == 0) & noise.chance("rests", key, _IDLE)
        clicks, views, cost = (np.where(rests, 0, values) for values in (clicks, views, cost))
        return [
            identifier(noise, "campaign", campaign),
            moment((day + _FIRST_DAY) * DAY)[:, :10],
            _NAMES[campaign],
            _CHANNEL_NAMES[channel],
            digits(views, 11),
            digits(clicks, 9),
            _amount(cost),
            digits(orders, 7),
            _amount(revenue),
        ]


def _scaled(counts: Ints, scale: float) -> Ints:
    """The counts at a scale, rounded down."""
    return whole(counts * np.float64(scale))


def _active() -> Flags:
    """On which days each campaign runs."""
    quarter = np.arange(len(_QUARTERS))[:, None] == _QUARTER
    day = np.arange(_DAYS) + _FIRST_DAY
    in_sale = (day >= _SALE_WEEK[0]) & (day <= _SALE_WEEK[1])
    usual = np.tile(quarter, (len(_CHANNELS), 1))
    return np.concatenate([usual, np.tile(in_sale, (len(_CHANNELS), 1))])


def _amount(cents: Ints) -> Cells:
    """Cents as reais, of as many digits as a large shop's day has."""
    return np.hstack([digits(cents // 100, 9), same(".", len(cents)), digits(cents % 100, 2, 2)])
