"""Every rule of tests/governance holds for the project, and every one of them can fail."""

import copy
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt_score.rule import Rule

from doctored import break_items, break_shape
from loaders.paths import project_root
from loaders.sample import generate
from tests.governance import __main__ as governance
from tests.governance import catalog, erd, rules, score_rules, semantic_rules, site, tools
from tests.governance.findings import Finding, GovernanceError
from tests.governance.project import Project, parse
from warehouse import Warehouse

Manifest = dict[str, Any]
Breach = tuple[rules.Rule, Callable[[Manifest], None], str, str]
ID = "model.olist_warehouse."


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = parse(tmp_path_factory.mktemp("parsed"))
    catalog.write(project, catalog.columns_of(project))
    return project


@pytest.fixture
def project(parsed: Project, tmp_path: Path) -> Project:
    """A copy whose manifest a test may break."""
    (tmp_path / "catalog.json").write_bytes((parsed.folder / "catalog.json").read_bytes())
    return Project(tmp_path, copy.deepcopy(parsed.manifest))


def save(project: Project) -> Project:
    """Write the broken manifest where the tools look for it."""
    (project.folder / "manifest.json").write_text(json.dumps(project.manifest), "utf-8")
    return project


def test_the_project_keeps_every_rule(parsed: Project) -> None:
    assert [str(finding) for finding in governance.findings(parsed)] == []


def test_the_project_keeps_every_rule_with_what_is_off_by_default(
    parsed: Project, tmp_path: Path
) -> None:
    optional = parse(tmp_path, optional=True)
    assert optional.has_optional
    assert not parsed.has_optional
    assert [str(finding) for finding in governance.findings(optional)] == []
    assert not any(optional.manifest["disabled"].values())
    switched_off = {node["name"] for each in parsed.manifest["disabled"].values() for node in each}
    assert switched_off
    optional.manifest["disabled"] = parsed.manifest["disabled"]
    found = {finding.message for finding in rules.nothing_is_disabled(optional, {})}
    assert found == {f"{name} is disabled" for name in switched_off}


def test_every_rule_of_dbt_bouncer_can_fail(project: Project) -> None:
    break_shape(project.manifest)
    found = list(tools.bouncer(save(project)))
    checks = yaml.safe_load(tools.BOUNCER_CONFIG.read_text("utf-8"))["manifest_checks"]
    for check in checks:
        reason = " ".join(check["description"].split())
        broken = [finding for finding in found if finding.message.startswith(f"{reason} - ")]
        assert broken, f"{check['name']} did not notice: {reason}"
        assert all(finding.file and finding.rule == check["name"] for finding in broken)


def test_every_rule_of_dbt_score_can_fail(project: Project) -> None:
    break_items(project.manifest)
    found = list(tools.score(save(project)))
    every = {
        name
        for name, rule in inspect.getmembers(score_rules, inspect.isclass)
        if issubclass(rule, Rule) and rule.__module__ == score_rules.__name__
    }
    assert len(every) == 10
    assert {finding.rule for finding in found} == every
    assert all(finding.file.endswith((".sql", ".yml", ".csv")) for finding in found)


def test_a_model_without_a_key_may_say_why(project: Project) -> None:
    node = project.manifest["nodes"][f"{ID}int_order_changes"]
    assert list(tools.score(save(project))) == []
    node["config"]["meta"] = {}
    (finding,) = tools.score(save(project))
    assert finding.rule == "model_has_a_tested_key"


def test_a_column_that_the_yaml_forgets_is_found_without_a_database(project: Project) -> None:
    del project.manifest["nodes"][f"{ID}stg_olist__orders"]["columns"]["approved_at"]
    (finding,) = tools.coverage(save(project))
    assert finding == Finding(
        "models/staging/stg_olist__orders.sql",
        "describe approved_at of staging.stg_olist__orders",
        "columns_are_documented",
    )


def _yaml_elsewhere(manifest: Manifest) -> None:
    manifest["macros"]["macro.olist_warehouse.elapsed"]["patch_path"] = "olist_warehouse://m.yml"


def _key_held_elsewhere(manifest: Manifest) -> None:
    manifest["nodes"][f"{ID}int_people"]["config"]["meta"]["key_held_by"] = "dim_products"


def _column_that_is_gone(manifest: Manifest) -> None:
    columns = manifest["nodes"][f"{ID}stg_olist__orders"]["columns"]
    columns["was_here"] = columns["order_id"]


def _silent_test(manifest: Manifest) -> None:
    node = manifest["nodes"]["test.olist_warehouse.assert_calendar_has_no_gap"]
    node["raw_code"] = "select 1\n-- too late"


def _disabled(manifest: Manifest) -> None:
    manifest["disabled"]["x"] = [manifest["nodes"][f"{ID}stg_olist__orders"]]


def _generic_test(manifest: Manifest) -> Manifest:
    tests = (n for n in manifest["nodes"].values() if n.get("test_metadata"))
    return next(test for test in tests if test["name"] == "fct_orders_item_count_in_range")


def _warning_without_reason(manifest: Manifest) -> None:
    _generic_test(manifest)["config"]["severity"] = "WARN"


def _long_name(manifest: Manifest) -> None:
    _generic_test(manifest)["name"] = "x" * 64


def _idle_doc_block(manifest: Manifest) -> None:
    block = manifest["docs"]["doc.olist_warehouse.order_id"]
    idle = {**block, "name": "idle", "unique_id": "doc.olist_warehouse.idle"}
    manifest["docs"]["doc.olist_warehouse.idle"] = idle


def _repeated_text(manifest: Manifest) -> None:
    for name in ("fct_payments", "fct_reviews", "fct_order_items"):
        column = manifest["nodes"][f"{ID}{name}"]["columns"]["order_id"]
        column.update(description="An order.", doc_blocks=[])


def _no_unit_test(manifest: Manifest) -> None:
    manifest["unit_tests"] = {}


def _silent_metric(manifest: Manifest) -> None:
    manifest["metrics"]["metric.olist_warehouse.revenue"]["config"]["meta"] = {"owner": "we"}


def _silent_dimension(manifest: Manifest) -> None:
    model = manifest["semantic_models"]["semantic_model.olist_warehouse.orders"]
    model["dimensions"][0]["description"] = None


def _new_metric(manifest: Manifest) -> None:
    manifest["metrics"]["metric.olist_warehouse.revenue"]["name"] = "turnover"


@pytest.mark.parametrize(
    "breach",
    [
        (rules.yaml_is_beside, _yaml_elsewhere, "macros/elapsed.sql", "to macros/elapsed.yml"),
        (rules.columns_exist, _column_that_is_gone, "models/staging/", "was_here"),
        (rules.singular_tests_say_why, _silent_test, "tests/singular/", "begin with a comment"),
        (rules.nothing_is_disabled, _disabled, "models/staging/", "stg_olist__orders is disabled"),
        (rules.warnings_have_a_reason, _warning_without_reason, "models/marts/", "say why"),
        (rules.names_fit, _long_name, "models/marts/", "63 characters"),
        (rules.doc_blocks_are_used, _idle_doc_block, "models/columns.md", "idle is not used"),
        (rules.doc_blocks_are_used, _repeated_text, "models/columns.md", "3 times"),
        (rules.facts_have_unit_tests, _no_unit_test, "models/marts/fct_", "a full build"),
        (rules.facts_have_unit_tests, _no_unit_test, "models/marts/fct_", "an incremental run"),
        (rules.held_keys_are_held, _key_held_elsewhere, "models/intermediate/", "does not read"),
        (
            semantic_rules.metrics_are_explained,
            _silent_metric,
            "models/semantic/",
            "no unit, definition",
        ),
        (
            semantic_rules.metrics_are_explained,
            _silent_dimension,
            "models/semantic/",
            "of semantic model",
        ),
        (
            semantic_rules.metrics_are_compared,
            _new_metric,
            "models/semantic/",
            "give SQL of turnover",
        ),
        (semantic_rules.metrics_are_compared, _new_metric, "models/semantic/", "name turnover in"),
    ],
)
def test_every_rule_of_our_own_can_fail(parsed: Project, project: Project, breach: Breach) -> None:
    rule, spoil, file, words = breach
    columns = catalog.columns_of(parsed)
    spoil(project.manifest)
    found = list(rule(project, columns))
    assert any(f.file.startswith(file) and words in f.message for f in found), found
    assert {finding.rule for finding in found} == {rule.__name__}


def test_a_unit_test_of_each_mode_satisfies_the_rule(project: Project) -> None:
    facts = [node["unique_id"] for node in project.nodes("model") if "fct_" in node["name"]]
    project.manifest["unit_tests"] = {
        f"{fact}.{mode}": {
            "package_name": "olist_warehouse",
            "overrides": {"macros": {"is_incremental": mode}} if mode else None,
            "depends_on": {"nodes": [fact]},
        }
        for fact in facts
        for mode in (True, False)
    }
    assert list(rules.facts_have_unit_tests(project, {})) == []
    del project.manifest["unit_tests"][f"{facts[0]}.True"]
    (finding,) = rules.facts_have_unit_tests(project, {})
    assert "incremental run" in finding.message


def test_a_picture_of_another_star_is_stale(project: Project) -> None:
    assert list(erd.stale(project)) == []
    nodes = project.manifest["nodes"]
    (edge,) = (key for key in nodes if "fct_orders_customer_key_in_dim_customers" in key)
    del nodes[edge]
    assert {finding.file for finding in erd.stale(project)} == {
        "docs/assets/star.mmd",
        "docs/assets/star.svg",
    }


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select * from somewhere", "a star over an unknown relation"),
        ("select from where", "sqlglot cannot read its SQL"),
        ("select {{ no_such_macro() }}", "sqlfluff cannot render"),
    ],
)
def test_sql_that_cannot_be_read_is_named(project: Project, sql: str, words: str) -> None:
    project.manifest["nodes"][f"{ID}dim_dates"]["raw_code"] = sql
    with pytest.raises(GovernanceError, match=f"models/marts/dim_dates.sql: .*{words}"):
        catalog.columns_of(project)


def test_the_command_prints_a_line_for_each_breach_and_fails(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def one(_: Project) -> Iterator[Finding]:
        yield Finding("models/a.sql", "mend it", "a_rule")

    monkeypatch.setattr(governance, "parse", lambda *_, **__: project)
    monkeypatch.setattr(governance, "findings", one)
    assert governance.main() == 1
    assert "models/a.sql: mend it [a_rule]\n" in capsys.readouterr().err
    monkeypatch.setattr(governance, "findings", lambda _: iter(()))
    assert governance.main() == 0


def test_lint_knows_the_columns_that_the_database_has(
    parsed: Project, warehouse: Warehouse, tmp_path: Path
) -> None:
    generate(tmp_path, 0.005)
    warehouse.land(tmp_path, "snapshot")
    without = [f"--exclude-resource-type={kind}" for kind in ("test", "unit_test")]
    warehouse.dbt("build", *without)
    warehouse.dbt("docs", "generate")
    real = json.loads((warehouse.folder / "target" / "catalog.json").read_text("utf-8"))
    relations = {**real["nodes"], **real["sources"]}
    expected = catalog.columns_of(parsed)
    found = {key: list(node["columns"]) for key, node in relations.items()}
    assert {key: names for key, names in found.items() if not key.startswith("test.")} == expected


def _docs(folder: Path, manifest: Manifest) -> Path:
    """What dbt docs generate leaves, as far as the site reads it."""
    folder.mkdir()
    page = '<script>n={manifest:"MANIFEST.JSON INLINE DATA",catalog:"CATALOG.JSON INLINE DATA"}'
    (folder / "index.html").write_text(page + "</script>", "utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (folder / "catalog.json").write_text("{}", "utf-8")
    return folder


def _run_results(path: Path, command: str, manifest: Manifest) -> Path:
    late = [
        {"unique_id": key, "status": "warn", "failures": 7, "execution_time": 0.5}
        for key in manifest["nodes"]
        if "fct_orders_customer_key_in_dim_customers" in key
    ]
    content = {
        "args": {"which": command},
        "metadata": {"generated_at": "2026-02-03T04:05:06.7Z"},
        "results": late,
    }
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_the_site_is_one_file_with_pictures_and_results(project: Project) -> None:
    folder, manifest = project.folder, project.manifest
    docs = _docs(folder / "docs", manifest)
    said = site.build(docs, _run_results(folder / "r.json", "build", manifest), folder / "site")
    page = (folder / "site" / "index.html").read_text("utf-8")
    assert page.count("</script>") == 1
    pictures = list((project_root() / "docs" / "assets").rglob("*.svg"))
    assert page.count("data:image/svg+xml;base64,") == len(pictures)
    assert "docs/assets/" not in json.dumps(
        json.loads(page.split("manifest:")[1].split(",catalog:")[0])["docs"]
    )
    served = json.loads((folder / "site" / "manifest.json").read_text("utf-8"))
    results = served["docs"]["doc.olist_warehouse.__tests__"]["block_contents"]
    row = "| **warn** | fct_orders_customer_key_in_dim_customers | relationships of customer_key"
    assert results.count(row) == 2  # among those that need a look, and at its model
    assert "| 7 | 0.50 |" in results
    assert "1 warn in the build of 2026-02-03 04:05 UTC" in said
    assert "(warn)" in served["nodes"][f"{ID}fct_orders"]["description"]
    assert (
        said.split(": ", 1)[1]
        in served["docs"]["doc.olist_warehouse.__overview__"]["block_contents"]
    )


def test_the_site_says_when_it_has_no_results(project: Project) -> None:
    folder, manifest = project.folder, project.manifest
    docs = _docs(folder / "docs", manifest)
    others = _run_results(folder / "r.json", "generate", manifest)
    assert "no results of a build" in site.build(docs, others, folder / "site")
    with pytest.raises(GovernanceError, match="run make build first"):
        site.build(docs, others, folder / "site", require=True)
    (docs / "catalog.json").unlink()
    with pytest.raises(GovernanceError, match=r"has no catalog\.json: run dbt docs generate"):
        site.build(docs, others, folder / "site")
