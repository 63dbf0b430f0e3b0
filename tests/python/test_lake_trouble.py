"""A lake of another database, one that lacks something or is damaged, and archives that die."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Query, quiet, write_csv
from lakes import (
    POINTS,
    SELLERS,
    Lake,
    assert_raw_is_as_before,
    set_raw_aside,
)
from loaders.errors import LoaderError
from loaders.lake import archiving
from loaders.land import land


def _land(tmp_path: Path, names: str, lake: Lake | None = None) -> None:
    for name in names:
        write_csv(tmp_path / name, "sellers", f"s1,1,{name},SP")
        land(tmp_path / name, say=quiet, archiving=archiving(lake.location if lake else None))


def test_a_replay_begins_from_nothing_or_goes_on(lake: Lake, tmp_path: Path, query: Query) -> None:
    _land(tmp_path, "abc")
    lake.archive()
    set_raw_aside(query)
    assert len(lake.replay(2)) == 3
    with pytest.raises(LoaderError, match="has batch 3, which this database lacks"):
        lake.archive()
    with pytest.raises(LoaderError, match="has no batch 4: it has 1 to 3"):
        lake.replay(4)
    lake.replay()
    assert_raw_is_as_before(query)
    _land(tmp_path, "d")
    with pytest.raises(LoaderError, match=r"has batches that .* lacks: replay into an empty raw"):
        lake.replay()
    # a load that failed in a new database is no history of its own
    query("drop schema raw cascade")
    with pytest.raises(LoaderError):
        land(tmp_path / "nowhere", say=quiet)
    lake.replay()
    assert_raw_is_as_before(query)


def test_the_lake_of_another_database_is_refused(lake: Lake, tmp_path: Path, query: Query) -> None:
    _land(tmp_path, "ab", lake)
    before = lake.state()
    query("drop schema raw cascade")
    _land(tmp_path, "a")
    for use in (lake.archive, lake.replay, lambda: _land(tmp_path, "b", lake)):
        with pytest.raises(LoaderError, match="is the lake of another database: its batch 1 did"):
            use()
    assert query("select count(*) from raw.sellers") == [(1,)]
    assert lake.state() == before


def test_another_database_that_archives_at_the_same_time(
    lake: Lake, tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    _land(tmp_path, "a")

    def faster(*_: object) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr("loaders.objects.Store.put", faster)
        patch.setattr("loaders.lake.archive._put_rows", lambda *_: [])
        with pytest.raises(LoaderError, match="another process wrote batch 1 just now"):
            lake.archive()


def test_a_lake_that_is_damaged_or_lacks_something(
    lake: Lake, tmp_path: Path, query: Query
) -> None:
    _land(tmp_path, "abc", lake)
    set_raw_aside(query)
    rows, batch = "raw/sellers/batch-00000002.parquet", "batches/batch-00000002.json"
    good, manifest = lake.store.read(rows), lake.store.read(batch)
    for key, content, message in (
        (rows, None, f"{rows} is missing or damaged; restore"),
        (rows, good[:-9], f"{rows} is missing or damaged; restore"),
        (batch, None, "lacks batch 2, which came before batch 3"),
        (batch, b"{}", "json is damaged"),
        (batch, manifest[:-20], "json is damaged"),
        (batch, lake.store.read("batches/batch-00000001.json"), "json is damaged"),
    ):
        lake.overwrite(key, content)
        with pytest.raises(LoaderError, match=message):
            lake.replay()
        assert query("select to_regnamespace('raw')") == [(None,)]
        lake.overwrite(key, good if key == rows else manifest)
    lake.overwrite(rows, bytes(len(good)))  # found before its batch is written
    with pytest.raises(LoaderError, match=f"{rows} is missing or damaged; restore"):
        lake.replay()
    assert query("select max(batch_id) from raw._batches") == [(1,)]
    lake.overwrite(rows, good)
    lake.replay()
    assert_raw_is_as_before(query)


def test_raw_that_was_changed_by_hand_is_noticed(lake: Lake, tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "geolocation", *POINTS * 20)
    write_csv(tmp_path / "b", "geolocation", *POINTS * 19)
    land(tmp_path / "a", say=quiet)
    land(tmp_path / "b", "snapshot", say=quiet)
    lake.archive()
    query("drop schema raw cascade")
    lake.replay(1)
    query("truncate raw.geolocation")
    with pytest.raises(LoaderError, match=r"geolocation lacks rows that batch 2 removed"):
        lake.replay()
    assert query("select max(batch_id) from raw._batches") == [(1,)]


def test_an_archive_that_is_killed_is_repeated(lake: Lake, tmp_path: Path, query: Query) -> None:
    for number, name in enumerate("abcdef"):
        write_csv(tmp_path / name, "sellers", *SELLERS, f"s9,1,{number},SP")
        write_csv(tmp_path / name, "geolocation", *POINTS * 20_000, f"1,1,1,{number},SP")
        land(tmp_path / name, say=quiet)
    for killed in (signal.SIGKILL, signal.SIGTERM):
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"from loaders.lake.archive import archive; archive({lake.location!r})",
            ],
            stdout=subprocess.DEVNULL,
        )
        before = len(lake.store.sizes())
        while process.poll() is None and len(lake.store.sizes()) == before:
            time.sleep(0.01)
        process.send_signal(killed)
        assert process.wait() == -killed
        for key in lake.store.sizes():  # what has its key is whole
            assert lake.store.read(key).endswith(b"PAR1" if key.endswith("parquet") else b"}\n")
    lake.archive()
    set_raw_aside(query)
    lake.replay()
    assert_raw_is_as_before(query)
