"""The optional tables in dbt: off by default, and what their reports say equals SQL on ``raw``.

``tests/reports/operations/<report>.raw.sql`` gives a report's columns without the models.
"""

import re
from pathlib import Path

import pytest

from conftest import write_csv
from loaders.paths import project_root
from loaders.sample import generate
from loaders.tables import OPTIONAL
from raw_sql import raw_sql, rows_of_one_only
from tests import frames
from warehouse import MARTS, STAR, Warehouse

FOLDER = Path(__file__).parents[1] / "reports" / "operations"
MODELS = project_root() / "models" / "operations"
REPORTS = sorted(path.name.removesuffix(".raw.sql") for path in FOLDER.glob("*.raw.sql"))
FACTS = ("fct_campaign_days", "fct_inventory_transactions", "fct_invoices")
NAMES = [table.name for table in OPTIONAL if table.source == "operations"]
ON = ("--vars", "with_operations: true")
OPERATIONS = ("--select", "path:models/operations", *ON)
CAST = re.compile(r"""try_cast\('(\w+)', '([^']+)'\)""")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, 0.05, with_operations=True)
    return folder


@pytest.fixture(scope="module")
def off(warehouse: Warehouse, files: Path) -> Warehouse:
    """A warehouse that has all files, built as it is by default."""
    warehouse.land(files, "snapshot")
    warehouse.dbt("build", *STAR)
    return warehouse


@pytest.fixture(scope="module")
def built(off: Warehouse) -> Warehouse:
    """The same, switched on, after every data test and unit test of it has passed."""
    statuses = off.dbt("build", *OPERATIONS)
    assert {name for name, status in statuses.items() if status == "warn"} == set()
    assert {*FACTS, *REPORTS, "rpt_inventory_status_rules"} <= set(statuses)
    assert "assert_operations_are_equal_from_raw_to_reports" in statuses
    assert "fct_campaign_days_have_every_day" in statuses
    return off


def tables(made: Warehouse, schema: str) -> set[str]:
    return {
        name
        for (name,) in made.query(
            f"select relname::text from pg_class where relnamespace = to_regnamespace('{schema}')"
            " and relkind in ('r', 'v')"
        )
    }


def test_off_is_as_if_it_were_not_there(off: Warehouse) -> None:
    assert tables(off, "marts") == set(MARTS)
    built_names = {
        name for schema in ("staging", "reports", "audit") for name in tables(off, schema)
    }
    assert not {name for name in built_names if "operations" in name or name in REPORTS}


def test_every_report_is_compared() -> None:
    assert {path.stem for path in MODELS.glob("reports/rpt_*.sql")} == set(REPORTS)


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_says_what_raw_says(built: Warehouse, report: str) -> None:
    assert built.query(f"select count(*) > 10 from reports.{report}") == [(True,)]
    other = raw_sql(FOLDER / f"{report}.raw.sql")
    assert rows_of_one_only(built, f"reports.{report}", other) == []


def test_the_reports_have_what_they_are_for(built: Warehouse) -> None:
    """Stocks that ran out, that are due, and campaigns that paid: else a rule is never asked."""
    assert built.query(
        "select bool_or(is_stocked_out), bool_or(needs_reorder), bool_or(not needs_reorder),"
        " max(stock_out_days_365d) > 30, min(on_hand_quantity) >= 0, max(turnover_365d) > 2"
        " from reports.rpt_inventory_status"
    ) == [(True,) * 6]
    assert built.query(
        "select count(distinct channel), min(return_on_investment_percent) > -100,"
        " max(cost_per_acquisition) < 200, count(*) filter (where cost = 0) >= 0"
        " from reports.rpt_campaign_performance where attributed_orders > 0"
    ) == [(6, True, True, True)]
    assert built.query(
        "select count(distinct period), bool_or(canceled_invoice_count > 0),"
        " max(invoice_count) > 5 from reports.rpt_recent_invoices"
    ) == [(3, True, True)]


def test_a_later_delivery_changes_what_it_touches(
    built: Warehouse, files: Path, tmp_path: Path
) -> None:
    """Changed, new and removed rows, in two batches, then the same again: as a full refresh."""
    later = frames.read(files, NAMES)
    stock, campaigns = later["inventory_transactions"], later["marketing_campaigns"]
    gone = stock.index[stock["transaction_type"] == "adjustment"][-5:]
    stock.loc[stock.index[:20], "unit_cost"] = "9.99"
    stock = stock.drop(index=gone)
    campaigns.loc[campaigns.index[:7], "clicks"] = "12345"
    (tmp_path / "snapshot").mkdir()
    changed = {"inventory_transactions": stock, "marketing_campaigns": campaigns}
    frames.write(changed, tmp_path / "snapshot")
    landed = built.land(tmp_path / "snapshot", "snapshot")
    assert (landed.new, landed.changed, landed.removed) == (0, 27, len(gone))
    write_csv(
        tmp_path / "delta",
        "inventory_transactions",
        "t-late,p-new,s-new,receipt,40,2017-02-01 10:00:00,3.00,,",
        "t-gift,p-new,s-new,receipt,10,2017-02-01 11:00:00,,,",
        "t-last,p-new,s-new,sale,-2,2018-08-31 10:00:00,3.00,,",
        "t-young,p-young,s-new,receipt,10,2018-08-22 10:00:00,2.00,,",
        "t-sold,p-young,s-new,sale,-7,2018-08-25 10:00:00,2.00,,",
        "t-in,p-empty,s-new,receipt,5,2017-12-01 10:00:00,4.00,,",
        "t-out,p-empty,s-new,sale,-5,2018-01-05 10:00:00,4.00,,",
    )
    assert built.land(tmp_path / "delta").new == 7
    first = later["invoices"].iloc[0].to_dict()
    last = {"invoice_id": "i-new", "invoiced_at": "2018-12-31 23:59:59"}
    again = {"invoice_status": "canceled"}
    rows = [",".join((first | other).values()) for other in (last, again)]
    write_csv(tmp_path / "invoices", "invoices", *rows)
    landed = built.land(tmp_path / "invoices")
    assert (landed.new, landed.changed) == (1, 1)
    built.dbt("run", *OPERATIONS)
    marts = built.marts(FACTS)
    assert built.query(
        "select product_id, category_name, on_hand_quantity, on_hand_value::float,"
        " days_of_supply::float, reorder_point, needs_reorder from reports.rpt_inventory_status"
        " where seller_id = 's-new' order by product_id"
    ) == [
        ("p-empty", "unknown", 0, 0, None, 0, True),
        ("p-new", "unknown", 48, 144, 2160, 1, False),
        ("p-young", "unknown", 3, 6, 4.3, 15, True),
    ]
    for report in REPORTS:
        other = raw_sql(FOLDER / f"{report}.raw.sql")
        assert rows_of_one_only(built, f"reports.{report}", other) == [], report
    assert not built.land(tmp_path / "delta").anything
    built.dbt("run", *OPERATIONS)
    assert built.marts(FACTS) == marts
    built.dbt("run", "--full-refresh", *OPERATIONS)
    assert built.marts(FACTS) == marts


def test_bad_values_are_listed_and_stop_nothing(built: Warehouse, tmp_path: Path) -> None:
    write_csv(tmp_path, "inventory_transactions", "t-bad,p-new,s-new,receipt,many,soon,1.00,,")
    write_csv(tmp_path, "marketing_campaigns", "c-bad,2018-02-30,Bad,,1,1,free,0,0.00")
    built.land(tmp_path)
    statuses = built.dbt("build", *OPERATIONS)
    assert statuses["assert_operations_values_can_be_cast"] == "warn"
    assert built.query(
        "select row_key, column_name, invalid_value from audit.invalid_operations_values"
        " order by 1, 2"
    ) == [
        ("campaign_id=c-bad, campaign_date=2018-02-30", "campaign_date", "2018-02-30"),
        ("campaign_id=c-bad, campaign_date=2018-02-30", "cost", "free"),
        ("transaction_id=t-bad", "quantity", "many"),
        ("transaction_id=t-bad", "transaction_at", "soon"),
    ]
    assert built.query(
        "select year_month, clicks, cost, return_on_ad_spend from reports.rpt_campaign_performance"
        " where channel = 'unknown'"
    ) == [("unknown", 1, 0, None)]


def test_every_cast_of_staging_is_watched() -> None:
    casts = {
        cast
        for path in (MODELS / "staging").glob("*.sql")
        for cast in CAST.findall(path.read_text("utf-8"))
    }
    audit = (MODELS / "audit" / "invalid_operations_values.sql").read_text("utf-8")
    assert casts == set(re.findall(r'"(\w+)": "([^"]+)"', audit))


def test_switched_off_again_no_result_of_its_tests_is_kept(built: Warehouse) -> None:
    kept = r"select count(*) from audit.test_results where test_name like 'stg\_operations%'"
    assert built.query(kept) != [(0,)]
    built.dbt("run", "--select", "stg_olist__pin")
    assert built.query(kept) == [(0,)]
