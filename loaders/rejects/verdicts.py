"""Which of the rows that are retried may be landed, and the ledger's note of those that were."""

from collections.abc import Sequence

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.tables import ALL_TABLES, Table

_DOUBLED = """
update pg_temp.retried as row
set reason = 'the key (' || array_to_string(row.key, ', ')
    || ') comes more than once with different values: rows ' || doubled.ids
from (
    select table_name, key, string_agg(reject_id::text, ', ' order by reject_id) as ids
    from pg_temp.retried
    where reason is null and newer is null and key <> '{}'
    group by table_name, key
    having count(distinct body) > 1
) as doubled
where row.reason is null and row.newer is null
    and row.table_name = doubled.table_name and row.key = doubled.key
"""

# A table without a key is replaced whole; in a snapshot, what is not there was removed.
_REPLACED = """
update pg_temp.retried as row
set newer = later.batch_id
from (
    select table_name, max(batch_id) as batch_id
    from raw._files
    where status = 'landed' and (mode = 'snapshot' or (table_name = any(%s) and mode <> 'append'))
    group by table_name
) as later
where row.reason is null and row.newer is null
    and row.table_name = later.table_name and row.batch_id < later.batch_id
"""

_SUPERSEDED = """
update raw._rejected_rows as rejected
set superseded_by = retried.newer
from pg_temp.retried
where rejected.reject_id = retried.reject_id and retried.newer is not null
"""


def judge(cursor: Cursor) -> None:
    """Note in ``pg_temp.retried`` which rows must not be landed, and in the ledger which are old.

    A row is as new as the batch that delivered it: when a later batch has landed (or removed) its
    key, or a later whole file did not have it, landing it would bring back what was replaced.
    """
    for table in ALL_TABLES:
        if table.key:
            cursor.execute(_newer(table))
    cursor.execute(_REPLACED, ([table.name for table in ALL_TABLES if not table.key],))
    cursor.execute(_SUPERSEDED)
    cursor.execute(_DOUBLED)


def mark(cursor: Cursor, batch_id: int, files: Sequence[tuple[str, str]]) -> None:
    """Note which batch has landed the rows of these tables and headers."""
    for table, header in files:
        cursor.execute(
            "update raw._rejected_rows as rejected set landed_by = %s from pg_temp.retried"
            " where rejected.reject_id = retried.reject_id and retried.reason is null"
            " and retried.newer is null and retried.table_name = %s and retried.header = %s",
            (batch_id, table, header),
        )


def _newer(table: Table) -> sql.Composed:
    same_key = sql.SQL(" and ").join(
        sql.SQL("landed.{} = row.key[{}]").format(sql.Identifier(name), sql.Literal(position))
        for position, name in enumerate(table.key, start=1)
    )
    return sql.SQL(
        "update pg_temp.retried as row set newer = landed._batch_id from {} as landed"
        " where row.reason is null and row.table_name = {} and landed._batch_id > row.batch_id"
        " and {}"
    ).format(sql.Identifier("raw", table.name), sql.Literal(table.name), same_key)
