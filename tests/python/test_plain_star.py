"""The plain star, which builds are measured against, is the star that dbt makes, row for row."""

import os
from pathlib import Path
from unittest import mock

import pytest
from psycopg2 import sql

from benchmarks import plain
from loaders.sample import generate
from warehouse import MARTS, STAR, Rows, Warehouse

REAL_DATA = os.environ.get("OLIST_REAL_DATA")

# Of each table of a schema: columns with types, then keys and indexes without the schema's name.
COLUMNS = """
    select attname::text, format_type(atttypid, atttypmod)
    from pg_attribute
    where attrelid = '{0}.{1}'::regclass and attnum > 0 and not attisdropped
    order by 1
"""
KEYS = """
    select replace(pg_get_constraintdef(oid), '{0}.', '')
    from pg_constraint
    where conrelid = '{0}.{1}'::regclass and contype in ('p', 'f')
    order by 1
"""
INDEXES = """
    select regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', ''), indisunique
    from pg_index
    where indrelid = '{0}.{1}'::regclass
    order by 1
"""


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
    """A warehouse with both stars, of one landing."""
    if request.param == "real":
        made, files = rebuilt_warehouse, Path(str(REAL_DATA))
    else:
        made, files = warehouse, tmp_path_factory.mktemp("sample")
        generate(files, 0.02)
    made.land(files, "snapshot")
    made.dbt("build", *STAR)
    with mock.patch.dict(os.environ, made.variables):
        plain.build()
    return made


def test_every_mart_has_its_plain_table(built: Warehouse) -> None:
    plain_tables = {name for (name,) in built.query(_TABLES.format("plain"))}
    assert {name for (name,) in built.query(_TABLES.format("marts"))} == set(MARTS)
    assert plain_tables >= set(MARTS)


@pytest.mark.parametrize("mart", MARTS)
@pytest.mark.parametrize("what", [COLUMNS, KEYS, INDEXES], ids=["columns", "keys", "indexes"])
def test_a_plain_table_has_the_form_of_the_mart(built: Warehouse, mart: str, what: str) -> None:
    ours = built.query(what.format("marts", mart))
    assert ours
    assert built.query(what.format(plain.SCHEMA, mart)) == ours


@pytest.mark.parametrize("mart", MARTS)
def test_a_plain_table_has_the_rows_of_the_mart(built: Warehouse, mart: str) -> None:
    assert built.query(f"select count(*) > 1 from marts.{mart}") == [(True,)]
    assert _rows_of_one_only(built, mart) == []


def _rows_of_one_only(built: Warehouse, mart: str) -> Rows:
    """Some rows that one of the two tables has, or has more often."""
    columns = sql.SQL(", ").join(
        sql.Identifier(name) for name, _ in built.query(COLUMNS.format("marts", mart))
    )
    return built.query(
        sql.SQL(
            "(select 'marts', a.* from (select {0} from marts.{1} except all"
            " select {0} from {2}.{1}) as a limit 5) union all "
            "(select 'plain', b.* from (select {0} from {2}.{1} except all"
            " select {0} from marts.{1}) as b limit 5)"
        ).format(columns, sql.Identifier(mart), sql.Identifier(plain.SCHEMA))
    )


_TABLES = (
    "select relname::text from pg_class where relkind = 'r' and relnamespace = '{}'::regnamespace"
)
