"""MetricFlow's answers from a warehouse of the tests: it writes the SQL, we run it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from loaders.paths import project_root
from warehouse import Warehouse

Cells = dict[tuple[str, ...], float]


class _Postgres:
    """As much of a SQL client as MetricFlow needs to write SQL."""

    sql_engine_type = SqlEngine.POSTGRES
    sql_plan_renderer = PostgresSQLSqlPlanRenderer()


@dataclass
class Semantics:
    """The semantic layer of a warehouse."""

    warehouse: Warehouse
    is_large: bool = False

    @cached_property
    def engine(self) -> Any:
        """MetricFlow on what dbt parsed for this warehouse."""
        manifest = (self.warehouse.folder / "target" / "semantic_manifest.json").read_text("utf-8")
        lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(manifest))
        return MetricFlowEngine(semantic_manifest_lookup=lookup, sql_client=_Postgres())

    def sql(self, **request: Any) -> str:
        """The SQL of a question."""
        asked = MetricFlowQueryRequest.create(**request)
        return str(self.engine.explain(asked).sql_statement.sql)

    def dimensions(self, metric: str) -> list[str]:
        """By what a metric can be asked: its own dimensions, and those one step away."""
        found = self.engine.simple_dimensions_for_metrics([metric])
        return sorted({name.dunder_name for name in found if len(name.entity_links) < 2})

    def cells(self, metric: str, *dimensions: str) -> Cells:
        """Values of a metric by the values of its dimensions; empty cells are left out."""
        asked = self.sql(metric_names=[metric], group_by_names=list(dimensions))
        return cells(self.warehouse, asked)


def cells(warehouse: Warehouse, statement: str) -> Cells:
    """What SQL gives: the last column by the others."""
    found: Cells = {}
    for *key, value in warehouse.query(statement):
        if value is not None:
            name = tuple(map(_as_text, key))
            assert name not in found, f"{name} comes twice"
            found[name] = float(value)
    return found


def differences(ours: Cells, theirs: Cells) -> list[str]:
    """Some of what two answers differ in."""
    found = [
        f"{key}: {ours.get(key)} but SQL says {theirs.get(key)}"
        for key in sorted({*ours, *theirs})
        if key not in ours or key not in theirs or not math.isclose(ours[key], theirs[key])
    ]
    return found[:5]


def sections() -> dict[str, Sequence[str]]:
    """The queries of each section of docs/metrics.md, by its anchor."""
    text = (project_root() / "docs" / "metrics.md").read_text("utf-8")
    found: dict[str, Sequence[str]] = {}
    for part in re.split(r"^#+ ", text, flags=re.MULTILINE):
        heading, _, body = part.partition("\n")
        anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        found[anchor] = re.findall(r"```sql\n(.+?)\n```", body, re.DOTALL)
    return found


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)
