"""What a replay needs of a lake: that it is whole, and its ledger's rows."""

from collections.abc import Sequence

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json

from loaders.errors import LoaderError
from loaders.lake import manifest, packed
from loaders.lake.manifest import Manifest, Row
from loaders.lake.originals import check_table
from loaders.lake.store import Store

# Written by landing itself, from the files and the rules.
_BY_LANDING = "_rejected_rows"


def check(store: Store, batch_ids: Sequence[int]) -> set[str]:
    """Read every manifest and file that a replay will need; return the tables that have files.

    Raises LoaderError for a batch that is missing, and an object that is missing or damaged.
    """
    tables = set()
    all_ids = manifest.batches_in(store)
    for batch_id in batch_ids:
        batch = manifest.read(store, batch_id)
        before = max((known for known in all_ids if known < batch_id), default=None)
        if batch.previous != before:
            raise LoaderError(
                f"{store.location} lacks batch {batch.previous}, which came before batch"
                f" {batch_id}: 'olist archive' it from the database that has it; what keeps it"
                " from being archived, that says."
            )
        _ = batch.stamp  # its rules are known
        for row in batch.landed:
            check_table(row, f"{store.location}, batch {batch_id}")
            _check_file(store, batch_id, row)
            tables.add(row["table_name"])
    return tables


def _check_file(store: Store, batch_id: int, row: Row) -> None:
    key = packed.key_of(row, "csv.gz")
    if store.size(key) is None:
        raise LoaderError(
            f"{store.location}/{key} is missing, though batch {batch_id} has landed it: restore"
            " this object from a backup of the lake."
        )
    packed.verify(lambda: store.open(key), f"{store.location}/{key}", row["checksum"])


def ledger_rows(cursor: Cursor, batch: Manifest) -> None:
    """Write the batch's rows of the ledger's tables as they were."""
    known = manifest.ledger_tables(cursor)
    for table, rows in batch.tables.items():
        if table not in known:
            raise LoaderError(
                f"batch {batch.batch_id} has rows of raw.{table}, which this version of olist does"
                " not know: upgrade it."
            )
        if table != _BY_LANDING:
            _insert(cursor, table, _by_then(rows, known[table], batch.batch_id))


def rejected_rows(cursor: Cursor, batch: Manifest) -> None:
    """Put the noted rejects in the place of those that landing the files has noted anew."""
    cursor.execute("delete from raw._rejected_rows where batch_id = %s", (batch.batch_id,))
    columns = manifest.ledger_tables(cursor)[_BY_LANDING]
    rows = batch.tables.get(_BY_LANDING, [])
    _insert(cursor, _BY_LANDING, _by_then(rows, columns, batch.batch_id))


def _by_then(rows: Sequence[Row], columns: Sequence[str], batch_id: int) -> list[Row]:
    """The rows without what later batches did to them: these are in the manifests of those."""
    later = [{name: None for name in columns if (row.get(name) or 0) > batch_id} for row in rows]
    return [{**row, **unknown} for row, unknown in zip(rows, later, strict=True)]


def _insert(cursor: Cursor, table: str, rows: Sequence[Row]) -> None:
    """Insert rows; one with the key of an earlier batch's replaces it, as its writer did."""
    if not rows:
        return
    target = sql.Identifier("raw", table)
    columns = {name: own for name, own in _columns(cursor, table).items() if name in rows[0]}
    key = _key(cursor, table)
    conflict: sql.Composable = sql.SQL("")
    if key:
        conflict = sql.SQL(" on conflict ({}) do update set {}").format(
            _list(key),
            sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name))
                for name in columns
                if name not in key
            ),
        )
    cursor.execute(
        sql.SQL(
            "insert into {0} ({1}) overriding system value"
            " select {1} from jsonb_populate_recordset(null::{0}, %s){2}"
        ).format(target, _list(list(columns)), conflict),
        (Json(list(rows)),),
    )
    for name in (name for name, own in columns.items() if own):
        cursor.execute(
            sql.SQL("select setval(pg_get_serial_sequence(%s, %s), max({})) from {}").format(
                sql.Identifier(name), target
            ),
            (f"raw.{table}", name),
        )


def _columns(cursor: Cursor, table: str) -> dict[str, bool]:
    """Columns of a table, and whether they number their rows themselves."""
    cursor.execute(
        "select attname, attidentity <> '' from pg_attribute"
        " where attrelid = ('raw.' || %s)::regclass"
        " and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
        (table,),
    )
    return dict(cursor.fetchall())


def _key(cursor: Cursor, table: str) -> list[str]:
    """Columns of the table's primary key; none where it has none."""
    cursor.execute(
        "select attname from pg_index join pg_attribute on attrelid = indrelid"
        " and attnum = any(indkey) where indrelid = ('raw.' || %s)::regclass and indisprimary",
        (table,),
    )
    return [name for (name,) in cursor.fetchall()]


def _list(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
