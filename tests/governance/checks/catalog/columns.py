"""What only a built warehouse shows."""

# mypy: disallow-untyped-decorators=False
from typing import Any

from dbt_bouncer.check_framework.decorator import check, fail  # type: ignore[import-untyped]


@check
def check_described_columns_exist(catalog_node: Any, ctx: Any) -> None:
    """The description of a missing column misleads; dbt does not notice it on a view."""
    node = ctx.manifest_obj.manifest.nodes.get(catalog_node.unique_id) or {}
    gone = [name for name in node.get("columns") or {} if name not in catalog_node.columns]
    if gone:
        fail(f"the YAML of {node['name']} describes columns that are gone: {', '.join(gone)}")
