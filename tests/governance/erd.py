"""The picture of the star, made from the project: ``python -m tests.governance.erd [--write]``.

dbterd reads tables and columns from contracts and the edges from relationships tests. What it finds
is kept twice: ``star.mmd`` (its Mermaid, which GitHub draws) and ``star.svg`` (for README and docs
site, which draw no Mermaid). Without ``--write`` the files are only compared.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dbterd.api import DbtErd  # type: ignore[import-untyped]

from loaders.paths import project_root
from tests.governance import catalog, star_svg
from tests.governance.findings import Finding
from tests.governance.project import Project, parse
from tests.governance.star import Key, Table

ASSETS = Path("docs") / "assets"
_SHORT_TYPES = {
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}


def stale(project: Project) -> Iterator[Finding]:
    """A picture that is drawn once shows a star that no longer is."""
    for name, text in pictures(project).items():
        path = project_root() / ASSETS / name
        if not path.is_file() or path.read_text("utf-8") != text:
            message = "is not what the project gives: run python -m tests.governance.erd --write"
            yield Finding(str(ASSETS / name), message, "erd_is_fresh")


def pictures(project: Project) -> dict[str, str]:
    """Text of each file by its name. Needs the catalog beside the manifest."""
    folder = _prepared(project)
    graph = json.loads(_dbterd(folder, "json"))
    stars = _tables(project, graph)
    return {
        "star.mmd": _mermaid(_dbterd(folder, "mermaid"), stars),
        "star.svg": star_svg.draw(stars),
    }


def _prepared(project: Project) -> Path:
    """A copy of manifest and catalog that dbterd reads as meant.

    It takes a test for a relationship by the word in the test's id, and ours are named by hand; and
    Mermaid has no types with blanks or commas.
    """
    folder = project.folder / "erd"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {**project.manifest, "nodes": {}}
    for unique_id, node in project.manifest["nodes"].items():
        name = (node.get("test_metadata") or {}).get("name")
        prefix = "relationships_" if name == "relationships" else ""
        kind, package, rest = unique_id.split(".", 2)
        manifest["nodes"][f"{kind}.{package}.{prefix}{rest}"] = node
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    columns = json.loads((project.folder / "catalog.json").read_text("utf-8"))
    for node in columns["nodes"].values():
        for column in node["columns"].values():
            short = re.sub(r"\(.*\)", "", column["type"])
            column["type"] = _SHORT_TYPES.get(short, short)
    (folder / "catalog.json").write_text(json.dumps(columns), "utf-8")
    return folder


def _dbterd(folder: Path, target: str) -> str:
    return str(
        DbtErd(
            artifacts_dir=str(folder.resolve()),
            select=["schema:marts"],
            entity_name_format="model",
            target=target,
        ).get_erd()
    )


def _tables(project: Project, graph: dict[str, Any]) -> list[Table]:
    names = {node["id"]: node["name"] for node in graph["nodes"]}
    edges = {
        (edge["from_id"], edge["from_columns"][0]): names[edge["to_id"]] for edge in graph["edges"]
    }
    tables = []
    for node in graph["nodes"]:
        columns = [column["name"] for column in node["columns"]]
        primary = next((name for name in columns if project.is_key(node["id"], name)), None)
        keys = [
            Key(name, name == primary, edges.get((node["id"], name)))
            for name in columns
            if name == primary or (node["id"], name) in edges
        ]
        named = {key.column for key in keys}
        others = [name for name in columns if name not in named]
        tables.append(Table(node["name"], _grain(node["description"]), keys, others))
    return sorted(tables, key=lambda table: table.name)


def _grain(description: str) -> str:
    return re.split(r"[,;.(]", description.removeprefix("One row per "), maxsplit=1)[0].strip()


def _mermaid(text: str, tables: list[Table]) -> str:
    """dbterd's Mermaid with the models' own names, and with the keys marked."""
    marks = {
        (table.name, key.column): " PK" if key.primary else " FK"
        for table in tables
        for key in table.keys
    }
    lines, table = [], ""
    for line in text.splitlines():
        named = re.sub(r'"[A-Z0-9_]+"', lambda found: found[0].lower(), line)
        opened = re.match(r'  "(\w+)" {', named)
        table = opened[1] if opened else table
        column = named.split()[-1] if named.startswith("    ") else ""
        lines.append(named + marks.get((table, column), ""))
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the files, or compare them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.governance.erd", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the files")
    write = parser.parse_args().write
    project = parse()
    catalog.write(project, catalog.columns_of(project))
    if write:
        for name, text in pictures(project).items():
            (project_root() / ASSETS / name).write_text(text, "utf-8")
    broken = list(stale(project))
    for finding in broken:
        print(finding)
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
