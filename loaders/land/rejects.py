"""The rows of one file that cannot be landed: kept on disk, told, and written in the ledger."""

import csv
import io
import tempfile
from types import TracebackType
from typing import IO

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError, shown
from loaders.land.batch import Allowance
from loaders.land.copy import send
from loaders.sources import SourceFile
from loaders.sources.text import not_utf8

_EXAMPLES = 3
_IN_MEMORY = 1 << 20
_COLUMNS = "table_name, file_name, line_number, reason, raw_text, raw_bytes, header, encoding"


class Rejects:
    """The bad rows of one file, as many as are allowed; a context that removes its own file."""

    def __init__(self, source: SourceFile, allowance: Allowance) -> None:
        self.count = 0
        self._source = source
        self._allowance = allowance
        self._examples: list[tuple[int, str]] = []
        self._kept: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        self._text = io.TextIOWrapper(self._kept, encoding="utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._text)

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._text.close()

    def add(self, line: int, reason: str, raw: bytes) -> None:
        """Keep a bad row. Raises LoaderError when it is one too many."""
        self.tell(1, [(line, reason)])
        self.keep(line, reason, raw)

    def keep(self, line: int, reason: str, raw: bytes) -> None:
        """Keep a bad row that was counted already."""
        text = as_text(raw)
        self._writer.writerow(
            (
                self._source.table.name,
                self._source.name,
                line,
                reason,
                text,
                f"\\x{raw.hex()}" if text.encode() != raw else None,
                self._source.layout.text,
                self._source.encoding,
            )
        )

    def tell(self, count: int, examples: list[tuple[int, str]], rows: int | None = None) -> None:
        """Count bad rows. Raises LoaderError when they are more than allowed."""
        self.count += count
        self._examples = sorted([*self._examples, *examples])[:_EXAMPLES]
        if self._allowance.exceeded(self.count, rows):
            raise LoaderError(self._sentence(rows))

    def write(self, cursor: Cursor, batch_id: int) -> None:
        """Write the rows kept into the ledger. A row that was rejected before is open once."""
        cursor.execute(
            "create temporary table rejected (like raw._rejected_rows) on commit drop;"
            " alter table pg_temp.rejected alter batch_id drop not null,"
            " alter reject_id drop not null"
        )
        self._kept.seek(0)
        send(
            cursor,
            sql.SQL("copy pg_temp.rejected ({}) from stdin (format csv, encoding 'UTF8')").format(
                sql.SQL(_COLUMNS)
            ),
            self._kept,
        )
        cursor.execute(
            "update raw._rejected_rows as earlier set superseded_by = %s from pg_temp.rejected"
            " where earlier.table_name = rejected.table_name"
            " and earlier.raw_text = rejected.raw_text and earlier.header = rejected.header"
            " and earlier.landed_by is null and earlier.superseded_by is null",
            (batch_id,),
        )
        cursor.execute(
            sql.SQL(
                "insert into raw._rejected_rows (batch_id, {0}) select {1}, {0}"
                " from pg_temp.rejected order by line_number"
            ).format(sql.SQL(_COLUMNS), sql.Literal(batch_id))
        )
        cursor.execute("drop table pg_temp.rejected")

    def _sentence(self, rows: int | None) -> str:
        name = self._source.name
        if self._allowance == Allowance():
            line, reason = self._examples[0]
            return f"{name}, {_where(line, reason)}; {self._remedy(reason)}."
        reasons = "; ".join(_where(line, reason) for line, reason in self._examples)
        of = f" of {rows:,}" if rows is not None else " or more"
        return (
            f"{name}: {self.count:,}{of} rows are bad, and --max-rejects allows {self._allowance}:"
            f" {reasons}; mend the file and land it again."
        )

    def _remedy(self, reason: str) -> str:
        if reason.startswith("not "):
            return not_utf8(self._source.encoding).partition("; ")[2]
        if "more than once" in reason:
            return "keep the row that is right"
        if reason.startswith("empty key"):
            return "fill it in, or drop the row"
        return "mend the file and land it again, or land its other rows with --max-rejects"


def as_text(raw: bytes) -> str:
    """Bytes of a row as the ledger can hold and a user can read them; equal where they are text."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _where(line: int, reason: str) -> str:
    """A reason behind its line, or the lines that it names."""
    text, named, lines = shown(reason, limit=0).rpartition(" (lines ")
    return f"lines {lines[:-1]}: {text}" if named else f"line {line}: {shown(reason, limit=0)}"
