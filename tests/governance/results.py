"""What the tests of the last build found, as Markdown for the docs site."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.governance.project import comment_of

_BUILDS = {"build", "test"}
_WORST_FIRST = ("error", "fail", "runtime error", "warn", "skipped", "not run", "pass")
_TESTS = {"test", "unit_test"}


@dataclass(frozen=True)
class Result:
    """One test: where it belongs, what it says, how it went, rows that broke it, seconds."""

    unique_id: str
    name: str
    about: str
    owner: str | None
    status: str
    failures: int
    seconds: float


@dataclass(frozen=True)
class Results:
    """All tests of the project, and when the build ended that ran them (empty: none has)."""

    tests: list[Result]
    finished: str

    @classmethod
    def read(cls, path: Path, manifest: dict[str, Any]) -> "Results":
        """Join a run_results.json to the manifest; a test that did not run is kept and says so.

        The file of another command than a build (dbt docs writes one too) holds no test.
        """
        runs: dict[str, dict[str, Any]] = {}
        finished = ""
        if path.is_file():
            content = json.loads(path.read_text("utf-8"))
            if content["args"].get("which") in _BUILDS:
                runs = {run["unique_id"]: run for run in content["results"]}
                finished = content["metadata"]["generated_at"][:16].replace("T", " ") + " UTC"
        project = manifest["metadata"]["project_name"]
        nodes = [*manifest["nodes"].values(), *manifest.get("unit_tests", {}).values()]
        tests = [
            _result(node, runs.get(node["unique_id"]))
            for node in nodes
            if node["resource_type"] in _TESTS and node["package_name"] == project
        ]
        return cls(sorted(tests, key=lambda test: (_rank(test), test.name)), finished)

    @property
    def sentence(self) -> str:
        """How many of which status, and when."""
        if not self.finished:
            return "no results of a build were found"
        return f"{_count(self.tests)} in the build of {self.finished}"

    def note(self, unique_id: str) -> str:
        """One line for the page of a model, source or test; empty where there is nothing to say."""
        own = [test for test in self.tests if unique_id in (test.owner, test.unique_id)]
        if not own or not self.finished:
            return ""
        broken = [f"`{test.name}` ({test.status})" for test in own if test.status != "pass"]
        more = f": {', '.join(broken)}" if broken else ""
        return f"**Tests in the build of {self.finished}:** {_count(own)}{more}."

    def page(self) -> str:
        """Every test in a table, grouped by what it tests, those that need a look first."""
        if not self.finished:
            return f"\n**{self.sentence.capitalize()}**: run `make build`.\n"
        parts = [f"\n**{self.sentence}.**\n"]
        look = [test for test in self.tests if test.status != "pass"]
        if look:
            parts += ["## Those that did not pass\n", _table(look)]
        groups: dict[str, list[Result]] = {}
        for test in self.tests:
            groups.setdefault(test.owner or "", []).append(test)
        for owner in sorted(groups, key=lambda name: (bool(name), name)):
            title = owner.split(".", 2)[-1] if owner else "Rules between tables"
            parts += [f"## {title}\n", _table(groups[owner])]
        return "\n".join(parts)


def _result(node: dict[str, Any], run: dict[str, Any] | None) -> Result:
    metadata = node.get("test_metadata")
    owner = node.get("attached_node")
    if node["resource_type"] == "unit_test":
        about, owner = node["description"] or "unit test", node["depends_on"]["nodes"][0]
    elif metadata:
        what = metadata["name"].replace("_", " ")
        column = f" of {node['column_name']}" if node.get("column_name") else ""
        about = ": ".join(part for part in (what + column, node["description"]) if part)
    else:
        about = comment_of(node)
    return Result(
        node["unique_id"],
        node["name"],
        " ".join(about.split()),
        owner,
        run["status"] if run else "not run",
        (run["failures"] or 0) if run else 0,
        run["execution_time"] if run else 0.0,
    )


def _rank(test: Result) -> int:
    return _WORST_FIRST.index(test.status) if test.status in _WORST_FIRST else 0


def _count(tests: list[Result]) -> str:
    counts = Counter(test.status for test in tests)
    return ", ".join(
        f"{counts[status]} {status}"
        for status in sorted(counts, key=lambda status: (-counts[status], status))
    )


def _table(tests: list[Result]) -> str:
    lines = ["| result | test | what it holds | failing rows | seconds |", "|---|---|---|--:|--:|"]
    for test in tests:
        mark = test.status if test.status == "pass" else f"**{test.status}**"
        about = test.about.replace("|", "\\|")
        lines.append(f"| {mark} | {test.name} | {about} | {test.failures} | {test.seconds:.2f} |")
    return "\n".join(lines) + "\n"
