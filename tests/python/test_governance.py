"""Every rule of tests/governance holds for the project, and every one of them can fail."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from loaders.paths import project_root
from loaders.sample import generate
from tests.governance import __main__ as governance
from tests.governance import erd, site
from tests.governance.__main__ import GovernanceError, breaches, parse
from warehouse import Warehouse

Manifest = dict[str, Any]
M, S = "model.olist_warehouse.", "seed.olist_warehouse."


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parsed")
    parse(folder)
    return folder


@pytest.fixture(scope="module")
def manifest(parsed: Path) -> Manifest:
    found: Manifest = json.loads((parsed / "manifest.json").read_text("utf-8"))
    return found


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
    nodes[f"{M}stg_olist__sellers"]["config"]["materialized"] = "table"
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
    manifest["exposures"]["exposure.olist_warehouse.bi_tools"]["owner"]["email"] = None
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
    test = nodes["test.olist_warehouse.assert_calendar_has_no_gap"]
    test.update(raw_code="select 1\n-- too late", name="y" * 64)
    _add(manifest, "rpt_new", "models/reports/rpt_new.sql")
    lost = {"unique_stg_olist__customers_customer_id", "fct_orders_foreign_keys"}
    lost |= {"unique_states_state_code", "unique_states_state_name"}
    for unique_id, node in list(nodes.items()):
        if node["name"] in lost:
            lost.remove(nodes.pop(unique_id)["name"])
    assert not lost, f"tests that do not exist: {lost}"


@pytest.fixture
def broken(manifest: Manifest, tmp_path: Path) -> Callable[[Callable[[Manifest], None]], list[str]]:
    """What dbt-bouncer finds after a change of the manifest."""

    def after(change: Callable[[Manifest], None]) -> list[str]:
        changed = copy.deepcopy(manifest)
        change(changed)
        (tmp_path / "manifest.json").write_text(json.dumps(changed), "utf-8")
        return breaches(tmp_path)

    return after


def test_the_project_keeps_every_rule(parsed: Path) -> None:
    assert breaches(parsed) == []


def test_every_rule_can_fail(
    broken: Callable[[Callable[[Manifest], None]], list[str]],
) -> None:
    found = broken(_break_shape) + broken(_break_items)
    for check in yaml.safe_load(governance.CONFIG.read_text("utf-8"))["manifest_checks"]:
        reason = " ".join(check["description"].split())
        lines = [line for line in found if f": {reason} - " in line]
        assert lines, f"{check['name']} did not notice: {reason}"
        assert all(line.endswith(f"[{check['name']}]") for line in lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m["nodes"][f"{M}int_order_changes"]["config"].update(meta={}), "no key of"),
        (
            lambda m: m["nodes"][f"{M}int_order_changes"]["config"].update(
                meta={"key_held_by": "dim_products"}
            ),
            "does not read",
        ),
        (
            lambda m: next(n for n in m["nodes"].values() if n["name"] == "fct_orders_rules")[
                "config"
            ].update(severity="WARN"),
            "only warns",
        ),
        (
            lambda m: [
                m["nodes"][M + name]["columns"]["order_id"].update(
                    description="An order.", doc_blocks=[]
                )
                for name in ("fct_payments", "fct_reviews", "fct_order_items")
            ],
            "3 times",
        ),
    ],
)
def test_a_breach_says_what_to_do(
    broken: Callable[[Callable[[Manifest], None]], list[str]],
    change: Callable[[Manifest], None],
    words: str,
) -> None:
    (line,) = broken(change)
    assert words in line


def test_the_command_prints_a_line_for_each_breach_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["governance"])
    monkeypatch.setattr(governance, "parse", lambda _: None)
    monkeypatch.setattr(governance, "breaches", lambda _: ["models/a.sql: fix it [a_rule]"])
    assert governance.main() == 1
    assert "models/a.sql: fix it [a_rule]\n" in capsys.readouterr().err


def test_a_built_warehouse_has_the_columns_that_are_described(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    generate(tmp_path, 0.005)
    warehouse.land(tmp_path, "snapshot")
    without = [f"--exclude-resource-type={kind}" for kind in ("test", "unit_test")]
    warehouse.dbt("build", *without)
    warehouse.dbt("docs", "generate")
    target = warehouse.folder / "target"
    assert breaches(target, "catalog_checks") == []
    manifest = json.loads((target / "manifest.json").read_text("utf-8"))
    columns = manifest["nodes"][f"{M}stg_olist__orders"]["columns"]
    columns["was_here"] = columns.pop("approved_at")
    (target / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    found = "\n".join(breaches(target, "catalog_checks"))
    assert "approved_at" in found
    assert "was_here" in found


def test_the_picture_of_the_star_is_the_project_s(manifest: Manifest) -> None:
    picture = (project_root() / erd.PICTURE).read_text("utf-8")
    assert erd.draw(erd.boxes(manifest)) == picture, "run make erd"
    assert len(picture) < 60_000
    assert picture.count("<path") > 20


def _site(folder: Path, manifest: Manifest, command: str, *, require: bool = False) -> str:
    docs = folder / "docs"
    docs.mkdir(exist_ok=True)
    page = '<script>n={manifest:"MANIFEST.JSON INLINE DATA",catalog:"CATALOG.JSON INLINE DATA"}'
    (docs / "index.html").write_text(page + "</script>", "utf-8")
    (docs / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (docs / "catalog.json").write_text("{}", "utf-8")
    name = "fct_orders_foreign_keys"
    (late,) = (key for key in manifest["nodes"] if name in key)
    run = {"unique_id": late, "status": "warn", "failures": 7}
    content = {
        "args": {"which": command},
        "metadata": {"generated_at": "2026-02-03T04:05:06.7Z"},
        "results": [run],
    }
    (folder / "r.json").write_text(json.dumps(content), "utf-8")
    return site.build(docs, folder / "r.json", folder / "site", require=require)


def test_the_site_is_one_file_with_pictures_and_results(manifest: Manifest, tmp_path: Path) -> None:
    assert "1 warn in the build of 2026-02-03 04:05 UTC" in _site(tmp_path, manifest, "build")
    page = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert page.count("</script>") == 1
    pictures = [p for p in (project_root() / "docs/assets").rglob("*") if p.is_file()]
    assert page.count(";base64,") == len(pictures)
    served = json.loads((tmp_path / "site" / "manifest.json").read_text("utf-8"))
    results = served["docs"]["doc.olist_warehouse.__tests__"]["block_contents"]
    row = "| **warn** | fct_orders_foreign_keys | foreign keys: customer_key"
    assert row in results


def test_the_site_says_when_it_has_no_results(manifest: Manifest, tmp_path: Path) -> None:
    assert "No results of a build" in _site(tmp_path, manifest, "generate")
    with pytest.raises(GovernanceError, match="run make build first"):
        _site(tmp_path, manifest, "generate", require=True)
    (tmp_path / "docs" / "catalog.json").unlink()
    with pytest.raises(GovernanceError, match=r"has no catalog\.json: run dbt docs generate"):
        site.build(tmp_path / "docs", tmp_path / "r.json", tmp_path / "site")
