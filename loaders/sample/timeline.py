"""What happens to an order after the purchase."""

from dataclasses import dataclass

import numpy as np

from loaders.sample.clock import CARRIER_HOURS, DELIVERY_HOURS, time_of_day, working_day
from loaders.sample.delivery import (
    approval_hours,
    carrier_days,
    promised_days,
    transit_days,
)
from loaders.sample.noise import Flags, Ints, Noise, whole
from loaders.sample.payments import PaymentMaker
from loaders.sample.people import Visits
from loaders.sample.plan import KINDS, Plan
from loaders.sample.seasons import factors
from loaders.sample.text import DAY, Cells, identifier, lookup, moment

_SATURDAY_PICKUPS, _SATURDAY_DELIVERIES = 0.1, 0.35
_PROMISE_FOLLOWS = 0.25  # of the promises are as long as the transit turns out
_BACKDATED = 0.12  # of the orders approved late went to the carrier before the purchase
_HOUR = 3_600
_STATUS_ARRIVES: Flags = np.array([kind.status == "delivered" for kind in KINDS])
_STATUS = lookup(kind.status for kind in KINDS)


def _kinds(attribute: str) -> Flags:
    return np.array([bool(getattr(kind, attribute)) for kind in KINDS])


def _quirk(name: str) -> int:
    return next(n for n, kind in enumerate(KINDS) if kind.quirk == name)


@dataclass(frozen=True)
class Timeline:
    """Moments of orders in seconds since 1970, also of those that the file leaves empty."""

    kind: Ints
    approved: Ints
    carrier: Ints
    delivered: Ints
    estimated: Ints
    has_approved: Flags
    has_carrier: Flags
    has_delivered: Flags
    arrives: Flags  # the status is "delivered"


class TimelineMaker:
    """Makes the timeline of orders."""

    def __init__(self, noise: Noise, plan: Plan, payments: PaymentMaker) -> None:
        self._noise, self._plan, self._payments = noise, plan, payments

    def timeline(self, visits: Visits, origin: Ints, target: Ints) -> Timeline:
        """Moments of orders that go from one state to another."""
        noise, key = self._noise, visits.key
        kind = np.searchsorted(self._plan.kind_edges, visits.slot, side="right").astype(np.int64)
        start_day = visits.started // DAY
        season_transit, season_promise, season_handling = factors(start_day)

        approved = visits.started + self._approval_seconds(visits)
        handling = carrier_days(noise.uniform("handling", key)) * season_handling
        carrier = self._carrier(approved + whole(handling * DAY), approved, key)

        luck = noise.uniform("transit", key)
        transit = transit_days(origin, target, luck) * season_transit
        delivered = self._arrival(carrier, carrier + whole(transit * DAY), key)

        share = np.where(
            noise.chance("promise follows", key, _PROMISE_FOLLOWS),
            luck,
            noise.uniform("promise", key),
        )
        promise = promised_days(origin, target, share) * season_promise
        estimated = start_day + np.maximum(3, whole(promise))
        estimated = working_day(noise, "estimate", key, estimated, 0.0) * DAY

        delay = noise.below("approved late", key, 2 * DAY) + _HOUR // 4
        approved = np.where(kind == _quirk("approved late"), carrier + delay, approved)
        backdated = (kind == _quirk("approved late")) & noise.chance("backdated", key, _BACKDATED)
        before = visits.started - noise.below("carrier first", key, DAY) - 1
        carrier = np.where(backdated, before, carrier)
        early = delivered + noise.below("delivered early", key, 4 * DAY) + _HOUR
        carrier = np.where(kind == _quirk("delivered early"), early, carrier)
        later = visits.purchased - visits.started  # orders with one review go together
        return Timeline(
            kind,
            approved + later,
            carrier,
            delivered,
            estimated,
            _kinds("approved")[kind],
            _kinds("carrier")[kind],
            _kinds("delivered")[kind],
            _STATUS_ARRIVES[kind],
        )

    def _approval_seconds(self, visits: Visits) -> Ints:
        share = self._noise.uniform("approval", visits.key)
        paid_by = self._payments.first_type(visits.slot)
        hours = approval_hours("credit_card", share)
        for number, name in ((1, "boleto"), (2, "debit_card"), (3, "voucher")):
            hours = np.where(paid_by == number, approval_hours(name, share), hours)
        hours = np.where(visits.shared, 0.25 + share, hours)
        return whole(hours * _HOUR)

    def _carrier(self, planned: Ints, approved: Ints, key: Ints) -> Ints:
        """Pickups are on working days at working hours, and after the approval."""
        noise = self._noise
        day = working_day(noise, "pickup", key, planned // DAY, _SATURDAY_PICKUPS)
        moment = day * DAY + time_of_day(noise, "carrier", key, CARRIER_HOURS)
        soon = approved + 2 * _HOUR + noise.below("soon", key, 6 * _HOUR)
        return np.where(moment <= approved + _HOUR, soon, moment)

    def _arrival(self, carrier: Ints, planned: Ints, key: Ints) -> Ints:
        noise = self._noise
        day = working_day(noise, "arrival", key, planned // DAY, _SATURDAY_DELIVERIES)
        moment = day * DAY + time_of_day(noise, "delivery", key, DELIVERY_HOURS)
        soon = carrier + 4 * _HOUR + noise.below("quick", key, 20 * _HOUR)
        return np.where(moment <= carrier + 3 * _HOUR, soon, moment)

    def columns(self, visits: Visits, timeline: Timeline) -> list[Cells]:
        """The columns of the orders file."""
        return [
            identifier(self._noise, "order", visits.order),
            identifier(self._noise, "customer", visits.order),
            _STATUS[timeline.kind],
            moment(visits.purchased),
            moment(timeline.approved, ~timeline.has_approved),
            moment(timeline.carrier, ~timeline.has_carrier),
            moment(timeline.delivered, ~timeline.has_delivered),
            moment(timeline.estimated),
        ]
