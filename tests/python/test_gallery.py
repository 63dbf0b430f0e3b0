"""The gallery: every picture is drawn, small, shown in the docs, and the same each time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from loaders.paths import project_root
from tests.browser import PAGES
from warehouse import Warehouse

pytest.importorskip("matplotlib", reason="extra gallery is not installed")
from docs.gallery import CHARTS

NAMES = {f"{chart.__name__}.png" for chart in CHARTS}
DOCS = project_root() / "docs"
LIMIT = 60_000  # bytes of a picture in git


def _draw(out: Path, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "docs.gallery", "--out", str(out)],
        cwd=project_root(),
        env={**os.environ, **variables},
        check=False,
        capture_output=True,
        text=True,
    )


def test_every_picture_is_drawn_and_twice_the_same(built: Warehouse, tmp_path: Path) -> None:
    drawn = []
    for out in (tmp_path / "first", tmp_path / "second"):
        done = _draw(out, built.variables)
        assert done.returncode == 0, done.stderr
        drawn.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == NAMES
    assert all(picture.startswith(b"\x89PNG") for picture in drawn[0].values())


def test_an_empty_warehouse_is_told(database: dict[str, str], tmp_path: Path) -> None:
    done = _draw(tmp_path, database)
    assert done.returncode == 1
    assert "dbt build" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_docs_show_every_picture_that_is_there() -> None:
    shown = (DOCS / "gallery.md").read_text("utf-8")
    there = {path.name for path in (DOCS / "assets" / "gallery").iterdir()}
    assert there == NAMES
    for chart in CHARTS:
        assert f"![{chart.__doc__}](assets/gallery/{chart.__name__}.png)" in shown
    pages = {path.stem for path in (DOCS / "assets" / "dashboard").glob("*.png")}
    assert pages == {*re.findall(r"\(assets/dashboard/(\w+)\.png\)", shown)} == {*PAGES}
    sizes = {path.name: path.stat().st_size for path in (DOCS / "assets").rglob("*.*")}
    assert {name: size for name, size in sizes.items() if size > LIMIT} == {}
