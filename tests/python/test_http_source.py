"""``rates://`` and ``weather://``: what lands, what is asked for again, and how they give up."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from conftest import Query, write_csv
from daily_apis import Apis, rain, serve
from loaders.cli import main
from loaders.paths import project_root
from loaders.sources import Request, http

WEEK = "rates://2018-03-01..2018-03-06"
RATES = "select date, base, currency, rate from raw.exchange_rates where _until_batch_id is null"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def apis(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Apis]:
    """Both APIs, which are asked again at once."""
    monkeypatch.setattr(http, "_TRIES", http._TRIES.new(backoff_factor=0, total=3))
    with serve() as served:
        for name, value in served.variables.items():
            monkeypatch.setenv(name, value)
        yield served


def test_rates_land_as_they_are_written(apis: Apis, query: Query, capsys: Captured) -> None:
    assert main(["land", WEEK]) == 0
    assert "4 rows read: 4 new" in capsys.readouterr().out
    working = [date(2018, 3, number) for number in (1, 2, 5, 6)]
    assert query(f"{RATES} order by 1") == [
        (str(day), "BRL", "USD", str(apis.rate(day))) for day in working
    ]
    assert [path for path, _, _ in apis.asked] == ["/v1/2018-03-01..2018-03-06"]


def test_what_has_not_changed_is_not_sent_again(apis: Apis, query: Query, capsys: Captured) -> None:
    assert main(["land", WEEK]) == 0
    assert main(["land", WEEK]) == 0
    assert "nothing new" in capsys.readouterr().out
    assert [known is None for _, _, known in apis.asked] == [True, False]
    assert query("select count(*) from raw._batches") == [(1,)]
    apis.corrected["2018-03-02"] = 0.3
    assert main(["land", WEEK]) == 0
    assert "1 changed" in capsys.readouterr().out
    assert main(["land", WEEK, "--mode", "snapshot"]) == 0  # without a condition
    assert apis.asked[-1][2] is None
    assert main(["land", "rates://2018-03-01..2018-03-05"]) == 0  # other days: neither
    assert apis.asked[-1][2] is None
    query("truncate raw.exchange_rates")  # what raw has not is asked for whole
    assert main(["land", WEEK]) == 0
    assert apis.asked[-1][2] is None
    assert len(query(RATES)) == 4


def test_a_weekend_is_answered_with_the_day_before_it(apis: Apis, query: Query) -> None:
    assert main(["land", "rates://2018-03-03..2018-03-04"]) == 0
    assert [day for day, *_ in query(RATES)] == ["2018-03-02"]


def test_the_calendar_is_the_default(apis: Apis, query: Query) -> None:
    assert main(["land", "rates://"]) == 0
    assert main(["land", "rates://2018-01-01.."]) == 0
    assert [path for path, _, _ in apis.asked] == [
        "/v1/2016-01-01..2020-12-31",
        "/v1/2018-01-01..2020-12-31",
    ]
    assert query("select min(date), max(date) from raw.exchange_rates") == [
        ("2016-01-01", "2020-12-31")
    ]


def test_weather_is_that_of_each_capital(
    apis: Apis, query: Query, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["land", "weather://2018-01-15..2018-05-15"]) == 0
    with (project_root() / "seeds" / "state_capitals.csv").open(encoding="utf-8") as seed:
        states = [row["state_code"] for row in csv.DictReader(seed)]
    days = [date(2018, 1, 15) + timedelta(number) for number in range(121)]
    expected = [
        (str(day), state, None if (mm := rain(number, day)) is None else str(mm), "30.5", "19.0")
        for number, state in enumerate(states)
        for day in days
    ]
    assert sorted(
        query(
            "select date, state_code, precipitation_mm, temperature_max_c, temperature_min_c"
            " from raw.weather"
        ),
        key=repr,
    ) == sorted(expected, key=repr)
    assert len(apis.asked) == 2
    assert apis.asked[0][1]["latitude"][0].startswith("-9.9750,-9.6660,0.0349,")
    assert main(["land", "weather://2018-01-15..2018-05-15"]) == 0
    assert "nothing new" in capsys.readouterr().out
    assert len(apis.asked) == 2  # it has no validators, and days so long past are final
    assert main(["land", "weather://2018-06-01..2018-06-01"]) == 0
    assert main(["land", "weather://2018-01-15..2018-05-15"]) == 0
    assert len(apis.asked) == 3  # also after others
    write_csv(tmp_path, "weather", "2018-01-15,SP,1.0,30.0,20.0")
    assert main(["land", str(tmp_path)]) == 0
    assert main(["land", "weather://2018-01-15..2018-05-15"]) == 0
    assert len(apis.asked) == 5  # but not after a file


def test_days_of_late_are_asked_for_again(apis: Apis, query: Query) -> None:
    first = date.today() - timedelta(20)
    for scheme in ("weather", "weather", "rates"):
        assert main(["land", f"{scheme}://{first}..2099-12-31"]) == 0
    assert len(apis.asked) == 3
    assert apis.asked[0][1]["end_date"] == [str(date.today() - timedelta(1))]
    assert query("select * from raw._watermarks") == []


def test_loads_of_one_scheme_take_turns(apis: Apis, capsys: Captured) -> None:
    with http.deliver(WEEK, (), Request()):
        assert main(["land", "rates://2018-03-01..2018-03-05", "--no-wait"]) == 1
        assert "another load of rates:// is running" in capsys.readouterr().err
        assert main(["land", "weather://2018-03-01..2018-03-05", "--no-wait"]) == 0


@pytest.mark.parametrize("moods", [[429, 503], [500, 502, 504]])
def test_what_passes_is_asked_again(apis: Apis, query: Query, moods: list[Any]) -> None:
    apis.first += moods
    apis.headers["Retry-After"] = "0"
    assert main(["land", WEEK]) == 0
    assert len(apis.asked) == len(moods) + 1
    assert len(query(RATES)) == 4


@pytest.mark.parametrize(
    "case",
    [
        ([429] * 9, "127.0.0.1 answered 429: Minutely API request limit exceeded"),
        ([503] * 9, "answered 503"),
        ([400], "answered 400: Minutely"),
        (
            [b'{"rates": {"2018-03-'],
            'not its documented JSON, for 2018-03-01 to 2018-03-06: {"rates"',
        ),
        ([b"<html>\r\nportal</html>"], "documented JSON"),
        ([b"[]"], "documented JSON"),
        ([b"[" * 3999], "documented JSON"),
        ([b'{"base": "BRL", "rates": {"2018-03-01": 0.3}}'], "documented JSON"),
        ([b"x" * 5000], "answered more than 0 MB"),
        ([1.0] * 9, "does not answer, or not in full (ReadTimeoutError)"),
    ],
    ids=["429", "503", "400", "cut", "html", "list", "deep", "shape", "large", "slow"],
)
def test_what_does_not_pass_is_one_sentence(
    apis: Apis,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
    case: tuple[list[Any], str],
) -> None:
    moods, words = case
    monkeypatch.setattr(http, "_MOST", 4000)
    monkeypatch.setattr(http, "_TIMEOUT", (1.0, 0.1))
    apis.first += moods
    assert main(["land", WEEK]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert len(told.splitlines()) == 1
    assert query("select status from raw._batches") == [("failed",)]


def test_a_body_that_ends_early_is_not_landed(apis: Apis, capsys: Captured) -> None:
    apis.first += [b'{"rates": {}}']
    apis.headers["Content-Length"] = "999"
    assert main(["land", WEEK]) == 1
    assert "not in full" in capsys.readouterr().err


def test_nobody_answers(apis: Apis, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("OLIST_RATES_URL", "http://127.0.0.1:9")
    assert main(["land", WEEK]) == 1
    assert "check the network and OLIST_RATES_URL" in capsys.readouterr().err
    assert not apis.asked
    monkeypatch.setenv("OLIST_RATES_URL", "http://[x")
    assert main(["land", WEEK]) == 1
    assert capsys.readouterr().err.count("OLIST_RATES_URL cannot be read as a URL.") == 1


def test_a_key_stays_in_the_query_and_is_never_shown(
    apis: Apis,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("OLIST_RATES_URL", f"{apis.address}/v1/?apikey=s3cret")
    assert main(["land", WEEK]) == 0
    path, parameters, _ = apis.asked[0]
    assert (path, parameters["apikey"]) == ("/v1/2018-03-01..2018-03-06", ["s3cret"])
    monkeypatch.setenv("OLIST_RATES_URL", "http://127.0.0.1:9/?apikey=s3cret")
    assert main(["land", WEEK]) == 1
    assert "s3cret" not in caplog.text + "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rates://yesterday"], "write the days like rates://2017-01-01..2018-12-31"),
        (["rates://2018-02-30.."], "write the days like"),
        (["weather://2018-03-02..2018-03-01"], "no day from 2018-03-02 to 2018-03-01"),
        (["rates://2099-01-01..2099-12-31"], "there is no day from"),
        (["rates://1998-01-01..1998-12-31"], "answered 404: not found."),
        ([WEEK, "--table", "weather"], "has the table exchange_rates only"),
    ],
)
def test_days_that_cannot_be(
    apis: Apis, capsys: Captured, arguments: list[str], words: str
) -> None:
    assert main(["land", *arguments]) == 1
    assert words in capsys.readouterr().err
