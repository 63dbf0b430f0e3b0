"""The ledger of schema ``raw``, and its tables: what was landed, when, from where, how."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError, redact
from loaders.land.copy import listed, run
from loaders.sources.text import UTF_8
from loaders.tables import ALL_TABLES, Table

CRASHED = (
    "it ended without a word: it or the server was killed, or the connection was lost;"
    " nothing of it was landed"
)
BATCH_COLUMNS = {
    "_batch_id": "bigint not null",
    "_until_batch_id": "bigint",
    "_loaded_at": "timestamptz not null",
    "_source_file": "text not null",
}


@dataclass(frozen=True)
class Rules:
    """What a load does where the user has a say."""

    wait: bool = True  # for another load to end; else stop at once
    encoding: str = UTF_8  # of the files that are not UTF-8
    max_rejects: str = "0"  # rows of each file that may be bad: a number, or as in "2%"
    allow_removals: bool = False  # of more than 5 % of a table's rows
    null_marker: str | None = None  # a field with this text, as in \N, is null

    def too_many(self, rejected: int, rows: int | None = None) -> bool:
        """Whether a file may not have so many bad rows; ``rows`` is None before its end.

        Raises LoaderError when ``max_rejects`` is no number and no percentage.
        """
        found = re.fullmatch(r"(\d+)|(\d+(?:\.\d+)?)\s*%", self.max_rejects.strip(), re.ASCII)
        if found is None or (found[2] and Decimal(found[2]) > 100):  # noqa: PLR2004 - percent
            raise LoaderError(
                f"--max-rejects is a number of rows or a percentage up to 100%,"
                f" not '{self.max_rejects}'."
            )
        if found[1]:
            return rejected > int(found[1])
        return rows is not None and rejected * 100 > Decimal(found[2]) * rows


@dataclass(frozen=True)
class Batch:
    """One load; ``loaded_at`` is the beginning of its transaction, ``_loaded_at`` of its rows."""

    batch_id: int
    mode: str
    loaded_at: datetime
    rules: Rules


@dataclass
class Counts:
    """Rows of one file or one batch."""

    read: int = 0
    new: int = 0
    changed: int = 0
    removed: int = 0
    rejected: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            *(getattr(self, kind.name) + getattr(other, kind.name) for kind in fields(self))
        )

    @property
    def anything(self) -> bool:
        """Whether a row of ``raw`` was written."""
        return bool(self.new or self.changed or self.removed)

    def __str__(self) -> str:
        rejected = f", {self.rejected:,} rejected" if self.rejected else ""
        if not self.anything:
            return f"{self.read:,} rows read, nothing new{rejected}"
        return (
            f"{self.read:,} rows read: {self.new:,} new, {self.changed:,} changed,"
            f" {self.removed:,} removed{rejected}"
        )


@dataclass
class FileResult:
    """What became of one file: a row of ``raw._files``, where ``size`` is called bytes."""

    table: str
    file: str
    mode: str
    encoding: str
    checksum: str = ""
    archive_checksum: str | None = None
    size: int = 0
    status: str = "landed"
    seconds: float = 0.0
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True)
class Landed:
    """The file that was landed last for a table: its SHA-256, bytes, and SHA-256s in archives."""

    checksum: str
    size: int
    archive_checksums: Sequence[str]


def exists(cursor: Cursor) -> bool:
    """Whether anything was ever landed, or tried to be, in this database."""
    cursor.execute("select to_regclass('raw._offsets') is not null")
    return bool(_one(cursor)[0])


def ensure_schema(cursor: Cursor) -> None:
    """Create schema ``raw`` and its ledger where they do not exist."""
    if not exists(cursor):
        cursor.execute(Path(__file__).with_suffix(".sql").read_text("utf-8"))


def ensure_tables(cursor: Cursor, tables: Sequence[Table] = ALL_TABLES) -> None:
    """Create the raw tables that do not exist, and add the columns that were declared since.

    All are made at the first landing, also those without a file, so that dbt finds every source.
    """
    there = raw_columns(cursor)
    for table in tables:
        if table.name in there:
            add_columns(cursor, table, table.columns, there[table.name])
        else:
            create_table(cursor, table, table.columns)
            add_batch_columns(cursor, table)
            add_key(cursor, table)


def raw(table: Table) -> sql.Identifier:
    """The raw table, as SQL names it."""
    return sql.Identifier("raw", table.name)


def raw_columns(cursor: Cursor) -> dict[str, list[str]]:
    """Columns of each table of ``raw``, the batch columns and the ledger among them."""
    cursor.execute(
        "select relname, array_agg(attname::text order by attnum) from pg_class"
        " join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped"
        " where relnamespace = to_regnamespace('raw') and relkind in ('r', 'p') group by 1"
    )
    return dict(cursor.fetchall())


def create_table(cursor: Cursor, table: Table, columns: Sequence[str]) -> None:
    """Create a raw table of these source columns; ``add_batch_columns`` adds the others."""
    run(cursor, "create table {raw} ({kinds})", raw=raw(table), kinds=listed("{} text", columns))
    if table.key:
        keys = listed("alter {} set not null", table.key)
        run(cursor, "alter table {raw} {keys}", raw=raw(table), keys=keys)


def add_batch_columns(
    cursor: Cursor, table: Table, values: Mapping[str, Any] | None = None
) -> None:
    """Add the batch columns to a raw table whose rows, where it has some, get these values.

    PostgreSQL keeps the value of a column that is added with a default beside the column, and not
    in each row: in small rows the batch columns would be half the bytes.
    """
    values = values or {}
    added = sql.SQL(", ").join(
        sql.SQL(f"add {name} {kind}{' default {}' if name in values else ''}").format(
            *([sql.Literal(values[name])] if name in values else [])
        )
        for name, kind in BATCH_COLUMNS.items()
    )
    run(cursor, "alter table {raw} {added}", raw=raw(table), added=added)
    if values:
        dropped = listed("alter {} drop default", list(values))
        run(cursor, "alter table {raw} {dropped}", raw=raw(table), dropped=dropped)


def add_key(cursor: Cursor, table: Table) -> None:
    """Make the index that lets a key have one current version."""
    if table.key:
        run(
            cursor,
            "create unique index {name} on {raw} ({key}) where _until_batch_id is null",
            name=sql.Identifier(f"{table.name}_current_key"),
            raw=raw(table),
            key=table.key,
        )


def staged(table: Table) -> Table:
    """The table that a batch fills with the first rows of a raw table, before it is that table."""
    return replace(table, name=f"_initial_{table.name}")


def publish(cursor: Cursor, table: Table) -> None:
    """Make a staged table the raw table. Autovacuum is off until then: two would wait for both."""
    cursor.execute(
        "select indexname::text from pg_indexes where schemaname = 'raw' and tablename = %s",
        (staged(table).name,),
    )
    for kind, name in (*(("index", name) for (name,) in cursor), ("table", staged(table).name)):
        old, new = sql.Identifier("raw", name), sql.Identifier(name.removeprefix("_initial_"))
        run(cursor, f"alter {kind} {{old}} rename to {{new}}", old=old, new=new)
    run(cursor, "alter table {raw} reset (autovacuum_enabled)", raw=raw(table))


def drop_staged(link: Connection) -> None:
    """Drop what a batch has staged and never published."""
    with link.cursor() as cursor:
        for name in raw_columns(cursor):
            if name.startswith("_initial_"):
                run(cursor, "drop table {staged}", staged=sql.Identifier("raw", name))
    link.commit()


def add_columns(
    cursor: Cursor, table: Table, wanted: Sequence[str], there: Sequence[str]
) -> list[str]:
    """Add the columns that a raw table lacks, as text; return them."""
    added = [name for name in dict.fromkeys(wanted) if name not in there]
    if added:
        kinds = listed("add {} text", added)
        run(cursor, "alter table {raw} {kinds}", raw=raw(table), kinds=kinds)
    return added


def begin(link: Connection, source: str, mode: str) -> int:
    """Note in a transaction of its own that a load has started; return the number of its batch.

    Only the holder of the lock may call it. So a load that is still ``started`` then has ended
    without a word: it becomes ``crashed``.
    """
    with link.cursor() as cursor:
        ensure_schema(cursor)
        cursor.execute(
            "update raw._batches set status = 'crashed', error = %s where status = 'started'",
            (CRASHED,),
        )
        cursor.execute(
            "insert into raw._batches (batch_id, source, mode, status, started_at)"
            " select coalesce(max(batch_id), 0) + 1, %s, %s, 'started', now() from raw._batches"
            " returning batch_id",
            (redact(source), mode),
        )
        batch_id = int(_one(cursor)[0])
    link.commit()
    drop_staged(link)
    return batch_id


def last_landed(cursor: Cursor, result: FileResult, null_marker: str | None) -> Landed | None:
    """The file that was landed last for a table, if landing it so would have done as much.

    Only the last counts: A, then B, then A again has to land A again.
    """
    cursor.execute(
        "select batch_id, checksum, bytes, files.mode, encoding, rules ->> 'null_marker'"
        " from raw._files as files join raw._batches using (batch_id)"
        " where table_name = %s and files.status = 'landed'"
        " and to_regclass('raw.' || quote_ident(table_name)) is not null"
        " order by batch_id desc limit 1",
        (result.table,),
    )
    last = cursor.fetchone()
    if last is None or last[4:] != (result.encoding, null_marker):
        return None
    batch_id, checksum, size, last_mode = last[:4]
    if result.mode == "snapshot" and last_mode != "snapshot":
        return None
    cursor.execute(
        "select array_remove(array_agg(distinct archive_checksum), null) from raw._files"
        " where table_name = %s and batch_id >= %s and checksum = %s",
        (result.table, batch_id, checksum),
    )
    return Landed(checksum, size, _one(cursor)[0])


def record(cursor: Cursor, batch: Batch, results: Sequence[FileResult]) -> Counts:
    """Write what came of a batch and its files into the ledger; return the batch's counts."""
    total = sum((result.counts for result in results), Counts())
    landed = any(result.status == "landed" for result in results)
    cursor.execute(
        "update raw._batches set status = %s, loaded_at = %s, finished_at = clock_timestamp(),"
        " seconds = extract(epoch from clock_timestamp() - now()), rows_read = %s, rows_new = %s,"
        " rows_changed = %s, rows_removed = %s, rows_rejected = %s, rules = %s"
        " where batch_id = %s",
        (
            "landed" if landed else "unchanged",
            batch.loaded_at if landed else None,
            *asdict(total).values(),
            json.dumps(asdict(batch.rules)),
            batch.batch_id,
        ),
    )
    for result in results:
        row = asdict(result)
        row |= {f"rows_{kind}": count for kind, count in row.pop("counts").items()}
        row |= {"batch_id": batch.batch_id, "table_name": row.pop("table")}
        row |= {"file_name": row.pop("file"), "bytes": row.pop("size")}
        values = sql.SQL(", ").join(map(sql.Literal, row.values()))
        run(cursor, "insert into raw._files ({n}) values ({v})", n=list(row), v=values)
    return total


def record_failure(link: Connection, batch_id: int, error: str) -> None:
    """Note in a transaction of its own that a batch was rolled back, and why."""
    with link.cursor() as cursor:
        cursor.execute(
            "update raw._batches set status = 'failed', error = %s, finished_at = now(),"
            " seconds = extract(epoch from now() - started_at) where batch_id = %s",
            (redact(error), batch_id),
        )
    link.commit()


def _one(cursor: Cursor) -> tuple[Any, ...]:
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return row
