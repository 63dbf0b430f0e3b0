"""``olist replay``: ``raw`` out of a lake, equal row for row."""

import tempfile
from collections.abc import Callable, Sequence
from typing import IO

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json
from pyarrow import csv, parquet, schema

from loaders.connection import connect, exclusive
from loaders.errors import LoaderError
from loaders.lake import manifest
from loaders.lake.manifest import Manifest
from loaders.land import ledger
from loaders.land.copy import listed, names_of, run
from loaders.land.maintenance import maintain
from loaders.objects import Store, explained, open_store
from loaders.tables import BY_NAME, Table

Say = Callable[[str], None]
_ROWS = 20_000  # in memory at a time
# What a batch replaced or removed; of a table without a key, the oldest of equal rows goes first.
_CLOSE = """
update {raw} as old set _until_batch_id = %s from incoming
where old._until_batch_id is null and {same}
"""
_CLOSE_EQUAL = """
with removed as (
    select row({columns})::text as content, count(*) as copies
    from incoming where _is_removed group by 1
), current as (
    select ctid, row({columns})::text as content,
    row_number() over (partition by {columns} order by _batch_id) as copy
    from {raw} where _until_batch_id is null
)
update {raw} as old set _until_batch_id = %s from current join removed using (content)
where old.ctid = current.ctid and copy <= copies
"""


def replay(location: str, say: Say = print, *, until: int | None = None) -> None:
    """Write every batch of a lake into raw as it was, up to the batch ``until``.

    Raw has nothing landed, or a first part of the lake's batches: then it goes on from there. Each
    batch is a transaction, its rows and its entries in the ledger. Raises LoaderError, before
    anything is written, when the lake lacks something or raw has batches of its own.
    """
    store = open_store(location)

    def waiting() -> None:
        say("a load is running: waiting for it to end")

    with connect() as link, exclusive(link, waiting):
        with link.cursor() as cursor:
            batches = _to_replay(cursor, store, until)
        link.commit()  # no snapshot is held while the lake is read
        for batch in batches:
            with link.cursor() as cursor:
                _replay(cursor, store, batch)
            link.commit()
            rows = sum(entry["rows"] for entry in batch.objects)
            say(f"  batch {batch.batch_id}: {rows:,} versions and removals")
        maintain(link, {entry["table"] for batch in batches for entry in batch.objects})
    say(f"{store.location}: {'replayed' if batches else 'raw is up to date'}")


def _to_replay(cursor: Cursor, store: Store, until: int | None) -> list[Manifest]:
    """Read the manifests of the batches that this database lacks, and check that all is there."""
    lake, raw = manifest.histories(cursor, store)
    if not lake or (until is not None and not lake[0] <= until <= lake[-1]):
        there = f"it has {lake[0]} to {lake[-1]}" if lake else "it is empty or not a lake"
        raise LoaderError(f"{store.location} has no batch {until or 'at all'}: {there}.")
    if raw != lake[: len(raw)]:
        raise LoaderError(
            f"this database has batches that {store.location} lacks: replay into an empty raw,"
            " or into one with the lake's first batches (docs/lake.md)."
        )
    wanted = [number for number in lake[len(raw) :] if number <= (until or number)]
    batches = [manifest.read(store, number) for number in wanted]
    sizes = store.sizes("raw") if batches else {}
    for before, batch in zip([raw[-1] if raw else 0, *wanted], batches, strict=False):
        if batch.previous != before:
            raise LoaderError(
                f"{store.location} lacks batch {batch.previous}, which came before batch"
                f" {batch.batch_id}: 'olist archive' it from the database that has it."
            )
        for entry in batch.objects:
            if entry["table"] not in BY_NAME:
                raise LoaderError(
                    f"{store.location}/{entry['key']} is of table {entry['table']}, which this"
                    " version of olist does not know: upgrade it."
                )
            if sizes.get(entry["key"]) != entry["bytes"]:
                raise _damaged(store, entry["key"])
    return batches


def _damaged(store: Store, key: str) -> LoaderError:
    return LoaderError(
        f"{store.location}/{key} is missing or damaged; restore it from a backup of the lake."
    )


def _replay(cursor: Cursor, store: Store, batch: Manifest) -> None:
    ledger.ensure_schema(cursor)
    ledger.ensure_tables(cursor)
    for entry in batch.objects:
        with tempfile.TemporaryFile() as file:
            if store.fetch(entry["key"], file) != entry["sha256"]:
                raise _damaged(store, entry["key"])
            with explained(store.location):
                _rows(cursor, file, BY_NAME[entry["table"]], batch)
    # The batch's rows of the ledger, in place of what failed here meanwhile.
    for name in manifest.LEDGER[::-1]:
        after = 0 if name in manifest.STATE else batch.previous
        cursor.execute(
            f"delete from raw.{name} where batch_id > %s and batch_id <= %s",  # noqa: S608 - our own name
            (after, batch.batch_id),
        )
    for name, rows in batch.tables.items():
        if rows:
            statement = sql.SQL(
                "insert into {0} ({1}) select {1} from jsonb_populate_recordset(null::{0}, %s)"
            ).format(sql.Identifier("raw", name), names_of(list(rows[0])))
            cursor.execute(statement, (Json(rows),))


def _rows(cursor: Cursor, file: IO[bytes], table: Table, batch: Manifest) -> None:
    """Close what a batch replaced or removed, and insert the versions that it opened."""
    raw = ledger.raw(table)
    with parquet.ParquetFile(file) as source:
        names = source.schema_arrow.names
        columns = [name for name in names if name[0] != "_"]
        opened = [name for name in names if name != "_is_removed"]
        ledger.add_columns(cursor, table, columns, ledger.raw_columns(cursor)[table.name])
        if not batch.previous:  # there was nothing to close
            _copy(cursor, source, raw, opened)
            return
        run(
            cursor,
            "create temp table incoming on commit drop as select {opened}, false as _is_removed"
            " from {raw} limit 0",
            opened=opened,
            raw=raw,
        )
        _copy(cursor, source, sql.Identifier("incoming"), names)
    run(cursor, "analyze incoming")
    cursor.execute("select count(*) from incoming where _is_removed")
    ((removed,),) = cursor.fetchall()
    same = listed("old.{0} = incoming.{0}", table.key, " and ")
    close = sql.SQL(_CLOSE if table.key else _CLOSE_EQUAL)
    cursor.execute(close.format(raw=raw, same=same, columns=names_of(columns)), (batch.batch_id,))
    if cursor.rowcount < removed:
        raise LoaderError(
            f"raw.{table.name} lacks rows that batch {batch.batch_id} removed: raw was changed by"
            " hand. Replay into an empty raw."
        )
    run(
        cursor,
        "insert into {raw} ({opened}) select {opened} from incoming where not _is_removed",
        raw=raw,
        opened=opened,
    )
    run(cursor, "drop table incoming")


def _copy(
    cursor: Cursor, source: parquet.ParquetFile, target: sql.Composable, columns: Sequence[str]
) -> None:
    """Copy columns of a Parquet file into a table; null and the empty text stay what they are."""
    with tempfile.TemporaryFile() as lines:
        options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
        fields = schema([source.schema_arrow.field(name) for name in columns])
        with csv.CSVWriter(lines, fields, write_options=options) as writer:
            for rows in source.iter_batches(_ROWS, columns=list(columns)):
                writer.write_batch(rows)
        lines.seek(0)
        statement = sql.SQL("copy {} ({}) from stdin (format csv, encoding 'utf8')")
        cursor.copy_expert(statement.format(target, names_of(columns)), lines)
