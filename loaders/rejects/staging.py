"""Rejected rows on their way back: staged in temporary tables, with their keys and faults."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError
from loaders.land.copy import send
from loaders.land.rejects import as_text
from loaders.rejects import OPEN, Chosen
from loaders.rejects.mended import read_mended
from loaders.sources.records import LIMIT, records
from loaders.sources.text import UTF_8
from loaders.tables import BY_NAME

csv.field_size_limit(LIMIT)

_STAGE = """
create temporary table mended (reject_id bigint, header text, body text, reason text);
create temporary table retried (
    reject_id bigint, batch_id bigint, table_name text, header text, body text, key text[],
    reason text, newer bigint
);
"""


def stage(cursor: Cursor, chosen: Chosen, folder: Path | None, encoding: str) -> None:
    """Fill ``pg_temp.retried`` with the open rows that are meant, each with its key or its fault.

    Raises LoaderError when ``folder`` is not what ``olist rejects --out`` wrote.
    """
    cursor.execute(_STAGE)
    if folder is not None:
        _stage_mended(cursor, folder)
    _stage(cursor, chosen, encoding, mended=folder is not None)


def _stage_mended(cursor: Cursor, folder: Path) -> None:
    with _spool() as spool:
        csv.writer(spool).writerows(read_mended(folder))
        _load(cursor, "mended (reject_id, header, body, reason)", spool)
    cursor.execute(
        "select reject_id, count(*) over (partition by reject_id) as copies, landed_by"
        " from pg_temp.mended left join raw._rejected_rows using (reject_id)"
        " where table_name is null or landed_by is not null or reject_id in"
        " (select reject_id from pg_temp.mended group by 1 having count(*) > 1) limit 1"
    )
    found = cursor.fetchone()
    if found is not None:
        number, copies, landed_by = found
        problem = (
            f"was landed by batch {landed_by}; take it out"
            if landed_by
            else "comes more than once; keep one of them"
            if copies > 1
            else "is no row that was rejected here; keep the numbers that were written"
        )
        raise LoaderError(f"{folder}: _reject_id {number} {problem}.")


def _stage(cursor: Cursor, chosen: Chosen, encoding: str, *, mended: bool) -> None:
    """Put the rows that are meant in ``pg_temp.retried``, each with its key or what is wrong."""
    query = sql.SQL(
        "select reject_id, batch_id, table_name, {} from raw._rejected_rows as rejected {} where {}"
        " order by reject_id"
    ).format(
        sql.SQL(
            "mended.header, mended.body, mended.reason, raw_bytes, encoding"
            if mended
            else "header, raw_text, null, raw_bytes, encoding"
        ),
        sql.SQL("inner join pg_temp.mended using (reject_id)" if mended else ""),
        chosen.condition(OPEN),
    )
    with _spool() as spool, cursor.connection.cursor("rejected") as rows:
        rows.execute(query)
        writer = csv.writer(spool)
        for number, batch, table, header, text, wrong, raw, coded in rows:
            body, reason = (text, wrong) if wrong else _text(text, raw, coded, encoding)
            key, reason = (None, reason) if reason else _key(table, header, body)
            writer.writerow((number, batch, table, header, None if reason else body, key, reason))
        rows.close()
        _load(cursor, "retried (reject_id, batch_id, table_name, header, body, key, reason)", spool)


def _text(
    text: str,
    raw: Any,
    coded: str,
    encoding: str,  # raw: memoryview of bytea, or None
) -> tuple[str, str | None]:
    """The row's text, or why it has none: a row that is no text and that nobody mended."""
    if raw is None or text != as_text(bytes(raw)):
        return text, None
    try:
        if coded == UTF_8:
            return bytes(raw).decode(encoding), None
    except UnicodeDecodeError:
        pass
    return text, f"not {coded.upper()} as it stands"


def _key(table: str, header: str, body: str) -> tuple[str | None, str | None]:
    """The key of a row as an array of PostgreSQL, or what is wrong with the row."""
    names = next(csv.reader(io.StringIO(header)))
    found = list(records(io.BytesIO(body.encode()), len(names)))
    if len(found) != 1 or found[0].reason:
        return None, (found[0].reason or "more than one row") if found else "an empty row"
    values = dict(zip(names, next(csv.reader(io.StringIO(body, newline=""))), strict=True))
    key = [values.get(name, "") for name in BY_NAME[table].key]
    if "" in key:
        return None, f"empty key ({', '.join(BY_NAME[table].key)})"
    quoted = (part.replace("\\", "\\\\").replace('"', '\\"') for part in key)
    return "{" + ",".join(f'"{part}"' for part in quoted) + "}", None


def _spool() -> "tempfile._TemporaryFileWrapper[str]":
    return tempfile.NamedTemporaryFile("w+", encoding="utf-8", newline="")


def _load(cursor: Cursor, target: str, spool: "tempfile._TemporaryFileWrapper[str]") -> None:
    spool.flush()
    with Path(spool.name).open("rb") as stream:
        send(
            cursor,
            sql.SQL("copy pg_temp.{} from stdin (format csv)").format(sql.SQL(target)),
            stream,
        )
