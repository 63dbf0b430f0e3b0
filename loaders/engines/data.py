"""What OLIST_DATA names, landed before dbt builds on an engine that has no server."""

import os
from collections.abc import Sequence
from pathlib import Path

from loaders.engines import Engine, Warehouse
from loaders.errors import LoaderError
from loaders.lake.manifest import is_lake
from loaders.land.ledger import Rules
from loaders.sources.whole import whole_export

# dbt commands that change the warehouse: the others show it as it is.
_BUILDS = {"build", "run"}
_READS = _BUILDS | {"retry", "show", "snapshot", "source", "test"}


def prepare(engine: Engine, arguments: Sequence[str], *, connects: bool) -> dict[str, str]:
    """Return the variables of the engine's warehouse for a dbt command, with data in it.

    ``dbt build`` and ``dbt run`` land what OLIST_DATA names first. Raises LoaderError when that
    fails, or there is nothing to build on.
    """
    warehouse = engine.in_use()
    named = os.environ.get("OLIST_DATA")
    if connects and named and _BUILDS & set(arguments):
        land_whole(warehouse, named)
    elif connects and _READS & set(arguments) and not warehouse.has_data():
        raise LoaderError(
            f"nothing has landed for the target {engine.name} yet: name data in OLIST_DATA (a"
            " folder or zip of the nine files, or a lake), or"
            f" 'olist land LOCATION --engine {engine.name}'."
        )
    return dict(warehouse.variables)


def land_whole(warehouse: Warehouse, location: str) -> None:
    """Land a lake, or a whole export: a row that it lacks was removed.

    Raises LoaderError for one that lacks a file, as a build would mix it with earlier ones.
    """
    print(f"Data: {location}", flush=True)
    if "://" not in location and not is_lake(location):
        location = str(whole_export(Path(location).expanduser()))
    allowed = os.environ.get("OLIST_ALLOW_REMOVALS") == "1"
    warehouse.land(location, "snapshot", rules=Rules(allow_removals=allowed))


def check_location(location: str) -> None:
    """Raise LoaderError for a source that only PostgreSQL is landed from."""
    scheme, found, _ = location.partition("://")
    if found and scheme not in {"s3", "env"}:
        raise LoaderError(
            f"{scheme}:// is read into PostgreSQL only, which remembers how far it was read; land"
            " it there with --archive and read that lake."
        )
