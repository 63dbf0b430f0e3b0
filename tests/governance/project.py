"""The project as dbt parses it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from loaders.paths import project_root
from tests.governance.findings import GovernanceError

Node = Mapping[str, Any]

FOLDER = Path("target") / "lint"
# What the variable with_operations switches on (docs/operations.md).
OPTIONAL = ("models/operations/", "tests/singular/operations/")


@dataclass(frozen=True)
class Project:
    """A parsed manifest and the folder that holds it as ``manifest.json``."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the dbt project; nodes of packages are not governed here."""
        return str(self.manifest["metadata"]["project_name"])

    def nodes(self, *kinds: str) -> Iterator[Node]:
        """Own nodes of the given resource types (``model``, ``test``, …), by unique id."""
        for _, node in sorted(self.manifest["nodes"].items()):
            if node["resource_type"] in kinds and node["package_name"] == self.name:
                yield node

    def others(self, collection: str) -> Iterator[Node]:
        """Own members of another collection of the manifest: ``macros``, ``sources``, …."""
        for _, node in sorted(self.manifest[collection].items()):
            if node["package_name"] == self.name:
                yield node

    @property
    def has_optional(self) -> bool:
        """Whether the optional models are switched on."""
        return any(node["original_file_path"].startswith(OPTIONAL) for node in self.nodes("model"))

    @cached_property
    def column_tests(self) -> dict[tuple[str, str], set[str]]:
        """Names of the generic tests of each (unique id, column)."""
        found: dict[tuple[str, str], set[str]] = {}
        for test in self.nodes("test"):
            metadata, owner = test.get("test_metadata"), test.get("attached_node")
            if not metadata or not owner:
                continue
            if metadata["name"] == "no_nulls":  # not_null of many columns
                for column in metadata["kwargs"]["columns"]:
                    found.setdefault((owner, column), set()).add("not_null")
            elif test.get("column_name"):
                found.setdefault((owner, test["column_name"]), set()).add(metadata["name"])
        return found

    def is_key(self, unique_id: str, column: str) -> bool:
        """Whether a column is tested to be unique and never null."""
        return {"unique", "not_null"} <= self.column_tests.get((unique_id, column), set())


def parse(folder: Path = FOLDER, *, optional: bool = False) -> Project:
    """Parse the project with dbt (no database is asked) and read its manifest.

    ``optional`` switches on what is off by default. Raises GovernanceError with dbt's own words
    when the project does not parse.
    """
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "parse"]
    variables = ["--vars", "with_operations: true"] if optional else []
    done = subprocess.run(
        [*command, "--target-path", str(folder), *variables],
        cwd=project_root(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = " ".join((done.stdout or done.stderr).split())
        raise GovernanceError(f"dbt cannot parse the project, so no rule was checked: {words}")
    return read(project_root() / folder)


def read(folder: Path) -> Project:
    """Read the manifest of a folder, without the tests of models that are switched off."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    nodes = manifest["nodes"].items()
    manifest["nodes"] = {key: node for key, node in nodes if node["config"].get("enabled", True)}
    return Project(folder, manifest)


def comment_of(test: Node) -> str:
    """The comment that a singular test begins with, without its dashes; empty where it has none."""
    lines: list[str] = []
    for line in test["raw_code"].lstrip().splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.lstrip("- "))
    return " ".join(lines)
