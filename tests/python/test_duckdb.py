"""Landing in a DuckDB file: the values that PostgreSQL gets, all of a batch or nothing."""

import gzip
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import write_csv
from loaders import engines
from loaders.cli import main
from loaders.engines.data import prepare
from loaders.engines.duckdb import DuckDBWarehouse
from loaders.engines.duckdb.file import connect
from loaders.errors import LoaderError
from loaders.lake import archive
from loaders.land import Rules, land
from loaders.paths import project_root
from loaders.tables import BY_NAME

CUSTOMERS = BY_NAME["customers"]
HEADER = ",".join(CUSTOMERS.columns)
Rows = list[tuple[Any, ...]]

# Bodies of a CSV file that are read otherwise than meant as soon as a reader guesses.
ODD = {
    "plain": b"c1,p1,01000,s\xc3\xa3o paulo,SP\nc2,p2,,,\n",
    "no line end": b"c1,p1,01000,rio,RJ",
    "windows": b'c1,p1,01000,"a\r\nb",SP\r\nc2,p2,01000,"a\nb",SP\r\n',
    "old mac": b"c1,p1,01000,rio,RJ\rc2,p2,01000,rio,RJ\r",
    "quotes": b'"c1","p1","01000","a ""b"" c",""\n"c2","p2","""","""a""","x,y"\n',
    "line ends in quotes": b'c1,p1,"\n\n\n"," a ","\r\n"\nc2,p2,"a\n""\nb",\t,\n',
    "white space": b"c1,  p1 ,01000, rio,RJ \n",
    "like null": b"c1,NULL,null,NA,\\N\nc2,\\.,nan,none,#\n",
    "like a comment": b"#c1,p1,01000,rio,RJ\n--c2,p1,01000,rio,RJ\n",
    "repeated": b"c1,p1,01000,rio,RJ\nc1,p1,01000,rio,RJ\nc2,p1,01000,rio,RJ\n",
    "blank lines": b"c1,p1,01000,rio,RJ\n\n\nc2,p1,01000,rio,RJ\n\n",
    "one quoted": b'c1,p1,01000,"rio",RJ\n' * 1 + b'c2,p1,01000,"rio, sul",RJ\n',
}


@pytest.fixture
def duckdb(tmp_path: Path) -> DuckDBWarehouse:
    """A warehouse whose file is not there yet."""
    return DuckDBWarehouse(tmp_path / "new" / "olist.duckdb")


def raw(warehouse: DuckDBWarehouse, table: str = "customers") -> Rows:
    """Rows of a raw table by its first column, without the time of the batch."""
    with connect(warehouse.path, read_only=True) as link:
        return link.execute(
            f"select * exclude (_loaded_at) replace (_deleted_at is not null as _deleted_at)"
            f" from raw.{table} order by 1, 2"
        ).fetchall()


def landed(warehouse: DuckDBWarehouse, path: Path, mode: str = "delta", **rules: Any) -> None:
    """Land a path."""
    warehouse.land(str(path), mode, say=lambda _: None, rules=Rules(**rules))


@pytest.mark.parametrize("name", ODD)
def test_values_are_those_of_postgresql(
    duckdb: DuckDBWarehouse, query: Callable[[str], Rows], tmp_path: Path, name: str
) -> None:
    """The raw table is equal, row for row, batch columns included."""
    end = b"\r\n" if name == "windows" else b"\r" if name == "old mac" else b"\n"
    (tmp_path / CUSTOMERS.file).write_bytes(HEADER.encode() + end + ODD[name])
    landed(duckdb, tmp_path)
    land(tmp_path, say=lambda _: None, rules=Rules(max_rejects="9"))
    columns = ", ".join(CUSTOMERS.columns)
    expected = query(
        f"select {columns}, _batch_id, _source_file, _deleted_at is not null from raw.customers"
        ' order by customer_id collate "C"'
    )
    assert expected
    assert raw(duckdb) == expected


def test_files_are_read_as_they_come(duckdb: DuckDBWarehouse, tmp_path: Path) -> None:
    """A zip, gzip, a BOM, another encoding, columns in another order and one more."""
    body = (
        "customer_city,customer_id,customer_unique_id,customer_zip_code_prefix,customer_state,age"
    )
    text = f"{body}\nsão paulo,c1,p1,01000,SP,7\n"
    packed = tmp_path / "data.zip"
    with zipfile.ZipFile(packed, "w") as archive_file:
        archive_file.writestr(CUSTOMERS.file, b"\xef\xbb\xbf" + text.encode())
    landed(duckdb, packed)
    (tmp_path / "latin").mkdir()
    other = gzip.compress(text.replace("c1", "c2").encode("latin-1"))
    (tmp_path / "latin" / f"{CUSTOMERS.file}.gz").write_bytes(other)
    landed(duckdb, tmp_path / "latin", encoding="latin-1")
    found = [(*row[:5], row[-1]) for row in raw(duckdb)]
    assert found == [
        ("c1", "p1", "01000", "são paulo", "SP", "7"),
        ("c2", "p1", "01000", "são paulo", "SP", "7"),
    ]


def test_only_what_changed_is_written(duckdb: DuckDBWarehouse, tmp_path: Path) -> None:
    """New, changed, removed and returned rows carry their batch, the rest the earlier one."""
    rows = ["c1,p,1,a,SP", "c2,p,1,a,SP", "c3,p,1,a,SP"]
    write_csv(tmp_path, "customers", *rows)
    landed(duckdb, tmp_path, "snapshot")
    write_csv(tmp_path, "customers", "c1,p,1,a,SP", "c2,p,1,b,SP", "c4,p,1,a,SP")
    landed(duckdb, tmp_path, "snapshot", allow_removals=True)
    assert [(row[0], row[5], row[7]) for row in raw(duckdb)] == [
        ("c1", 1, False),
        ("c2", 2, False),
        ("c3", 2, True),
        ("c4", 2, False),
    ]
    landed(duckdb, tmp_path, "snapshot")  # the same again: a batch that writes nothing
    write_csv(tmp_path, "customers", "c3,p,1,a,SP")
    landed(duckdb, tmp_path)
    assert [(row[0], row[5], row[7]) for row in raw(duckdb)][2] == ("c3", 4, False)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("c1,p,1,a", "line 2: 4 fields instead of 5"),
        ('c1,p,1,5" x,SP', "line 2: a quote within a field"),
        ('c1,p,1,"a,SP', "line 2: a quote opens and is not closed"),
        (",p,1,a,SP", "empty key (customer_id)"),
        ("c1,p,1,a,SP\nc1,p,1,b,SP", "(customer_id) = (c1) comes more than once"),
        ("c1,p,1,a\0,SP", "line 2: a NUL byte"),
    ],
)
def test_a_bad_file_leaves_the_warehouse_as_it_was(
    duckdb: DuckDBWarehouse, tmp_path: Path, body: str, sentence: str
) -> None:
    """Also the good file of the same batch."""
    write_csv(tmp_path, "customers", "c0,p,1,a,SP")
    landed(duckdb, tmp_path)
    before = raw(duckdb), duckdb.newest_batch()
    write_csv(tmp_path, "customers", body)
    write_csv(tmp_path, "sellers", "s1,1,a,SP")
    with pytest.raises(LoaderError) as told:
        landed(duckdb, tmp_path)
    assert CUSTOMERS.file in str(told.value)
    assert sentence in str(told.value)
    assert (raw(duckdb), duckdb.newest_batch()) == before
    assert raw(duckdb, "sellers") == []


def test_a_snapshot_that_removes_much_is_refused(duckdb: DuckDBWarehouse, tmp_path: Path) -> None:
    write_csv(tmp_path, "customers", "c1,p,1,a,SP", "c2,p,1,a,SP")
    landed(duckdb, tmp_path)
    write_csv(tmp_path, "customers", "c1,p,1,a,SP")
    with pytest.raises(LoaderError, match=r"1 of the 2 rows of raw\.customers"):
        landed(duckdb, tmp_path, "snapshot")
    assert [row[7] for row in raw(duckdb)] == [False, False]


def test_a_lake_gives_the_same_batches(
    duckdb: DuckDBWarehouse, query: Callable[[str], Rows], tmp_path: Path
) -> None:
    """Numbers, times and rows, without those that were rejected; and again: what came since."""
    files, lake = tmp_path / "files", tmp_path / "lake"
    write_csv(files, "customers", "c1,p,1,a,SP", "c2,p,1", "c3,p,1,a,SP")
    land(files, say=lambda _: None, rules=Rules(max_rejects="1"))
    archive(str(lake), say=lambda _: None)
    landed(duckdb, lake)
    write_csv(files, "customers", "c1,p,1,b,SP")
    land(files, say=lambda _: None)
    archive(str(lake), say=lambda _: None)
    landed(duckdb, lake)
    theirs = query("select customer_id, customer_city, _batch_id, _loaded_at from raw.customers")
    with connect(duckdb.path, read_only=True) as link:
        ours = link.execute(
            "select customer_id, customer_city, _batch_id, _loaded_at from raw.customers"
        ).fetchall()
    assert sorted(ours) == sorted(theirs)
    assert len(ours) == 2
    landed(duckdb, files)
    write_csv(files, "customers", "c1,p,1,c,SP")
    land(files, say=lambda _: None)
    archive(str(lake), say=lambda _: None)
    with pytest.raises(LoaderError, match="batches that do not come from"):
        landed(duckdb, lake)


def test_land_takes_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``olist land --engine duckdb`` needs no server."""
    monkeypatch.setenv("OLIST_DUCKDB", str(tmp_path / "x.duckdb"))
    monkeypatch.setenv("OLIST_HOME", str(tmp_path))
    write_csv(tmp_path / "files", "customers", "c1,p,1,a,SP")
    command = ["land", str(tmp_path / "files"), "--engine", "duckdb"]
    assert main(command) == 0
    assert "batch 1: 1 rows read" in capsys.readouterr().out
    assert main([*command, "--max-rejects", "1"]) == 1
    assert "mend the file" in capsys.readouterr().err


def test_dbt_without_data_is_told(tmp_path: Path) -> None:
    """One sentence, before dbt starts, and no server."""
    variables = {
        **os.environ,
        "OLIST_DUCKDB": str(tmp_path / "x.duckdb"),
        "OLIST_HOME": str(tmp_path),
    }
    for name in ("OLIST_DATA", "PGHOST", "DATABASE_URL"):
        variables.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "loaders.dbt", "build", "--target", "duckdb"],
        cwd=project_root(),
        env=variables,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("dbt: nothing has landed for the target duckdb yet")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_data_of_a_build_is_whole(
    duckdb: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLIST_DUCKDB", str(duckdb.path))
    monkeypatch.setenv("OLIST_DATA", str(tmp_path))
    write_csv(tmp_path, "customers", "c1,p,1,a,SP")
    with pytest.raises(LoaderError, match=r"lacks olist_geolocation_dataset\.csv"):
        prepare(engines.engine("duckdb"), ["build"], connects=True)
    assert not duckdb.path.exists()


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loaders.engines.duckdb.find_spec", lambda _: None)
    with pytest.raises(LoaderError, match=r"pip install -e '\.\[duckdb\]'"):
        engines.engine("duckdb")


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (["build"], "postgres"),
        (["build", "--target", "duckdb"], "duckdb"),
        (["build", "-t", "duckdb"], "duckdb"),
        (["--target=duckdb", "build"], "duckdb"),
    ],
)
def test_the_target_is_found(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], target: str
) -> None:
    monkeypatch.delenv("OLIST_TARGET", raising=False)
    assert engines.target_of(arguments) == target
    monkeypatch.setenv("OLIST_TARGET", "duckdb")
    assert engines.target_of(arguments) == "duckdb"
