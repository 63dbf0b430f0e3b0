"""Loopback stand-ins for Frankfurter and for Open-Meteo's archive: answers, and moods."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from loopback import serving

Answer = tuple[int, dict[str, str], bytes]


def days(first: date, last: date) -> Iterator[date]:
    """Each day from one to another."""
    return (first + timedelta(number) for number in range((last - first).days + 1))


@dataclass
class Apis:
    """What was asked, and what is answered first: a status, bytes, or seconds of silence."""

    address: str = ""
    asked: list[tuple[str, dict[str, list[str]], str | None]] = field(default_factory=list)
    first: list[int | bytes | float] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)  # of those answers
    corrected: dict[str, float] = field(default_factory=dict)  # rates by day

    @property
    def variables(self) -> dict[str, str]:
        """By which the loader finds both."""
        return {
            "OLIST_RATES_URL": f"{self.address}/v1",
            "OLIST_WEATHER_URL": f"{self.address}/v1/archive",
        }

    def rate(self, day: date) -> float:
        """Of five digits, as Frankfurter rounds them."""
        return self.corrected.get(str(day), round(0.2 + day.toordinal() * 37 % 12345 / 123457, 5))

    def answer(self, path: str, query: dict[str, list[str]], known: str | None) -> Answer:
        """What the API of a path says."""
        if path.endswith("/archive"):
            return 200, {}, json.dumps(self._weather(query)).encode()
        assert (query["base"], query["symbols"]) == (["BRL"], ["USD"])
        first, last = map(date.fromisoformat, path.rpartition("/")[2].split(".."))
        if last.year < 1999:
            return 404, {}, b'{"message":"not found"}'
        working = [day for day in days(first, last) if day.weekday() < 5]
        # A weekend has the last day before it.
        working = working or [first - timedelta(first.weekday() - 4)]
        rates = {str(day): {"USD": self.rate(day)} for day in working}
        name = f"{max(rates)} {len(self.corrected)}"  # its own knows the last day only
        etag = f'"{hashlib.sha256(name.encode()).hexdigest()[:32]}"'
        span = {"start_date": min(rates), "end_date": max(rates)}
        content = {"amount": 1.0, "base": "BRL", **span, "rates": rates}
        return (
            (304, {}, b"") if known == etag else (200, {"ETag": etag}, json.dumps(content).encode())
        )

    def _weather(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        places = zip(
            *(query[name][0].split(",") for name in ("latitude", "longitude")), strict=True
        )
        first, last = (date.fromisoformat(query[f"{end}_date"][0]) for end in ("start", "end"))
        assert query["daily"] == ["precipitation_sum,temperature_2m_max,temperature_2m_min"]
        assert query["timezone"] == ["America/Sao_Paulo"]
        units = {"time": "iso8601", "precipitation_sum": "mm", "temperature_2m_max": "°C"}
        return [
            {
                "latitude": float(latitude),
                "longitude": float(longitude),
                "timezone": "America/Sao_Paulo",
                **({"location_id": number} if number else {}),
                "daily_units": units,
                "daily": {
                    "time": [str(day) for day in days(first, last)],
                    "precipitation_sum": [rain(number, day) for day in days(first, last)],
                    "temperature_2m_max": [30.5 for _ in days(first, last)],
                    "temperature_2m_min": [19.0 for _ in days(first, last)],
                },
            }
            for number, (latitude, longitude) in enumerate(places)
        ]


def rain(place: int, day: date) -> float | None:
    """In mm; the archive has none yet for a day of each year."""
    if (day.month, day.day) == (2, 1):
        return None
    return max(0.0, round((day.toordinal() * 7 + place * 13) % 450 / 10 - 20, 1))


@contextmanager
def serve() -> Iterator[Apis]:
    """Serve both until the end of the block."""
    apis = Apis()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            known = self.headers.get("If-None-Match")
            apis.asked.append((parts.path, query := parse_qs(parts.query), known))
            mood = apis.first.pop(0) if apis.first else None
            if isinstance(mood, float):
                time.sleep(mood)
            status, headers, body = apis.answer(parts.path, query, known)
            if isinstance(mood, bytes):
                body = mood
            elif isinstance(mood, int):
                reason = {"error": True, "reason": "Minutely API request limit exceeded."}
                status, headers, body = mood, {}, json.dumps(reason).encode()
            headers = {
                "Content-Length": str(len(body)),
                **headers,
                **(apis.headers if mood else {}),
            }
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as address:
        apis.address = f"http://{address}"
        yield apis
