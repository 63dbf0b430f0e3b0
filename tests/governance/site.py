"""The docs site, results of the last build included: ``python -m tests.governance.site``.

Takes dbt's pages (``dbt docs generate --static --target-path target/docs``) and the results of the
last ``dbt build`` or ``dbt test`` (``target/run_results.json``). Writes ``target/site``: an
``index.html`` that needs no other file, and what ``dbt docs serve`` reads with that target path.
"""

import argparse
import base64
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from loaders.paths import project_root
from tests.governance.__main__ import GovernanceError

_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+\.(svg|png))\)")
_TYPES = {"svg": "svg+xml", "png": "png"}
_FILES = ("index.html", "manifest.json", "catalog.json")


def build(docs: Path, results: Path, site: Path, *, require: bool = False) -> str:
    """Write the site; return a sentence that says what is in it.

    Raises GovernanceError when dbt's pages are missing or not as they have to be, and with
    ``require`` when the results are those of no build.
    """
    missing = [name for name in _FILES if not (docs / name).is_file()]
    if missing:
        raise GovernanceError(
            f"{docs} has no {missing[0]}: run dbt docs generate --target-path {docs} first."
        )
    page, text, catalog = ((docs / name).read_text("utf-8") for name in _FILES)
    manifest = json.loads(text)
    sentence, table = _results(results, manifest)
    if require and not table:
        raise GovernanceError(f"{results} has no results of a build: run make build first.")
    for block in manifest["docs"].values():
        if block["name"] == "__tests__":
            block["block_contents"] += f"\n**{sentence}**\n\n{table}"
        block["block_contents"] = _PICTURE.sub(_embedded, block["block_contents"])
    text = json.dumps(manifest)
    for name, content in (("MANIFEST.JSON", text), ("CATALOG.JSON", catalog)):
        place = f'"{name} INLINE DATA"'
        if page.count(place) != 1:
            raise GovernanceError(f"dbt's index.html has no place for {name}: its format differs.")
        page = page.replace(place, content.replace("</", "<\\/"))  # no text ends the script element
    site.mkdir(parents=True, exist_ok=True)
    for name, content in zip(_FILES, (page, text, catalog), strict=True):
        (site / name).write_text(content, "utf-8")
    return f"{site / 'index.html'}: {sentence}"


def _results(path: Path, manifest: dict[str, Any]) -> tuple[str, str]:
    """How the tests of the last build went, and each in a table, those that did not pass first.

    The file of another command than a build (dbt docs writes one too) holds no test.
    """
    content = json.loads(path.read_text("utf-8")) if path.is_file() else {"args": {}}
    if content["args"].get("which") not in {"build", "test"}:
        return "No results of a build were found: run make build.", ""
    nodes = {**manifest["nodes"], **manifest.get("unit_tests", {})}
    tests = sorted(
        (run["status"] == "pass", nodes[run["unique_id"]]["name"], run)
        for run in content["results"]
        if nodes.get(run["unique_id"], {}).get("resource_type") in {"test", "unit_test"}
    )
    counts = Counter(run["status"] for _, _, run in tests)
    said = ", ".join(f"{number} {status}" for status, number in counts.most_common())
    lines = ["| result | test | what it holds | failing rows |", "|---|---|---|--:|"]
    for passed, name, run in tests:
        mark = run["status"] if passed else f"**{run['status']}**"
        about = _about(nodes[run["unique_id"]]).replace("|", "\\|")
        lines.append(f"| {mark} | {name} | {about} | {run['failures'] or 0} |")
    finished = content["metadata"]["generated_at"][:16].replace("T", " ")
    return f"{said} in the build of {finished} UTC.", "\n".join(lines) + "\n"


def _about(node: dict[str, Any]) -> str:
    """The description of a test, or the comment that it begins with, or its kind and columns."""
    comment = re.match(r"(?:--.*\n)+", node.get("raw_code") or "")
    metadata = node.get("test_metadata") or {"name": "", "kwargs": {}}
    kind, arguments = metadata["name"].replace("_", " "), metadata["kwargs"]
    parts = arguments.get("columns") or arguments.get("expressions") or [node.get("column_name")]
    plain = f"{kind}: {', '.join(filter(None, parts))}"
    return " ".join((node["description"] or (comment[0] if comment else plain)).split())


def _embedded(found: re.Match[str]) -> str:
    path = project_root() / found[2]
    if not path.is_file():
        raise GovernanceError(f"models/overview.md shows {found[2]}, which does not exist.")
    data = base64.b64encode(path.read_bytes()).decode()
    return f"![{found[1]}](data:image/{_TYPES[found[3]]};base64,{data})"


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.governance.site", description=__doc__)
    target = project_root() / "target"
    parser.add_argument("--docs", type=Path, default=target / "docs", help="dbt's pages")
    parser.add_argument("--results", type=Path, default=target / "run_results.json")
    parser.add_argument("--out", type=Path, default=target / "site", help="folder to write")
    parser.add_argument("--require-results", action="store_true", help="fail without results")
    given = parser.parse_args()
    try:
        print(build(given.docs, given.results, given.out, require=given.require_results))
    except GovernanceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
