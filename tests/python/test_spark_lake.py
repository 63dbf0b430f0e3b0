"""Files for Spark become a lake of their own; a lake is read where it lies. Without Spark."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.dataset as ds
import pytest
import yaml

from conftest import write_csv
from loaders.engines import Mart
from loaders.engines.spark import ENGINE, SparkWarehouse
from loaders.errors import LoaderError
from loaders.land import Rules
from loaders.paths import project_root
from loaders.tables import TABLES

DAY = "2018-01-02 00:00:00"
AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> SparkWarehouse:
    return SparkWarehouse(tmp_path / "spark")


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    write_csv(folder, "sellers", "s1,01001,sao paulo,SP", "s2,20040,rio de janeiro,RJ")
    return folder


def land(warehouse: SparkWarehouse, folder: Path, mode: str = "snapshot") -> list[str]:
    said: list[str] = []
    warehouse.land(str(folder), mode, say=said.append, at=AT)
    return said


def rows(warehouse: SparkWarehouse, table: str) -> list[dict[str, object]]:
    folder = Path(warehouse.lake) / f"table={table}"
    return ds.dataset(folder, format="parquet", partitioning=None).to_table().to_pylist()


def test_every_value_is_the_text_of_the_file(warehouse: SparkWarehouse, tmp_path: Path) -> None:
    text = '"Ótimo!\r\nChegou ""antes"", recomendo\n"'
    write_csv(tmp_path / "f", "order_reviews", f'r1,o1,5,"",{text},{DAY},{DAY}')
    land(warehouse, tmp_path / "f")
    (row,) = rows(warehouse, "order_reviews")
    assert row["review_comment_message"] == 'Ótimo!\r\nChegou "antes", recomendo\n'
    assert row["review_comment_title"] is None
    assert (row["review_score"], row["_batch_id"], row["_loaded_at"]) == ("5", 1, AT)


def test_a_batch_holds_only_files_that_are_new(warehouse: SparkWarehouse, delivery: Path) -> None:
    assert not warehouse.has_data()
    assert warehouse.newest_batch() is None
    land(warehouse, delivery)
    assert warehouse.newest_batch() == (1, AT)
    assert land(warehouse, delivery) == ["  sellers: unchanged", "batch 2: 0 rows"]
    write_csv(delivery, "orders", f"o1,c1,delivered,{DAY},{DAY},{DAY},{DAY},{DAY}")
    land(warehouse, delivery, "delta")
    batches = [
        json.loads((Path(warehouse.lake) / "_batches" / f"batch={number}.json").read_text("utf-8"))
        for number in (1, 2, 3)
    ]
    files = [[row["table_name"] for row in batch["tables"]["_files"]] for batch in batches]
    assert files == [["sellers"], [], ["orders"]]
    entries = [batch["tables"]["_batches"][0] for batch in batches]
    assert [entry["status"] for entry in entries] == ["landed", "unchanged", "landed"]
    assert [batch["previous"] for batch in batches] == [None, 1, 2]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("s1,01001,a,SP", "s1,01002,a,SP"), r"seller_id\) = \(s1\)"),
        ((",01001,a,SP",), "a row has an empty key"),
        (("s1,01001,a",), "line 2"),
        (('s1,01001,"a,SP',), "line 2"),
    ],
)
def test_a_bad_file_is_refused_and_nothing_landed(
    warehouse: SparkWarehouse, tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    write_csv(tmp_path / "bad", "sellers", *lines)
    with pytest.raises(LoaderError, match=message):
        land(warehouse, tmp_path / "bad")
    assert not warehouse.has_data()


def test_rows_that_are_repeated_whole_are_no_fault(
    warehouse: SparkWarehouse, tmp_path: Path
) -> None:
    write_csv(tmp_path / "f", "sellers", *["s1,01001,a,SP"] * 2)
    land(warehouse, tmp_path / "f")
    assert warehouse.has_data()


def test_an_export_that_was_cut_short_is_refused(warehouse: SparkWarehouse, delivery: Path) -> None:
    land(warehouse, delivery)
    write_csv(delivery, "sellers", "s1,01001,sao paulo,SP")
    with pytest.raises(LoaderError, match="1 of the 2 rows"):
        land(warehouse, delivery)
    warehouse.land(str(delivery), "snapshot", say=lambda _: None, rules=Rules(allow_removals=True))
    assert (warehouse.newest_batch() or (0,))[0] == 2


def test_an_archive_is_followed_and_never_written_to(
    warehouse: SparkWarehouse, delivery: Path, tmp_path: Path
) -> None:
    other = SparkWarehouse(tmp_path / "other")
    land(other, delivery)
    land(warehouse, Path(other.lake))
    assert warehouse.variables["OLIST_SPARK_LAKE"] == other.lake
    assert warehouse.newest_batch() == (1, AT)
    first = Path(other.lake) / "_batches" / "batch=1.json"
    archive = json.loads(first.read_text("utf-8"))
    del archive["tables"]["_batches"][0]["writer"]  # as `olist archive` writes it
    first.unlink()
    first.write_text(json.dumps(archive), "utf-8")
    with pytest.raises(LoaderError, match="is the archive of a PostgreSQL"):
        land(warehouse, delivery, "delta")


def test_files_are_not_left_for_a_lake(
    warehouse: SparkWarehouse, delivery: Path, tmp_path: Path
) -> None:
    other = SparkWarehouse(tmp_path / "other")
    land(other, delivery)
    land(warehouse, delivery)
    with pytest.raises(LoaderError, match="OLIST_SPARK_HOME"):
        land(warehouse, Path(other.lake))


def test_a_mart_that_was_not_built_is_told(warehouse: SparkWarehouse) -> None:
    with pytest.raises(LoaderError, match="dbt build --target spark"):
        list(warehouse.rows(Mart("dim_dates", ("date_key",), "date_key")))


def test_the_sources_have_the_keys_of_the_raw_tables() -> None:
    path = project_root() / "models" / "staging" / "_olist__sources.yml"
    (source,) = yaml.safe_load(path.read_text("utf-8"))["sources"]
    keys = {
        table["name"]: tuple(table.get("config", {}).get("meta", {}).get("key", ()))
        for table in source["tables"]
        if table["name"] != "_batches"
    }
    assert keys == {table.name: table.key for table in TABLES}


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        "loaders.engines.spark.find_spec", lambda name: None if name == "pyspark" else name
    )
    monkeypatch.setenv("SPARK_METHOD", "thrift")
    ENGINE.check()
    monkeypatch.setenv("SPARK_METHOD", "session")
    with pytest.raises(LoaderError, match="needs pyspark"):
        ENGINE.check()
    monkeypatch.setattr("loaders.engines.spark.find_spec", str)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(LoaderError, match="needs Java"):
        ENGINE.check()
