"""Columns that a file has and its raw table does not: added as text, in the batch's transaction."""

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.sources import SourceFile


def add_columns(cursor: Cursor, source: SourceFile) -> list[str]:
    """Add the columns of a file that its raw table lacks; return them."""
    extra = [name for name in source.header() if name not in source.table.columns]
    if not extra:
        return []
    cursor.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and not attisdropped",
        (f"raw.{source.table.name}",),
    )
    there = {name for (name,) in cursor.fetchall()}
    added = [name for name in extra if name not in there]
    if added:
        cursor.execute(
            sql.SQL("alter table {} {}").format(
                sql.Identifier("raw", source.table.name),
                sql.SQL(", ").join(
                    sql.SQL("add column {} text").format(sql.Identifier(name)) for name in added
                ),
            )
        )
    return added
