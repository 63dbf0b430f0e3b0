"""DuckDB, for those who have no server: the whole warehouse is one file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from loaders.engines import Mart
from loaders.errors import LoaderError
from loaders.lake.manifest import is_lake
from loaders.land.ledger import Rules

NAME = "duckdb"
_AT_ONCE = 10_000


@dataclass(frozen=True)
class DuckDBWarehouse:
    """A DuckDB file; see ``Warehouse``."""

    path: Path

    @property
    def variables(self) -> Mapping[str, str]:
        """What ``profiles.yml`` reads."""
        return {"OLIST_TARGET": NAME, "OLIST_DUCKDB": str(self.path)}

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
        """Land a location as one batch; of a lake, the batches that the file lacks."""
        from loaders.engines.duckdb import file, lake
        from loaders.engines.duckdb.land import land

        with file.connect(self.path) as link:
            if is_lake(location):
                lake.follow(link, location, say)
            else:
                land(link, location, mode, tables=tables, say=say, rules=rules, at=at)

    def has_data(self) -> bool:
        """Whether anything has landed in the file."""
        from loaders.engines.duckdb import file, schema

        if not self.path.exists():
            return False
        with file.connect(self.path, read_only=True) as link:
            return schema.has_raw(link)

    def has_operations(self) -> bool:
        """Whether a row of the optional tables has landed in the file."""
        from loaders.engines import have_landed
        from loaders.engines.duckdb import file

        with file.connect(self.path, read_only=True) as link:
            return have_landed(lambda query: link.execute(query).fetchone() == (True,))

    def newest_batch(self) -> tuple[int, datetime] | None:
        """Number and time of the newest batch."""
        from loaders.engines.duckdb import file

        with file.connect(self.path, read_only=True) as link:
            row = link.execute(
                "select batch_id, started_at from raw._batches order by batch_id desc limit 1"
            ).fetchone()
        return (row[0], row[1]) if row else None

    def rows(self, mart: Mart) -> Iterator[tuple[Any, ...]]:
        """Rows of a mart by its key, some at a time. Text is compared by its bytes here."""
        from loaders.engines.duckdb import file
        from loaders.engines.duckdb.schema import quoted

        with file.connect(self.path, read_only=True) as link:
            found = link.execute(
                f"select {', '.join(map(quoted, mart.columns))} from"
                f" {quoted(mart.schema)}.{quoted(mart.name)}"
                f" order by cast({quoted(mart.key)} as varchar)"
            )
            while some := found.fetchmany(_AT_ONCE):
                yield from some


class _DuckDB:
    name = NAME

    def check(self) -> None:
        """Raise LoaderError when dbt-duckdb is not installed."""
        if find_spec("dbt.adapters.duckdb") is None or find_spec("duckdb") is None:
            raise LoaderError(
                "the target duckdb needs dbt-duckdb, which is not installed:"
                " .venv/bin/pip install -e '.[duckdb]'."
            )

    def in_use(self) -> DuckDBWarehouse:
        """The file of OLIST_DUCKDB, else the one in the project."""
        from loaders.engines.duckdb import file

        return DuckDBWarehouse(file.path())

    @contextmanager
    def scratch(self, folder: Path) -> Iterator[DuckDBWarehouse]:
        """A new file in the folder."""
        yield DuckDBWarehouse(folder / "olist.duckdb")


ENGINE = _DuckDB()
