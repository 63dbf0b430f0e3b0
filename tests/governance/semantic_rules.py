"""Rules about the semantic layer: a metric says what it means, and other SQL checks it."""

import re
from collections.abc import Iterator

from loaders.paths import project_root
from tests.governance.catalog import Columns
from tests.governance.findings import Finding
from tests.governance.project import Node, Project

_DEFINITIONS = "docs/metrics.md"
_FIGURES = ("tests/python/figures.py", "tests/python/over_time.py")
_LIST = "docs/semantic-layer.md"


def metrics_are_explained(project: Project, _: Columns) -> Iterator[Finding]:
    """Who is given a number asks for its unit, its meaning and whom to ask."""
    headings = re.findall(r"^#+ (.+)$", _text(_DEFINITIONS), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name in headings}
    for metric in project.others("metrics"):
        meta = metric["config"]["meta"]
        missing = [name for name in ("owner", "unit") if not meta.get(name)]
        if meta.get("definition") not in anchors:
            missing.append(f"definition (a heading of {_DEFINITIONS})")
        if not metric["description"]:
            missing.append("description")
        if missing:
            message = f"metric {metric['name']} has no {', '.join(missing)}"
            yield _finding(metric, message, "metrics_are_explained")
    for model in project.others("semantic_models"):
        parts = [model, *(part for kind in _PARTS for part in model[kind])]
        silent = [part["name"] for part in parts if not part["description"]]
        if silent:
            message = f"describe {', '.join(silent)} of semantic model {model['name']}"
            yield _finding(model, message, "metrics_are_explained")


def metrics_are_compared(project: Project, _: Columns) -> Iterator[Finding]:
    """A metric that nothing is compared with is right by luck."""
    figures = "".join(map(_text, _FIGURES))
    listed = _text(_LIST)
    for metric in project.others("metrics"):
        name = metric["name"]
        if f'    "{name}": ' not in figures:
            message = f"give SQL of {name} in {_FIGURES[0]}, to compare it with"
            yield _finding(metric, message, "metrics_are_compared")
        if f"`{name}`" not in listed:
            yield _finding(metric, f"name {name} in {_LIST}", "metrics_are_compared")


_PARTS = ("entities", "dimensions", "measures")


def _text(path: str) -> str:
    return (project_root() / path).read_text("utf-8")


def _finding(node: Node, message: str, rule: str) -> Finding:
    return Finding(node["original_file_path"], message, rule)
