"""PostgreSQL, the home of the warehouse, as one of the engines."""

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2 import sql

from loaders import connection, server
from loaders.engines import HOME, Mart, have_landed
from loaders.land import Rules, land, ledger

_AT_ONCE = 10_000


@dataclass(frozen=True)
class PostgresWarehouse:
    """A database, reached by libpq's variables; see ``Warehouse``."""

    variables: Mapping[str, str]

    def land(
        self,
        location: str,
        mode: str = "delta",
        *,
        tables: Sequence[str] = (),
        say: Callable[[str], None] = print,
        rules: Rules | None = None,
        at: datetime | None = None,
    ) -> None:
        """Land a location at the time of the server, a lake by a replay."""
        from loaders.lake import replay  # noqa: PLC0415 - a cycle otherwise
        from loaders.lake.manifest import is_lake  # noqa: PLC0415

        with connection.acting(dict(self.variables)):
            if is_lake(location):
                replay(location, say)
            else:
                land(location, mode, tables, say, rules)

    def has_data(self) -> bool:
        """Whether anything has landed in the database."""
        with connection.connect(where=self.variables) as link, link.cursor() as cursor:
            return ledger.exists(cursor)

    def has_operations(self) -> bool:
        """Whether a row of the optional tables has landed in the database."""
        with connection.connect(where=self.variables) as link, link.cursor() as cursor:

            def answer(query: str) -> bool:
                cursor.execute(query)
                return cursor.fetchone() == (True,)

            return have_landed(answer)

    def newest_batch(self) -> tuple[int, datetime] | None:
        """Number and time of the newest batch."""
        with connection.connect(where=self.variables) as link, link.cursor() as cursor:
            cursor.execute(
                "select batch_id, started_at from raw._batches order by batch_id desc limit 1"
            )
            row = cursor.fetchone()
        return (row[0], row[1]) if row else None

    def rows(self, mart: Mart) -> Iterator[tuple[Any, ...]]:
        """Rows of a mart by its key, some at a time."""
        with connection.connect(where=self.variables) as link, link.cursor("rows") as cursor:
            cursor.itersize = _AT_ONCE
            cursor.execute(
                sql.SQL('select {} from {} order by {}::text collate "C"').format(
                    sql.SQL(", ").join(map(sql.Identifier, mart.columns)),
                    sql.Identifier(mart.schema, mart.name),
                    sql.Identifier(mart.key),
                )
            )
            yield from cursor


class _Postgres:
    name = HOME

    def check(self) -> None:
        """Nothing is missing: the project needs its packages anyway."""

    def in_use(self) -> PostgresWarehouse:
        """The database of the server in use."""
        return PostgresWarehouse({**connection.environment(), "OLIST_TARGET": HOME})

    @contextmanager
    def scratch(self, folder: Path) -> Iterator[PostgresWarehouse]:
        """A database on the server that is named, else on an embedded one of its own."""
        with _server(folder) as found:
            name = f"olist_scratch_{uuid.uuid4().hex[:12]}"
            _administer(found, "create database {}", name)
            try:
                yield PostgresWarehouse({**found, "PGDATABASE": name, "OLIST_TARGET": HOME})
            finally:
                _administer(found, "drop database {} with (force)", name)


ENGINE = _Postgres()


@contextmanager
def _server(folder: Path) -> Iterator[dict[str, str]]:
    named = connection.external()
    if named is not None:
        yield named
        return
    before = os.environ.get("OLIST_HOME")
    os.environ["OLIST_HOME"] = str(folder)
    try:
        yield server.up(say=lambda _: None)
    finally:
        server.down(say=lambda _: None)
        os.environ.pop("OLIST_HOME")
        if before is not None:
            os.environ["OLIST_HOME"] = before


def _administer(where: Mapping[str, str], statement: str, name: str) -> None:
    with connection.connect(autocommit=True, where=where) as link, link.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
