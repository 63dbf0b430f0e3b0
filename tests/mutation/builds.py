"""dbt on a copy of the project."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dbt.cli.main import dbtRunner

_FOLDERS = {
    "model-paths": ["models"],
    "seed-paths": ["seeds"],
    "macro-paths": ["macros"],
    "test-paths": ["tests"],
    "snapshot-paths": ["snapshots"],
    "analysis-paths": ["analyses"],
}


def copy_project(root: Path, target: Path) -> None:
    """Copy what dbt reads; leave out what takes time and decides nothing.

    Comments in the database and stored failures are switched off in the copy's settings.
    """
    settings = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))
    target.mkdir(parents=True)
    for key, usual in _FOLDERS.items():
        for folder in settings.get(key, usual):
            if (root / folder).is_dir():
                ignored = shutil.ignore_patterns("*.py", "*.pyc", "*.raw.sql", "__pycache__")
                shutil.copytree(root / folder, target / folder, ignore=ignored)
    shutil.copytree(root / "dbt_packages", target / "dbt_packages")
    for name in ("profiles.yml", "packages.yml"):
        shutil.copy(root / name, target / name)
    text = yaml.safe_dump(_plain(settings), allow_unicode=True, sort_keys=False)
    (target / "dbt_project.yml").write_text(text, "utf-8")


def _plain(settings: Any) -> Any:
    """The settings without stored failures and persisted comments, at any level."""
    if not isinstance(settings, dict):
        return settings
    found = {}
    for key, value in settings.items():
        if key.lstrip("+") == "store_failures":
            found[key] = False
        elif key.lstrip("+") != "persist_docs":
            found[key] = _plain(value)
    return found


def build(folder: Path, *arguments: str, first_failure: bool = True) -> list[Any]:
    """Run ``dbt build`` in ``folder`` on the database of the environment; return its results.

    A build that does not come to results (it cannot be compiled) is one result of status error.
    """
    options = ["--fail-fast"] if first_failure else []
    done = dbtRunner().invoke(
        [
            *("--log-level", "none", "--log-level-file", "none", "--no-use-colors"),
            *("--no-send-anonymous-usage-stats", "--no-write-json"),
            # one thread: the first test that fails is the same each time
            *("build", "--threads", "1", *options, *arguments),
            *("--project-dir", str(folder), "--profiles-dir", str(folder)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        ]
    )
    if isinstance(done.exception, KeyboardInterrupt):
        raise KeyboardInterrupt  # dbt hands it over as a result
    results = list(getattr(done.result, "results", None) or [])
    if not done.success and not any(str(r.status) in {"fail", "error"} for r in results):
        return [*results, _Broken("error", str(done.exception or "dbt failed"), _Node("project"))]
    return results


@dataclass(frozen=True)
class _Node:
    name: str
    resource_type: str = "project"


@dataclass(frozen=True)
class _Broken:
    status: str
    message: str
    node: _Node
