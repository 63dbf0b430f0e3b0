"""The manifest of a batch: its rows of the ledger. It is written last: no manifest, no batch.

Only landed batches have one. The ledger's rows of batches that landed nothing (unchanged, failed,
crashed) stand in the manifest of the next one that did.
"""

import io
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError
from loaders.land import ledger
from loaders.objects import Store

# Tables of the ledger. Those of STATE are how far each source was read: a row of a later batch
# replaces one of an earlier, so that a manifest has all that there were.
STATE = ("_watermarks", "_offsets")
LEDGER = ("_batches", "_files", "_rejected_rows", *STATE)
Row = dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """One landed batch, ``previous`` the number of the landed one before it (0: none).

    ``tables`` has the rows of each table of the ledger, those after ``previous`` up to the batch.
    ``objects`` has key, table, rows, bytes and SHA-256 of each Parquet file.
    """

    batch_id: int
    previous: int
    objects: list[Row]
    tables: dict[str, list[Row]]

    @property
    def batch(self) -> Row:
        """The row of ``raw._batches``."""
        return next(row for row in self.tables["_batches"] if row["batch_id"] == self.batch_id)


def key_of(batch_id: int) -> str:
    """Key of a batch's manifest."""
    return f"batches/batch-{batch_id:08}.json"


def histories(cursor: Cursor, store: Store) -> tuple[list[int], list[int]]:
    """Numbers of the batches that a lake has, and of those that landed in this database, in order.

    Raises LoaderError when the lake holds the batches of another database. The newest batch that
    both have decides: it landed at a microsecond of its own, and histories that part never meet
    again.
    """
    lake = sorted(int(found) for key in store.sizes("batches") for found in re.findall(r"\d+", key))
    raw = []
    if ledger.exists(cursor):
        cursor.execute("select batch_id from raw._batches where status = 'landed' order by 1")
        raw = [batch_id for (batch_id,) in cursor.fetchall()]
    newest = max(set(lake) & set(raw), default=0)
    same = not lake or not raw
    if newest:
        theirs, ours = read(store, newest), of_ledger(cursor, newest, newest - 1)
        same = theirs.batch["loaded_at"] == ours.batch["loaded_at"]
    if not same:
        raise LoaderError(
            f"{store.location} is the lake of another database: its batch {newest or lake[0]} did"
            " not land here. Name another folder or prefix, or replay it into an empty raw."
        )
    return lake, raw


def read(store: Store, batch_id: int) -> Manifest:
    """Read a batch's manifest. Raises LoaderError where it is missing or damaged."""
    try:
        manifest = Manifest(**json.loads(store.read(key_of(batch_id))))
        if manifest.batch_id == manifest.batch["batch_id"] == batch_id:
            return manifest
    except (ValueError, LookupError, TypeError, StopIteration):
        pass
    raise LoaderError(
        f"{store.location}/{key_of(batch_id)} is damaged; restore it from a backup of the lake."
    )


def write(store: Store, manifest: Manifest) -> None:
    """Write a batch's manifest. Raises LoaderError when another database was faster."""
    content = json.dumps(asdict(manifest), indent=1, ensure_ascii=False)
    if not store.put(key_of(manifest.batch_id), io.BytesIO(content.encode() + b"\n")):
        raise LoaderError(
            f"{store.location}: another process wrote batch {manifest.batch_id} just now; a lake"
            " belongs to one database. Name another folder or prefix."
        )


def of_ledger(cursor: Cursor, batch_id: int, previous: int) -> Manifest:
    """Make a batch's manifest, without objects, from the ledger."""
    cursor.execute("set local time zone 'UTC'")
    tables = {}
    for name in LEDGER:
        cursor.execute(
            sql.SQL(
                "select to_jsonb(entry) from {} as entry where batch_id > %s and batch_id <= %s"
                " order by batch_id, 1"
            ).format(sql.Identifier("raw", name)),
            (0 if name in STATE else previous, batch_id),
        )
        tables[name] = [row for (row,) in cursor.fetchall()]
    return Manifest(batch_id, previous, [], tables)
