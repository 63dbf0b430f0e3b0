"""Write one file into its raw table: an initial load, or what differs from its current versions."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError, shown
from loaders.land import ledger, rejects
from loaders.land.copy import (
    INCOMING,
    NULL_MARKERS,
    BadRows,
    Progress,
    Reader,
    copy,
    create_table,
    listed,
    run,
)
from loaders.land.ledger import Batch, Counts, FileResult
from loaders.sources import REMOVED, SourceFile

# More of a table's rows than that are not removed unless it is allowed: a file that was cut short
# looks just like that.
REMOVALS_PERCENT = 5

# What PostgreSQL raises for the content of a file: the second for a field or a key that is too
# long, the others for an empty and a repeated key.
_CONTENT = (
    psycopg2.DataError,
    errors.ProgramLimitExceeded,
    errors.NotNullViolation,
    errors.UniqueViolation,
    BadRows,
)
# An id of Olist has 32 letters, and what has as many, or has nothing odd in it, is looked at no
# further: it saves the most.
_ODD_ID = (
    "(octet_length({0}) <> 32 and {0} <> translate({0}, E'E \\t\\u00a0', '')"
    " and ({0} <> btrim({0}, E' \\t\\u00a0') or {0} ~ '^[0-9.]+E\\+[0-9]+$'))"
)
_ODD_ID_REMARK = (
    "with blanks at an end or rounded by a spreadsheet; they are kept, and are other keys than"
    " without that"
)
_MARKER_REMARK = "kept as text; if they stand for empty fields, land it with --null-marker '{}'"

# What a file changes: rows to insert, and versions that they replace or that are gone. A row of it
# keeps the values of columns that the file does not have.
_CHANGES = """
create temporary table changes on commit drop as
select {fresh} {kept}, landed.ctid as _replaced, {is_gone} as _is_gone
from {incoming} as incoming
{full} join (select ctid, * from {raw} where _until_batch_id is null) as landed on {same_key}
where
    case when {is_gone} then landed.ctid is not null
    else landed.ctid is null or ({old}) is distinct from ({new}) end
"""
# Of changes, in the order in which they happened, the last one of a key holds.
_LAST_OF_KEY = """
delete from {incoming} using (
    select ctid, row_number() over (partition by {key} order by ctid desc) as number
    from {incoming} {good}
) as numbered
where numbered.number > 1 and numbered.ctid = incoming.ctid
"""
# A key that comes twice can only do harm where it makes a change.
_REPEATED_KEY = """
select from pg_temp.changes join {incoming} as incoming using ({key})
group by {key} having count(*) > 1 limit 1
"""
# Without a key, the surplus copies of a row are gone, the oldest first. An empty field is null, so
# that '' stands for null and for nothing else.
_BAG_CHANGES = """
create temporary table changes on commit drop as
with differing as (
    select {columns}, sum(_copies) as _surplus from (
        select {columns}, 1 as _copies from {raw} where _until_batch_id is null
        union all
        select {columns}, -1 from {incoming}
    ) as copies
    group by {columns} having sum(_copies) <> 0
)
select {columns}, null::tid as _replaced, false as _is_gone
from differing, generate_series(1, -_surplus)
union all
select {columns}, _version, true from (
    select {differing}, landed.ctid as _version, _surplus, row_number() over (
        partition by {differing} order by landed._batch_id, landed.ctid
    ) as _number
    from differing join {raw} as landed on {same_row}
    where {full} and _surplus > 0 and landed._until_batch_id is null
) as versions
where _number <= _surplus
"""
_COUNT = """
select count(*) filter (where _replaced is null),
    count(*) filter (where _replaced is not null and not _is_gone),
    count(*) filter (where _is_gone)
from pg_temp.changes
"""
_CLOSE = """
update {raw} set _until_batch_id = {batch}
where ctid = any(array(select _replaced from pg_temp.changes where _replaced is not null))
"""
_INSERT = """
insert into {raw} ({names}, {batch_columns})
select {names}, {values} from pg_temp.changes where not _is_gone
"""


class Load:
    """The load of one file, whose steps share what they work on; ``result`` is what came of it."""

    def __init__(self, file: SourceFile, batch: Batch, progress: Progress) -> None:
        self.file, self.table = file, file.table
        self._columns = tuple(name for name in file.header() if name != REMOVED)
        mode = file.mode or batch.mode
        self.result = FileResult(
            self.table.name, file.name, mode, file.encoding, file.archive_checksum
        )
        if mode == "changes":  # nobody is there to fix them, and what comes next cannot wait
            batch = replace(batch, rules=replace(batch.rules, max_rejects="100%"))
        self._batch, self._progress = batch, progress
        self._may_have_markers = self._is_refused = False
        self._started = 0.0
        self._cursor: Cursor

    def initial(self, link: Connection) -> None:
        """Fill a table that raw lacks, under another name, in a transaction of its own.

        It is frozen, and without WAL where that may be. Where PostgreSQL refuses the content
        nothing is done: ``write`` knows what is wrong.
        """
        self._cursor, self._started = link.cursor(), time.perf_counter()
        target = ledger.initial(self.table)
        try:
            read = self._copy(target, (*self.table.columns, *self._columns))
            ledger.complete(self._cursor, self.table, target, self._batch_columns())
            self.result.counts = Counts(read=read, new=read)
            self._finish(target)
        except _CONTENT:
            link.rollback()
            self._is_refused = True
        else:
            link.commit()

    def write(self, link: Connection) -> None:
        """Write what differs into the raw table, in the transaction of ``link``.

        The file goes through COPY as it is; only when PostgreSQL refuses it, it is read again,
        record by record, to find what is wrong and, where the rules allow it, to land the rest.
        Raises LoaderError otherwise.
        """
        self._cursor = link.cursor()
        self._started = self._started or time.perf_counter()
        # each event of a stream is read and counted, also a repeated one
        if self.file.mode != "changes" and not self._is_refused and self._is_unchanged():
            self.result.status = "unchanged"
            self._progress.advance(self.file.size)
        else:
            self._cursor.execute("savepoint before_file")
            try:
                if self._is_refused:
                    raise BadRows
                read = self._copy(INCOMING, self.file.header())
                self._keep_last()
                self._upsert(read)
            except _CONTENT:
                self._cursor.execute("rollback to savepoint before_file")
                self._upsert_good_rows()
        self.result.counts += Counts(read=self.file.rejected, rejected=self.file.rejected)
        self._finish(ledger.raw(self.table))

    def _is_unchanged(self) -> bool:
        """Whether the table's last landed file was the same.

        An archive's own bytes say so without unpacking. A file of another size is not read for it.
        """
        last = ledger.last_landed(self._cursor, self.result, self._batch.rules.null_marker)
        checksum, size, is_same = last or ("", None, False)
        if not is_same and size == self.file.size:
            with self.file.open() as stream:
                digest = hashlib.file_digest(stream, "sha256")  # type: ignore[arg-type]
            is_same = digest.hexdigest() == checksum
        if is_same:
            self.result.checksum, self.result.bytes = checksum, size or 0
        return is_same

    def _run(self, statement: str, **parts: sql.Composable | Sequence[str]) -> int:
        parts.setdefault("columns", self._columns)
        parts |= {"raw": ledger.raw(self.table), "incoming": INCOMING}
        return run(self._cursor, statement, batch=sql.Literal(self._batch.batch_id), **parts)

    def _copy(self, target: sql.Composable, columns: Sequence[str]) -> int:
        """COPY the file into a new table; return its rows, of which blank ones are dropped.

        Raises BadRows when a row is the header again.
        """
        create_table(self._cursor, target, columns, self.table.key)
        with self.file.open() as stream:
            reader = Reader(self.file, stream, self._progress)
            read = copy(self._cursor, target, self.file, reader)
        self._was_read(target, reader)
        if "header" in reader.found:
            names = sql.SQL(", ").join(map(sql.Literal, self._columns))
            again = "select from {target} where ({columns}) = ({names}) limit 1"
            if self._run(again, target=target, names=names):
                raise BadRows
        if "blanks" in reader.found:
            blank = "delete from {target} where num_nonnulls({columns}) = 0"
            read -= self._run(blank, target=target)
        return read

    def _was_read(self, target: sql.Composable, reader: Reader) -> None:
        """Note what the reader knows now, and make null markers null."""
        self.result.checksum, self.result.bytes = reader.checksum, reader.size
        self._may_have_markers = "markers" in reader.found
        if self._batch.rules.null_marker is not None:
            marker = sql.Literal(self._batch.rules.null_marker)
            nulls = sql.SQL(", ").join(
                sql.SQL("{0} = nullif({0}, {1})").format(sql.Identifier(name), marker)
                for name in self._columns
            )
            update = "update {target} set {nulls} where {marker} in ({columns})"
            self._run(update, target=target, nulls=nulls, marker=marker)

    def _upsert_good_rows(self) -> None:
        """COPY a file that PostgreSQL refused record by record, and write the good ones."""
        with self.file.open() as stream:
            reader = Reader(self.file, stream, self._progress)
            read = rejects.copy_records(self._cursor, self.file, reader, self._batch.rules)
        self._was_read(INCOMING, reader)
        self._keep_last("where _reason is null")
        rejected = rejects.reject(self._cursor, self.file, self._batch, read)
        self._upsert(read, rejected)
        if rejected and self.result.mode == "snapshot":
            # It did what a delta does, and the ledger says so: the whole file can land again.
            self.result.mode = "delta"
            self._progress.say(f"  {self.table.name}: rows were rejected, so none is removed")

    def _keep_last(self, good: str = "") -> None:
        if self.result.mode == "changes":
            self._run(_LAST_OF_KEY, key=self.table.key, good=sql.SQL(good))

    def _upsert(self, read: int, rejected: int = 0) -> None:
        """Close the versions that are replaced or gone, and insert the new ones.

        A row that was rejected is not a row that is gone: with any, none is removed. Columns that
        the file does not have are kept: a new version has the values of the old.
        """
        there = ledger.raw_columns(self._cursor)[self.table.name]
        ledger.add_columns(self._cursor, self.table, self._columns, there)
        names = list(self._columns)
        if self.table.key:
            kept = [name for name in there if name not in {*ledger.BATCH_COLUMNS, *names}]
            self._compare(kept, is_whole=not rejected and self.result.mode == "snapshot")
            names += kept
        else:
            same = "coalesce(landed.{0}, '') = coalesce(differing.{0}, '')"
            self._run(
                _BAG_CHANGES,
                differing=listed("differing.{}", self._columns),
                same_row=listed(same, self._columns, " and "),
                full=sql.Literal(not rejected),
            )
        self._run(_COUNT)
        new, changed, removed = self._cursor.fetchone() or (0, 0, 0)
        self._check_removals(removed - (0 if self.table.key else new))
        self._run(_CLOSE)
        batch_columns = self._batch_columns()
        values = sql.SQL(", ").join(map(sql.Literal, batch_columns.values()))
        self._run(_INSERT, names=names, batch_columns=list(batch_columns), values=values)
        self._run("drop table pg_temp.changes, {incoming}")
        self.result.counts = Counts(read, new, changed, removed, rejected)

    def _compare(self, kept: Sequence[str], *, is_whole: bool) -> None:
        """Find what differs by key. Raises BadRows when a key of it comes twice."""
        key = self.table.key
        values = [name for name in self._columns if name not in key] or key
        is_gone = "incoming.ctid is null"
        if self.result.mode == "changes":
            is_gone = f"incoming.{REMOVED} is not null"
        # The join is by the key, and needs to know little of it.
        self._cursor.execute("set local default_statistics_target = 10")
        self._run("analyze {incoming} ({key})", key=key)
        self._run(
            _CHANGES,
            fresh=listed("incoming.{}", self._columns),
            kept=listed(", landed.{}", kept, ""),
            full=sql.SQL("full" if is_whole else "left"),
            is_gone=sql.SQL(is_gone),
            same_key=listed("landed.{0} = incoming.{0}", key, " and "),
            old=listed("landed.{}", values),
            new=listed("incoming.{}", values),
        )
        if self._run(_REPEATED_KEY, key=key):
            raise BadRows

    def _batch_columns(self) -> dict[str, object]:
        """The batch columns of what is written."""
        batch = self._batch
        origin = f"{self.file.name}#{self.result.checksum[:12]}"
        return {"_batch_id": batch.batch_id, "_loaded_at": batch.loaded_at, "_source_file": origin}

    def _check_removals(self, removed: int) -> None:
        """Raise LoaderError when too many of a table's rows would go, and nobody allowed it."""
        if removed <= 0 or self._batch.rules.allow_removals or self.result.mode == "changes":
            return
        self._run("select count(*) from {raw} where _until_batch_id is null")
        (current,) = self._cursor.fetchone() or (0,)
        if removed * 100 > current * REMOVALS_PERCENT:
            raise LoaderError(
                f"{self._batch.source}: {removed:,} of the {current:,} rows of"
                f" raw.{self.table.name} ({100 * removed / current:.1f} %) would be removed, as"
                f" {self.file.name} does not have them; if that is right, land it with"
                " --allow-removals (make update: LAND_FLAGS=--allow-removals;"
                " make build: OLIST_ALLOW_REMOVALS=1)."
            )

    def _finish(self, target: sql.Composable) -> None:
        """Say what became of the file, and what is perhaps not what it seems in its rows."""
        result, counts, said = self.result, self.result.counts, f"  {self.table.name}:"
        if result.status != "unchanged":
            result.status = "landed"
            if counts.anything:
                self._report_odd_values(target)
            if not counts.read:
                self._progress.say(f"{said} {self.file.name} has a header and no row")
        result.seconds = round(time.perf_counter() - self._started, 3)
        if result.status == "unchanged":
            self._progress.say(f"{said} same as last time ({result.seconds:.1f} s)")
        else:
            rate = counts.read / max(result.seconds, 0.001)
            self._progress.say(f"{said} {counts} ({result.seconds:.1f} s, {rate:,.0f} rows/s)")

    def _report_odd_values(self, target: sql.Composable) -> None:
        ids = [name for name in self._columns if name in self.table.key or name.endswith("_id")]
        markers = ", ".join(f"'{marker}'" for marker in NULL_MARKERS)
        for columns, condition, what in (
            (ids, _ODD_ID, _ODD_ID_REMARK),
            (
                self._columns if self._may_have_markers else (),
                f"{{0}} in ({markers})",
                _MARKER_REMARK,
            ),
        ):
            if not columns:
                continue
            found = f"count(*) filter (where {condition}), min({{0}}) filter (where {condition})"
            self._run(
                "select {found} from {target} where _batch_id = {batch} and ({any})",
                target=target,
                found=listed(found, columns),
                any=listed(condition, columns, " or "),
            )
            row = self._cursor.fetchone() or ()
            for name, count, value in zip(columns, row[::2], row[1::2], strict=True):
                if count:
                    values = f"{count:,} value{'' if count == 1 else 's'} like '{shown(value)}'"
                    said = f"{name} has {values}, {what.format(shown(value))}"
                    self._progress.say(f"  {self.table.name}: {said}")
