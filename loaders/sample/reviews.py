"""Order reviews: scores that fall with lateness, dates, and comments made of phrases."""

import numpy as np

from loaders.sample.facts import DATA, DAY, LAST_DAY, Ints, days
from loaders.sample.noise import Noise, whole
from loaders.sample.orders import STEPS, Orders, per_order, time_of_day
from loaders.sample.text import Columns, Text, blank, identifiers, moments, quoted, texts

_SCORES, _LATENESS, _HAS_MESSAGE, _HAS_TITLE, _TITLE_SHARES = (
    np.array(DATA["reviews"][name])
    for name in ("scores", "lateness", "messages", "titles", "title_shares")
)
_NEVER = len(_SCORES) - 1
_JOINTS = texts((" ", "\r\n", "\n", "\r\n\r\n"))
_BAD, _FAIR, _GOOD = range(3)
_PHRASES: dict[tuple[str, str], list[str]] = {}  # by part and tone
for _part, _tone, _text in zip(*DATA["phrases"].values(), strict=True):
    _PHRASES.setdefault((_part, _tone), []).append(_text)


def review_columns(orders: Orders) -> Columns:
    """Rows of the order reviews file."""
    noise, plan = orders.noise, orders.plan
    others = plan.orders - plan.shared
    rank = noise.shuffle("reviews", np.minimum(orders.slot, others - 1), others)
    count, _ = plan.children("reviews", rank)
    row, number = per_order(np.where(orders.shared, 1, count))
    key = orders.key[row] * STEPS + number
    again = noise.choose("another score", key, _SCORES, np.zeros_like(row))
    keep = (number == 0) | noise.chance("same score", key)
    score = np.where(keep, _scores(orders)[row], again)
    day = _days(orders)[row] + np.where(number > 0, 1 + noise.below("next review", key, 20), 0)
    soonest = np.minimum(LAST_DAY, orders.started[row] // DAY + 1)
    last = np.maximum(soonest, LAST_DAY - noise.below("last days", key, 10))
    day = np.where(day > LAST_DAY, last, day)
    answered = day + whole(noise.drawn("answer", key))
    answered = np.minimum(answered, days(DATA["dates"]["last_answer"])) * DAY
    month = np.searchsorted(days(DATA["dates"]["title_months"]), day, side="right")
    has_title = noise.uniform("has title", key) < _HAS_TITLE[score] * _TITLE_SHARES[month]
    has_message = noise.uniform("has message", key) < _HAS_MESSAGE[score]
    message = _phrases(noise, "opening", key, score)
    for part, also in (("detail", ""), ("detail", "second "), ("closing", ""), ("extra", "")):
        more = _JOINTS[noise.pick("joint", key)] + _phrases(noise, part, key, score, also)
        message = message + blank(more, ~noise.chance(f"has {also}{part}", key))
    return [
        identifiers(noise, "review", key),
        identifiers(noise, "order", orders.order[row]),
        score + 1,
        texts(map(quoted, blank(_phrases(noise, "title", key, score), ~has_title))),
        texts(map(quoted, blank(message, ~has_message))),
        moments(day * DAY),
        moments(answered + time_of_day(noise, "answer", key)),
    ]


def _scores(orders: Orders) -> Ints:
    """Scores from 0 to 4."""
    noise, key = orders.noise, orders.key
    late = np.searchsorted(_LATENESS * DAY, orders.delivered - orders.estimated, side="right")
    score = noise.choose("score", key, _SCORES, np.where(orders.has("arrives"), late, _NEVER))
    incomplete = (orders.items > 1) & ~orders.shared & noise.chance("incomplete", key)
    return np.where(incomplete, 0, score)


def _days(orders: Orders) -> Ints:
    """The survey is sent the day after the delivery, or when the order is overdue."""
    noise, key = orders.noise, orders.key
    delivered, promised = orders.delivered // DAY, orders.estimated // DAY
    patient = noise.chance("patient survey", key) | (delivered <= promised + 1)
    overdue = promised + 2 + noise.pick("overdue survey", key)
    soon = delivered + np.array([1, 0, 2])[noise.pick("survey", key)]
    return np.where(orders.has("arrives") & patient, soon, overdue)


def _phrases(noise: Noise, part: str, key: Ints, score: Ints, also: str = "") -> Text:
    """Phrases in the tone of the scores."""
    bad = _PHRASES[part, "bad"]
    groups = [bad, _PHRASES.get((part, "fair"), bad), _PHRASES[part, "good"]]
    tone = np.array([_BAD, _BAD, _FAIR, _GOOD, _GOOD])[score]
    ends = np.cumsum([0, *map(len, groups)])
    place = ends[tone] + noise.below(also + part, key, np.diff(ends)[tone])
    return np.asarray(texts(text for group in groups for text in group)[place], np.object_)
