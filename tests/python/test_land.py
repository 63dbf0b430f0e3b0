"""Landing: what a load writes into raw, what it leaves alone, and what it says."""

import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from conftest import Query, write_csv
from loaders.connection import connect, exclusive
from loaders.errors import LoaderError
from loaders.land import Rules, copy, ledger, rejects
from loaders.land import land as land_path
from loaders.land.rejects import Record
from loaders.sources.header import Header
from loaders.tables import TABLES

records = rejects.records
SELLERS = ("s1,01037,sao paulo,SP", "s2,20031,rio de janeiro,RJ")


def land(path: Path, mode: str = "delta", tables: tuple[str, ...] = ()) -> ledger.Counts:
    return land_path(path, mode, tables, say=lambda _: None, rules=Rules(allow_removals=True))


def test_first_landing_keeps_the_text_as_it_is(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS, 's3,"04195","a, ""b""\nc",')
    assert land(tmp_path / "a") == ledger.Counts(read=3, new=3)
    rows = query(
        "select seller_id, seller_zip_code_prefix, seller_city, seller_state"
        " from raw.sellers order by 1"
    )
    assert rows == [
        ("s1", "01037", "sao paulo", "SP"),
        ("s2", "20031", "rio de janeiro", "RJ"),
        ("s3", "04195", 'a, "b"\nc', None),
    ]
    stamps = query(
        "select distinct _batch_id, _source_file like 'olist_sellers_dataset.csv#%',"
        " _until_batch_id, _loaded_at = (select loaded_at from raw._batches) from raw.sellers"
    )
    assert stamps == [(1, True, None, True)]


def test_every_raw_table_exists_after_any_landing(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    land(tmp_path / "a")
    found = {name for (name,) in query("select tablename from pg_tables where schemaname = 'raw'")}
    assert {table.name for table in TABLES} <= found
    assert query("select count(*) from raw.orders") == [(0,)]


def test_the_same_file_again_is_skipped(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    land(tmp_path / "a")
    assert land(tmp_path / "a") == ledger.Counts()
    assert query("select batch_id, status from raw._batches order by 1") == [
        (1, "landed"),
        (2, "unchanged"),
    ]
    assert query("select distinct _batch_id from raw.sellers") == [(1,)]


def test_only_rows_that_differ_get_the_new_batch(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    write_csv(tmp_path / "b", "sellers", SELLERS[0], "s2,20031,niteroi,RJ", "s3,30000,bh,MG")
    land(tmp_path / "a")
    assert land(tmp_path / "b") == ledger.Counts(read=3, new=1, changed=1)
    assert query(VERSIONS) == [
        ("s1", "sao paulo", 1, None),
        ("s2", "rio de janeiro", 1, 2),
        ("s2", "niteroi", 2, None),
        ("s3", "bh", 2, None),
    ]


def test_an_earlier_file_lands_again(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", SELLERS[0])
    write_csv(tmp_path / "b", "sellers", "s1,01037,santos,SP")
    for folder in ("a", "b", "a"):
        land(tmp_path / folder)
    assert query(VERSIONS) == [
        ("s1", "sao paulo", 1, 2),
        ("s1", "santos", 2, 3),
        ("s1", "sao paulo", 3, None),
    ]


VERSIONS = (
    "select seller_id, seller_city, _batch_id, _until_batch_id from raw.sellers order by 1, 3"
)


def test_a_delta_removes_nothing_and_a_snapshot_closes(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    write_csv(tmp_path / "b", "sellers", SELLERS[0])
    land(tmp_path / "a")
    assert not land(tmp_path / "b").anything
    # the same file, but now it claims to be complete
    assert land(tmp_path / "b", "snapshot") == ledger.Counts(read=1, removed=1)
    first, second = ("s1", "sao paulo", 1, None), ("s2", "rio de janeiro", 1, 3)
    assert query(VERSIONS) == [first, second]
    # closed once, not again
    assert not land(tmp_path / "b", "snapshot").anything
    # and back, unchanged in its values: a version of its own
    assert land(tmp_path / "a", "snapshot") == ledger.Counts(read=2, new=1)
    assert query(VERSIONS) == [first, second, ("s2", "rio de janeiro", 5, None)]


def test_a_table_without_key_is_compared_as_a_bag(tmp_path: Path, query: Query) -> None:
    point, other = "01037,-23.5,-46.6,sao paulo,SP", "01046,-23.5,,sao paulo,SP"
    write_csv(tmp_path / "a", "geolocation", point, point, other)
    write_csv(tmp_path / "b", "geolocation", other, other, "01050,,,,", point)
    versions = (
        "select geolocation_zip_code_prefix, _batch_id, _until_batch_id, count(*)"
        " from raw.geolocation group by 1, 2, 3 order by 1, 2, 3"
    )
    land(tmp_path / "a")
    assert land(tmp_path / "b") == ledger.Counts(read=4, new=2, removed=1)
    expected = [("01037", 1, 2, 1), ("01037", 1, None, 1), ("01046", 1, None, 1)]
    expected += [("01046", 2, None, 1), ("01050", 2, None, 1)]
    assert query(versions) == expected
    assert land(tmp_path / "a") == ledger.Counts(read=3, new=1, removed=2)
    # of equal copies the oldest is closed
    assert ("01046", 1, 3, 1) in query(versions)
    assert ("01046", 2, None, 1) in query(versions)


def test_a_zip_is_the_same_as_its_folder(tmp_path: Path, query: Query) -> None:
    file = write_csv(tmp_path / "a", "sellers", *SELLERS)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(file, "export/" + file.name)
        packed.writestr("__MACOSX/._" + file.name, b"\0")
    assert land(archive).new == 2
    assert not land(tmp_path / "a").anything


def test_bom_crlf_and_reordered_columns(tmp_path: Path, query: Query) -> None:
    (tmp_path / "product_category_name_translation.csv").write_bytes(
        b"\xef\xbb\xbfproduct_category_name_english,product_category_name\r\nbaby,bebes\r\n"
    )
    land(tmp_path)
    assert query(
        "select product_category_name, product_category_name_english"
        " from raw.product_category_name_translation"
    ) == [("bebes", "baby")]


def test_only_the_named_tables(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path, "sellers", *SELLERS)
    write_csv(tmp_path, "products", "p1,artes,1,1,1,1,1,1,1")
    assert land(tmp_path, tables=("products",)).new == 1
    assert query("select count(*) from raw.sellers") == [(0,)]
    with pytest.raises(LoaderError, match=r"does not have olist_orders_dataset.csv"):
        land(tmp_path, tables=("orders",))


@pytest.mark.parametrize("earlier", [(), ("s9,01037,x,SP",)], ids=["first", "later"])
def test_equal_rows_of_one_key_are_one(
    tmp_path: Path, query: Query, earlier: tuple[str, ...]
) -> None:
    if earlier:
        write_csv(tmp_path / "0", "sellers", *earlier)
        land(tmp_path / "0")
    write_csv(tmp_path / "a", "sellers", *SELLERS, SELLERS[0])
    assert land(tmp_path / "a") == ledger.Counts(read=3, new=2)


@pytest.mark.parametrize("earlier", [(), ("s9,01037,x,SP",)], ids=["first", "later"])
def test_a_key_with_different_values_stops_the_batch(
    tmp_path: Path, query: Query, earlier: tuple[str, ...]
) -> None:
    if earlier:
        write_csv(tmp_path / "0", "sellers", *earlier)
        land(tmp_path / "0")
    write_csv(tmp_path / "a", "products", "p1,artes,1,1,1,1,1,1,1")
    write_csv(tmp_path / "a", "sellers", SELLERS[0], '"s7","1","two\nlines",SP', "s1,9,other,SP")
    with pytest.raises(LoaderError, match=r"dataset.csv, lines 2, 5: the key .* = \(s1\)"):
        land(tmp_path / "a")
    if earlier:
        assert query("select count(*) from raw.sellers") == [(1,)]
        assert query("select count(*) from raw.products") == [(0,)]
    else:
        assert query("select to_regclass('raw.products')") == [(None,)]
    assert query("select status from raw._batches order by batch_id desc limit 1") == [("failed",)]


def test_an_empty_key_stops_the_batch(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path, "sellers", SELLERS[0], ",1,x,SP")
    with pytest.raises(LoaderError, match=r"line 3: empty key \(seller_id\)"):
        land(tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("s1,01037,sao paulo",), r"line 2: 3 fields instead of 4"),
        (("s1,01037,sao paulo,SP,x",), r"line 2: 5 fields instead of 4"),
        ((SELLERS[0], 's2,"01037,x,SP'), r"line 3: a quote opens and is not closed"),
    ],
)
def test_a_broken_row_stops_the_batch(
    tmp_path: Path, query: Query, rows: tuple[str, ...], message: str
) -> None:
    write_csv(tmp_path, "sellers", *rows)
    with pytest.raises(LoaderError, match=message):
        land(tmp_path)
    assert query("select status, error is not null from raw._batches") == [("failed", True)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"seller_id,seller_city,seller_state\n", "lacks column seller_zip_code_prefix"),
        (b"seller_id,seller_id,seller_city,seller_state\n", "repeats column seller_id"),
        (b"seller_id,\xe3,seller_city,seller_state\n", "not UTF-8"),
    ],
)
def test_a_wrong_header_is_told_before_anything_is_written(
    tmp_path: Path, query: Query, content: bytes, message: str
) -> None:
    (tmp_path / "olist_sellers_dataset.csv").write_bytes(content)
    with pytest.raises(LoaderError, match=message):
        land(tmp_path)
    assert query("select to_regclass('raw.sellers')") == [(None,)]
    assert query("select status, rows_read from raw._batches") == [("failed", 0)]


def test_a_damaged_zip_is_told(tmp_path: Path, query: Query) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("olist_sellers_dataset.csv", "seller_id\n" * 100)
    archive.write_bytes(archive.read_bytes()[:-30])
    with pytest.raises(LoaderError, match="cannot be read as a zip"):
        land(archive)


def test_nothing_to_land_is_told(tmp_path: Path, query: Query) -> None:
    with pytest.raises(LoaderError, match="no such file or folder"):
        land(tmp_path / "missing")
    with pytest.raises(LoaderError, match=r"does not have olist_customers_dataset.csv"):
        land(tmp_path)


def test_a_table_that_was_emptied_by_hand_is_filled_again(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    write_csv(tmp_path / "b", "sellers", SELLERS[1])
    land(tmp_path / "a")
    query("truncate raw.sellers")
    assert land(tmp_path / "b").new == 1


def test_an_older_server_does_not_end_at_a_dot(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "a", "sellers", SELLERS[0], "\\.", SELLERS[1])
    write_csv(tmp_path / "b", "sellers", SELLERS[0], 's2,1,"x\n\\.",SP')
    monkeypatch.setattr(copy, "_DOT_IS_DATA", 1_000_000)  # every server is an older one
    with pytest.raises(LoaderError, match="line 3: 1 field instead of 4"):
        land(tmp_path / "a")
    read: list[Header] = []

    def noted(stream: IO[bytes], header: Header) -> Iterator[Record]:
        read.append(header)
        return records(stream, header)

    monkeypatch.setattr(rejects, "records", noted)
    assert land(tmp_path / "b").new == 2
    assert read  # the second reading looked at it


def test_loads_queue_behind_each_other(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path / "a", "sellers", *SELLERS)
    said: list[str] = []
    with connect() as link:
        with exclusive(link, lambda: None):
            other = threading.Thread(
                target=land_path, args=(tmp_path / "a", "delta", (), said.append)
            )
            other.start()
            other.join(1)
            assert said == ["another load is running: waiting for it to end"]
        other.join(30)
    assert query("select count(*) from raw.sellers") == [(2,)]
