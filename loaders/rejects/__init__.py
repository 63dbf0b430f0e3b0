"""Rows that a load rejected: listed, written out to be mended, and landed after all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.land import ledger
from loaders.land.failures import told
from loaders.land.schema import ensure_schema

OPEN = sql.SQL("rejected.landed_by is null and rejected.superseded_by is null")


@dataclass(frozen=True)
class Chosen:
    """Which rejected rows are meant: of one batch, of one table, or of all."""

    batch: int | None = None
    table: str | None = None

    def condition(self, which: sql.Composable) -> sql.Composed:
        """The condition of SQL for rows of ``raw._rejected_rows as rejected`` that are meant."""
        parts: list[sql.Composable] = [which]
        if self.batch is not None:
            parts.append(sql.SQL("rejected.batch_id = {}").format(sql.Literal(self.batch)))
        if self.table is not None:
            parts.append(sql.SQL("rejected.table_name = {}").format(sql.Literal(self.table)))
        return sql.SQL(" and ").join(parts)


@contextmanager
def ledger_link() -> Iterator[Connection]:
    """Connect to a database that has a ledger, of this version.

    Raises LoaderError when nothing was ever landed in it.
    """
    with connect() as link:
        with link.cursor() as cursor:
            if not ledger.exists(cursor):
                raise LoaderError("nothing was landed here yet, so nothing was rejected.")
            ensure_schema(cursor)
        link.commit()
        try:
            yield link
        except psycopg2.Error as error:
            raise told(error) from error
