"""A database that dbt builds in, again and again from nothing."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest import mock

from psycopg2 import sql

from loaders import connection
from loaders.tables import TABLES

FACTS = ("fct_orders", "fct_order_items", "fct_payments", "fct_reviews")
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")
# The star alone, which the plain star and the peers are: tests go with what they read.
STAR = ("--exclude", "path:models/reports")
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")

_KEPT = ("raw", "public", "information_schema")


@contextmanager
def in_use(variables: Mapping[str, str]) -> Iterator[None]:
    """Point this process, and what it starts, at a database."""
    with mock.patch.dict(os.environ, variables):
        yield


def empty() -> None:
    """Drop all schemas but ``raw``: the next build starts from an empty database."""
    query = "select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> all(%s)"
    with connection.connect(autocommit=True) as link, link.cursor() as cursor:
        cursor.execute(query, (list(_KEPT),))
        schemas = [name for (name,) in cursor.fetchall()]
        cursor.execute("set client_min_messages = warning")
        for schema in schemas:
            cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
        # What this and earlier work left to write is not written during the next one.
        cursor.execute("checkpoint")


def ask(query: str) -> list[tuple[object, ...]]:
    """Rows of a query."""
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def fingerprint(schema: str, table: str) -> tuple[object, ...]:
    """Number of rows and a sum of hashes of a table: equal for equal rows in any order."""
    names = "string_agg(quote_ident(attname), ', ' order by attname)"
    where = f"attrelid = '{schema}.{table}'::regclass and attnum > 0 and not attisdropped"
    columns = ask(f"select {names} from pg_attribute where {where}")[0][0]  # noqa: S608
    hashes = f"sum(hashtextextended(row({columns})::text, 0)::numeric)"
    return ask(f"select count(*), {hashes} from {schema}.{table}")[0]  # noqa: S608


def headers() -> dict[str, str]:
    """The nine files without a row, by name."""
    return {table.file: ",".join(table.columns) + "\n" for table in TABLES}
