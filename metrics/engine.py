"""MetricFlow as a compiler in this process: metrics and dimensions in, SQL of PostgreSQL out.

All that is private in MetricFlow stands here. Its engine is, by its own comment, so pyproject.toml
pins the version, and tests/python/test_metrics.py fails when a name has moved.
"""

import json
import re
from functools import cache
from threading import Lock
from typing import Any

from metricflow.engine.metricflow_engine import (
    MetricFlowEngine,
    MetricFlowQueryRequest,
    OutputColumnOrderMode,
)
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from loaders.dbt import parsed

# No table is named with its database, so that one manifest serves whichever is connected to.
_DATABASE = re.compile(r'(?<="relation_name": ")\\"[^"\\]*\\"\.')


class Postgres:
    """As much of a SQL client as MetricFlow needs to write SQL."""

    sql_engine_type = SqlEngine.POSTGRES
    sql_plan_renderer = PostgresSQLSqlPlanRenderer()


class Engine:
    """The metrics of a manifest that dbt wrote."""

    def __init__(self, text: str) -> None:
        text = _DATABASE.sub("", text)
        self.manifest: dict[str, Any] = json.loads(text)
        lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(text))
        self._engine = MetricFlowEngine(semantic_manifest_lookup=lookup, sql_client=Postgres())
        self._alone = Lock()  # names in its SQL are numbered by a counter of the process

    def sql(self, **request: Any) -> str:
        """The SQL of a request, in MetricFlow's words; columns are in the order of the request."""
        asked = MetricFlowQueryRequest.create(
            output_column_order_mode=OutputColumnOrderMode.INPUT_ORDER, **request
        )
        with self._alone:
            sql = str(self._engine.explain(asked).sql_statement.sql)
        before, word, order = sql.rpartition("ORDER BY")
        # The largest first, and not what has no figure, as PostgreSQL has it.
        return before + word + order.replace(" DESC", " DESC NULLS LAST") if word else sql

    def dimensions(self, metrics: list[str]) -> dict[str, Any]:
        """By name, what these metrics share: dimensions of their own, and those one step away."""
        with self._alone:
            found = self._engine.simple_dimensions_for_metrics(metrics)
        return {one.dunder_name: one for one in found if len(one.entity_links) <= 1}


@cache
def engine() -> Engine:
    """The engine of the project's own metrics."""
    return Engine(parsed())
