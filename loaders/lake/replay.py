"""``olist replay``: ``raw`` out of a lake, equal row for row."""

import tempfile
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json

from loaders.connection import connect, exclusive
from loaders.errors import LoaderError
from loaders.lake import manifest
from loaders.lake.archive import require_pyarrow
from loaders.lake.manifest import Manifest, Row
from loaders.land import ledger
from loaders.land.copy import listed, names_of
from loaders.land.maintenance import maintain
from loaders.objects import Store, explained, open_store
from loaders.tables import BY_NAME, Table

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

Say = Callable[[str], None]
_ROWS = 20_000  # in memory at a time


def replay(location: str, say: Say = print, *, until: int | None = None) -> None:
    """Write every batch of a lake into raw as it was, up to the batch ``until``.

    Raw has nothing landed, or a first part of the lake's batches: then it goes on from there. Each
    batch is a transaction, its rows and its entries in the ledger. Raises LoaderError, before
    anything is written, when the lake lacks something or raw has batches of its own.
    """
    require_pyarrow()
    store = open_store(location)

    def waiting() -> None:
        say("a load is running: waiting for it to end")

    with connect() as link, exclusive(link, waiting):
        with link.cursor() as cursor:
            batches = _to_replay(cursor, store, until)
        link.commit()  # no snapshot is held while the lake is read
        for batch in batches:
            _replay(link, store, batch, say)
        maintain(link, {entry["table"] for batch in batches for entry in batch.objects})
    say(f"{store.location}: {'replayed' if batches else 'raw has all of it'}")


def _to_replay(cursor: Cursor, store: Store, until: int | None) -> list[Manifest]:
    """Read the manifests of the batches that this database lacks, and check that all is there."""
    lake, raw = manifest.in_lake(store), manifest.in_raw(cursor)
    if not lake:
        raise LoaderError(f"{store.location} has no batch: it is no lake, or an empty one.")
    if until is not None and not lake[0] <= until <= lake[-1]:
        raise LoaderError(
            f"{store.location} has no batch {until} to end with; it has {lake[0]} to {lake[-1]}."
        )
    manifest.check_history(cursor, store, lake, raw)
    if raw != lake[: len(raw)]:
        raise LoaderError(
            f"this database has batches that {store.location} lacks: a replay begins from nothing,"
            " or goes on with what is missing. 'drop schema raw cascade' first, if the lake has all"
            " that you need."
        )
    batches = [
        manifest.read(store, number) for number in lake[len(raw) :] if number <= (until or number)
    ]
    before = raw[-1] if raw else 0
    sizes = store.keys("raw") if batches else {}
    for batch in batches:
        if batch.previous != before:
            raise LoaderError(
                f"{store.location} lacks batch {batch.previous}, which came before batch"
                f" {batch.batch_id}: 'olist archive' it from the database that has it."
            )
        before = batch.batch_id
        for entry in batch.objects:
            if entry["table"] not in BY_NAME:
                raise LoaderError(
                    f"{store.location}/{entry['key']} is of table {entry['table']}, which this"
                    " version of olist does not know: upgrade it."
                )
            if sizes.get(entry["key"]) != entry["bytes"]:
                raise _damaged(store, entry)
    return batches


def _damaged(store: Store, entry: Row) -> LoaderError:
    return LoaderError(
        f"{store.location}/{entry['key']} is missing or damaged; restore this object from a backup"
        " of the lake."
    )


def _replay(link: Connection, store: Store, batch: Manifest, say: Say) -> None:
    try:
        with link.cursor() as cursor:
            ledger.ensure_schema(cursor)
            ledger.ensure_tables(cursor)
            for entry in batch.objects:
                with tempfile.TemporaryFile() as file:
                    if store.fetch(entry["key"], file) != entry["sha256"]:
                        raise _damaged(store, entry)
                    with explained(store.location):
                        _rows(cursor, file, BY_NAME[entry["table"]], batch)
            _ledger(cursor, batch)
        link.commit()
    except psycopg2.Error as error:
        reason = " ".join(str(error).split())
        raise LoaderError(
            f"PostgreSQL stopped the replay at batch {batch.batch_id}: {reason}; the batches before"
            " it are in raw, and the same command goes on from there."
        ) from error
    rows = sum(entry["rows"] for entry in batch.objects)
    say(f"  batch {batch.batch_id}: {rows:,} versions and removals")


def _rows(cursor: Cursor, file: IO[bytes], table: Table, batch: Manifest) -> None:
    """Close what a batch replaced or removed, and insert the versions that it opened."""
    from pyarrow import parquet  # noqa: PLC0415 - in an extra

    target, incoming = ledger.raw(table), sql.Identifier("incoming")
    with parquet.ParquetFile(file) as source:
        names = source.schema_arrow.names
        columns = [name for name in names if name[0] != "_"]
        opened = [name for name in names if name != "_is_removed"]
        ledger.add_columns(cursor, table, columns, ledger.raw_columns(cursor)[table.name])
        if not batch.previous:  # there was nothing to close
            _copy(cursor, source, target, opened)
            return
        cursor.execute(
            sql.SQL(
                "create temp table incoming on commit drop as select {}, false as _is_removed"
                " from {} limit 0"
            ).format(names_of(opened), target)
        )
        _copy(cursor, source, incoming, names)
    cursor.execute("analyze incoming")
    cursor.execute("select count(*) filter (where _is_removed) from incoming")
    (removed,) = cursor.fetchone() or (0,)
    cursor.execute(_closing(table, columns), {"batch_id": batch.batch_id})
    if cursor.rowcount < removed:
        raise LoaderError(
            f"raw.{table.name} lacks rows that batch {batch.batch_id} removed: raw was changed by"
            " hand. 'drop schema raw cascade' and replay it whole."
        )
    cursor.execute(
        sql.SQL("insert into {0} ({1}) select {1} from incoming where not _is_removed").format(
            target, names_of(opened)
        )
    )
    cursor.execute("drop table incoming")


def _copy(
    cursor: Cursor, source: "ParquetFile", target: sql.Composable, columns: Sequence[str]
) -> None:
    """Copy columns of a Parquet file into a table; null and the empty text stay what they are."""
    from pyarrow import csv, schema  # noqa: PLC0415 - in an extra

    with tempfile.TemporaryFile() as lines:
        options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
        fields = schema([source.schema_arrow.field(name) for name in columns])
        with csv.CSVWriter(lines, fields, write_options=options) as writer:
            for rows in source.iter_batches(_ROWS, columns=list(columns)):
                writer.write_batch(rows)
        lines.seek(0)
        cursor.copy_expert(
            sql.SQL("copy {} ({}) from stdin (format csv, encoding 'utf8')").format(
                target, names_of(columns)
            ),
            lines,
        )


def _closing(table: Table, columns: Sequence[str]) -> sql.Composed:
    """Of a table without a key, the oldest of equal rows goes first."""
    target = ledger.raw(table)
    if table.key:
        return sql.SQL(
            "update {} as old set _until_batch_id = %(batch_id)s from incoming"
            " where old._until_batch_id is null and {}"
        ).format(
            target,
            listed("old.{0} = incoming.{0}", table.key, " and "),
        )
    return sql.SQL(
        "with removed as (select row({columns})::text as content, count(*) as copies from incoming"
        " where _is_removed group by 1), current as (select ctid, row({columns})::text as content,"
        " row_number() over (partition by {columns} order by _batch_id) as copy from {target}"
        " where _until_batch_id is null)"
        " update {target} as old set _until_batch_id = %(batch_id)s from current join removed"
        " using (content) where old.ctid = current.ctid and copy <= copies"
    ).format(columns=names_of(columns), target=target)


def _ledger(cursor: Cursor, batch: Manifest) -> None:
    """Write the batch's rows of the ledger as they were, in place of what failed here meanwhile."""
    for name in manifest.LEDGER[::-1]:
        after = 0 if name in manifest.STATE else batch.previous
        cursor.execute(
            sql.SQL("delete from {} where batch_id > %s and batch_id <= %s").format(
                sql.Identifier("raw", name)
            ),
            (after, batch.batch_id),
        )
    for name, rows in batch.tables.items():
        if rows:
            cursor.execute(
                sql.SQL(
                    "insert into {0} ({1}) select {1} from jsonb_populate_recordset(null::{0}, %s)"
                ).format(sql.Identifier("raw", name), names_of(list(rows[0]))),
                (Json(rows),),
            )
