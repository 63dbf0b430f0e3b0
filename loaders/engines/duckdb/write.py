"""The incoming rows of a file into its raw table: only what is new or differs."""

from duckdb import DuckDBPyConnection

from loaders.engines.duckdb.incoming import incoming
from loaders.engines.duckdb.schema import quoted
from loaders.land.ledger import Batch
from loaders.land.ledger import Counts
from loaders.land.removals import check_removals
from loaders.sources import SourceFile


def write(
    link: DuckDBPyConnection, source: SourceFile, mode: str, batch: Batch, origin: str
) -> Counts:
    """Write the incoming rows as a landing in PostgreSQL does; see ``loaders.land.merge``.

    Raises LoaderError when more is removed than the batch's rules allow.
    """
    _add_columns(link, source)
    if source.table.key:
        return _merge(link, source, batch, origin, complete=mode == "snapshot")
    target = f"raw.{source.table.name}"
    removed = 0
    if mode != "append":
        removed = _changed(link, f"delete from {target}")
    new = _append(link, source, batch, origin)
    if mode != "append":
        check_removals(source.table, removed, removed - new, batch.rules)
    return Counts(new=new, removed=removed)


def _add_columns(link: DuckDBPyConnection, source: SourceFile) -> None:
    for name in source.header():
        if name not in source.table.columns:
            link.execute(
                f"alter table raw.{source.table.name} add column if not exists"
                f" {quoted(name)} varchar"
            )


def _merge(
    link: DuckDBPyConnection, source: SourceFile, batch: Batch, origin: str, *, complete: bool
) -> Counts:
    target = f"raw.{source.table.name}"
    if not _number(link, f"select count(*) from {target}"):
        return Counts(new=_append(link, source, batch, origin))
    same_key = " and ".join(
        f"landed.{quoted(name)} = incoming.{quoted(name)}" for name in source.table.key
    )
    values = [quoted(name) for name in source.header() if name not in source.table.key]
    differs = " or ".join(f"landed.{name} is distinct from incoming.{name}" for name in values)
    live = _number(link, f"select count(*) from {target} where _deleted_at is null")
    changed = _changed(
        link,
        f"update {target} as landed set"
        f" {', '.join(f'{name} = incoming.{name}' for name in values)},"
        " _batch_id = ?, _loaded_at = ?, _source_file = ?, _deleted_at = null"
        f" from {incoming(source)} as incoming where {same_key}"
        f" and (landed._deleted_at is not null or {differs})",
        [batch.batch_id, batch.loaded_at, origin],
    )
    absent = f"not exists (select 1 from {target} as landed where {same_key})"
    new = _append(link, source, batch, origin, absent)
    removed = 0
    if complete:
        removed = _changed(
            link,
            f"update {target} as landed set _batch_id = ?, _loaded_at = ?, _deleted_at = ?"
            " where _deleted_at is null"
            f" and not exists (select 1 from {incoming(source)} as incoming where {same_key})",
            [batch.batch_id, batch.loaded_at, batch.loaded_at],
        )
        check_removals(source.table, live, removed, batch.rules)
    return Counts(new=new, changed=changed, removed=removed)


def _append(
    link: DuckDBPyConnection, source: SourceFile, batch: Batch, origin: str, where: str = "true"
) -> int:
    columns = ", ".join(map(quoted, source.header()))
    return _changed(
        link,
        f"insert into raw.{source.table.name} ({columns}, _batch_id, _loaded_at, _source_file)"
        f" select {columns}, ?, ?, ? from {incoming(source)} as incoming where {where}",
        [batch.batch_id, batch.loaded_at, origin],
    )


def _changed(
    link: DuckDBPyConnection, statement: str, parameters: list[object] | None = None
) -> int:
    """Run a statement and return the rows that it wrote."""
    row = link.execute(statement, parameters or []).fetchone()
    return int(row[0]) if row else 0


def _number(link: DuckDBPyConnection, query: str) -> int:
    row = link.execute(query).fetchone()
    return int(row[0]) if row else 0
