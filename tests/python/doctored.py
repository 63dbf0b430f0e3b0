"""Breaks a manifest in as many ways as the tools of tests/governance have rules."""

import copy
from typing import Any

Manifest = dict[str, Any]
Node = dict[str, Any]

_MODEL = "model.olist_warehouse."
_SEED = "seed.olist_warehouse."


def break_shape(manifest: Manifest) -> None:
    """Break each rule of dbt-bouncer.yml at least once."""
    _break_names(manifest)
    _break_layers(manifest)
    nodes = manifest["nodes"]
    for name in ("dim_dates", "fct_payments"):
        nodes[_MODEL + name]["config"]["contract"]["enforced"] = False
        nodes[_MODEL + name]["contract"]["enforced"] = False
        nodes[_MODEL + name]["config"]["materialized"] = "view"
    nodes[f"{_MODEL}stg_olist__sellers"]["config"]["materialized"] = "table"
    nodes[f"{_MODEL}stg_olist__sellers"]["raw_code"] = "select * from raw.sellers"
    nodes[f"{_MODEL}fct_orders"]["config"]["unique_key"] = None
    manifest["macros"]["macro.olist_warehouse.elapsed"]["macro_sql"] += "\n" * 41
    idle = copy.deepcopy(manifest["sources"]["source.olist_warehouse.olist.orders"])
    idle.update(name="idle", unique_id="source.olist_warehouse.olist.idle")
    manifest["sources"][idle["unique_id"]] = idle
    exposures = manifest["exposures"]
    exposures["exposure.olist_warehouse.build_summary"]["depends_on"]["nodes"] = []
    exposures["exposure.olist_warehouse.bi_tools"]["depends_on"]["nodes"] = [
        f"{_MODEL}stg_olist__orders"
    ]


def _break_names(manifest: Manifest) -> None:
    nodes = manifest["nodes"]
    nodes[f"{_MODEL}stg_olist__orders"]["name"] = "orders"
    nodes[f"{_MODEL}int_order_changes"]["name"] = "order_changes"
    nodes[f"{_MODEL}dim_dates"]["name"] = "calendar"
    nodes[f"{_SEED}states"]["name"] = "dim_states"
    _add(manifest, "customers", "models/staging/base/customers.sql")
    _add(manifest, "sales", "models/reports/sales.sql")
    _add(manifest, "thing", "models/elsewhere/thing.sql")
    snapshot = _add(manifest, "orders_then", "snapshots/orders_then.yml", kind="snapshot")
    snapshot["config"].update(strategy="check", check_cols="all", unique_key=None)


def _break_layers(manifest: Manifest) -> None:
    history = _add(manifest, "dim_things_history", "models/marts/dim_things_history.sql")
    report = manifest["nodes"][f"{_MODEL}sales"]
    reads = {
        history["unique_id"]: f"{_MODEL}fct_orders",
        report["unique_id"]: f"{_MODEL}stg_olist__orders",
        f"{_MODEL}stg_olist__orders": f"{_MODEL}fct_orders",
        f"{_MODEL}stg_olist__sellers": f"{_SEED}states",
        f"{_MODEL}int_order_changes": f"{_MODEL}dim_customers",
        f"{_MODEL}fct_reviews": f"{_MODEL}fct_orders",
        f"{_MODEL}dim_customers": "source.olist_warehouse.olist.customers",
    }
    for reader, what in reads.items():
        manifest["nodes"][reader]["depends_on"]["nodes"].append(what)


def _add(manifest: Manifest, name: str, path: str, kind: str = "model") -> Node:
    node: Node = copy.deepcopy(manifest["nodes"][f"{_MODEL}stg_olist__sellers"])
    unique_id = f"{kind}.olist_warehouse.{name}"
    node.update(name=name, unique_id=unique_id, original_file_path=path, resource_type=kind)
    manifest["nodes"][unique_id] = node
    return node


def break_items(manifest: Manifest) -> None:
    """Break each rule of score_rules.py once, each on an item of its own."""
    nodes, macros = manifest["nodes"], manifest["macros"]
    snapshot = _add(manifest, "snap_silent", "snapshots/snap_silent.yml", kind="snapshot")
    snapshot.update(description="Sellers.")
    snapshot["config"].update(strategy="check", check_cols="all", unique_key="seller_id")
    nodes[f"{_MODEL}dim_dates"]["description"] = "The calendar."
    nodes[f"{_SEED}states"]["description"] = ""
    source = manifest["sources"]["source.olist_warehouse.olist.orders"]
    source["description"] = ""
    manifest["exposures"]["exposure.olist_warehouse.bi_tools"]["owner"]["email"] = None
    macros["macro.olist_warehouse.elapsed"]["description"] = ""
    macros["macro.olist_warehouse.name_of"]["arguments"].reverse()
    lost = {
        "dim_customers_has_no_nulls",
        "unique_states_state_code",
        "unique_states_state_name",
        "fct_orders_customer_key_in_dim_customers",
    }
    for unique_id, node in list(nodes.items()):
        if node["name"] in lost:
            del nodes[unique_id]
            lost.remove(node["name"])
    assert not lost, f"tests that do not exist: {lost}"
