"""Rules of the house that no tool knows. Each yields its findings; ``RULES`` lists them."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

from tests.governance.catalog import Columns
from tests.governance.findings import Finding
from tests.governance.project import OPTIONAL, Node, Project, comment_of
from tests.governance.semantic_rules import metrics_are_compared, metrics_are_explained

_NAME_LENGTH = 63  # bytes that PostgreSQL keeps of a name
_REPEATS = 3
_MODES = {True: "an incremental run", False: "a full build"}


def yaml_is_beside(project: Project, _: Columns) -> Iterator[Finding]:
    """Code and description change together where they lie together."""
    nodes = [*project.nodes("model", "seed", "snapshot"), *project.others("macros")]
    for node in nodes:
        path = PurePosixPath(node["original_file_path"])
        prefix = "_" if node["resource_type"] == "seed" else ""
        wanted = str(path.with_name(f"{prefix}{path.stem}.yml"))
        found = (node.get("patch_path") or "").split("://")[-1]
        if found and found != wanted:  # without any, the tools ask for a description
            message = f"move the description of {node['name']} from {found} to {wanted}"
            yield _finding(node, message, "yaml_is_beside")


def columns_exist(project: Project, columns: Columns) -> Iterator[Finding]:
    """A description of a column that is gone misleads; dbt does not notice it on a view."""
    for unique_id, names in columns.items():
        part = "sources" if unique_id.startswith("source.") else "nodes"
        node = project.manifest[part][unique_id]
        gone = [name for name in node["columns"] if name not in names]
        if gone:
            message = f"the YAML of {node['name']} describes columns that it does not have: "
            yield _finding(node, message + ", ".join(gone), "columns_exist")


def singular_tests_say_why(project: Project, _: Columns) -> Iterator[Finding]:
    """Who meets the failure must learn what it means; the results page shows this comment."""
    for test in project.nodes("test"):
        if not test.get("test_metadata") and not comment_of(test):
            message = "begin with a comment: what holds, why, and who leans on it"
            yield _finding(test, message, "singular_tests_say_why")


def nothing_is_disabled(project: Project, _: Columns) -> Iterator[Finding]:
    """What is switched off looks as if it passed; delete it or mend it.

    The optional models are off by default; all rules are checked with them switched on, too.
    """
    for versions in project.manifest["disabled"].values():
        for node in versions:
            is_optional = node["original_file_path"].startswith(OPTIONAL)
            if node["package_name"] == project.name and (project.has_optional or not is_optional):
                yield _finding(node, f"{node['name']} is disabled", "nothing_is_disabled")


def warnings_have_a_reason(project: Project, _: Columns) -> Iterator[Finding]:
    """A test that cannot fail a build is an exception, and exceptions are argued."""
    for test in project.nodes("test"):
        if test["config"]["severity"].lower() == "error":
            continue
        reason = test["description"] or ("warn" in comment_of(test) and comment_of(test))
        if not reason:
            message = (
                f"test {test['name']} only warns: say why in its description (YAML), or in the "
                "comment that begins it"
            )
            yield _finding(test, message, "warnings_have_a_reason")


def names_fit(project: Project, _: Columns) -> Iterator[Finding]:
    """PostgreSQL cuts longer names, and dbt hashes them: a failure's table is then hard to find."""
    for node in project.nodes("model", "seed", "snapshot", "test"):
        if len(node["name"].encode()) > _NAME_LENGTH:
            message = f"{node['name']} is longer than {_NAME_LENGTH} characters: give it a name"
            yield _finding(node, message, "names_fit")


def doc_blocks_are_used(project: Project, _: Columns) -> Iterator[Finding]:
    """A block that nothing uses is edited in vain; a text three times parts sooner or later."""
    nodes = [*project.manifest["nodes"].values(), *project.manifest["sources"].values()]
    columns = [(node, column) for node in nodes for column in node["columns"].values()]
    used = {block for node in nodes for block in node.get("doc_blocks") or ()}
    used |= {block for _, column in columns for block in column.get("doc_blocks") or ()}
    for block in project.others("docs"):
        if block["unique_id"] not in used and not block["name"].startswith("__"):
            message = f"doc block {block['name']} is not used: delete it"
            yield _finding(block, message, "doc_blocks_are_used")
    texts = Counter(
        (column["name"], column["description"])
        for _, column in columns
        if not column.get("doc_blocks")
    )
    for (name, text), count in sorted(texts.items()):
        if count >= _REPEATS:
            message = f'"{text}" describes column {name} {count} times: make it a doc block'
            yield Finding("models/columns.md", message, "doc_blocks_are_used")


def facts_have_unit_tests(project: Project, _: Columns) -> Iterator[Finding]:
    """A fact has two queries in one, and data tests see only what the data happens to hold."""
    tested = {(mode, fact) for test in project.others("unit_tests") for mode, fact in _tested(test)}
    for fact in project.nodes("model"):
        if fact["name"].startswith("fct_"):
            for mode, words in _MODES.items():
                if (mode, fact["unique_id"]) not in tested:
                    message = f"write a unit test of {fact['name']} for {words}"
                    yield _finding(fact, message, "facts_have_unit_tests")


def held_keys_are_held(project: Project, _: Columns) -> Iterator[Finding]:
    """A view's key is not tested again where a mart is made of its rows, with a key of its own."""
    marts = {node["name"]: node for node in project.nodes("model")}
    for node in project.nodes("model"):
        name = node["config"]["meta"].get("key_held_by")
        mart = marts.get(name, {"config": {"meta": {}}, "depends_on": {"nodes": []}})
        holds = "primary_key" in mart["config"]["meta"]
        if name and not (holds and node["unique_id"] in mart["depends_on"]["nodes"]):
            message = (
                f"{name} does not read {node['name']}, or has no primary key: test the key here"
            )
            yield _finding(node, message, "held_keys_are_held")


Rule = Callable[[Project, Columns], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    yaml_is_beside,
    columns_exist,
    singular_tests_say_why,
    nothing_is_disabled,
    warnings_have_a_reason,
    names_fit,
    doc_blocks_are_used,
    facts_have_unit_tests,
    held_keys_are_held,
    metrics_are_explained,
    metrics_are_compared,
)


def _tested(test: Node) -> Iterator[tuple[bool, str]]:
    overrides: dict[str, Any] = (test.get("overrides") or {}).get("macros") or {}
    for unique_id in test["depends_on"]["nodes"]:
        yield bool(overrides.get("is_incremental")), unique_id


def _finding(node: Node, message: str, rule: str) -> Finding:
    return Finding(node["original_file_path"], message, rule)
