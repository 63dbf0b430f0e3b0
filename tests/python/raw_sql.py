"""SQL on ``raw`` that reports and answers are compared with: tests/reports, tests/answers."""

import re
from pathlib import Path

from psycopg2 import sql

from warehouse import Rows, Warehouse

REPORTS = Path(__file__).parents[1] / "reports"
_SHARED = re.compile(r"\{\{ (report|part)\('(\w+)'\) \}\}")
_FILES = {"report": "{}.raw.sql", "part": "parts/{}.raw.sql"}


def raw_sql(file: Path) -> str:
    """The query of a file.

    ``{{ report('…') }}`` in it is the query of that report, ``{{ part('…') }}`` one of
    tests/reports/parts, as a subquery of that name.
    """
    return _SHARED.sub(
        lambda match: f"({raw_sql(REPORTS / _FILES[match[1]].format(match[2]))}) as {match[2]}",
        file.read_text("utf-8"),
    )


def rows_of_one_only(built: Warehouse, report: str, file: Path) -> Rows:
    """Some rows that a report has and the SQL of the file has not, or the other way round."""
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
            query=sql.SQL(raw_sql(file)),
            columns=columns,
            report=sql.Identifier(report),
        )
    )
