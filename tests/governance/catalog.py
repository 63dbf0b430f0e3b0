"""The columns that every relation will have, read from SQL, CSV and loaders instead of a database.

dbt writes ``catalog.json`` from the database's own lists. ``make lint`` has no database, so this
module writes one from the code: a model's columns are those of its last select, with jinja rendered
by sqlfluff as for its linting, and names and stars resolved by sqlglot. ``test_governance.py``
compares the result with dbt's catalog of a built warehouse, so the two cannot part unseen.
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from sqlfluff.core import FluffConfig, Linter
from sqlglot import parse_one
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Query
from sqlglot.optimizer.qualify import qualify

from loaders.paths import project_root
from loaders.tables import BY_NAME
from tests.governance.findings import GovernanceError
from tests.governance.project import Node, Project

BATCH_COLUMNS = ("_batch_id", "_loaded_at", "_source_file", "_deleted_at")
_SNAPSHOT_COLUMNS = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")

Columns = dict[str, list[str]]


def columns_of(project: Project) -> Columns:
    """Column names of each source, seed, model and snapshot, in order, by unique id.

    Raises GovernanceError naming the file whose SQL cannot be read.
    """
    found: Columns = {}
    relations: dict[str, object] = {}

    def add(node: Node, relation: str, names: Iterable[str]) -> None:
        found[node["unique_id"]] = list(names)
        relations[relation] = dict.fromkeys(found[node["unique_id"]], "text")

    for source in project.others("sources"):
        add(source, f"{source['source_name']}_{source['name']}", _source_columns(source))
    for seed in project.nodes("seed"):
        path = project_root() / seed["original_file_path"]
        with path.open(encoding="utf-8", newline="") as lines:
            add(seed, seed["name"], next(csv.reader(lines)))
    reader = _SqlReader()
    for node in _in_order(list(project.nodes("model", "snapshot"))):
        names = reader.columns(node, relations)
        if node["config"].get("contract", {}).get("enforced"):  # dbt creates it in the YAML's order
            place = {name: index for index, name in enumerate(node["columns"])}
            names.sort(key=partial(_place, place))
        add(node, node["name"], [*names, *_snapshot_columns(node)])
    return found


def write(project: Project, columns: Columns) -> None:
    """Write ``catalog.json`` beside the manifest; a type is the one that the YAML declares."""
    parts: dict[str, dict[str, Any]] = {"nodes": {}, "sources": {}}
    for unique_id, names in columns.items():
        part = "sources" if unique_id.startswith("source.") else "nodes"
        node = project.manifest[part][unique_id]
        parts[part][unique_id] = {
            "unique_id": unique_id,
            "metadata": {
                "type": "TABLE",
                "schema": node["schema"],
                "name": node.get("alias") or node["name"],
                "database": node["database"],
            },
            "columns": {
                name: {
                    "name": name,
                    "index": index,
                    "type": node["columns"].get(name, {}).get("data_type") or "unknown",
                }
                for index, name in enumerate(names, start=1)
            },
            "stats": {},
        }
    head = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json",
        "dbt_version": project.manifest["metadata"]["dbt_version"],
        "generated_at": datetime.now(UTC).isoformat(),
    }
    text = json.dumps({"metadata": head, **parts, "errors": None})
    (project.folder / "catalog.json").write_text(text, "utf-8")


class _SqlReader:
    """Renders jinja and lists the columns of the last select."""

    def __init__(self) -> None:
        self._linter = Linter(FluffConfig.from_path(str(project_root())))

    def columns(self, node: Node, relations: dict[str, object]) -> list[str]:
        """Column names of a model's or snapshot's query, given those of what it reads."""
        path = node["original_file_path"]
        with _own_modules():
            rendered = self._linter.render_string(
                node["raw_code"], path, self._linter.config, "utf-8"
            )
        if rendered.templater_violations or not rendered.templated_variants:
            problem = next((error.desc() for error in rendered.templater_violations), "no SQL")
            raise GovernanceError(f"{path}: sqlfluff cannot render its jinja: {problem}")
        try:
            tree = parse_one(str(rendered.templated_variants[0]), dialect="postgres")
            query = qualify(
                tree, schema=relations, dialect="postgres", validate_qualify_columns=False
            )
        except SqlglotError as error:
            first = str(error).splitlines()[0]
            raise GovernanceError(f"{path}: sqlglot cannot read its SQL: {first}") from error
        names = query.named_selects if isinstance(query, Query) else ["*"]
        if "*" in names:
            raise GovernanceError(f"{path}: its last select has a star over an unknown relation.")
        return names


@contextmanager
def _own_modules() -> Iterator[None]:
    """Undo what sqlfluff does to ``sys.modules``: our stand-in ``dbt`` would hide the real one."""
    names = [path.stem for path in (project_root() / "tests" / "sqlfluff").glob("*.py")]
    kept = {name: sys.modules[name] for name in names if name in sys.modules}
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def _in_order(nodes: list[Node]) -> Iterable[Node]:
    by_id = {node["unique_id"]: node for node in nodes}
    graph = {key: set(node["depends_on"]["nodes"]) & set(by_id) for key, node in by_id.items()}
    return (by_id[key] for key in TopologicalSorter(graph).static_order())


def _place(order: dict[str, int], name: str) -> int:
    return order.get(name, len(order))


def _source_columns(source: Node) -> Iterable[str]:
    """What the loaders create; of a ledger table only the declared columns are known here."""
    table = BY_NAME.get(source["name"])
    return source["columns"] if table is None else (*table.columns, *BATCH_COLUMNS)


def _snapshot_columns(node: Node) -> Iterable[str]:
    if node["resource_type"] != "snapshot":
        return ()
    names = list(_SNAPSHOT_COLUMNS)
    if node["config"].get("hard_deletes") == "new_record":
        names.append("dbt_is_deleted")
    renamed = node["config"].get("snapshot_meta_column_names") or {}
    return [renamed.get(name) or name for name in names]
