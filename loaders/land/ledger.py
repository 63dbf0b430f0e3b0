"""The ledger of schema ``raw``, and its tables: what was landed, when, from where, how."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json

from loaders.errors import LoaderError, redact
from loaders.land.copy import create_table, listed, run
from loaders.sources.text import UTF_8
from loaders.tables import ALL_TABLES, TABLES, Table

CRASHED = (
    "it ended without a word: it or the server was killed, or the connection was lost;"
    " nothing of it was landed"
)
BATCH_COLUMNS = ("_batch_id", "_until_batch_id", "_loaded_at", "_source_file")
_BATCH_COLUMNS = """
alter table {target}
    add _batch_id bigint not null default {_batch_id},
    add _until_batch_id bigint,
    add _loaded_at timestamptz not null default {_loaded_at},
    add _source_file text not null default {_source_file};
alter table {target}
    alter _batch_id drop default, alter _loaded_at drop default, alter _source_file drop default
"""
_KEY = "create unique index {index} on {target} ({key}) where _until_batch_id is null"
_INITIAL = "_initial_"


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
    source: str
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
    """What became of one file: a row of ``raw._files``, but for its ``counts``."""

    table_name: str
    file_name: str
    mode: str
    encoding: str
    archive_checksum: str | None
    checksum: str = ""
    bytes: int = 0
    status: str = ""
    seconds: float = 0.0
    counts: Counts = field(default_factory=Counts)


def exists(cursor: Cursor) -> bool:
    """Whether anything was ever landed, or tried to be, in this database."""
    cursor.execute("select to_regclass('raw._offsets') is not null")
    return bool(_one(cursor)[0])


def ensure_schema(cursor: Cursor) -> None:
    """Create schema ``raw`` and its ledger, or drop what a load that was killed left there."""
    if exists(cursor):
        _drop_initial(cursor)
    else:
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
            create_table(cursor, raw(table), table.columns, table.key)
            complete(cursor, table, raw(table))


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


def complete(
    cursor: Cursor, table: Table, target: sql.Composable, values: Mapping[str, Any] | None = None
) -> None:
    """Give a raw table the batch columns, and the index that lets a key have one current version.

    Its rows, where it has some, get these values. PostgreSQL keeps the value of a column that is
    added with a default beside the column, and not in each row: in small rows the batch columns
    would be half the bytes.
    """
    values = values or dict.fromkeys(BATCH_COLUMNS)
    parts = {name: sql.Literal(value) for name, value in values.items()}
    run(cursor, _BATCH_COLUMNS, target=target, **parts)
    if table.key:
        index = sql.Identifier(f"{table.name}_current_key")
        run(cursor, _KEY, index=index, target=target, key=table.key)


def initial(table: Table) -> sql.Identifier:
    """The table that a batch fills with the first rows of a raw table, before it is that table."""
    return sql.Identifier("raw", f"{_INITIAL}{table.name}")


def publish(cursor: Cursor, table: Table) -> None:
    """Make the initial table the raw table."""
    name = sql.Identifier(table.name)
    run(cursor, "alter table {initial} rename to {name}", initial=initial(table), name=name)


def _drop_initial(cursor: Cursor) -> None:
    """Drop what a load has filled and never published."""
    for name in raw_columns(cursor):
        if name.startswith(_INITIAL):
            run(cursor, "drop table {table}", table=sql.Identifier("raw", name))


def add_columns(cursor: Cursor, table: Table, wanted: Sequence[str], there: Sequence[str]) -> None:
    """Add the columns that a raw table lacks, as text."""
    if added := [name for name in dict.fromkeys(wanted) if name not in there]:
        kinds = listed("add {} text", added)
        run(cursor, "alter table {raw} {kinds}", raw=raw(table), kinds=kinds)


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
    return batch_id


def sources(cursor: Cursor) -> list[str]:
    """Where the rows of the nine tables came from, the newest last."""
    cursor.execute(
        "select source from raw._batches join raw._files using (batch_id)"
        " where raw._files.status = 'landed' and table_name = any(%s)"
        " group by source order by max(batch_id)",
        ([table.name for table in TABLES],),
    )
    return [source for (source,) in cursor.fetchall()]


def forget(cursor: Cursor, batch_id: int) -> None:
    """Empty raw and its ledger, all but this batch, so that history begins with it."""
    cursor.execute(
        sql.SQL("truncate raw._rejected_rows, raw._watermarks, raw._offsets, {}").format(
            sql.SQL(", ").join(raw(table) for table in ALL_TABLES)
        )
    )
    cursor.execute("delete from raw._files where batch_id <> %s", (batch_id,))
    cursor.execute("delete from raw._batches where batch_id <> %s", (batch_id,))


def last_landed(
    cursor: Cursor, result: FileResult, null_marker: str | None
) -> tuple[str, int, bool] | None:
    """The file that was landed last for a table, if landing it so would have done as much.

    Its SHA-256, its bytes, and whether it was in the archive that this one is in. Only the last
    counts: A, then B, then A again has to land A again.
    """
    cursor.execute(
        "select files.mode, encoding, rules ->> 'null_marker', checksum, bytes, exists ("
        "select from raw._files as packed where packed.table_name = files.table_name"
        " and packed.checksum = files.checksum and archive_checksum = %s)"
        " from raw._files as files join raw._batches using (batch_id)"
        " where table_name = %s and files.status = 'landed' order by batch_id desc limit 1",
        (result.archive_checksum, result.table_name),
    )
    mode, encoding, marker, *found = cursor.fetchone() or (None,) * 6
    weaker = result.mode == "snapshot" and mode != "snapshot"
    if mode is None or weaker or (encoding, marker) != (result.encoding, null_marker):
        return None
    checksum, size, is_same = found
    return checksum, size, is_same


def record(cursor: Cursor, batch: Batch, results: Sequence[FileResult]) -> Counts:
    """Write what came of a batch and its files into the ledger; return the batch's counts."""
    total = sum((result.counts for result in results), Counts())
    landed = any(result.status == "landed" for result in results)
    cursor.execute(
        "update raw._batches set status = %(status)s, loaded_at = %(loaded_at)s,"
        " finished_at = clock_timestamp(), rules = %(rules)s,"
        " seconds = extract(epoch from clock_timestamp() - started_at),"
        " rows_read = %(read)s, rows_new = %(new)s, rows_changed = %(changed)s,"
        " rows_removed = %(removed)s, rows_rejected = %(rejected)s where batch_id = %(batch_id)s",
        {
            "status": "landed" if landed else "unchanged",
            "loaded_at": batch.loaded_at if landed else None,
            "rules": Json(asdict(batch.rules)),
            "batch_id": batch.batch_id,
            **asdict(total),
        },
    )
    rows = [
        asdict(result)
        | {f"rows_{kind}": count for kind, count in asdict(result.counts).items()}
        | {"batch_id": batch.batch_id}
        for result in results
    ]
    cursor.execute(
        "insert into raw._files select * from jsonb_populate_recordset(null::raw._files, %s)",
        (Json(rows),),
    )
    return total


def of_source(source: str, what: str) -> str:
    """What came of a load, after its source; an error may begin with it already."""
    return what if what.startswith(source) else f"{source}: {what}"


def record_failure(link: Connection, batch_id: int, error: str) -> None:
    """Note in a transaction of its own that a batch was rolled back, and why."""
    with link.cursor() as cursor:
        _drop_initial(cursor)
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
