"""The guard of whole files: one that lacks much of what is landed was perhaps cut short."""

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError
from loaders.land.batch import Rules
from loaders.tables import Table

PERCENT = 5


def live_rows(cursor: Cursor, table: Table) -> int:
    """Rows of a raw table that are not marked as removed."""
    cursor.execute(
        sql.SQL("select count(*) from {} where _deleted_at is null").format(
            sql.Identifier("raw", table.name)
        )
    )
    row = cursor.fetchone()
    return row[0] if row else 0


def check_removals(table: Table, live: int, removed: int, rules: Rules) -> None:
    """Raise LoaderError when more than 5 % of a table's rows would go, and nobody allowed it."""
    if rules.allow_removals or removed * 100 <= live * PERCENT:
        return
    raise LoaderError(
        f"{table.file}: {removed:,} of the {live:,} rows of raw.{table.name}"
        f" ({100 * removed / live:.1f} %) would be removed, as the file does not have them; if that"
        " is right, land it with --allow-removals (make build: OLIST_ALLOW_REMOVALS=1)."
    )
