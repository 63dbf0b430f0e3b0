"""Order reviews: scores that fall with lateness, dates, comments."""

import numpy as np

from loaders.sample.clock import ANSWER_HOURS, time_of_day
from loaders.sample.comments import messages, titles
from loaders.sample.noise import Flags, Ints, Noise, curve, whole
from loaders.sample.people import Visits
from loaders.sample.plan import Plan, counted
from loaders.sample.seasons import LAST_ANSWER_DAY, LAST_REVIEW_DAY, day_number
from loaders.sample.text import DAY, Cells, digits, identifier, moment
from loaders.sample.timeline import Timeline

# Days after the estimated delivery → scores 1 … 5 per 1,000; the last row: never delivered.
_LATENESS = (-5, 0, 1, 3, 5, 8)
_SCORES = np.array(
    (
        (52, 24, 74, 201, 649),
        (70, 33, 106, 221, 570),
        (80, 38, 136, 236, 510),
        (185, 67, 152, 231, 365),
        (450, 79, 124, 113, 234),
        (617, 96, 93, 77, 117),
        (698, 96, 90, 46, 70),
        (705, 70, 78, 55, 92),
    )
)
_NEVER = len(_SCORES) - 1
_SEVERAL_ITEMS = 0.16  # of the reviews of orders with several items are bad for that alone

_STEPS = 4  # more than the reviews of any order
_ANSWER_SHARES = (0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1)
_ANSWER_DAYS = (0, 1, 1.7, 3.1, 4.9, 7, 22, 90, 300)
_TITLE_MONTHS = tuple(day_number(day) for day in ("2017-12-01", "2018-04-01", "2018-05-01"))
_TITLE_SHARES = np.array((0.0, 0.001, 0.08, 0.38))
_SAME_SCORE = 0.6


class ReviewMaker:
    """Makes the reviews of orders."""

    def __init__(self, noise: Noise, plan: Plan) -> None:
        self._noise, self._plan = noise, plan

    def columns(self, visits: Visits, timeline: Timeline, items: Ints) -> list[Cells]:
        """The columns of the order reviews file; ``items`` is the number of items per order."""
        noise, plan = self._noise, self._plan
        others = plan.orders - plan.shared
        rank = noise.shuffle("reviews", np.minimum(visits.slot, others - 1), others)
        count = np.where(visits.shared, 1, counted(plan.review_counts, rank))
        row = np.repeat(np.arange(len(count)), count)
        number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        key = visits.key[row] * _STEPS + number

        score = self._scores(visits, timeline, items)[row]
        again = self._draw(visits.key[row] * _STEPS + number, np.zeros_like(row))
        keep = (number == 0) | noise.chance("same score", key, _SAME_SCORE)
        score = np.where(keep, score, again)

        day = self._days(visits.key, timeline)[row]
        day += np.where(number > 0, 1 + noise.below("next review", key, 20), 0)
        past = day > LAST_REVIEW_DAY
        soonest = np.minimum(LAST_REVIEW_DAY, visits.started[row] // DAY + 1)
        last = np.maximum(soonest, LAST_REVIEW_DAY - noise.below("last days", key, 10))
        day = np.where(past, last, day)
        share = noise.uniform("answer", key)
        answered = day + whole(curve(share, _ANSWER_SHARES, _ANSWER_DAYS))
        answered = np.minimum(answered, LAST_ANSWER_DAY)
        answered = answered * DAY + time_of_day(noise, "answer", key, ANSWER_HOURS)
        month = np.searchsorted(np.array(_TITLE_MONTHS), day, side="right")
        return [
            identifier(noise, "review", key),
            identifier(noise, "order", visits.order[row]),
            digits(score, 1),
            titles(noise, key, score, _TITLE_SHARES[month]),
            messages(noise, key, score),
            moment(day * DAY),
            moment(answered),
        ]

    def _draw(self, key: Ints, mood: Ints) -> Ints:
        share = self._noise.below("score", key, int(_SCORES[0].sum()))
        edges = np.cumsum(_SCORES, axis=1)[mood]
        passed: Ints = (share[:, None] >= edges[:, :-1]).sum(axis=1)
        return 1 + passed

    def _scores(self, visits: Visits, timeline: Timeline, items: Ints) -> Ints:
        late = (timeline.delivered - timeline.estimated) / DAY
        mood = np.searchsorted(np.array(_LATENESS), late, side="right")
        mood = np.where(timeline.arrives, mood, _NEVER)
        score = self._draw(visits.key * _STEPS, mood)
        angry = (items > 1) & ~visits.shared
        angry &= self._noise.chance("incomplete", visits.key, _SEVERAL_ITEMS)
        return np.where(angry, 1, score)

    def _days(self, key: Ints, timeline: Timeline) -> Ints:
        """The survey is sent the day after the delivery, or when the order is overdue."""
        noise = self._noise
        delivered, estimated = timeline.delivered // DAY, timeline.estimated // DAY
        wait: Ints = np.array((1, 0, 2), np.int64)[noise.pick("survey", key, (94, 3, 3))]
        overdue: Flags = ~timeline.arrives | (delivered > estimated + 1)
        patient = noise.chance("patient survey", key, 0.2) & timeline.arrives
        extra = noise.pick("overdue survey", key, (80, 14, 6))
        return np.where(overdue & ~patient, estimated + 2 + extra, delivered + wait)
