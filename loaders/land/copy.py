"""COPY a file's bytes into a table: no row passes through Python."""

from collections.abc import Sequence
from typing import IO

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.sources import SourceFile

_BLOCK = 1 << 20


def copy(
    cursor: Cursor, target: sql.Composable, source: SourceFile, stream: IO[bytes], freeze: str
) -> int:
    """COPY the file's bytes; return the rows read. Empty fields become null, quoted or not."""
    columns = names_of(source.header())
    statement = sql.SQL(
        "copy {} ({}) from stdin (format csv, header true, encoding 'UTF8', {}, force_null ({}))"
    ).format(target, columns, sql.SQL(freeze), columns)
    cursor.copy_expert(statement, stream, size=_BLOCK)
    return cursor.rowcount


def names_of(columns: Sequence[str]) -> sql.Composed:
    """Quote column names for a list of them."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))
