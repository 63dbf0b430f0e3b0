"""Rows that a file repeats: equal ones are folded into one, others stop the batch."""

import csv
import io

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError
from loaders.sources import SourceFile


def drop_repeats(cursor: Cursor, relation: sql.Composable, source: SourceFile) -> int:
    """Delete rows of ``relation`` that repeat another one in every column; return how many.

    Raises LoaderError, with the lines of the file, when a key is empty or comes with different
    values: which of them is right, only the user can say.
    """
    keys = sql.SQL(", ").join(map(sql.Identifier, source.table.key))
    empty = sql.SQL(" or ").join(
        sql.SQL("{} is null").format(sql.Identifier(name)) for name in source.table.key
    )
    suspects = sql.SQL("select {0} from {1} group by {0} having count(*) > 1 or {2}").format(
        keys, relation, empty
    )
    cursor.execute(sql.SQL("select exists ({})").format(suspects))
    row = cursor.fetchone()
    if row is None or not row[0]:
        return 0
    cursor.execute(
        sql.SQL(
            "delete from {0} where ctid in (select ctid from (select ctid, row_number() over"
            " (partition by {1} order by ctid) as copy from {0}) as copies where copy > 1)"
        ).format(relation, sql.SQL(", ").join(map(sql.Identifier, source.table.columns)))
    )
    dropped = cursor.rowcount
    cursor.execute(sql.SQL("{} limit 1").format(suspects))
    remaining = cursor.fetchone()
    if remaining is not None:
        raise LoaderError(_sentence(source, remaining))
    return dropped


def _sentence(source: SourceFile, key: tuple[str | None, ...]) -> str:
    names = ", ".join(source.table.key)
    lines = ", ".join(map(str, _lines_of(source, key)))
    if None in key:
        return f"{source.name}, line {lines}: empty key ({names}); fill it in, or drop the row."
    shown = ", ".join(map(str, key))
    return (
        f"{source.name}, lines {lines}: the key ({names}) = ({shown}) comes more than once with"
        " different values; keep the row that is right."
    )


def _lines_of(source: SourceFile, key: tuple[str | None, ...]) -> list[int]:
    """First line of each row with this key (a row may span lines)."""
    with source.open() as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        reader = csv.DictReader(text)
        found, start = [], 2
        for row in reader:
            if tuple(row[name] or None for name in source.table.key) == key:
                found.append(start)
            start = reader.line_num + 1
    return found
