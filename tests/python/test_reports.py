"""Every report says what independently written SQL on ``raw`` says: sample and real data.

``tests/reports/<report>.raw.sql`` gives its columns, by their names, without the models.
"""

import os
from pathlib import Path

import pytest
from psycopg2 import sql

from loaders.paths import project_root
from loaders.sample import generate
from warehouse import NO_TESTS, Rows, Warehouse

REAL_DATA = os.environ.get("OLIST_REAL_DATA")
FOLDER = Path(__file__).parents[1] / "reports"
REPORTS = sorted(path.name.removesuffix(".raw.sql") for path in FOLDER.glob("*.raw.sql"))


@pytest.fixture(
    scope="module",
    params=[
        "sample",
        pytest.param("real", marks=pytest.mark.skipif(not REAL_DATA, reason="OLIST_REAL_DATA")),
    ],
)
def built(
    request: pytest.FixtureRequest,
    warehouse: Warehouse,
    rebuilt_warehouse: Warehouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Warehouse:
    """A warehouse with the star and the reports."""
    if request.param == "real":
        made, files = rebuilt_warehouse, Path(str(REAL_DATA))
    else:
        made, files = warehouse, tmp_path_factory.mktemp("sample")
        generate(files, 0.05)
    made.land(files, "snapshot")
    made.dbt("build", *NO_TESTS)
    return made


def test_every_report_is_compared() -> None:
    models = {path.stem for path in (project_root() / "models/reports").glob("**/rpt_*.sql")}
    assert models == set(REPORTS)


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_says_what_raw_says(built: Warehouse, report: str) -> None:
    assert built.query(f"select count(*) > 0 from reports.{report}") == [(True,)]
    assert _rows_of_one_only(built, report) == []


def _rows_of_one_only(built: Warehouse, report: str) -> Rows:
    """Some rows that the report has and SQL on raw has not, or the other way round."""
    columns = sql.SQL(", ").join(
        sql.Identifier(name)
        for (name,) in built.query(
            "select attname::text from pg_attribute"
            f" where attrelid = 'reports.{report}'::regclass and attnum > 0 order by attnum"
        )
    )
    return built.query(
        sql.SQL(
            "with from_raw as materialized ({query}),"
            " ours as (select {columns} from reports.{report}),"
            " theirs as (select {columns} from from_raw) "
            "(select 'report', a.* from (table ours except all table theirs) as a limit 5)"
            " union all "
            "(select 'raw', b.* from (table theirs except all table ours) as b limit 5)"
        ).format(
            query=sql.SQL((FOLDER / f"{report}.raw.sql").read_text("utf-8")),
            columns=columns,
            report=sql.Identifier(report),
        )
    )
