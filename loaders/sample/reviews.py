"""Order reviews: scores that fall with lateness, dates, and comments made of phrases."""

import numpy as np

from loaders.sample.noise import Noise, whole
from loaders.sample.orders import STEPS, Orders, counted, per_order, time_of_day
from loaders.sample.parameters import DAY, LAST_DAY, PARAMETERS, PHRASES, Flags, Ints, day_number, ints
from loaders.sample.text import Cells, Columns, blank, cells, digits, identifier, lookup, moment

_SCORES, _LATENESS, _HAS_MESSAGE, _HAS_TITLE = (
    np.array(PARAMETERS["reviews"][name]) for name in ("scores", "lateness", "messages", "titles")
)
_NEVER = len(_SCORES) - 1
_TITLE_MONTHS = ints(map(day_number, PARAMETERS["days"]["title_months"]))
_TITLE_SHARES = np.array(PARAMETERS["days"]["title_shares"])
_LAST_ANSWER_DAY = day_number(PARAMETERS["days"]["last_answer"])

_TEXTS = lookup(text.replace('"', '""') for text in PHRASES["text"])
_SPECIAL: Flags = np.array([not {*',"'}.isdisjoint(text) for text in PHRASES["text"]])
_GROUPS = list(zip(PHRASES["part"], PHRASES["tone"], strict=True))
_TONES = ("bad", "fair", "good")
_JOINTS = lookup((" ", "\r\n", "\n", "\r\n\r\n"))


def review_columns(orders: Orders) -> Columns:
    """Rows of the order reviews file."""
    noise, plan = orders.shop.noise, orders.shop.plan
    others = plan.orders - plan.shared
    rank = noise.shuffle("reviews", np.minimum(orders.slot, others - 1), others)
    count = np.where(orders.shared, 1, counted(plan.children("reviews", others), rank))
    row, number = per_order(count)
    key = orders.key[row] * STEPS + number
    again = noise.choose("another score", key, _SCORES, np.zeros_like(row))
    keep = (number == 0) | noise.chance("same score", key)
    score = 1 + np.where(keep, _scores(orders)[row], again)
    day = _days(orders)[row] + np.where(number > 0, 1 + noise.below("next review", key, 20), 0)
    soonest = np.minimum(LAST_DAY, orders.started[row] // DAY + 1)
    last = np.maximum(soonest, LAST_DAY - noise.below("last days", key, 10))
    day = np.where(day > LAST_DAY, last, day)
    answered = np.minimum(day + whole(noise.drawn("answer", key)), _LAST_ANSWER_DAY) * DAY
    month_share = _TITLE_SHARES[np.searchsorted(_TITLE_MONTHS, day, side="right")]
    has_title = noise.uniform("has title", key) < _HAS_TITLE[score - 1] * month_share
    has_message = noise.uniform("has message", key) < _HAS_MESSAGE[score - 1]
    return {
        "review_id": identifier(noise, "review", key),
        "order_id": identifier(noise, "order", orders.order[row]),
        "review_score": digits(score, 1),
        "review_comment_title": _field([_phrase(noise, "title", key, score)], has_title),
        "review_comment_message": _message(noise, key, score, has_message),
        "review_creation_date": moment(day * DAY),
        "review_answer_timestamp": moment(answered + time_of_day(noise, "answer", key)),
    }


def _scores(orders: Orders) -> Ints:
    noise, key = orders.shop.noise, orders.key
    late = np.searchsorted(_LATENESS * DAY, orders.delivered - orders.estimated, side="right")
    score = noise.choose("score", key, _SCORES, np.where(orders.arrives, late, _NEVER))
    return np.where((orders.items > 1) & ~orders.shared & noise.chance("incomplete", key), 0, score)


def _days(orders: Orders) -> Ints:
    """The survey is sent the day after the delivery, or when the order is overdue."""
    noise, key = orders.shop.noise, orders.key
    delivered, promised = orders.delivered // DAY, orders.estimated // DAY
    patient = noise.chance("patient survey", key) | (delivered <= promised + 1)
    overdue = promised + 2 + noise.pick("overdue survey", key)
    soon = delivered + np.array([1, 0, 2])[noise.pick("survey", key)]
    return np.where(orders.arrives & patient, soon, overdue)


def _phrase(noise: Noise, part: str, key: Ints, score: Ints, also: str = "") -> tuple[Cells, Flags]:
    """A phrase in the tone of the score, and whether it needs quotes."""
    tone = (score > 2).astype(int) + (score > 3)
    if (part, "fair") not in _GROUPS:
        tone = np.where(score > 3, 2, 0)
    first = ints(_GROUPS.index((part, t)) if (part, t) in _GROUPS else 0 for t in _TONES)[tone]
    size = ints(_GROUPS.count((part, t)) for t in _TONES)[tone]
    place = first + (noise.below(also + part, key, 1 << 20) * size >> 20)
    return cells(_TEXTS, place), _SPECIAL[place]


def _message(noise: Noise, key: Ints, score: Ints, wanted: Flags) -> Cells:
    """Comments, some of several lines."""
    kind = noise.pick("joint", key)
    parts = [_phrase(noise, "opening", key, score)]
    for part, also in (("detail", ""), ("detail", "second "), ("closing", ""), ("extra", "")):
        absent = ~noise.chance(f"has {also}{part}", key)
        text, special = _phrase(noise, part, key, score, also)
        parts.append((blank(cells(_JOINTS, kind), absent), (kind > 0) & ~absent))
        parts.append((blank(text, absent), special & ~absent))
    return _field(parts, wanted)


def _field(parts: list[tuple[Cells, Flags]], wanted: Flags) -> Cells:
    """The parts as one CSV field; nothing where it is not wanted."""
    special = np.logical_or.reduce([special for _, special in parts])
    quote = np.where(special, np.uint8(ord('"')), np.uint8(0))[:, None]
    return blank(np.hstack([quote, *(text for text, _ in parts), quote]), ~wanted)
