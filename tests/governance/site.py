"""The docs site, results of the last build included: ``python -m tests.governance.site``.

Takes dbt's pages (``dbt docs generate --target-path target/docs``) and the results of the last
``dbt build`` or ``dbt test`` (``target/run_results.json``; the folders are apart because dbt's docs
write results of their own). Writes ``target/site/index.html``, which needs no other file: data and
pictures are inside. ``manifest.json`` and ``catalog.json`` beside it are for
``dbt docs serve --target-path target/site``.
"""

import argparse
import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

from loaders.paths import project_root
from tests.governance.findings import GovernanceError
from tests.governance.results import Results

_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+\.svg)\)")


def build(docs: Path, results: Path, site: Path, *, require: bool = False) -> str:
    """Write the site; return a sentence that says what is in it.

    Raises GovernanceError when dbt's pages are missing or not as they have to be, and with
    ``require`` when the results are those of no build.
    """
    missing = [
        name
        for name in ("index.html", "manifest.json", "catalog.json")
        if not (docs / name).is_file()
    ]
    if missing:
        raise GovernanceError(
            f"{docs} has no {missing[0]}: run dbt docs generate --target-path {docs} first."
        )
    manifest = json.loads((docs / "manifest.json").read_text("utf-8"))
    catalog = (docs / "catalog.json").read_text("utf-8")
    found = Results.read(results, manifest)
    if require and not found.finished:
        raise GovernanceError(f"{results} has no results of a build: run make build first.")
    _add_results(manifest, found)
    _embed_pictures(manifest)
    text = json.dumps(manifest)
    page = (docs / "index.html").read_text("utf-8")
    page = _inline(_inline(page, "MANIFEST.JSON", text), "CATALOG.JSON", catalog)
    site.mkdir(parents=True, exist_ok=True)
    (site / "index.html").write_text(page, "utf-8")
    (site / "manifest.json").write_text(text, "utf-8")
    (site / "catalog.json").write_text(catalog, "utf-8")
    return f"{site / 'index.html'}: {found.sentence}"


def _inline(page: str, name: str, text: str) -> str:
    place = f'"{name} INLINE DATA"'
    if page.count(place) != 1:
        raise GovernanceError(f"dbt's index.html has no place for {name}: its format has changed.")
    return page.replace(place, text.replace("</", "<\\/"))  # no text may end the script element


def _add_results(manifest: dict[str, Any], results: Results) -> None:
    for block in manifest["docs"].values():
        if block["name"] == "__tests__":
            block["block_contents"] += "\n" + results.page()
        if block["name"] == "__overview__":
            link = "[test results](#!/overview/tests)"
            block["block_contents"] = block["block_contents"].replace(
                link, f"{link} ({results.sentence})", 1
            )
    for part in ("nodes", "sources"):
        for unique_id, node in manifest[part].items():
            note = results.note(unique_id)
            if note:
                node["description"] = f"{node['description']}\n\n{note}".strip()


def _embed_pictures(manifest: dict[str, Any]) -> None:
    def embedded(found: re.Match[str]) -> str:
        path = project_root() / found[2]
        if not path.is_file():
            raise GovernanceError(f"models/overview.md shows {found[2]}, which does not exist.")
        data = base64.b64encode(path.read_bytes()).decode()
        return f"![{found[1]}](data:image/svg+xml;base64,{data})"

    for block in manifest["docs"].values():
        block["block_contents"] = _PICTURE.sub(embedded, block["block_contents"])


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
