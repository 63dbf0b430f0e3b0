"""Exchange rates and weather in dbt: off by default; dollars and rain are what raw says.

``tests/reports/external/<report>.raw.sql`` gives a report's columns without the models.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import yaml

from conftest import write_csv
from daily_apis import Apis, serve
from loaders import build
from loaders.dbt import WITH_EXTERNAL, parsed
from loaders.paths import project_root
from loaders.sample import generate
from loaders.tables import BY_NAME
from raw_sql import raw_sql, rows_of_one_only
from test_engines import Engine
from warehouse import MARTS, NO_TESTS, STAR, Warehouse

FOLDER = Path(__file__).parents[1] / "reports" / "external"
MODELS = project_root() / "models" / "external"
REPORTS = sorted(path.name.removesuffix(".raw.sql") for path in FOLDER.glob("*.raw.sql"))
FACTS = ("fct_exchange_rates", "fct_weather_days")
EXTERNAL = ("--select", "path:models/external", "state_capitals", *WITH_EXTERNAL)
SPAN = "2016-09-01..2018-10-31"
CAST = re.compile(r"""try_cast\('(\w+)', '([^']+)'\)""")
METRICS = yaml.safe_load(Path(__file__).with_name("metrics.yml").read_text("utf-8"))
LAST_RATE = """
left join lateral (
    select rate::numeric as rate from raw.exchange_rates
    where _until_batch_id is null and date::date <= days.date_day
    order by date desc limit 1
) as rates on true
"""


@pytest.fixture(scope="module")
def apis() -> Iterator[Apis]:
    with serve() as served, mock.patch.dict(os.environ, served.variables):
        yield served


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, 0.05)
    return folder


@pytest.fixture(scope="module")
def off(warehouse: Warehouse, apis: Apis, files: Path) -> Warehouse:
    """A warehouse that has rates and weather, built as it is by default."""
    warehouse.land(files, "snapshot")
    with warehouse.environment():
        assert build.switches() == ()
    for scheme in ("rates", "weather"):
        assert warehouse.land(f"{scheme}://{SPAN}").new > 500
        assert not warehouse.land(f"{scheme}://{SPAN}").read
    warehouse.dbt("build", *STAR)
    return warehouse


@pytest.fixture(scope="module")
def built(off: Warehouse) -> Warehouse:
    """The same, switched on as `make build` does, after all its tests have passed."""
    with off.environment():
        assert build.switches() == ("--vars", '{"with_external": true}')
    statuses = off.dbt("build", *EXTERNAL)
    assert {name for name, status in statuses.items() if status == "warn"} == set()
    assert {*FACTS, *REPORTS, "assert_external_reports_add_up"} <= set(statuses)
    assert "fct_exchange_rates_carries_the_last_rate" in statuses
    return off


def test_off_is_as_if_it_were_not_there(off: Warehouse) -> None:
    assert {
        name
        for (name,) in off.query("select tablename::text from pg_tables where schemaname = 'marts'")
    } == set(MARTS)
    others = "external|fct_exchange_rates|fct_weather|_usd$|by_rain|state_capitals"
    assert off.query(f"select relname from pg_class where relname ~ '{others}'") == []
    with off.environment():
        assert "revenue_usd" not in parsed()


def test_every_report_is_compared() -> None:
    assert {path.stem for path in MODELS.glob("reports/rpt_*.sql")} == set(REPORTS)


def compare(made: Warehouse, report: str) -> None:
    """Keys of dimensions are the star's, and compared there."""
    found = made.query(
        "select column_name::text from information_schema.columns where table_schema = 'reports'"
        f" and table_name = '{report}' and column_name ~ '_key$'"
        " and column_name <> 'state_rain_key'"
    )
    other = raw_sql(FOLDER / f"{report}.raw.sql")
    assert rows_of_one_only(made, f"reports.{report}", other, [name for (name,) in found]) == []


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_says_what_raw_says(built: Warehouse, report: str) -> None:
    assert built.query(f"select count(*) > 10 from reports.{report}") == [(True,)]
    compare(built, report)


def test_duckdb_gives_the_same_from_files(built: Warehouse, files: Path, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    shutil.copytree(files, folder := tmp_path / "files")
    for table in ("exchange_rates", "weather"):
        fields = ", ".join(f"coalesce({name}, '')" for name in BY_NAME[table].columns)
        rows = built.query(f"select concat_ws(',', {fields}) from raw.{table}")
        write_csv(folder, table, *(row for (row,) in rows))
    duckdb = Engine("duckdb", tmp_path)
    duckdb.dbt(folder, "build", "--select", "+path:models/external", *NO_TESTS, *WITH_EXTERNAL)
    for schema, name in (*(("marts", name) for name in FACTS), *(("reports", r) for r in REPORTS)):
        columns = [
            column
            for (column,) in built.query(
                "select column_name::text from information_schema.columns"
                f" where table_schema = '{schema}' and table_name = '{name}'"
            )
            if column != "_batch_id"
        ]
        ours = built.query(f"select {', '.join(columns)} from {schema}.{name}")
        theirs = duckdb.rows(f"{schema}.{name}", columns)
        assert sorted(map(repr, ours)) == sorted(map(repr, theirs)), name


def test_dollars_are_each_days_revenue_times_its_rate(built: Warehouse) -> None:
    """To the last digit, and so to the cent."""
    ((ours, total),) = built.query(
        "select sum(price_usd), round(sum(price_usd), 2) from reports.rpt_order_lines_usd"
    )
    ((theirs,),) = built.query(
        "select sum(revenue * rate) from (select order_purchase_timestamp::date as date_day,"
        " sum(price::numeric) as revenue from raw.order_items join raw.orders using (order_id)"
        f" group by 1) as days {LAST_RATE}"
    )
    assert ours == theirs
    assert total > 100_000


def test_a_weekend_has_fridays_rate(built: Warehouse, apis: Apis) -> None:
    rows = built.query(
        "select rated_on, usd_per_brl::float, extract(isodow from date_day)::int"
        " from marts.fct_exchange_rates where date_day between '2018-03-02' and '2018-03-05'"
        " order by date_day"
    )
    friday, monday = rows[0][0], rows[3][0]
    assert [(str(day), number) for day, _, number in rows] == [
        *((str(friday), number) for number in (5, 6, 7)),
        ("2018-03-05", 1),
    ]
    assert [rate for _, rate, _ in rows] == [apis.rate(friday)] * 3 + [apis.rate(monday)]


def test_every_band_of_rain_is_asked(built: Warehouse) -> None:
    assert {
        band for (band,) in built.query("select rain_band from reports.rpt_delivery_by_rain")
    } == {"dry", "1 to 10 mm", "10 to 20 mm", "20 mm or more", "unknown"}


def test_the_metric_by_each_dimension_is_what_sql_says(built: Warehouse) -> None:
    pytest.importorskip("metricflow", reason="MetricFlow is not installed: make semantic")
    from test_semantic_layer import Semantics, differences  # noqa: PLC0415 - of an extra

    semantics = Semantics(built, is_large=False)
    source = f"{METRICS['sources']['lines']} {LAST_RATE}"
    for dimension, column in METRICS["dimensions"]["lines"].items():
        theirs = semantics.answer(
            f"select {column}, {METRICS['external']['revenue_usd']} from {source} group by 1"
        )
        assert theirs, dimension
        assert differences(semantics.cells("revenue_usd", dimension), theirs) == [], dimension


def test_the_metric_is_there_where_it_is_built(built: Warehouse) -> None:
    pytest.importorskip("metricflow", reason="MetricFlow is not installed: make semantic")
    import metrics  # noqa: PLC0415 - of an extra
    from metrics.engine import engine  # noqa: PLC0415

    engine.cache_clear()
    with built.environment():
        assert {"revenue", "revenue_usd"} <= {one.name for one in metrics.metrics()}
        statement = metrics.sql(("revenue_usd",))
    engine.cache_clear()
    dollars = "select sum(price_usd) from reports.rpt_order_lines_usd"
    assert built.query(statement) == built.query(dollars)


def test_rates_and_rain_that_come_later_change_what_they_touch(
    built: Warehouse, apis: Apis, tmp_path: Path
) -> None:
    """A rate that is corrected, then rates that begin later, as any file: as a full refresh."""
    apis.corrected["2017-11-24"] = 0.5
    landed = built.land(f"rates://{SPAN}", "snapshot")
    assert (landed.new, landed.changed, landed.removed) == (0, 1, 0)
    built.dbt("build", *EXTERNAL)
    assert built.query(
        "select date_day::text from marts.fct_exchange_rates where usd_per_brl = 0.5 order by 1"
    ) == [(f"2017-11-{day}",) for day in (24, 25, 26)]
    for report in REPORTS:
        compare(built, report)
    rates = built.query(
        "select concat_ws(',', date, base, currency, rate) from raw.exchange_rates"
        " where _until_batch_id is null and date >= '2017-06-01' order by date"
    )
    write_csv(tmp_path, "exchange_rates", *(row for (row,) in rates))
    assert built.land(tmp_path, "snapshot").removed > 100
    statuses = built.dbt("build", *EXTERNAL)
    assert statuses["rpt_order_lines_usd_has_recent_rates"] == "warn"
    assert built.query(
        "select bool_and(price_usd is null), sum(price) > 0 from reports.rpt_order_lines_usd"
        " where purchased_at < '2017-06-01'"
    ) == [(True, True)]

    def rows() -> dict[str, list[str]]:
        names = [f"marts.{name}" for name in FACTS] + [f"reports.{name}" for name in REPORTS]
        return {name: sorted(map(repr, built.query(f"select * from {name}"))) for name in names}

    made = rows()
    built.dbt("run", "--full-refresh", *EXTERNAL)
    assert rows() == made


def test_bad_values_are_listed_and_stop_nothing(built: Warehouse, tmp_path: Path) -> None:
    write_csv(tmp_path, "exchange_rates", "2018-10-30,BRL,USD,cheap", "soon,BRL,USD,0.3")
    write_csv(
        tmp_path,
        "weather",
        "2018-10-30,SP,wet,30.0,20.0",
        "2018-10-31,XX,1.0,30.0,20.0",
        "2018-10-31 00:00,SP ,99.0,30.0,20.0",
        "2018-10-31, ,1.0,30.0,20.0",
    )
    built.land(tmp_path)
    statuses = built.dbt("build", *EXTERNAL)
    assert statuses["assert_external_values_can_be_cast"] == "warn"
    assert statuses["stg_external__weather_values_are_valid"] == "warn"
    assert built.query(
        "select row_key, column_name, invalid_value from audit.invalid_external_values"
        " order by 1, 2"
    ) == [
        ("date=2018-10-30, base=BRL, currency=USD", "rate", "cheap"),
        ("date=2018-10-30, state_code=SP", "precipitation_mm", "wet"),
        ("date=soon, base=BRL, currency=USD", "date", "soon"),
    ]
    assert built.query(
        "select rated_on::text from marts.fct_exchange_rates where date_day = '2018-10-30'"
    ) == [("2018-10-29",)]
    assert built.query(
        "select state_code, capital, precipitation_mm::float from marts.fct_weather_days"
        " where weather_on = '2018-10-31' and (state_code = 'SP' or capital = 'unknown') order by 1"
    ) == [("SP", "São Paulo", 99.0), ("XX", "unknown", 1.0)]


def test_every_cast_of_staging_is_watched() -> None:
    casts = {
        path.stem.removeprefix("stg_external__"): dict(CAST.findall(path.read_text("utf-8")))
        for path in (MODELS / "staging").glob("*.sql")
    }
    audit = (MODELS / "audit" / "invalid_external_values.sql").read_text("utf-8")
    assert casts == {
        table: dict(re.findall(r'"(\w+)": "([^"]+)"', watched))
        for table, watched in re.findall(r'"(\w+)": \(.+?\{(.+?)\}\)', audit, re.DOTALL)
    }
