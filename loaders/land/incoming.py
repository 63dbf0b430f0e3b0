"""A file's rows in a temporary table, before they are compared with what is landed."""

from typing import IO

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.copy import copy, names_of, send
from loaders.land.rejects import Rejects
from loaders.land.sieve import Sieve
from loaders.sources import SourceFile

INCOMING = sql.Identifier("pg_temp", "incoming")
LINE = sql.Identifier("_line")


def copy_incoming(cursor: Cursor, source: SourceFile, stream: IO[bytes]) -> int:
    """COPY the whole file; return the rows read."""
    _create(cursor, source)
    return copy(cursor, INCOMING, source, stream, "freeze false")


def sift_incoming(cursor: Cursor, source: SourceFile, stream: IO[bytes], rejects: Rejects) -> int:
    """COPY the good records of a file with their lines, and keep the others; return all read."""
    _create(cursor, source)
    cursor.execute(sql.SQL("alter table {} add column {} bigint").format(INCOMING, LINE))
    columns = names_of(source.header())
    sieve = Sieve(source, stream, rejects)
    send(
        cursor,
        sql.SQL(
            "copy {} ({}, {}) from stdin (format csv, encoding 'UTF8', force_null ({}))"
        ).format(INCOMING, LINE, columns, columns),
        sieve,
    )
    return sieve.rows


def _create(cursor: Cursor, source: SourceFile) -> None:
    cursor.execute("drop table if exists pg_temp.incoming")
    cursor.execute(
        sql.SQL("create temporary table incoming ({}) on commit drop").format(
            sql.SQL(", ").join(
                sql.SQL("{} text").format(sql.Identifier(name)) for name in source.header()
            )
        )
    )
