"""``rates://`` and ``weather://``: the ECB's exchange rates, and the weather of the state capitals.

They are asked for over HTTP and landed as a CSV file (docs/rates-and-weather.md). The validator of
an answer (its ETag) is kept in ``raw._watermarks``, written with the batch.
"""

import csv
import io
import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from psycopg2.extensions import cursor as Cursor
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from loaders.connection import connect
from loaders.dbt import project_variable
from loaders.errors import LoaderError, shown
from loaders.paths import project_root
from loaders.sources import Delivery, Request, SourceFile, watermarks
from loaders.sources.watermarks import Position
from loaders.tables import BY_NAME

_TIMEOUT = (10.0, 60.0)  # seconds to connect, and without a byte
_MOST = 10 << 20  # bytes of one answer
_PASSING = (429, 500, 502, 503, 504)
_TRIES = Retry(  # within two minutes, or as the server says
    6, backoff_factor=2, retry_after_max=120, status_forcelist=_PASSING, raise_on_status=False
)
# Weather is preliminary for three months. Older days of a server without an ETag are final.
_ETAG, _FINAL, _FINAL_AFTER = "ETag", "final", timedelta(100)
_SPAN = re.compile(r"(\d{4}-\d\d-\d\d)?\.\.(\d{4}-\d\d-\d\d)?")
_DAILY = ("precipitation_sum", "temperature_2m_max", "temperature_2m_min")

Row = tuple[Any, ...]
Asked = tuple[str, Mapping[str, str]]  # a path and parameters


def _ask_rates(first: date, last: date) -> Asked:
    return f"/{first}..{last}", {"base": "BRL", "symbols": "USD"}


def _rates(answer: Any) -> Iterator[Row]:
    for day, rates in answer["rates"].items():
        for currency, rate in rates.items():
            yield day, answer["base"], currency, rate


def _capitals(column: str) -> list[str]:
    with (project_root() / "seeds" / "state_capitals.csv").open(encoding="utf-8") as seed:
        return [capital[column] for capital in csv.DictReader(seed)]


def _ask_weather(first: date, last: date) -> Asked:
    places = {name: ",".join(_capitals(name)) for name in ("latitude", "longitude")}
    what = {"daily": ",".join(_DAILY), "timezone": project_variable("source_time_zone")}
    return "", {**places, **what, "start_date": str(first), "end_date": str(last)}


def _weather(answer: Any) -> Iterator[Row]:
    for state, found in zip(_capitals("state_code"), answer, strict=True):
        daily = found["daily"]
        for day, *values in zip(daily["time"], *(daily[name] for name in _DAILY), strict=True):
            yield day, state, *values


class _Feed(NamedTuple):
    """An API: the table that it feeds, where it is, and how many days one request asks for."""

    table: str
    address: str
    days: int
    ask: Callable[[date, date], Asked]
    rows: Callable[[Any], Iterator[Row]]


_FEEDS = {
    "rates": _Feed("exchange_rates", "https://api.frankfurter.dev/v1", 36_600, _ask_rates, _rates),
    "weather": _Feed(
        "weather", "https://archive-api.open-meteo.com/v1/archive", 90, _ask_weather, _weather
    ),
}


@contextmanager
def deliver(location: str, only: Sequence[str], request: Request) -> Iterator[Delivery]:
    """Deliver the days of ``rates://first..last``, or of the calendar.

    A snapshot asks for all of them again; none is ever removed. Loads of one scheme come one after
    the other. Raises LoaderError when the server does not answer, or with something else.
    """
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its warnings show the query's key
    scheme = location.partition("://")[0]
    feed, (first, last) = _FEEDS[scheme], _days(location)
    if only and feed.table not in only:
        raise LoaderError(f"{scheme}:// has the table {feed.table} only.")
    rows: list[Row] = []
    noted: dict[str, Position] = {}
    with (
        connect(autocommit=True) as link,
        watermarks.turn(link, f"{scheme}://", request),
        requests.Session() as session,
    ):
        for prefix in ("https://", "http://"):
            session.mount(prefix, HTTPAdapter(max_retries=_TRIES))
        request.say(f"  asking for {first} to {last} (for some minutes, if nobody answers)")
        for start in (first + timedelta(n) for n in range(0, (last - first).days + 1, feed.days)):
            part, end = f"{scheme}://{start}", min(start + timedelta(feed.days - 1), last)
            known = watermarks.known(link, part, f"{scheme}://") if request.mode == "delta" else {}
            before = known.get(feed.table)
            if before and before.read_from != str(end):
                before = None
            found, after = _fetch(session, scheme, start, end, before)
            rows += found or ()
            # One that goes up to yesterday has another last day tomorrow.
            noted |= {part: after} if after and end < date.today() - timedelta(1) else {}
            how = "unchanged" if found is None else f"{len(found):,} rows"
            request.say(f"  {start} to {end}: {how}")

        def remember(cursor: Cursor, batch_id: int) -> None:
            for part, position in noted.items():
                watermarks.remember(part, {feed.table: position}, cursor, batch_id)

        table, text = BY_NAME[feed.table], io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([table.columns, *rows])
        content = text.getvalue().encode()
        file = SourceFile(table, table.file, len(content), lambda: io.BytesIO(content), "delta")
        yield Delivery(location, [file] if rows else [], remember=remember)


def _days(location: str) -> tuple[date, date]:
    """First and last day that a location names; the last is before today, whose may change."""
    scheme, _, given = location.partition("://")
    found = _SPAN.fullmatch(given or "..")
    try:
        names = found.groups() if found else ("not", "days")
        first = date.fromisoformat(names[0] or project_variable("calendar_starts_on"))
        last = date.fromisoformat(names[1] or project_variable("calendar_ends_on"))
    except ValueError as error:
        raise LoaderError(
            f"{location}: write the days like {scheme}://2017-01-01..2018-12-31; one that is left"
            " out is that of the calendar."
        ) from error
    last = min(last, date.today() - timedelta(1))
    if first > last:
        raise LoaderError(f"{location}: there is no day from {first} to {last}.")
    return first, last


def _fetch(
    session: requests.Session, scheme: str, start: date, end: date, before: Position | None
) -> tuple[list[Row] | None, Position | None]:
    """Rows of some days, None where they are as ``before``; and by what to know them next time."""
    if before and before.column == _FINAL:
        return None, before
    feed, variable = _FEEDS[scheme], f"OLIST_{scheme.upper()}_URL"
    path, parameters = feed.ask(start, end)
    try:
        address = urlsplit(os.environ.get(variable) or feed.address)
    except ValueError as error:  # its text may hold a password
        raise LoaderError(f"{variable} cannot be read as a URL.") from error
    host, url = address.hostname or variable, address._replace(path=address.path.rstrip("/") + path)
    headers = {"If-None-Match": before.newest} if before else {}
    try:
        with session.get(
            url.geturl(), params=parameters, headers=headers, timeout=_TIMEOUT, stream=True
        ) as answer:
            body = answer.raw.read(_MOST + 1, decode_content=True)
    except (requests.RequestException, HTTPError) as error:
        cause = getattr(error.args[0], "reason", error) if error.args else error
        raise LoaderError(
            f"{host} does not answer, or not in full ({type(cause).__name__}): check the network"
            f" and {variable}, or try again later; nothing was landed."
        ) from error
    if before and answer.status_code == requests.codes.not_modified:
        return None, before
    if len(body) > _MOST:
        raise LoaderError(f"{host} answered more than {_MOST >> 20} MB for {start} to {end}.")
    try:
        content = json.loads(body, parse_float=str)
        if answer.status_code != requests.codes.ok:
            reason = content.get("reason") or content["message"]
            raise LoaderError(
                f"{host} answered {answer.status_code}: {shown(reason.strip('.'), 200)}."
            )
        rows = list(feed.rows(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LoaderError(
            f"{host} answered {answer.status_code} and what is not its documented JSON, for {start}"
            f" to {end}: {shown(body[:60].decode(errors='replace'))}"
        ) from error
    if _ETAG in answer.headers:
        return rows, Position(_ETAG, answer.headers[_ETAG], str(end))
    is_final = end < date.today() - _FINAL_AFTER
    return rows, Position(_FINAL, str(date.today()), str(end)) if is_final else None
