"""The engines that the models build on: how each is landed in, built, and read.

PostgreSQL is the home; the others are for those who have no server, or another one
(docs/engines.md). An engine is named as its target in ``profiles.yml``.
"""

import importlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from loaders.errors import LoaderError

if TYPE_CHECKING:
    from loaders.land.ledger import Rules  # `olist env` does not wait for what it imports

HOME = "postgres"
# In the order in which they are compared: the first is what the others are compared with. Each
# module has an ENGINE, and is imported when it is asked for: some need an extra.
_MODULES = {
    HOME: "loaders.engines.postgres",
    "duckdb": "loaders.engines.duckdb",
    "spark": "loaders.engines.spark",
}
NAMES = tuple(_MODULES)
OTHERS = NAMES[1:]


@dataclass(frozen=True)
class Mart:
    """A table that is compared: its columns in their order, and the one that is its key."""

    name: str
    columns: tuple[str, ...]
    key: str
    schema: str = "marts"


class Warehouse(Protocol):
    """One warehouse of an engine; its commands run with ``variables`` in the environment."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What an ``olist`` or ``dbt`` command finds it by; ``OLIST_TARGET`` is one of them."""

    def land(
        self,
        location: str,
        mode: str = "delta",
        *,
        tables: Sequence[str] = (),
        say: Callable[[str], None] = print,
        rules: "Rules | None" = None,
        at: datetime | None = None,
    ) -> None:
        """Land a location as one batch, of a lake all that it has.

        ``at`` becomes the time of the batch, where the engine can be told; a lake has its own.
        Raises LoaderError, and leaves the warehouse as it was, when anything is wrong.
        """

    def has_data(self) -> bool:
        """Whether anything has landed."""

    def has_operations(self) -> bool:
        """Whether a row of the optional tables has landed, which the engine has models of."""

    def newest_batch(self) -> tuple[int, datetime] | None:
        """Number and time of the newest batch, None where nothing has landed."""

    def rows(self, mart: Mart) -> Iterator[tuple[Any, ...]]:
        """The rows of a mart, as Python has values of their types, by the text of the key.

        The order is that of Unicode's code points, whatever collation the engine has.
        """


class Engine(Protocol):
    """An engine: its name, the warehouse in use, and new ones."""

    @property
    def name(self) -> str:
        """The name of its target in ``profiles.yml``."""

    def check(self) -> None:
        """Raise LoaderError, with the command that installs them, when its packages are missing."""

    def in_use(self) -> Warehouse:
        """The warehouse that the environment names, else the usual one."""

    def scratch(self, folder: Path) -> AbstractContextManager[Warehouse]:
        """An empty warehouse that goes at the end of the block; ``folder`` is empty and its own."""


def engine(name: str) -> Engine:
    """Return the engine of a target.

    Raises LoaderError when there is none of this name, or its packages are missing.
    """
    if name not in _MODULES:
        raise LoaderError(f"'{name}' is no known engine; there are {', '.join(NAMES)}.")
    found: Engine = importlib.import_module(_MODULES[name]).ENGINE
    found.check()
    return found


def target_of(arguments: Sequence[str]) -> str:
    """The target that a dbt command line names, else ``OLIST_TARGET``, else PostgreSQL's."""
    found = os.environ.get("OLIST_TARGET") or HOME
    for position, argument in enumerate(arguments):
        if argument in {"--target", "-t"}:
            found = (*arguments[position + 1 :], found)[0]
        elif argument.startswith("--target="):
            found = argument.removeprefix("--target=")
    return found


_EXIST = """
select count(*) = 2 from information_schema.tables
where table_schema = 'raw' and table_name in ('inventory_transactions', 'marketing_campaigns')
"""
_HAVE_ROWS = """
select
    exists (select 1 from raw.inventory_transactions)
    or exists (select 1 from raw.marketing_campaigns)
"""


def have_landed(answer: Callable[[str], bool]) -> bool:
    """Whether a row of an optional table has landed; ``answer`` runs a query.

    One that was removed counts: the models have to forget it. A schema ``raw`` that an earlier
    version made has no such table before its next landing.
    """
    return answer(_EXIST) and answer(_HAVE_ROWS)


def prepare(target: str, arguments: Sequence[str]) -> dict[str, str]:
    """Return the variables by which a dbt command finds the data of an engine without a server.

    ``arguments`` are those of dbt. Raises LoaderError when there is nothing to build on.
    """
    from loaders.engines.data import prepare as land_and_prepare  # noqa: PLC0415 - a cycle

    return land_and_prepare(engine(target), arguments, connects=True)
