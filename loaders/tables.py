"""The raw tables, as the YAML of dbt's sources declares them: file, columns, natural key."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from loaders.paths import project_root


@dataclass(frozen=True)
class Table:
    """One raw table and the CSV file that feeds it.

    ``columns`` are spelled as in the file's header. ``key`` is the natural key; it is empty for a
    table whose rows have none, and whose files are compared as bags of rows. A file may lack
    the ``optional_columns``, and a whole export the file of a table that ``is_optional``, whose
    dbt ``source`` is enabled by a variable: ``with_<source>``.
    """

    name: str
    file: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    optional_columns: frozenset[str] = frozenset()
    is_optional: bool = False
    source: str = ""


def _declared() -> Iterator[Table]:
    """Read every ``_*__sources.yml`` of the models, without the ledger's tables (``_batches``)."""
    for path in sorted((project_root() / "models").glob("**/_*__sources.yml")):
        declared = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for source in declared["sources"]:
            for table in source["tables"]:
                if not table["name"].startswith("_"):
                    yield _table(table, source["name"])


def _table(declared: dict[str, Any], source: str) -> Table:
    meta = _meta(declared)
    columns = [column for column in declared["columns"] if not column["name"].startswith("_")]
    return Table(
        name=declared["name"],
        file=meta["file"],
        columns=tuple(column["name"] for column in columns),
        key=tuple(meta.get("key", ())),
        optional_columns=frozenset(
            column["name"] for column in columns if _meta(column).get("optional")
        ),
        is_optional=bool(meta.get("optional")),
        source=source,
    )


def _meta(declared: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = declared.get("config", {}).get("meta", {})
    return found


_TABLES = tuple(_declared())

# The nine tables of Olist, which a whole export has, and those that a shop may have beside them.
TABLES = tuple(table for table in _TABLES if not table.is_optional)
OPTIONAL = tuple(table for table in _TABLES if table.is_optional)
ALL_TABLES = (*TABLES, *OPTIONAL)

BY_NAME: dict[str, Table] = {table.name: table for table in ALL_TABLES}
BY_FILE: dict[str, Table] = {table.file: table for table in ALL_TABLES}
