"""A column of the sources' YAML: added to a warehouse that exists, and lacking in a file."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Query, write_csv
from loaders.paths import project_root
from loaders.tables import BY_NAME

Land = Callable[..., str]
SELLERS = ",".join(BY_NAME["sellers"].columns)
PLAIN = {"s1": "s1,01037,sao paulo,SP", "s2": "s2,20031,rio de janeiro,RJ"}
LAST = """          - name: seller_state
            description: State, two letters.
"""


@pytest.fixture
def land(database: dict[str, str], tmp_path: Path) -> Land:
    """Land sellers with a header, by a copy of the project whose YAML may be another."""
    root = tmp_path / "project"
    for folder in ("loaders", "models"):
        shutil.copytree(project_root() / folder, root / folder)
    declared = root / "models" / "staging" / "_olist__sources.yml"

    def run(header: str, *rows: str, declare: str = "", mode: str = "delta") -> str:
        if declare:
            declared.write_text(declared.read_text("utf-8").replace(LAST, LAST + declare), "utf-8")
        path = write_csv(tmp_path / "files", "sellers")
        path.write_text("\n".join((header, *rows, "")), "utf-8")
        command = (sys.executable, "-m", "loaders", "land", str(path), "--mode", mode)
        environment = {**os.environ, **database}
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout if done.returncode == 0 else done.stderr

    return run


def test_a_new_column_and_one_that_was_listed_late(land: Land, query: Query) -> None:
    channels = "select seller_id, seller_channel, note, _batch_id from raw.sellers order by 1, 4"
    said = land(f"{SELLERS},note", *(f"{row},x" for row in PLAIN.values()))
    assert "kept as extra text columns: note" in said
    declare = "".join(
        f"          - name: {name}\n            description: New.\n"
        for name in ("seller_channel", "note")
    )
    said = land(SELLERS, PLAIN["s1"], declare=declare)
    assert "the header lacks column seller_channel" in said
    # In the warehouse it appears with the next load, whatever that brings.
    said = land(f"{SELLERS},seller_channel,note", f"{PLAIN['s1']},web,x")
    assert "extra" not in said
    assert "batch 3" in said
    assert query(channels) == [
        ("s1", None, "x", 1),
        ("s1", "web", "x", 3),
        ("s2", None, "x", 1),
    ]


def test_an_optional_column(land: Land, query: Query) -> None:
    channels = (
        "select seller_id, seller_city, seller_channel, _batch_id from raw.sellers"
        " where _until_batch_id is null order by 1"
    )
    declare = (
        "          - name: seller_channel\n            description: Optional.\n"
        "            config: {meta: {optional: true}}\n"
    )
    land(f"{SELLERS},seller_channel", f"{PLAIN['s1']},web", f"{PLAIN['s2']},shop", declare=declare)
    # A file without it leaves it alone, also in rows that change.
    said = land(SELLERS, PLAIN["s1"], "s2,20031,niteroi,RJ", "s3,1,bh,MG", mode="snapshot")
    assert "without the optional columns seller_channel" in said
    assert "1 new, 1 changed, 0 removed" in said
    assert query(channels) == [
        ("s1", "sao paulo", "web", 1),
        ("s2", "niteroi", "shop", 2),
        ("s3", "bh", None, 2),
    ]
