"""dbt on a copy of the project: run it, and say what its tests say."""

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dbt.cli.main import dbtRunner

# Errors of the statement itself, which say nothing about the tests, as PostgreSQL words them.
_NOT_SQL = re.compile(
    r"syntax error|does not exist|must appear in the GROUP BY|is ambiguous|types? .* cannot be"
    r"|cannot cast|could not determine|is of type|must be of the same type|must be type"
    r"|specified more than once|must have the same number|Compilation Error|invalid reference"
    r"|invalid UNION|are not allowed|cannot be matched|is undefined|has no attribute",
    re.IGNORECASE,
)
# Errors that are the database's own tests: constraints, unique indexes, contracts, a time limit.
_CAUGHT = re.compile(
    r"violates|could not create unique index|enforced contract that failed|statement timeout"
    r"|duplicate row values|more than one row returned",
    re.IGNORECASE,
)
_HASH = re.compile(r' "[0-9a-f]{32}"')  # dbt's names of indexes differ between runs
_FOLDERS = {
    "model-paths": ["models"],
    "seed-paths": ["seeds"],
    "macro-paths": ["macros"],
    "test-paths": ["tests"],
    "snapshot-paths": ["snapshots"],
    "analysis-paths": ["analyses"],
}


@dataclass(frozen=True)
class Verdict:
    """What a build said: ``survived``, ``test`` or ``error`` (killed by it) or ``invalid``."""

    status: str
    by: str = ""


def copy_project(root: Path, target: Path) -> None:
    """Copy what dbt reads; leave out what takes time and decides nothing.

    Comments in the database and stored failures are switched off in the copy's settings.
    """
    settings = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))
    target.mkdir(parents=True)
    for key, usual in _FOLDERS.items():
        for folder in settings.get(key, usual):
            if (root / folder).is_dir():
                ignored = shutil.ignore_patterns("*.py", "*.pyc", "__pycache__")
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


def verdict(results: Iterable[Any]) -> Verdict:
    """A failed test kills, also beside an error; an error kills when it is not one of the SQL."""
    broken = list(_broken(results))
    for status, is_test, name, message in broken:
        if is_test and (status == "fail" or not _NOT_SQL.search(message)):
            return Verdict("test", name)
    for _, _, name, message in broken:
        if _CAUGHT.search(message):
            return Verdict("error", f"{name}: {_first_line(message, _CAUGHT)}")
    for _, _, name, message in broken:
        return Verdict("invalid", f"{name}: {_first_line(message)}")
    return Verdict("survived")


def _broken(results: Iterable[Any]) -> Iterator[tuple[str, bool, str, str]]:
    for result in results:
        status = str(result.status)
        if status in {"fail", "error", "runtime error"}:
            is_test = str(result.node.resource_type) in {"test", "unit_test"}
            yield status, is_test, str(result.node.name), str(result.message or "")


def _first_line(message: str, pattern: re.Pattern[str] | None = None) -> str:
    """The line of a message that matters, without what differs between runs."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    chosen = [line for line in lines if pattern and pattern.search(line)]
    chosen += [line for line in lines if not line.startswith(("Database Error", "Compilation"))]
    return _HASH.sub("", (chosen or lines or ["no message"])[0])[:120]
