"""dbt-bouncer, dbt-score and dbt-coverage, with their verdicts as findings."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import yaml
from dbt_coverage import (  # type: ignore[import-untyped]
    CoverageType,
    compute_coverage,
    load_files,
)
from dbt_score.config import Config
from dbt_score.lint import lint_dbt_project
from dbt_score.rule import RuleViolation

from tests.governance.findings import Finding, GovernanceError
from tests.governance.project import Project

BOUNCER_CONFIG = Path(__file__).with_name("dbt-bouncer.yml")
SCORE_RULES = "tests.governance.score_rules"
_BROKEN = {0, 1}  # exit codes of dbt-bouncer that mean that its checks were run


def bouncer(project: Project) -> Iterator[Finding]:
    """Names, layers and materializations: rules and reasons are in dbt-bouncer.yml."""
    config = yaml.safe_load(BOUNCER_CONFIG.read_text("utf-8"))
    config["dbt_artifacts_dir"] = str(project.folder.resolve())
    settings = project.folder / "dbt-bouncer.yml"
    settings.write_text(yaml.safe_dump(config), "utf-8")
    report = project.folder / "bouncer.json"
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt-bouncer")), "run"),
            *("--config-file", str(settings.resolve())),
            *("--output-file", str(report.resolve()), "--output-only-failures"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in _BROKEN or not report.is_file():
        words = " ".join((done.stderr or done.stdout).split())
        raise GovernanceError(f"dbt-bouncer could not check the project: {words}")
    for result in json.loads(report.read_text("utf-8")):
        yield Finding(
            result["file_path"] or "dbt_project.yml",
            result["failure_message"],
            result["check_run_id"].split(":")[0],
        )


def score(project: Project) -> Iterator[Finding]:
    """Descriptions and keys of every item: rules and reasons are in score_rules.py."""
    importlib.import_module(SCORE_RULES)  # dbt-score itself goes on without rules it cannot import
    config = Config()
    config.overload({"rule_namespaces": [SCORE_RULES]})
    with redirect_stdout(StringIO()):  # the JSON formatter prints, and has no other output
        verdict = lint_dbt_project(project.folder / "manifest.json", config, "json")
    for item, results in verdict.results.items():
        for rule, result in results.items():
            if isinstance(result, Exception):
                raise GovernanceError(f"dbt-score could not check {item.name}: {result}")
            if isinstance(result, RuleViolation):
                message = f"{item.name}: {result.message}"
                yield Finding(item.original_file_path, message, rule.__name__)


def coverage(project: Project) -> Iterator[Finding]:
    """Every column that a relation has is described, also one that its YAML forgets."""
    report = compute_coverage(load_files(Path(), project.folder), CoverageType.DOC)
    for table, part in sorted(report.subentities.items()):
        missing = sorted(column.column_name for column in part.misses)
        if missing:
            message = f"describe {', '.join(missing)} of {table}"
            yield Finding(_file_of(project, table), message, "columns_are_documented")


def _file_of(project: Project, table: str) -> str:
    for node in (*project.nodes("model", "seed", "snapshot"), *project.others("sources")):
        if f"{node['schema']}.{node['name']}".lower() == table:
            return str(node["original_file_path"])
    return table
