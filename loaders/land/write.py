"""Write one file into its raw table: an initial load, or an upsert of what differs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError, shown
from loaders.land import ledger
from loaders.land.copy import (
    INCOMING,
    NULL_MARKERS,
    EndMarker,
    Progress,
    Reader,
    copy,
    create_incoming,
    listed,
    run,
)
from loaders.land.ledger import Batch, Counts, FileResult
from loaders.land.maintenance import finish
from loaders.land.rejects import BadRows, Rejects, drop_repeats
from loaders.sources import SourceFile

# More of a table's rows than that are not removed unless it is allowed: a file that was cut short
# looks just like that.
REMOVALS_PERCENT = 5

# What PostgreSQL raises for the content of a file: the second for a field or a key that is too
# long, the third for an empty key.
_CONTENT = (
    psycopg2.DataError,
    errors.ProgramLimitExceeded,
    errors.NotNullViolation,
    BadRows,
    EndMarker,
)
# An id of Olist has 32 letters, and what has as many is looked at no further: it saves the most.
_ODD_ID = (
    "(octet_length({0}) <> 32"
    " and ({0} <> btrim({0}, E' \\t\\u00a0') or {0} ~ '^[0-9.]+E\\+[0-9]+$'))"
)


def write(
    cursor: Cursor, file: SourceFile, batch: Batch, progress: Progress, result: FileResult
) -> list[str]:
    """Land one file in the transaction of ``cursor``; return what is to be said of it.

    The file goes through COPY as it is; only when PostgreSQL refuses it, it is read again, record
    by record, to find what is wrong and, where ``batch.rules`` allow it, to land the rest. Raises
    LoaderError otherwise. ``result`` gets the counts, and checksum and size if it has none.
    """

    cursor.execute("savepoint before_file")
    try:
        with _loading(cursor, file, batch, progress, result) as load:
            load.whole()
    except _CONTENT:
        cursor.execute("rollback to savepoint before_file")
        with (
            Rejects(file, batch) as rejects,
            _loading(cursor, file, batch, progress, result) as load,
        ):
            load.good_rows(rejects)
    cursor.execute("release savepoint before_file")
    load.warn()
    return load.remarks


def stage(
    cursor: Cursor, file: SourceFile, batch: Batch, progress: Progress, result: FileResult
) -> list[str] | None:
    """Fill a staged table in a transaction of its own; return what is to be said of the file.

    None where PostgreSQL refuses the content: ``write`` knows what is wrong.
    """
    file = replace(file, table=ledger.staged(file.table))
    try:
        with _loading(cursor, file, batch, progress, result) as load:
            load.initial()
            load.warn()
            finish(cursor, file.table)
            off = "alter table {raw} set (autovacuum_enabled = false)"
            run(cursor, off, raw=ledger.raw(file.table))
    except _CONTENT:
        cursor.connection.rollback()
        return None
    cursor.connection.commit()
    return load.remarks


@contextmanager
def _loading(
    cursor: Cursor, file: SourceFile, batch: Batch, progress: Progress, result: FileResult
) -> Iterator["_Load"]:
    with file.open() as stream:
        yield _Load(cursor, batch, result, file, Reader(file, stream, progress))


class _Load:
    """The load of one file, whose steps share what they work on."""

    def __init__(
        self, cursor: Cursor, batch: Batch, result: FileResult, file: SourceFile, reader: Reader
    ) -> None:
        self.remarks: list[str] = []
        self._cursor, self._batch, self._result = cursor, batch, result
        self._file, self._table, self._columns = file, file.table, file.header()
        self._reader = reader

    def whole(self) -> None:
        """COPY the whole file, and write it."""
        there = ledger.raw_columns(self._cursor).get(self._table.name)
        if there is None:
            self.initial()
            return
        create_incoming(self._cursor, self._file)
        read = copy(self._cursor, INCOMING, self._file, self._reader)
        read -= self._clean(INCOMING)
        self._result.counts = Counts(read=read) + self._from_incoming(there, complete=True)

    def good_rows(self, rejects: Rejects) -> None:
        """COPY the good records of a file that COPY refused, and write them."""
        ledger.ensure_tables(self._cursor, [self._table])
        there = ledger.raw_columns(self._cursor)[self._table.name]
        create_incoming(self._cursor, self._file, lines=True)
        read = rejects.copy_good(self._cursor, self._reader)
        self._clean(INCOMING)
        rejects.reject_keys(self._cursor)
        rejects.check(read)
        # A row that was rejected is not a row that is gone: with any, none is removed.
        counts = self._from_incoming(there, complete=not rejects.count)
        if rejects.count:
            rejects.write(self._cursor)
            if self._result.mode == "snapshot":
                # It did what a delta does, and the ledger says so: the whole file can land again.
                self._result.mode = "delta"
                self.remarks.append("rows were rejected, so none is removed")
        self._result.counts = Counts(read=read, rejected=rejects.count) + counts

    def _run(self, statement: str, **parts: sql.Composable | Sequence[str]) -> int:
        parts |= {"raw": ledger.raw(self._table), "incoming": INCOMING, "columns": self._columns}
        return run(self._cursor, statement, batch=sql.Literal(self._batch.batch_id), **parts)

    def _values(self) -> dict[str, object]:
        """The batch columns of what is written."""
        origin = f"{self._file.name}#{self._result.checksum[:12]}"
        batch = self._batch
        return {"_batch_id": batch.batch_id, "_loaded_at": batch.loaded_at, "_source_file": origin}

    def initial(self) -> None:
        """COPY into a table that the batch creates: frozen, and without WAL where that may be."""
        table, raw = self._table, ledger.raw(self._table)
        wanted = list(dict.fromkeys((*table.columns, *self._columns)))
        ledger.create_table(self._cursor, table, wanted)
        self._say_added(wanted)
        read = copy(self._cursor, raw, self._file, self._reader)
        read -= self._clean(raw)
        ledger.add_batch_columns(self._cursor, table, self._values())
        self._cursor.execute("savepoint before_key")
        repeats = 0
        try:
            ledger.add_key(self._cursor, table)
        except errors.UniqueViolation:
            self._cursor.execute("rollback to savepoint before_key")
            repeats = drop_repeats(self._cursor, raw, self._file)
            ledger.add_key(self._cursor, table)
        self._result.counts = Counts(read=read, new=read - repeats)

    def _clean(self, target: sql.Composable) -> int:
        """Make null markers null and drop blank rows, of which it returns the number.

        Raises BadRows when a row is the header again.
        """
        if not self._result.checksum:
            self._result.checksum, self._result.size = self._reader.checksum, self._reader.size
        if self._batch.rules.null_marker is not None:
            marker = sql.Literal(self._batch.rules.null_marker)
            self._run(
                "update {target} set {nulls} where {marker} in ({columns})",
                target=target,
                marker=marker,
                nulls=sql.SQL(", ").join(
                    sql.SQL("{0} = nullif({0}, {1})").format(sql.Identifier(name), marker)
                    for name in self._columns
                ),
            )
        if self._reader.has_header:
            names = sql.SQL(", ").join(map(sql.Literal, self._columns))
            again = "select from {target} where ({columns}) = ({names}) limit 1"
            if self._run(again, target=target, names=names):
                raise BadRows
        if self._reader.has_blanks:
            return self._run("delete from {t} where num_nonnulls({columns}) = 0", t=target)
        return 0

    def _from_incoming(self, there: Sequence[str], *, complete: bool) -> Counts:
        """Write what differs between the incoming and the current rows; return the counts."""
        wanted = (*self._table.columns, *self._columns)
        self._say_added(ledger.add_columns(self._cursor, self._table, wanted, there))
        if not self._table.key:
            return self._compare_bags(complete=complete)
        own = {*ledger.BATCH_COLUMNS, *self._columns}
        return self._upsert(
            [name for name in there if name not in own],
            complete=complete and self._result.mode == "snapshot",
        )

    def _upsert(self, kept: Sequence[str], *, complete: bool) -> Counts:
        """Close the versions that are replaced or gone, and insert the new ones.

        Columns that the file does not have are ``kept``: a new version has the values of the old.
        """
        key = self._table.key
        values = [name for name in self._columns if name not in key]
        # The join is by the key, and needs to know little of it.
        self._cursor.execute("set local default_statistics_target = 10")
        self._run("analyze {incoming} ({key})", key=key)
        self._run(
            "create temporary table changes on commit drop as"
            " select {fresh} {kept}, landed.ctid as _replaced, incoming.ctid is null as _is_gone"
            " from {incoming} as incoming {full} join"
            " (select ctid, * from {raw} where _until_batch_id is null) as landed on {same_key}"
            " where landed.ctid is null or incoming.ctid is null"
            " or ({old}) is distinct from ({new})",
            fresh=listed("incoming.{}", self._columns),
            kept=listed(", landed.{}", kept, ""),
            full=sql.SQL("full" if complete else "left"),
            same_key=listed("landed.{0} = incoming.{0}", key, " and "),
            old=listed("landed.{}", values or key),
            new=listed("incoming.{}", values or key),
        )
        # A key that comes twice can only do harm where it makes a change.
        if self._run(
            "select from pg_temp.changes join {incoming} as incoming using ({key})"
            " group by {key} having count(*) > 1 limit 1",
            key=key,
        ):
            drop_repeats(self._cursor, INCOMING, self._file)
            self._run("drop table pg_temp.changes")
            return self._upsert(kept, complete=complete)
        self._run(
            "select count(*) filter (where _replaced is null), count(*) filter (where not _is_gone"
            " and _replaced is not null), count(*) filter (where _is_gone) from pg_temp.changes"
        )
        new, changed, removed = self._cursor.fetchone() or (0, 0, 0)
        self._check_removals(removed)
        self._close("select _replaced from pg_temp.changes")
        names = (*self._columns, *kept)
        self._insert("select {names} from pg_temp.changes where not _is_gone", names=names)
        return Counts(new=new, changed=changed, removed=removed)

    def _compare_bags(self, *, complete: bool) -> Counts:
        """Close the surplus copies of each row, the oldest first, and insert the missing ones."""
        self._run(
            "create temporary table changes on commit drop as"
            " select {columns}, sum(_copies) as _surplus from ("
            " select {columns}, 1 as _copies from {raw} where _until_batch_id is null"
            " union all select {columns}, -1 from {incoming}) as copies"
            " group by {columns} having sum(_copies) <> 0"
        )
        self._cursor.execute(
            "select coalesce(sum(_surplus) filter (where _surplus > 0), 0)::bigint,"
            " coalesce(-sum(_surplus) filter (where _surplus < 0), 0)::bigint from pg_temp.changes"
        )
        removed, new = self._cursor.fetchone() or (0, 0)
        if complete:
            self._check_removals(removed - new)
            # An empty field is null, so that '' stands for null and for nothing else.
            self._close(
                "select version from (select landed.ctid as version, _surplus, row_number() over"
                " (partition by changes.ctid order by landed._batch_id, landed.ctid) as number"
                " from pg_temp.changes join {raw} as landed on {same}"
                " where _surplus > 0 and landed._until_batch_id is null) as copies"
                " where number <= _surplus",
                same=listed(
                    "coalesce(landed.{0}, '') = coalesce(changes.{0}, '')", self._columns, " and "
                ),
            )
        self._insert(
            "select {columns} from pg_temp.changes, generate_series(1, -_surplus)",
            names=self._columns,
        )
        return Counts(new=new, removed=removed if complete else 0)

    def _close(self, versions: str, **parts: sql.Composable) -> None:
        closing = "update {raw} set _until_batch_id = {batch} where ctid = any(array(%s))"
        self._run(closing % versions, **parts)

    def _insert(self, rows: str, names: Sequence[str], **parts: sql.Composable) -> None:
        values = self._values()
        target = "insert into {raw} ({names}, {stamps}) select *, {values} from"
        self._run(
            f"{target} ({rows}) as versions",
            names=names,
            stamps=list(values),
            values=sql.SQL(", ").join(map(sql.Literal, values.values())),
            **parts,
        )
        self._cursor.execute("drop table pg_temp.changes")

    def _check_removals(self, removed: int) -> None:
        """Raise LoaderError when too many of a table's rows would go, and nobody allowed it."""
        if removed <= 0 or self._batch.rules.allow_removals:
            return
        self._run("select count(*) from {raw} where _until_batch_id is null")
        (current,) = self._cursor.fetchone() or (0,)
        if removed * 100 > current * REMOVALS_PERCENT:
            raise LoaderError(
                f"{self._table.file}: {removed:,} of the {current:,} rows of raw.{self._table.name}"
                f" ({100 * removed / current:.1f} %) would be removed, as the file does not have"
                " them; if that is right, land it with --allow-removals"
                " (make build: OLIST_ALLOW_REMOVALS=1)."
            )

    def _say_added(self, columns: Sequence[str]) -> None:
        self.remarks += [
            f"raw.{self._result.table} has a new column, {name}"
            for name in columns
            if name not in self._table.columns
        ]

    def warn(self) -> None:
        """Remark on what is perhaps not what it seems in the versions that this batch wrote."""
        ids = [name for name in self._columns if name in self._table.key or name.endswith("_id")]
        for name, count, value in self._odd(ids, _ODD_ID):
            self.remarks.append(
                f"{name} has {count:,} values like '{value}', with blanks at an end or rounded by a"
                " spreadsheet; they are kept, and are other keys than without that"
            )
        markers = ", ".join(f"'{marker}'" for marker in NULL_MARKERS)
        nulls = self._columns if self._reader.has_markers else ()
        for name, count, value in self._odd(nulls, f"{{0}} in ({markers})"):
            self.remarks.append(
                f"{name} has {count:,} values like '{value}', kept as text; if they stand for empty"
                f" fields, land the file with --null-marker '{value}'"
            )

    def _odd(self, columns: Sequence[str], condition: str) -> list[tuple[str, int, str]]:
        """Columns with values of this condition: their names, how many, and the first of these."""
        if not columns or not self._result.counts.anything:
            return []
        found = f"count(*) filter (where {condition}), min({{0}}) filter (where {condition})"
        self._run(
            "select {found} from {raw} where _batch_id = {batch} and ({any})",
            found=listed(found, columns),
            any=listed(condition, columns, " or "),
        )
        row = self._cursor.fetchone() or ()
        found_in = zip(columns, row[::2], row[1::2], strict=True)
        return [(name, count, shown(value)) for name, count, value in found_in if count]
