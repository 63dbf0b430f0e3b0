"""Spark gives the rows that PostgreSQL gives. `make spark` installs it and runs these tests."""

import shutil
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest

from exports import exports
from loaders.engines.compare import compare
from loaders.lake import keeping
from loaders.land import Rules, land

pytestmark = [
    pytest.mark.skipif(
        find_spec("pyspark") is None,
        reason="pyspark is not installed: make spark (docs/engines.md)",
    ),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java (docs/engines.md)"),
]

ENGINES = ("postgres", "spark")


@pytest.fixture(autouse=True)
def short_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of a minute: what Java would spend on making them fast does not pay."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
    monkeypatch.delenv("SPARK_METHOD", raising=False)


def test_a_later_export_gives_the_rows_of_postgresql(
    database: dict[str, str], tmp_path: Path
) -> None:
    found = islice(exports(tmp_path / "exports", 0.01), 2)
    compare(ENGINES, [str(folder) for folder in found], tests=True)


def test_a_lake_gives_the_rows_of_postgresql(database: dict[str, str], tmp_path: Path) -> None:
    first, second, third = islice(exports(tmp_path / "exports", 0.005), 3)
    keep = keeping(str(tmp_path / "lake"))
    for folder, mode, tables in (
        (first, "snapshot", ()),
        (second, "delta", ()),
        (third, "snapshot", ()),  # removes what the second brought
        (second, "delta", ("orders", "order_items")),  # brings some of it back
        (third, "snapshot", ("sellers", "geolocation")),  # has nothing new
    ):
        rules = Rules(allow_removals=True)
        land(str(folder), mode, tables, say=lambda _: None, rules=rules, keeping=keep)
    compare(ENGINES, [str(tmp_path / "lake")])
