"""The manifest of a batch: what the ledger knows of it. It is written last: no manifest, no batch.

All rows of ``raw._…`` tables that name the batch are in it, so that tables which later versions of
the ledger add are kept without a line of code here.
"""

import json
import re
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError
from loaders.lake.store import Store, open_store
from loaders.land.ledger import Batch, Rules
from loaders.land.schema import LEDGER_VERSION

FOLDER = "_batches/"
_KEY = re.compile(r"_batches/batch=(\d+)\.json")
_FORMAT = 1
Row = dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """One batch: the rows of each ledger table that name it, and the objects of its files.

    ``previous`` is the number of the batch before it in the ledger, None for the first.
    """

    batch_id: int
    previous: int | None
    tables: dict[str, list[Row]]
    objects: list[Row] = field(default_factory=list)

    @property
    def batch(self) -> Row:
        """The row of ``raw._batches``."""
        return self.tables["_batches"][0]

    @property
    def rules(self) -> Row:
        """The rules it was landed by, as far as they were noted."""
        return self.batch.get("rules") or {}

    @property
    def stamp(self) -> Batch:
        """The batch as its rows are stamped with it. LoaderError for rules not known here."""
        names = {rule.name for rule in fields(Rules)}
        if unknown := sorted(set(self.rules) - names):
            raise LoaderError(
                f"batch {self.batch_id} was landed by rules that this version of olist does not"
                f" know ({', '.join(unknown)}): upgrade it."
            )
        return Batch(
            self.batch_id,
            self.batch["source"],
            self.batch["mode"],
            datetime.fromisoformat(self.batch["started_at"]),
            Rules(**self.rules),
        )

    def rejected(self, table: str) -> set[int]:
        """Lines of this batch's file of a table that were rejected."""
        return {
            row["line_number"]
            for row in self.tables.get("_rejected_rows", ())
            if (row["batch_id"], row["table_name"]) == (self.batch_id, table)
        }

    @property
    def landed(self) -> list[Row]:
        """The rows of ``raw._files`` whose content was landed: these have objects."""
        return [row for row in self.tables.get("_files", ()) if row["status"] == "landed"]


def key_of(batch_id: int) -> str:
    """Key of a batch's manifest."""
    return f"{FOLDER}batch={batch_id}.json"


def batches_in(store: Store) -> list[int]:
    """Numbers of the batches that a lake has, in their order."""
    found = (_KEY.fullmatch(key) for key in store.keys(FOLDER))
    return sorted(int(match[1]) for match in found if match)


def is_lake(location: str) -> bool:
    """Whether a location (a path, ``s3://…``) is a lake with a batch in it."""
    scheme, found, _ = location.partition("://")
    if not found:
        return (Path(location) / FOLDER).is_dir()
    is_file = location.endswith((".zip", ".csv", ".csv.gz", ".json"))
    return scheme == "s3" and not is_file and bool(batches_in(open_store(location)))


def read(store: Store, batch_id: int) -> Manifest:
    """Read a batch's manifest from the lake."""
    where = f"{store.location}/{key_of(batch_id)}"
    with store.open(key_of(batch_id)) as stream:
        content = stream.read()
    try:
        found = json.loads(content)
        known = found["format"] <= _FORMAT and found["ledger"] <= LEDGER_VERSION
        manifest = Manifest(found["batch_id"], found["previous"], found["tables"], found["objects"])
        whole = manifest.batch_id == manifest.batch["batch_id"] == batch_id
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise LoaderError(
            f"{where} is damaged ({error}); restore it from a backup of the lake."
        ) from error
    if not whole:
        raise LoaderError(f"{where} is another batch's; restore it from a backup of the lake.")
    if not known:
        raise LoaderError(f"{where} was written by a newer version of olist: upgrade this one.")
    return manifest


def write(store: Store, manifest: Manifest, scratch: Path) -> bool:
    """Write a batch's manifest, the mark that it is whole; False when the lake has one already."""
    file = scratch / "manifest.json"
    content = {
        "format": _FORMAT,
        "ledger": LEDGER_VERSION,
        "batch_id": manifest.batch_id,
        "previous": manifest.previous,
        "objects": manifest.objects,
        "tables": manifest.tables,
    }
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return store.put(key_of(manifest.batch_id), file)


def of_ledger(cursor: Cursor, batch_id: int) -> Manifest:
    """Make a batch's manifest, without objects, from the ledger."""
    cursor.execute("set local time zone 'UTC'")
    tables = {}
    for name, columns in ledger_tables(cursor).items():
        cursor.execute(
            sql.SQL("select to_jsonb(entry) from {} as entry where %s in ({})").format(
                sql.Identifier("raw", name), sql.SQL(", ").join(map(sql.Identifier, columns))
            ),
            (batch_id,),
        )
        if rows := [row for (row,) in cursor.fetchall()]:
            tables[name] = rows
    cursor.execute("select max(batch_id) from raw._batches where batch_id < %s", (batch_id,))
    (previous,) = cursor.fetchone() or (None,)
    return Manifest(batch_id, previous, tables)


def ledger_tables(cursor: Cursor) -> dict[str, list[str]]:
    """Tables of the ledger, ``_batches`` first, each with its columns that name a batch.

    ``_seen`` is none of them: it is dbt's state, and not what came of a load.
    """
    cursor.execute(
        "select relname, array_agg(attname::text order by attnum) from pg_class"
        " join pg_attribute on attrelid = pg_class.oid"
        r" where relnamespace = to_regnamespace('raw') and relkind = 'r' and relname like '\_%'"
        " and relname <> '_seen'"
        " and (attname = 'batch_id' or exists (select from pg_constraint where contype = 'f'"
        " and conrelid = attrelid and confrelid = to_regclass('raw._batches')"
        " and attnum = any (conkey)))"
        " group by relname order by relname <> '_batches', relname"
    )
    return dict(cursor.fetchall())
