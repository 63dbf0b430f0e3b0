"""A file's rows in a temporary table, as PostgreSQL's COPY has them, and their keys checked."""

from collections.abc import Set as AbstractSet
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from loaders.engines.duckdb.schema import quoted
from loaders.engines.duckdb.spool import IrregularError, respool, spool
from loaders.errors import LoaderError
from loaders.sources import SourceFile

_LONGEST = 1 << 24  # bytes of a line, as in loaders.sources.records


def incoming(source: SourceFile) -> str:
    """Name of the temporary table of a file."""
    return f"temp.main.incoming_{source.table.name}"


def read(
    link: DuckDBPyConnection, source: SourceFile, folder: Path, left_out: AbstractSet[int]
) -> int:
    """Make ``incoming`` of a file's rows, but those in lines ``left_out``; return their number.

    Every column is text, and an empty field is null, quoted or not. It wants no transaction: one
    in which a first reading failed would be of no more use. Raises LoaderError when the file cannot
    be read.
    """
    target = folder / "rows.csv"
    if not left_out:
        try:
            with source.open() as stream:
                return _copy(link, source, spool(source, source.as_utf8(stream), target), target)
        except (IrregularError, duckdb.Error):
            pass  # the second reading knows what it is, or mends it
    with source.open() as stream:
        rows = respool(source, source.as_utf8(stream), target, left_out)
    try:
        return _copy(link, source, rows, target)
    except (IrregularError, duckdb.Error) as error:
        reason = " ".join(str(error).split())[:200] or "rows are missing"
        raise LoaderError(f"{source.name}: DuckDB cannot read it ({reason}).") from error


def _copy(link: DuckDBPyConnection, source: SourceFile, rows: int, file: Path) -> int:
    columns = ", ".join(f"{quoted(name)} varchar" for name in source.header())
    link.execute(f"create or replace temporary table incoming_{source.table.name} ({columns})")
    if not rows:
        return 0
    types = ", ".join(f"{_literal(name)}: 'varchar'" for name in source.header())
    link.execute(
        f"insert into {incoming(source)} select * from read_csv({_literal(str(file))},"
        f" columns = {{{types}}}, auto_detect = false, header = false, parallel = false,"
        " delim = ',', quote = '\"', escape = '\"', new_line = '\\n', nullstr = '',"
        " allow_quoted_nulls = true, strict_mode = true, null_padding = false,"
        f" max_line_size = {_LONGEST})"
    )
    if link.execute(f"select count(*) from {incoming(source)}").fetchone() != (rows,):
        raise IrregularError
    return rows


def drop_repeats(link: DuckDBPyConnection, source: SourceFile) -> None:
    """Delete rows that repeat another one in every column.

    Raises LoaderError when a key is empty or comes with different values.
    """
    key = ", ".join(map(quoted, source.table.key))
    empty = " or ".join(f"{quoted(name)} is null" for name in source.table.key)
    suspects = (
        f"select {key} from {incoming(source)} group by {key}"
        f" having count(*) > 1 or ({empty}) limit 1"
    )
    if not link.execute(suspects).fetchone():
        return
    link.execute(
        f"create or replace temporary table incoming_{source.table.name} as"
        f" select distinct * from {incoming(source)}"
    )
    found = link.execute(suspects).fetchone()
    if not found:
        return
    names = ", ".join(source.table.key)
    if None in found:
        raise LoaderError(f"{source.name}: a row has an empty key ({names}); mend it.")
    values = ", ".join(found)
    raise LoaderError(
        f"{source.name}: the key ({names}) = ({values}) comes more than once with different values;"
        " keep the right row."
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
