"""The plain star, which builds are measured against, is the star that dbt makes, row for row."""

import pytest

from benchmarks import plain
from raw_sql import rows_of_one_only
from warehouse import MARTS, Warehouse

# Of a table: columns with types, then primary key, and indexes without the name of its schema.
FORM = (
    "select attname::text, format_type(atttypid, atttypmod) from pg_attribute"
    " where attrelid = '{0}.{1}'::regclass and attnum > 0 and not attisdropped order by 1",
    "select pg_get_constraintdef(oid) from pg_constraint"
    " where conrelid = '{0}.{1}'::regclass and contype = 'p'",
    "select regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', ''), indisunique"
    " from pg_index where indrelid = '{0}.{1}'::regclass order by 1",
)


@pytest.fixture(scope="module")
def both(sample_and_real: Warehouse) -> Warehouse:
    """A warehouse with both stars, of one landing."""
    with sample_and_real.environment():
        plain.build()
    return sample_and_real


def test_every_mart_is_compared(both: Warehouse) -> None:
    tables = "select tablename::text from pg_tables where schemaname = 'marts'"
    assert {name for (name,) in both.query(tables)} == set(MARTS)


@pytest.mark.parametrize("mart", MARTS)
def test_a_plain_table_is_the_mart(both: Warehouse, mart: str) -> None:
    for query in FORM:
        ours = both.query(query.format("marts", mart))
        assert ours
        assert both.query(query.format(plain.SCHEMA, mart)) == ours
    assert both.query(f"select count(*) > 1 from marts.{mart}") == [(True,)]
    assert rows_of_one_only(both, f"marts.{mart}", f"table {plain.SCHEMA}.{mart}") == []
