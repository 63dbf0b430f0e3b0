"""SQL that stands elsewhere: on ``raw`` in tests/reports and tests/answers, in docs/metrics.md."""

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from psycopg2 import sql

from loaders.paths import project_root
from warehouse import Rows, Warehouse

REPORTS = Path(__file__).parents[1] / "reports"
_SHARED = re.compile(r"\{\{ (report|part)\('(\w+)'\) \}\}")
_FILES = {"report": "{}.raw.sql", "part": "parts/{}.raw.sql"}
_METRIC = re.compile(r"```sql\n(.+?)\n```\n\nOn the Olist data: `([\d.]+)`", re.DOTALL)


def raw_sql(file: Path) -> str:
    """The query of a file.

    ``{{ report('…') }}`` in it is the query of that report, ``{{ part('…') }}`` one of
    tests/reports/parts, as a subquery of that name.
    """
    return _SHARED.sub(
        lambda match: f"({raw_sql(REPORTS / _FILES[match[1]].format(match[2]))}) as {match[2]}",
        file.read_text("utf-8"),
    )


def rows_of_one_only(built: Warehouse, table: str, other: str, but: Sequence[str] = ()) -> Rows:
    """Some rows that a table has and another query has not, or has less often, or vice versa.

    ``but`` are columns of the table that are not compared.
    """
    schema, name = table.split(".")
    columns = sql.SQL(", ").join(
        sql.Identifier(column)
        for (column,) in built.query(
            "select column_name::text from information_schema.columns"
            f" where table_schema = '{schema}' and table_name = '{name}' order by 1"
        )
        if column not in but
    )
    return built.query(
        sql.SQL(
            "with ours as (select {columns} from {table}),"
            " theirs as (select {columns} from ({other}) as other) "
            "(select 'ours', a.* from (table ours except all table theirs) as a limit 5)"
            " union all "
            "(select 'theirs', b.* from (table theirs except all table ours) as b limit 5)"
        ).format(columns=columns, table=sql.Identifier(schema, name), other=sql.SQL(other))
    )


def metrics() -> dict[str, Decimal]:
    """The queries of docs/metrics.md, and what they give on the real data."""
    text = (project_root() / "docs" / "metrics.md").read_text("utf-8")
    found = {query: Decimal(value) for query, value in _METRIC.findall(text)}
    assert len(found) == text.count("```sql") > 0, "a query of docs/metrics.md has no value"
    return found
