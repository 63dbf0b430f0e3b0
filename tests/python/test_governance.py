"""Every rule of tests/governance holds for the project, and every one of them can fail."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.governance import __main__ as governance
from tests.governance import erd
from tests.governance.__main__ import breaches, parse
from warehouse import Warehouse

Manifest = dict[str, Any]
CHECKS = yaml.safe_load(governance.CONFIG.read_text("utf-8"))["manifest_checks"]
M, S = "model.olist_warehouse.", "seed.olist_warehouse."


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("parsed")
    parse(folder)
    parsed: Manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return parsed


def _add(manifest: Manifest, name: str, path: str, reads: str | None = None) -> None:
    node = copy.deepcopy(manifest["nodes"][f"{M}stg_olist__sellers"])
    node.update(name=name, unique_id=M + name, original_file_path=path)
    node["depends_on"]["nodes"] += [reads] if reads else []
    manifest["nodes"][M + name] = node


def _break_shape(manifest: Manifest) -> None:
    """Names, layers, materializations, tests."""
    nodes = manifest["nodes"]
    names = {f"{M}stg_olist__orders": "orders", f"{M}int_order_changes": "changes"}
    names |= {f"{M}dim_dates": "calendar", f"{S}states": "dim_states"}
    for unique_id, name in names.items():
        nodes[unique_id]["name"] = name
    _add(manifest, "customers", "models/staging/base/customers.sql")
    _add(manifest, "sales", "models/reports/sales.sql", f"{M}stg_olist__orders")
    _add(manifest, "thing", "models/elsewhere/thing.sql")
    _add(manifest, "dim_old_history", "models/marts/dim_old_history.sql", f"{M}fct_orders")
    for reader, what in {
        f"{M}stg_olist__orders": f"{M}fct_orders",
        f"{M}stg_olist__sellers": f"{S}states",
        f"{M}int_order_changes": f"{M}dim_customers",
        f"{M}fct_reviews": f"{M}fct_orders",
        f"{M}dim_customers": "source.olist_warehouse.olist.customers",
    }.items():
        nodes[reader]["depends_on"]["nodes"].append(what)
    for name in ("dim_dates", "fct_payments"):
        nodes[M + name]["config"]["contract"]["enforced"] = False
        nodes[M + name]["contract"]["enforced"] = False
        nodes[M + name]["config"]["materialized"] = "view"
    nodes[f"{M}base_olist__sellers"]["config"]["materialized"] = "table"
    nodes[f"{M}stg_olist__sellers"]["raw_code"] = "select * from raw.sellers"
    manifest["macros"]["macro.olist_warehouse.elapsed"]["macro_sql"] += "\n" * 41
    idle = copy.deepcopy(manifest["sources"]["source.olist_warehouse.olist.orders"])
    idle.update(name="idle", unique_id="source.olist_warehouse.olist.idle")
    manifest["sources"][idle["unique_id"]] = idle
    exposures = manifest["exposures"]
    exposures["exposure.olist_warehouse.build_summary"]["depends_on"]["nodes"] = []
    exposures["exposure.olist_warehouse.bi_tools"]["depends_on"]["nodes"] = [
        f"{M}stg_olist__orders"
    ]
    manifest["unit_tests"] = {}


def _break_items(manifest: Manifest) -> None:
    """Descriptions, keys, metrics, each on an item of its own."""
    nodes, macros = manifest["nodes"], manifest["macros"]
    orders = nodes[f"{M}fct_orders"]
    orders["config"]["unique_key"] = None
    for column in orders["columns"].values():
        column["constraints"] = []
    nodes[f"{M}dim_dates"]["description"] = "The calendar."
    nodes[f"{S}states"].update(description="", patch_path="olist_warehouse://elsewhere.yml")
    next(iter(nodes[f"{S}states"]["columns"].values()))["description"] = ""
    nodes[f"{M}stg_olist__orders"]["columns"]["order_id"]["description"] = ""
    nodes[f"{M}stg_olist__orders"]["patch_path"] = "olist_warehouse://elsewhere.yml"
    nodes[f"{M}dim_sellers"]["name"] = "x" * 64
    source = manifest["sources"]["source.olist_warehouse.olist.orders"]
    source["description"] = source["columns"]["order_id"]["description"] = ""
    source["columns"]["order_status"]["config"]["meta"] = {"pii": "perhaps"}
    manifest["exposures"]["exposure.olist_warehouse.bi_tools"]["owner"]["email"] = None
    manifest["exposures"]["exposure.olist_warehouse.build_summary"]["description"] = ""
    macros["macro.olist_warehouse.elapsed"].update(description="", patch_path="x://elsewhere.yml")
    macros["macro.olist_warehouse.name_of"]["arguments"].reverse()
    manifest["disabled"]["x"] = [nodes[f"{M}stg_olist__orders"]]
    block = manifest["docs"]["doc.olist_warehouse.order_id"]
    idle = {**block, "name": "idle", "unique_id": "doc.olist_warehouse.idle"}
    manifest["docs"]["doc.olist_warehouse.idle"] = idle
    manifest["metrics"]["metric.olist_warehouse.revenue"]["config"]["meta"] = {"owner": "we"}
    manifest["metrics"]["metric.olist_warehouse.orders"]["name"] = "turnover"
    semantic = manifest["semantic_models"]["semantic_model.olist_warehouse.orders"]
    semantic["dimensions"][0]["description"] = None
    test = nodes["test.olist_warehouse.assert_calendar_attributes_are_right"]
    test.update(raw_code="select 1\n-- too late", name="y" * 64)
    _add(manifest, "rpt_new", "models/reports/rpt_new.sql")
    lost = {"stg_olist__translations_english_unique", "fct_orders_foreign_keys"}
    lost |= {"unique_states_state_code", "unique_states_state_name"}
    for unique_id, node in list(nodes.items()):
        if node["name"] in lost:
            lost.remove(nodes.pop(unique_id)["name"])
    assert not lost, f"tests that do not exist: {lost}"


def _break_texts(manifest: Manifest) -> None:
    """What a rule says of a part of it."""
    nodes = manifest["nodes"]
    nodes[f"{M}int_order_changes"]["config"]["meta"] = {}
    nodes[f"{M}int_seller_versions"]["config"]["meta"] = {"key_held_by": "dim_products"}
    (test,) = (n for n in nodes.values() if n["name"] == "fct_orders_rules")
    test["config"]["severity"] = "WARN"
    for name in ("fct_payments", "fct_reviews", "fct_order_items"):
        nodes[M + name]["columns"]["order_id"].update(description="An order.", doc_blocks=[])


@pytest.fixture(scope="module")
def found(manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What dbt-bouncer finds in the project, and after each change of the manifest."""
    lines = []
    for change in (lambda _: None, _break_shape, _break_items, _break_texts):
        changed, folder = copy.deepcopy(manifest), tmp_path_factory.mktemp("broken")
        change(changed)
        (folder / "manifest.json").write_text(json.dumps(changed), "utf-8")
        lines.append(breaches(folder))
    return lines


def test_the_project_keeps_every_rule(found: list[list[str]]) -> None:
    assert found[0] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check["name"])
def test_every_rule_can_fail(found: list[list[str]], check: dict[str, str]) -> None:
    reason = " ".join(check["description"].split())
    lines = [line for line in found[1] + found[2] if f": {reason} - " in line]
    assert lines
    assert all(line.endswith(f"[{check['name']}]") for line in lines)


def test_a_breach_says_what_to_do(found: list[list[str]]) -> None:
    assert len(found[3]) == 4
    for words in ("no key of int_order", "dim_products does not read", "only warns", "3 times"):
        assert any(words in line for line in found[3]), words


def test_the_command_prints_a_line_for_each_breach_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["governance"])
    monkeypatch.setattr(governance, "parse", lambda _: None)
    monkeypatch.setattr(governance, "breaches", lambda _: ["models/a.sql: fix it [a_rule]"])
    assert governance.main() == 1
    assert "models/a.sql: fix it [a_rule]\n" in capsys.readouterr().err


def test_a_built_warehouse_has_the_columns_that_are_described(
    built: Warehouse, tmp_path: Path
) -> None:
    target = built.folder / "target"
    built.dbt("docs", "generate")
    assert (target / "docs" / "assets" / "star.svg").is_file()  # the site shows it
    assert breaches(target, "catalog_checks") == []
    manifest = json.loads((target / "manifest.json").read_text("utf-8"))
    columns = manifest["nodes"][f"{M}stg_olist__orders"]["columns"]
    columns["was_here"] = columns.pop("approved_at")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    shutil.copy(target / "catalog.json", tmp_path)
    found = "\n".join(breaches(tmp_path, "catalog_checks"))
    assert "approved_at" in found
    assert "was_here" in found


def test_the_picture_of_the_star_is_the_project_s(manifest: Manifest) -> None:
    assert erd.draw(erd.boxes(manifest)) == erd.PICTURE.read_text("utf-8"), "run make erd"
