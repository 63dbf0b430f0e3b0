"""Reads a question by rules: its words, period, places, grouping and ranking, and what is unclear.

The vocabulary is words.yml; states are the seed's, categories and cities the warehouse's.
"""

import calendar
import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from loaders.paths import project_root

Phrase = tuple[str, ...]
# All in it is text, "on" and "no" too.
WORDS: dict[str, Any] = yaml.load(
    Path(__file__).with_name("words.yml").read_text("utf-8"),
    yaml.BaseLoader,  # noqa: S506 - makes nothing but text
)
STATE, CITY, CATEGORY = (
    next(name for name in WORDS["dimensions"] if part in name)
    for part in ("state_code", "city", "category")
)
OF_SELLER = "seller_geography__state_code"
RANKS = {"most", "least", "best", "worst"}
_BY = {"by", "per", "each", "every", "por", "cada"}
_NUMBERS = {name: int(value) for name, value in WORDS["numbers"].items()}
_MONTHS = {name: place for place, names in enumerate(WORDS["months"], 1) for name in names}
_PARTS = {name: int(months) for name, months in WORDS["parts"].items()}
_OF = r"(?:(?:of|de|do|in|the|year) |, ?)*"
_ATOM = re.compile(
    rf"""\b(?:(?P<iso>20\d\d-\d\d(?:-\d\d)?) | (?P<number>\d\d?)/(?P<y1>20\d\d)
    | (?:(?P<nth>{"|".join(_NUMBERS)})[ ](?P<part>{"|".join(_PARTS)}) | q(?P<q>[1-4]))
      [ ]{_OF.replace(" ", "[ ]")}(?P<y2>20\d\d)
    | (?:(?P<day>\d\d?)(?:st|nd|rd|th)?[ ](?:of[ ]|de[ ])?)?(?P<month>{"|".join(_MONTHS)})
      (?:[ ](?P<day2>\d\d?)\b)?(?:,?[ ]{_OF.replace(" ", "[ ]")}(?P<y3>20\d\d))?
    | (?P<y4>20\d\d))\b""",
    re.VERBOSE,
)
_BEFORE = re.compile(
    r"(?:\b(?P<open>since|from|after|desde|a partir de|de|between|entre|until|till|through|up to"
    r"|ate|before|antes de) )?(?:\b(?:in|on|during|em|no|of|do|for|the|year|ano|de) )*$"
)
_TO = {"to", "until", "through", "till", "-", "a", "ate", "and", "e"}


@dataclass
class Reading:
    """What a question says; ``doubts`` are sentences, ``unknown`` words that nothing explains."""

    words: set[str] = field(default_factory=set)
    by: list[str] = field(default_factory=list)
    where: dict[str, list[str]] = field(default_factory=dict)
    start: date | None = None
    end: date | None = None
    rank: str = ""
    limit: int | None = None
    unknown: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    missing: str = ""


def plain(text: str) -> str:
    """Lower case without accents."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def tokens(text: str) -> Phrase:
    """The words of a plain text."""
    return tuple(re.findall(r"[a-z0-9_]+(?:[-'.][a-z0-9_]+)*", text))


@cache
def phrases() -> dict[Phrase, dict[str, str]]:
    """What each phrase of the vocabulary may be: by kind, what it stands for."""
    found: dict[Phrase, dict[str, str]] = {}
    kinds: list[tuple[str, Mapping[str, Any]]] = [
        *((kind, WORDS[kind]) for kind in ("words", "dimensions")),
        *((kind, {kind: WORDS[kind]}) for kind in ("noise", "relative", "always_by")),
        ("missing", {name: one["words"] for name, one in WORDS["missing"].items()}),
    ]
    for name, values in WORDS["values"].items():
        kinds.append(("value", {f"{name}={value}": said for value, said in values.items()}))
    with (project_root() / "seeds" / "states.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            code, name = row["state_code"], plain(row["state_name"])
            said = [f"uf_{code.lower()}", *(f"{of} {name}" for of in ("state of", "estado de"))]
            kinds.append(("value", {f"{STATE}={code}": said}))
            kind = "either" if code in WORDS["also_cities"] else "value"
            kinds.append((kind, {f"{STATE}={code}": [name] if code != "PA" else []}))  # para: for
    for kind, names in kinds:
        for meaning, said in names.items():
            for phrase in said:
                found.setdefault(tokens(phrase), {}).setdefault(kind, meaning)
    return found


def spoken(text: str, values: Mapping[Phrase, str]) -> Iterator[tuple[Phrase, dict[str, str]]]:
    """The longest phrases that a text consists of, and what each may be (nothing, if unknown)."""
    parts, place = tokens(text), 0
    while place < len(parts):
        for length in range(min(8, len(parts) - place), 0, -1):
            phrase = parts[place : place + length]
            meanings = phrases().get(phrase, {})
            if phrase in values:
                meanings = {**meanings, "value": values[phrase]}
            if meanings or length == 1:
                yield phrase, meanings
                place += length
                break


def read(question: str, values: Mapping[Phrase, str]) -> Reading:
    """Read a question; ``values`` are phrases for ``dimension=value`` of the warehouse."""
    if not question.isupper():  # SP is a state, and "to" is none
        question = re.sub(r"\b[A-Z]{2}\b", lambda match: f"uf_{match[0]}", question)
    reading, before, number, counted = Reading(), "", None, ""
    which: list[tuple[str, dict[str, str], int | None]] = []
    for phrase, meanings in spoken(_period(plain(question), reading), values):
        said = " ".join(phrase)
        if _is_plain(said, meanings, reading):
            pass
        elif "dimensions" in meanings and (before in _BY or "always_by" in meanings):
            reading.by.append(meanings["dimensions"])
        elif "dimensions" in meanings and not meanings["dimensions"].endswith("_id"):
            which.append((said, meanings, number))
            number = None
        elif "words" in meanings:
            counted = said if before.isdigit() or before in _NUMBERS else counted
            words = set(meanings["words"].split())
            reading.rank = next(iter(words & RANKS), reading.rank)
            reading.words |= words - RANKS
        elif said.isdigit() or said in _NUMBERS:
            number = _NUMBERS.get(said) or int(said)
        elif "noise" not in meanings:
            reading.unknown.append(said.removeprefix("uf_"))
        before = said if said not in {"the", "o", "a", "os", "as"} else before
    if number is not None:
        reading.limit = number if reading.rank else None
        reading.unknown += [] if reading.rank else [str(number)]
        if counted and reading.by:  # "top 5 sellers by month"
            reading.doubts.append(f"'{number} {counted}' and '{reading.by[0]}' are two groupings")
    _rank(reading, which)
    return reading


def _is_plain(said: str, meanings: Mapping[str, str], reading: Reading) -> bool:
    """Take what means the same wherever it stands."""
    if "missing" in meanings:
        reading.missing = reading.missing or meanings["missing"]
    elif "relative" in meanings:
        reading.doubts.append(f"'{said}' is not a fixed date: name a month or a year")
    elif "either" in meanings:
        reading.doubts.append(f"say 'state of {said}' or 'city of {said}'")
    elif "value" in meanings:
        name, _, value = meanings["value"].partition("=")
        reading.where.setdefault(name, []).append(value)
    else:
        return False
    return True


def _rank(reading: Reading, which: list[tuple[str, dict[str, str], int | None]]) -> None:
    """Group by what is ranked."""
    # "Which state …", with "most" or "worst", is a ranking; without, the word means itself.
    for said, meanings, count in which:
        if meanings["dimensions"] in reading.where:  # "the category toys"
            continue
        if reading.rank and len(which) == 1 and not reading.by:
            many = said.endswith("s") and said != "mes"
            reading.by = [meanings["dimensions"]]
            reading.limit = count or reading.limit or (10 if many else 1)
        elif "words" in meanings and count is None:
            reading.words.add(meanings["words"])
        else:
            reading.unknown.append(said)
    if reading.rank and not reading.by:
        reading.words.add({"best": "most", "worst": "least"}.get(reading.rank, reading.rank))


def fitting(words: set[str]) -> list[str]:
    """The metrics, analyses and reports that these words are a question for."""
    found = []
    for name, sets in WORDS["answers"].items():
        for one in sets:
            must = {word for word in one.split() if word[0] != "("}
            if must <= words <= must | {word.strip("()") for word in one.split()}:
                found.append(name)
                break
    return found


def _period(text: str, reading: Reading) -> str:
    """Take the period out of a text; return what remains of it."""
    spans: list[tuple[date, date]] = []
    found = [one for one in _ATOM.finditer(text) if one["month"] not in {"out", "set"} or one["y3"]]
    rest, last, opened, year = "", 0, "", ""
    for place, one in enumerate(found):
        before = _BEFORE.search(text[last : one.start()])
        gap = text[last : one.start()].strip()
        after = found[place + 1] if place + 1 < len(found) else None
        year = next((one[name] for name in ("y1", "y2", "y3", "y4") if one[name]), "")
        if one["month"] and not year:  # as in "from March to May 2018"
            joined = after and text[one.end() : after.start()].strip() in _TO
            if not joined or not after:
                if before and before[0].strip() in {"in", "em", "during"}:
                    reading.doubts.append(f"say of which year {one['month']} is")
                continue
            year = after["y3"] or after["y4"] or ""
        try:
            span = _days(one, int(year or 0))
        except ValueError:
            reading.doubts.append(f"'{one[0]}' is not a valid date")
            continue
        if spans and (gap in _TO - {"and", "e"} or (gap in {"and", "e"} and opened)):
            spans[-1] = (spans[-1][0], span[1])
            opened = ""
        else:
            begin = last + before.start() if before else one.start()
            rest += text[last:begin] + " "
            opened = (before["open"] if before else "") or ""
            spans.append(span)
        last = one.end()
    if len(spans) > 1:
        reading.doubts.append("ask for one period at a time")
    if spans:
        _bound(reading, opened, *spans[0])
    return rest + text[last:]


def _bound(reading: Reading, opened: str, first: date, last: date) -> None:
    """Set the period by its first and last day, and the word before it."""
    reading.start, reading.end = first, last
    if opened in {"since", "from", "desde", "a partir de"}:
        reading.end = None
    elif opened == "after":
        reading.start, reading.end = last + timedelta(1), None
    elif opened in {"until", "till", "through", "up to", "ate"}:
        reading.start = None
    elif opened in {"before", "antes de"}:
        reading.start, reading.end = None, first - timedelta(1)


def _days(one: re.Match[str], year: int) -> tuple[date, date]:
    """First and last day of a month, quarter, year …; ValueError where there is none."""
    month, months = 1, 12
    if one["iso"]:
        year, month, *day = map(int, one["iso"].split("-"))
        if day:
            return (date(year, month, day[0]),) * 2
        months = 1
    elif one["number"]:
        month, months = int(one["number"]), 1
    elif one["part"] or one["q"]:
        months = _PARTS[one["part"]] if one["part"] else 3
        month = (int(one["q"] or _NUMBERS[one["nth"] or "one"]) - 1) * months + 1
    elif one["month"]:
        month, months = _MONTHS[one["month"]], 1
        if number := one["day"] or one["day2"]:
            return (date(year, month, int(number)),) * 2
    last = month + months - 1
    end = date(year, last, 1)  # checks the month, too
    return date(year, month, 1), end.replace(day=calendar.monthrange(year, last)[1])
