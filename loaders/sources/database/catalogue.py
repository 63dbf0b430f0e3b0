"""Which relation of the source feeds which raw table, by which columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from loaders.errors import LoaderError
from loaders.sources.database.engine import Column, Read
from loaders.sources.database.url import Address
from loaders.tables import ALL_TABLES, OPTIONAL, Table

# Names that a watermark has where nobody named one, the likelier first.
_USUAL = (
    *("updated_at", "modified_at", "last_modified_at", "last_updated_at", "changed_at"),
    *("updated_on", "modified_on", "last_modified", "last_updated", "last_update"),
    *("update_time", "modified_time", "updated", "modified"),
)
_ORDERED = ("number", "moment", "instant", "day")


@dataclass(frozen=True)
class Found:
    """A raw table and the whole of what feeds it."""

    table: Table
    read: Read


def find(
    address: Address, relations: Mapping[str, Sequence[Column]], only: Sequence[str]
) -> tuple[list[Found], list[str]]:
    """Return what feeds each raw table that is wanted, and the names of those that nothing feeds.

    Raises LoaderError for one that was asked for by name, for columns that are not there, and when
    there is nothing at all. An optional table is read where it is named, here or in the URL: a shop
    may have another one of this name.
    """
    found, missing = [], []
    for table in ALL_TABLES:
        if only and table.name not in only:
            continue
        if table in OPTIONAL and table.name not in {*only, *address.tables}:
            continue
        relation = _relation(address, relations, table)
        if relation is None:
            missing.append(table.name)
        else:
            found.append(Found(table, _whole(address, table, relation, relations[relation])))
    if not found or (only and missing):
        names = ", ".join(f"{address.settings['prefix']}{name}" for name in missing)
        raise LoaderError(
            f"{address.source}: has no table {names} that user {address.user or '(default)'} may"
            " see; name another by table.<raw table>=<its name>, prefix= or suffix= in the URL."
        )
    return found, missing


def _relation(
    address: Address, relations: Mapping[str, Sequence[Column]], table: Table
) -> str | None:
    named = address.tables.get(table.name)
    if named is not None:
        names = [named]
    else:
        prefix, suffix = address.settings["prefix"], address.settings["suffix"]
        names = [
            f"{prefix}{name}{suffix}"
            for name in dict.fromkeys((table.name, PurePath(table.file).stem))
        ]
    there = [known for name in names if (known := _same(name, relations)) is not None]
    if named is not None and not there:
        raise LoaderError(f"{address.source}: has no table {named} (table.{table.name}).")
    if len(there) > 1:
        raise LoaderError(
            f"{address.source}: both {' and '.join(there)} may be {table.name}; say which, by"
            f" table.{table.name}={there[0]} in the URL."
        )
    return there[0] if there else None


def _same(name: str, known: Mapping[str, object]) -> str | None:
    """Return the name as the source spells it; upper and lower case are one where that is clear."""
    if name in known:
        return name
    alike = [spelled for spelled in known if spelled.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else None


def _whole(address: Address, table: Table, relation: str, columns: Sequence[Column]) -> Read:
    by_name = {column.name: column for column in columns}
    spelled = {name: _same(name, by_name) for name in table.columns}
    lacking = [name for name, there in spelled.items() if there is None]
    if lacking:
        raise LoaderError(
            f"{address.source}: {relation} lacks column {', '.join(lacking)}; expected"
            f" {', '.join(table.columns)} (a view may give them these names)."
        )
    chosen = {name: by_name[there] for name, there in spelled.items() if there is not None}
    for name, column in chosen.items():
        if column.kind == "bytes":
            raise LoaderError(
                f"{address.source}: {relation}.{name} is {column.type}: bytes, not text; a view"
                " may give it as text."
            )
    return Read(
        relation,
        list(chosen.items()),
        [chosen[name] for name in table.key],
        watermark=_watermark(address, table, relation, by_name),
    )


def _watermark(
    address: Address, table: Table, relation: str, columns: Mapping[str, Column]
) -> Column | None:
    """Return the column by which changed rows are found; a table without a key has none.

    One that the URL names for this table has to be there; one that it names for all, or a usual
    one, may be.
    """
    named = address.watermarks.get(table.name)
    general = address.settings["watermark"]
    if not table.key or (named or general) == "none":
        return None
    candidates = (named,) if named else (general,) if general else _USUAL
    there = next((spelled for name in candidates if (spelled := _same(name, columns))), None)
    if there is None:
        if named:
            raise LoaderError(
                f"{address.source}: {relation} has no column {named} (watermark.{table.name})."
            )
        return None
    column = columns[there]
    if column.kind in _ORDERED:
        return column
    if named or general:
        raise LoaderError(
            f"{address.source}: {relation}.{there} is {column.type}; a watermark is a time or a"
            " number."
        )
    return None
