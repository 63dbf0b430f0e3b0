"""Keys of a file: equal rows are one; an empty key, or one with different values, is refused."""

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.copy import names_of
from loaders.land.incoming import INCOMING, LINE
from loaders.land.rejects import Rejects
from loaders.sources import SourceFile

_KEY_BYTES = 2000  # an index entry of PostgreSQL holds 2,704
_EXAMPLES = 3


class BadKeys(Exception):  # noqa: N818 - no error yet: the second reading says what is wrong
    """Some keys of a file are empty, or come with different values."""


def drop_repeats(cursor: Cursor, relation: sql.Composable, source: SourceFile) -> int:
    """Delete rows of ``relation`` that repeat another one in every column; return how many.

    Raises BadKeys when a key is empty or comes with different values.
    """
    if not _suspects(cursor, relation, source):
        return 0
    dropped = _drop_equal(cursor, relation, source, sql.SQL("ctid"))
    if _suspects(cursor, relation, source):
        raise BadKeys
    return dropped


def reject_keys(cursor: Cursor, source: SourceFile, rejects: Rejects) -> None:
    """Move the incoming rows with bad keys out, to ``pg_temp.bad_keys``: their lines and reasons.

    Of a key that comes with different values every row is one: which is right, only the user can
    say. Raises LoaderError when they are more than allowed.
    """
    cursor.execute(
        "drop table if exists pg_temp.bad_keys;"
        " create temporary table bad_keys (line bigint, reason text) on commit drop"
    )
    names = ", ".join(source.table.key)
    indexed = names_of((*source.table.key, *source.table.lookups))
    too_long = sql.SQL("octet_length(concat({})) > {}").format(indexed, sql.Literal(_KEY_BYTES))
    plain = sql.SQL("select {}, {} from {} where {}")
    empty = sql.Literal(f"empty key ({names})")
    long = sql.Literal(f"a key ({names}) of more than {_KEY_BYTES:,} bytes")
    _move(cursor, rejects, plain.format(LINE, long, INCOMING, too_long))
    if not _suspects(cursor, INCOMING, source):
        return
    _drop_equal(cursor, INCOMING, source, LINE)
    _move(cursor, rejects, plain.format(LINE, empty, INCOMING, _empty(source)))
    _move(
        cursor,
        rejects,
        sql.SQL(
            "with doubled as (select {keys}, (array_agg({line} order by {line}))[1:5] as _lines"
            " from {incoming} group by {keys} having count(*) > 1)"
            " select {line}, concat({start}, left(concat_ws(', ', {keys}), 100),"
            " ') comes more than once with different values (lines ',"
            " array_to_string(_lines, ', '), ')') from {incoming} inner join doubled using ({keys})"
        ).format(
            keys=names_of(source.table.key),
            line=LINE,
            incoming=INCOMING,
            start=sql.Literal(f"the key ({names}) = ("),
        ),
    )


def _suspects(cursor: Cursor, relation: sql.Composable, source: SourceFile) -> bool:
    cursor.execute(
        sql.SQL("select exists (select from {0} group by {1} having count(*) > 1 or {2})").format(
            relation, names_of(source.table.key), _empty(source)
        )
    )
    return cursor.fetchone() == (True,)


def _move(cursor: Cursor, rejects: Rejects, found: sql.Composable) -> None:
    cursor.execute(sql.SQL("insert into pg_temp.bad_keys {}").format(found))
    count = cursor.rowcount
    if not count:
        return
    cursor.execute(
        sql.SQL("delete from {} using pg_temp.bad_keys where {} = bad_keys.line").format(
            INCOMING, LINE
        )
    )
    cursor.execute("select min(line), reason from pg_temp.bad_keys group by reason order by 1")
    rejects.tell(count, [(line, reason) for line, reason in cursor.fetchmany(_EXAMPLES)])


def _drop_equal(
    cursor: Cursor, relation: sql.Composable, source: SourceFile, order: sql.Composable
) -> int:
    cursor.execute(
        sql.SQL(
            "delete from {0} where ctid in (select ctid from (select ctid, row_number() over"
            " (partition by {1} order by {2}) as copy from {0}) as copies where copy > 1)"
        ).format(relation, names_of(source.header()), order)
    )
    return cursor.rowcount


def _empty(source: SourceFile) -> sql.Composed:
    return sql.SQL("({})").format(
        sql.SQL(" or ").join(
            sql.SQL("{} is null").format(sql.Identifier(name)) for name in source.table.key
        )
    )
