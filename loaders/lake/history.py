"""Whether a lake and a database tell the same history, and how far each of them goes."""

from bisect import bisect_left
from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

from loaders.errors import LoaderError
from loaders.lake import manifest
from loaders.lake.store import Store
from loaders.land import ledger


@dataclass(frozen=True)
class Histories:
    """Numbers of the batches that each side has, in their order; both are of one history."""

    lake: list[int]
    ledger: list[int]

    @property
    def last_of_lake(self) -> int:
        """Number of the lake's newest batch, 0 for none."""
        return self.lake[-1] if self.lake else 0

    @property
    def last_of_ledger(self) -> int:
        """Number of the ledger's newest batch, 0 for none."""
        return self.ledger[-1] if self.ledger else 0


def compare(cursor: Cursor, store: Store) -> Histories:
    """Read both histories. Raises LoaderError when the lake is another database's.

    The newest batch that both have decides: a batch begins at a microsecond of its own, and what
    differs once differs ever after.
    """
    histories = Histories(manifest.batches_in(store), _ledger(cursor))
    common = set(histories.lake) & set(histories.ledger)
    if common:
        batch_id = max(common)
        if not _same(cursor, store, batch_id):
            raise LoaderError(
                f"{store.location} is the lake of another raw: its batch {batch_id} began at"
                " another time than the one here. Name another folder or prefix; to begin anew"
                " from this lake, 'drop schema raw cascade', then 'olist replay --from' it."
            )
    return histories


def to_archive(cursor: Cursor, store: Store) -> list[int]:
    """Numbers of the batches that the lake lacks.

    Raises LoaderError when the lake is another database's, or has batches that this one lacks.
    """
    found = compare(cursor, store)
    if found.last_of_lake > found.last_of_ledger:
        raise LoaderError(
            f"{store.location} goes on where this raw ends: it has batch {found.last_of_lake}, here"
            f" the last is {found.last_of_ledger}. Bring raw up to it with 'olist replay --from',"
            " or name another folder or prefix."
        )
    return sorted(set(found.ledger) - set(found.lake))


def to_replay(cursor: Cursor, store: Store) -> list[int]:
    """Numbers of the batches that this database lacks: all, or what an interrupted replay left.

    Raises LoaderError when raw has batches that the lake lacks, so that they cannot go on from it.
    """
    found = compare(cursor, store)
    if found.ledger and found.last_of_ledger not in found.lake:
        raise LoaderError(
            f"raw has {len(found.ledger)} batches that do not come from {store.location}: a replay"
            " begins from nothing. 'drop schema raw cascade' first, if the lake has all you need."
        )
    return [batch_id for batch_id in found.lake if batch_id > found.last_of_ledger]


def _same(cursor: Cursor, store: Store, batch_id: int) -> bool:
    theirs = manifest.read(store, batch_id).batch["started_at"]
    return bool(theirs == manifest.of_ledger(cursor, batch_id).batch["started_at"])


def _ledger(cursor: Cursor) -> list[int]:
    if not ledger.exists(cursor):
        return []
    cursor.execute("select batch_id from raw._batches where status <> 'started' order by batch_id")
    return [batch_id for (batch_id,) in cursor.fetchall()]


def landed_from(cursor: Cursor, store: Store) -> int:
    """Number of the newest batch of the lake that this database has, 0 for none.

    It has a batch that it landed from the lake, or that it has in common with it. Raises
    LoaderError when all it has comes from this lake and the lake goes on: that is for a replay.
    """
    ledger, lake = _ledger(cursor), manifest.batches_in(store)
    if not ledger:
        return 0
    cursor.execute(
        "select coalesce(max(substring(source from '([0-9]+)[.]json$')::bigint), 0)"
        " from raw._batches where status <> 'failed' and starts_with(source, %s)",
        (f"{store.location}/{manifest.FOLDER}",),
    )
    row = cursor.fetchone()
    common = sorted(set(lake) & set(ledger))
    # True as far as the histories are one, False from there on.
    same = bisect_left(common, True, key=lambda batch_id: not _same(cursor, store, batch_id))
    shared = common[same - 1] if same else 0
    if shared == ledger[-1] and lake[-1] > shared:
        raise LoaderError(
            f"all of raw comes from {store.location}, which has more:"
            " 'olist replay --from' brings raw up to it."
        )
    return max(row[0] if row else 0, shared)
