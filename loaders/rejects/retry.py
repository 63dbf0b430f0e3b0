"""``olist rejects --retry``: rejected rows, mended or not, become a delta batch of their own."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.errors import shown
from loaders.lake import keeping
from loaders.land import Rules, land_delivery, ledger
from loaders.land.landing import wait_for_turn
from loaders.locks import exclusive
from loaders.rejects import Chosen, ledger_link
from loaders.rejects.staging import stage
from loaders.rejects.verdicts import judge, mark
from loaders.sources import Delivery, SourceFile
from loaders.sources.text import canonical
from loaders.tables import BY_NAME

_SHOWN = 20


def retry(
    chosen: Chosen, folder: Path | None, rules: Rules, say: Callable[[str], None] = print
) -> None:
    """Land the open rejected rows that are meant, as they are mended in ``folder``.

    Without a folder the rows are taken as they stand in the ledger; those that are no text are read
    in ``rules.encoding``. What is still bad stays open. A row whose key a later batch has landed is
    not landed over it: it is marked as superseded. Raises LoaderError, and lands nothing, when the
    folder is not what ``--out`` wrote or the load fails.
    """
    encoding = canonical(rules.encoding)
    with ExitStack() as stack:
        link = stack.enter_context(ledger_link())
        stack.enter_context(exclusive(link, lambda: wait_for_turn(rules, say)))
        with link.cursor() as cursor:
            stage(cursor, chosen, folder, encoding)
            judge(cursor)
            link.commit()
            _tell(cursor, say)
        _land(link, rules, say)


def _tell(cursor: Cursor, say: Callable[[str], None]) -> None:
    """Print what will not be landed, and why."""
    cursor.execute(
        "select reject_id, coalesce(reason, 'batch ' || newer || ' has landed a newer row')"
        " from pg_temp.retried where coalesce(reason, newer::text) is not null order by reject_id"
    )
    for number, why in cursor.fetchmany(_SHOWN):
        say(f"  row {number} is left: {shown(why, limit=0)}")
    if cursor.rowcount > _SHOWN:
        say(f"  … and {cursor.rowcount - _SHOWN:,} more")
    cursor.execute(
        "select count(*) filter (where reason is null and newer is null), count(newer),"
        " count(reason) from pg_temp.retried"
    )
    ready, superseded, bad = cursor.fetchone() or (0, 0, 0)
    say(f"{ready:,} rejected rows to land, {superseded:,} superseded, {bad:,} still bad")


def _land(link: Connection, rules: Rules, say: Callable[[str], None]) -> None:
    """Land what is ready: in one batch, or in several where files of a table had other headers."""
    with link.cursor() as cursor:
        cursor.execute(
            "select table_name, header, row_number() over (partition by table_name order by header)"
            " from pg_temp.retried where reason is null and newer is null group by 1, 2 order by 3"
        )
        rounds: dict[int, list[tuple[str, str]]] = {}
        for table, header, number in cursor.fetchall():
            rounds.setdefault(number, []).append((table, header))
    for files in rounds.values():
        with tempfile.TemporaryDirectory(prefix="olist-rejects-") as folder:
            delivery = Delivery(
                ledger.REJECTED,
                [_file(link, Path(folder), table, header) for table, header in files],
                remember=partial(mark, files=files),
            )
            link.commit()
            with keeping()(link, delivery, say) as kept:
                land_delivery(link, kept, say=say, rules=Rules(wait=rules.wait))


def _file(link: Connection, folder: Path, table: str, header: str) -> SourceFile:
    path = folder / BY_NAME[table].file
    with path.open("w", encoding="utf-8", newline="") as out, link.cursor("ready") as rows:
        out.write(f"{header}\n")
        rows.execute(
            "select body from pg_temp.retried where reason is null and newer is null"
            " and table_name = %s and header = %s order by reject_id",
            (table, header),
        )
        for (body,) in rows:
            out.write(f"{body}\n")
    return SourceFile(
        BY_NAME[table], path.name, path.stat().st_size, lambda: path.open("rb"), mode="append"
    )
