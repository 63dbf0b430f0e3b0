"""``make build`` where OLIST_TARGET names an engine without a server: data, landing, dbt build."""

import os

from loaders import download, operations, packages, synthetic
from loaders.dbt_build import dbt_build
from loaders.engines import Engine, Warehouse
from loaders.engines.data import land_whole
from loaders.paths import state_root


def build_on(engine: Engine) -> None:
    """Do all of it; safe to repeat. Raises LoaderError when a step fails."""
    warehouse = engine.in_use()
    location = _data(warehouse)
    if location is not None:
        land_whole(warehouse, location)
    packages.install(retry=False)
    switch = operations.switch_on() if warehouse.has_operations() else []
    # What is landed is not landed again.
    inherited = {name: value for name, value in os.environ.items() if name != "OLIST_DATA"}
    dbt_build({**inherited, **warehouse.variables}, switch)


def _data(warehouse: Warehouse) -> str | None:
    """Where the files are, as for PostgreSQL; None to build on what is landed."""
    named = os.environ.get("OLIST_DATA")
    if named:
        return named
    if download.has_credentials():
        return str(download.download(state_root() / "data"))
    if warehouse.has_data():
        print("Data: what is landed already (OLIST_DATA=path lands another).")
        return None
    print("Data: synthetic, the size and shape of the Olist dataset.")
    return str(synthetic.made())
