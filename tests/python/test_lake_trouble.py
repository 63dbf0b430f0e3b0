"""A lake that lacks something, is damaged, or cannot be reached."""

import gzip
import hashlib
import json
import signal
import tempfile
import time
from pathlib import Path

import pytest

from conftest import Query, write_csv
from lakes import (
    POINTS,
    SELLERS,
    Lake,
    assert_raw_is_as_before,
    olist,
    quiet,
    set_raw_aside,
)
from loaders.errors import LoaderError
from loaders.lake import archive
from loaders.land import land


def test_a_file_that_is_gone_or_changed_is_named_and_the_rest_archived(
    lake: Lake, tmp_path: Path, query: Query
) -> None:
    gone = write_csv(tmp_path / "a", "sellers", *SELLERS)
    changed = write_csv(tmp_path / "b", "sellers", "s1,1,x,SP")
    write_csv(tmp_path / "b", "geolocation", *POINTS)
    write_csv(tmp_path / "c", "sellers", "s1,1,y,SP")
    for name in "abc":
        land(tmp_path / name, say=quiet)
    gone.unlink()
    changed.write_bytes(changed.read_bytes() + b"s2,1,x,SP\n")
    said: list[str] = []
    with pytest.raises(LoaderError, match="2 of the landed files could not be archived"):
        archive(lake.location, said.append)
    assert any("batch 1, olist_sellers_dataset.csv: its original" in line for line in said)
    assert any("batch 2, olist_sellers_dataset.csv: has changed in" in line for line in said)
    keys = lake.names()
    assert [key for key in keys if "_batches" in key] == ["_batches/batch=3.json"]
    assert any("table=geolocation/batch=2" in key for key in keys)
    set_raw_aside(query)
    with pytest.raises(LoaderError, match="lacks batch 2, which came before batch 3"):
        lake.replay()
    assert query("select to_regnamespace('raw')") == [(None,)]


def test_a_damaged_lake_is_refused_before_anything_is_written(
    lake: Lake, tmp_path: Path, query: Query
) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    write_csv(tmp_path / "b", "sellers", "s1,1,x,SP")
    land(tmp_path / "a", say=quiet)
    land(tmp_path / "b", say=quiet)
    lake.archive()
    set_raw_aside(query)
    (key,) = (key for key in lake.names() if "batch=2/" in key and key.endswith(".csv.gz"))
    good, manifest = lake.read(key), lake.read("_batches/batch=2.json")
    for content, message in (
        (None, r"is missing, though batch 2 has landed it"),
        (good[:-9], r"is damaged"),
        (gzip.compress(b"other"), r"is damaged: its content is not the one that its name tells"),
        (b"no gzip", r"is damaged"),
    ):
        lake.overwrite(key, content)
        with pytest.raises(LoaderError, match=message):
            lake.replay()
        assert query("select to_regnamespace('raw')") == [(None,)]
    lake.overwrite(key, good)
    for broken in (b"{}", manifest[:-20], lake.read("_batches/batch=1.json")):
        lake.overwrite("_batches/batch=2.json", broken)
        with pytest.raises(LoaderError, match=r"batch=2.json is (damaged|another)"):
            lake.replay()
    newer = {**json.loads(manifest), "ledger": 99}
    lake.overwrite("_batches/batch=2.json", json.dumps(newer).encode())
    with pytest.raises(LoaderError, match="newer version of olist"):
        lake.replay()
    assert query("select to_regnamespace('raw')") == [(None,)]
    lake.overwrite("_batches/batch=2.json", manifest)
    lake.replay()
    assert_raw_is_as_before(query)


def test_raw_that_was_changed_by_hand_is_noticed(lake: Lake, tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    write_csv(tmp_path / "b", "sellers", SELLERS[0], "s9,1,x,SP")
    land(tmp_path / "a", say=quiet)
    query("truncate raw.sellers")
    land(tmp_path / "b", say=quiet)
    lake.archive()
    query("drop schema raw cascade")
    with pytest.raises(LoaderError, match=r"wrote 1 new, .* ledger has 2, 0, 0: raw was changed"):
        lake.replay()
    assert query("select max(batch_id) from raw._batches") == [(1,)]


def test_an_archive_that_is_killed_is_repeated(lake: Lake, tmp_path: Path, query: Query) -> None:
    for number, name in enumerate("abcdef"):
        write_csv(tmp_path / name, "sellers", *SELLERS, f"s9,1,{number},SP")
        write_csv(tmp_path / name, "geolocation", *POINTS * 20_000, f"1,1,1,{number},SP")
        land(tmp_path / name, say=quiet)
    for killed in (signal.SIGKILL, signal.SIGTERM):
        process = olist("archive", lake.location)
        before = len(lake.names())
        while process.poll() is None and len(lake.names()) == before:
            time.sleep(0.01)
        process.send_signal(killed)
        process.communicate()
        assert process.returncode in {-killed, 128 + killed}
        assert len(lake.names()) < 6 * 5
        for key in lake.names():  # what has its key is whole
            if key.endswith(".csv.gz"):
                content = gzip.decompress(lake.read(key))
                assert hashlib.sha256(content).hexdigest() in key
    left = [*Path(tempfile.gettempdir()).glob(f"olist-scratch-{process.pid}-*")]
    assert not left
    lake.archive()
    set_raw_aside(query)
    lake.replay()
    assert_raw_is_as_before(query)
