"""Write one file into its raw table: an initial load, or an upsert of what differs."""

from collections.abc import Sequence

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
    names_of,
)
from loaders.land.ledger import Batch, Counts, FileResult
from loaders.land.rejects import BadKeys, Rejects, drop_repeats
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
    BadKeys,
    EndMarker,
)
# An id of Olist has 32 letters, and what has as many is looked at no further: it saves the most.
_ODD_ID = (
    "octet_length({0}) <> 32 and ({0} <> btrim({0}, E' \\t\\u00a0') or {0} ~ '^[0-9.]+E\\+[0-9]+$')"
)
_BATCH_COLUMNS = {"_batch_id", "_until_batch_id", "_loaded_at", "_source_file"}


def write(
    cursor: Cursor, file: SourceFile, batch: Batch, progress: Progress, result: FileResult
) -> list[str]:
    """Land one file in the transaction of ``cursor``; return what is to be said of it.

    The file goes through COPY as it is; only when PostgreSQL refuses it, it is read again, record
    by record, to find what is wrong and, where ``batch.rules`` allow it, to land the rest. Raises
    LoaderError otherwise. ``result`` gets the counts, and checksum and size if it has none.
    """
    cursor.execute("savepoint before_file")
    load = _Load(cursor, file, batch, result)
    try:
        with progress.reading(file) as reader:
            load.whole(reader)
    except _CONTENT:
        cursor.execute("rollback to savepoint before_file")
        load = _Load(cursor, file, batch, result)
        with Rejects(file, batch) as rejects, progress.reading(file) as reader:
            load.good_rows(reader, rejects)
    cursor.execute("release savepoint before_file")
    return load.remarks


class _Load:
    """The load of one file, whose steps share what they work on."""

    def __init__(self, cursor: Cursor, file: SourceFile, batch: Batch, result: FileResult) -> None:
        self.remarks: list[str] = []
        self._cursor = cursor
        self._file = file
        self._batch = batch
        self._result = result
        self._table = file.table
        self._raw = ledger.raw(file.table)
        self._columns = file.header()
        self._mode = file.mode or batch.mode

    def whole(self, reader: Reader) -> None:
        """COPY the whole file, and write it."""
        there = ledger.raw_columns(self._cursor).get(self._table.name)
        if there is None:
            self._initial(reader)
        else:
            create_incoming(self._cursor, self._file)
            read = copy(self._cursor, INCOMING, self._file, reader, "freeze false")
            self._identify(reader)
            read -= self._clean(INCOMING, reader)
            if self._table.key:
                drop_repeats(self._cursor, INCOMING, self._file)
            self._result.counts = Counts(read=read) + self._from_incoming(there, complete=True)
        self._warn(reader)

    def good_rows(self, reader: Reader, rejects: Rejects) -> None:
        """COPY the good records of a file that COPY refused, and write them."""
        ledger.ensure_tables(self._cursor, [self._table])
        there = ledger.raw_columns(self._cursor)[self._table.name]
        create_incoming(self._cursor, self._file, lines=True)
        read = rejects.copy_good(self._cursor, reader)
        self._identify(reader)
        self._clean(INCOMING, reader)
        rejects.reject_keys(self._cursor)
        rejects.check(read)
        # A row that was rejected is not a row that is gone: with any, none is removed.
        counts = self._from_incoming(there, complete=not rejects.count)
        if rejects.count:
            rejects.write(self._cursor)
            if self._mode == "snapshot":
                # It did what a delta does, and the ledger says so: the whole file can land again.
                self._result.mode = "delta"
                self.remarks.append("rows were rejected, so none is removed")
        self._result.counts = Counts(read=read, rejected=rejects.count) + counts
        self._warn(reader)

    def _identify(self, reader: Reader) -> None:
        """Note checksum and size of a file that was not read before."""
        if not self._result.checksum:
            self._result.checksum, self._result.size = reader.checksum, reader.size

    def _values(self) -> dict[str, object]:
        origin = f"{self._file.name}#{self._result.checksum[:12]}"
        batch = self._batch
        return {"_batch_id": batch.batch_id, "_loaded_at": batch.loaded_at, "_source_file": origin}

    def _initial(self, reader: Reader) -> None:
        """COPY into a table that the batch creates: frozen, and without WAL where that may be."""
        extra = [name for name in self._columns if name not in self._table.columns]
        self._say_added(extra)
        ledger.create_table(self._cursor, self._table, (*self._table.columns, *extra))
        read = copy(self._cursor, self._raw, self._file, reader, "freeze true")
        self._identify(reader)
        read -= self._clean(self._raw, reader)
        ledger.add_batch_columns(self._cursor, self._table, self._values())
        repeats = self._add_key()
        self._result.counts = Counts(read=read, new=read - repeats)

    def _add_key(self) -> int:
        """Make the unique index of the current rows; return the repeated rows dropped for it."""
        if not self._table.key:
            return 0
        self._cursor.execute("savepoint before_key")
        try:
            ledger.add_key(self._cursor, self._table)
        except errors.UniqueViolation:
            self._cursor.execute("rollback to savepoint before_key")
            repeats = drop_repeats(self._cursor, self._raw, self._file)
            ledger.add_key(self._cursor, self._table)
            return repeats
        return 0

    def _clean(self, target: sql.Composable, reader: Reader) -> int:
        """Make null markers null and drop blank rows, of which it returns the number.

        Raises BadKeys when a row is the header again.
        """
        marker = self._batch.rules.null_marker
        if marker is not None:
            self._cursor.execute(
                sql.SQL("update {} set {} where %(marker)s in ({})").format(
                    target,
                    listed("{0} = nullif({0}, %(marker)s)", self._columns),
                    names_of(self._columns),
                ),
                {"marker": marker},
            )
        if reader.has_header:
            self._cursor.execute(
                sql.SQL("select exists (select from {} where ({}) = ({}))").format(
                    target,
                    names_of(self._columns),
                    sql.SQL(", ").join(map(sql.Literal, self._columns)),
                )
            )
            if self._cursor.fetchone() == (True,):
                raise BadKeys
        if reader.has_blanks:
            self._cursor.execute(
                sql.SQL("delete from {} where num_nonnulls({}) = 0").format(
                    target, names_of(self._columns)
                )
            )
            return self._cursor.rowcount
        return 0

    def _from_incoming(self, there: Sequence[str], *, complete: bool) -> Counts:
        """Write what differs between the incoming and the current rows; return the counts."""
        added = ledger.add_columns(
            self._cursor, self._table, (*self._table.columns, *self._columns), there
        )
        self._say_added([name for name in added if name not in self._table.columns])
        if self._table.key:
            own = {*_BATCH_COLUMNS, *self._columns}
            return self._upsert(
                [name for name in there if name not in own],
                complete=complete and self._mode == "snapshot",
            )
        return self._compare_bags(complete=complete)

    def _upsert(self, kept: Sequence[str], *, complete: bool) -> Counts:
        """Close the versions that are replaced or gone, and insert the new ones.

        Columns that the file does not have are ``kept``: a new version has the values of the old.
        """
        key = self._table.key
        values = [name for name in self._columns if name not in key]
        # The join is by the key, and needs to know little of it.
        self._cursor.execute("set local default_statistics_target = 10")
        self._cursor.execute(sql.SQL("analyze {} ({})").format(INCOMING, names_of(key)))
        self._cursor.execute(
            sql.SQL(
                "create temporary table changes on commit drop as"
                " select incoming.ctid as _arrived, landed.ctid as _replaced {kept}"
                " from {incoming} as incoming {full} join"
                " (select ctid, * from {raw} where _until_batch_id is null) as landed"
                " on {same_key}"
                " where landed.ctid is null or incoming.ctid is null or {differs}"
            ).format(
                kept=listed(", landed.{}", kept, ""),
                incoming=INCOMING,
                full=sql.SQL("full" if complete else "left"),
                raw=self._raw,
                same_key=listed("landed.{0} = incoming.{0}", key, " and "),
                differs=sql.SQL("row({}) is distinct from row({})").format(
                    listed("landed.{}", values), listed("incoming.{}", values)
                )
                if values
                else sql.SQL("false"),
            )
        )
        self._cursor.execute(
            "select count(*) filter (where _replaced is null),"
            " count(*) filter (where _arrived is not null and _replaced is not null),"
            " count(*) filter (where _arrived is null) from pg_temp.changes"
        )
        new, changed, removed = self._cursor.fetchone() or (0, 0, 0)
        if removed:
            self._check_removals(removed)
        self._close(sql.SQL("select _replaced from pg_temp.changes"))
        self._insert(
            (*self._columns, *kept),
            sql.SQL(
                "select {}{} from pg_temp.changes join {} as incoming on incoming.ctid = _arrived"
            ).format(
                listed("incoming.{}", self._columns),
                listed(", changes.{}", kept, ""),
                INCOMING,
            ),
        )
        self._cursor.execute("drop table pg_temp.changes")
        return Counts(new=new, changed=changed, removed=removed)

    def _compare_bags(self, *, complete: bool) -> Counts:
        """Close the surplus copies of each row, the oldest first, and insert the missing ones."""
        columns = names_of(self._columns)
        self._cursor.execute(
            sql.SQL(
                "create temporary table changes on commit drop as"
                " select {columns}, sum(_copies) as _surplus from ("
                " select {columns}, 1 as _copies from {raw} where _until_batch_id is null"
                " union all select {columns}, -1 from {incoming}) as copies"
                " group by {columns} having sum(_copies) <> 0"
            ).format(columns=columns, raw=self._raw, incoming=INCOMING)
        )
        self._cursor.execute(
            "select coalesce(sum(_surplus) filter (where _surplus > 0), 0)::bigint,"
            " coalesce(-sum(_surplus) filter (where _surplus < 0), 0)::bigint from pg_temp.changes"
        )
        removed, new = self._cursor.fetchone() or (0, 0)
        if complete and removed:
            self._check_removals(removed - new)
            # An empty field is null, so that '' stands for null and for nothing else.
            self._close(
                sql.SQL(
                    "select version from (select landed.ctid as version, _surplus, row_number()"
                    " over (partition by changes.ctid order by landed._batch_id, landed.ctid)"
                    " as copy"
                    " from pg_temp.changes join {raw} as landed on {same}"
                    " where _surplus > 0 and landed._until_batch_id is null) as copies"
                    " where copy <= _surplus"
                ).format(
                    raw=self._raw,
                    same=listed(
                        "coalesce(landed.{0}, '') = coalesce(changes.{0}, '')",
                        self._columns,
                        " and ",
                    ),
                )
            )
        self._insert(
            self._columns,
            sql.SQL(
                "select {} from pg_temp.changes, generate_series(1, -_surplus) where _surplus < 0"
            ).format(columns),
        )
        self._cursor.execute("drop table pg_temp.changes")
        return Counts(new=new, removed=removed if complete else 0)

    def _close(self, versions: sql.Composable) -> None:
        self._cursor.execute(
            sql.SQL("update {} set _until_batch_id = {} where ctid = any(array({}))").format(
                self._raw, sql.Literal(self._batch.batch_id), versions
            )
        )

    def _insert(self, columns: Sequence[str], rows: sql.Composable) -> None:
        values = self._values()
        self._cursor.execute(
            sql.SQL("insert into {} ({}, {}) select *, {} from ({}) as versions").format(
                self._raw,
                names_of(columns),
                names_of(list(values)),
                sql.SQL(", ").join(map(sql.Literal, values.values())),
                rows,
            )
        )

    def _check_removals(self, removed: int) -> None:
        """Raise LoaderError when too many of a table's rows would go, and nobody allowed it."""
        if self._batch.rules.allow_removals:
            return
        self._cursor.execute(
            sql.SQL("select count(*) from {} where _until_batch_id is null").format(self._raw)
        )
        (current,) = self._cursor.fetchone() or (0,)
        if removed * 100 > current * REMOVALS_PERCENT:
            raise LoaderError(
                f"{self._table.file}: {removed:,} of the {current:,} rows of raw.{self._table.name}"
                f" ({100 * removed / current:.1f} %) would be removed, as the file does not have"
                " them; if that is right, land it with --allow-removals"
                " (make build: OLIST_ALLOW_REMOVALS=1)."
            )

    def _say_added(self, columns: Sequence[str]) -> None:
        self.remarks += [f"raw.{self._table.name} has a new column, {name}" for name in columns]

    def _warn(self, reader: Reader) -> None:
        """Remark on what is perhaps not what it seems in the versions that this batch wrote."""
        ids = [name for name in self._columns if name in self._table.key or name.endswith("_id")]
        for name, count, value in self._odd(ids, _ODD_ID):
            self.remarks.append(
                f"{name} has {count:,} values like '{value}', with blanks at an end or rounded by a"
                " spreadsheet; they are kept, and are other keys than without that"
            )
        if not reader.has_markers:
            return
        markers = ", ".join(f"'{marker}'" for marker in NULL_MARKERS)
        for name, count, value in self._odd(self._columns, f"{{0}} in ({markers})"):
            self.remarks.append(
                f"{name} has {count:,} values like '{value}', kept as text; if they stand for empty"
                f" fields, land the file with --null-marker '{value}'"
            )

    def _odd(self, columns: Sequence[str], condition: str) -> list[tuple[str, int, str]]:
        """Columns with values of this condition: their names, how many, and the first of these."""
        if not columns:
            return []
        found = f"count(*) filter (where {condition}), min({{0}}) filter (where {condition})"
        self._cursor.execute(
            sql.SQL("select {} from {} where _batch_id = {} and ({})").format(
                listed(found, columns),
                self._raw,
                sql.Literal(self._batch.batch_id),
                listed(f"({condition})", columns, " or "),
            )
        )
        row = self._cursor.fetchone() or ()
        return [
            (name, count, shown(value))
            for name, count, value in zip(columns, row[::2], row[1::2], strict=True)
            if count
        ]
