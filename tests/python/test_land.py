"""Landing: what a load writes into raw, what it leaves alone, and what it says."""

import zipfile
from pathlib import Path

import pytest

from bad_files import HEADER
from conftest import Query, write_csv
from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.land import Counts, Rules, copy, ledger
from loaders.land import land as land_path
from loaders.tables import TABLES

S1, S2, NITEROI = "s1,01037,sao paulo,SP", "s2,20031,rio de janeiro,RJ", "s2,20031,niteroi,RJ"
EARLIER = pytest.mark.parametrize("earlier", [(), ("s9,01037,x,SP",)], ids=["first", "later"])


def land(path: Path, mode: str = "delta", tables: tuple[str, ...] = ()) -> Counts:
    return land_path(path, mode, tables, say=lambda _: None, rules=Rules(allow_removals=True))


def write(folder: Path, *rows: str, earlier: tuple[str, ...] = ()) -> Path:
    if earlier:
        land(write_csv(folder / "earlier", "sellers", *earlier))
    return write_csv(folder, "sellers", *rows)


def test_first_landing_keeps_the_text_as_it_is(tmp_path: Path, query: Query) -> None:
    write(tmp_path, S1, 's3,"04195","a, ""b""\nc",')
    assert land(tmp_path) == Counts(read=2, new=2)
    assert query(f"select {HEADER} from raw.sellers order by 1") == [
        ("s1", "01037", "sao paulo", "SP"),
        ("s3", "04195", 'a, "b"\nc', None),
    ]
    assert query(
        "select distinct _batch_id, _until_batch_id, _source_file like"
        " 'olist_sellers_dataset.csv#%', _loaded_at = (select loaded_at from raw._batches)"
        " from raw.sellers"
    ) == [(1, None, True, True)]
    with connect() as link, link.cursor() as cursor:  # every table is there, with its columns
        found = ledger.raw_columns(cursor)
    for table in TABLES:
        assert found[table.name] == [*table.columns, *ledger.BATCH_COLUMNS]


# Each load: file, mode, what it counts, and the versions that there are then.
HISTORIES: dict[
    str, list[tuple[tuple[str, ...], str, Counts, set[tuple[str, int, int | None]]]]
] = {
    "the same again": [
        ((S1, S2), "delta", Counts(read=2, new=2), {("s1", 1, None), ("s2", 1, None)}),
        ((S1, S2), "delta", Counts(), {("s1", 1, None), ("s2", 1, None)}),
    ],
    "new and changed": [
        ((S1, S2), "delta", Counts(read=2, new=2), {("s1", 1, None), ("s2", 1, None)}),
        (
            (S1, NITEROI, "s3,3,bh,MG"),
            "delta",
            Counts(read=3, new=1, changed=1),
            {("s1", 1, None), ("s2", 1, 2), ("s2", 2, None), ("s3", 2, None)},
        ),
    ],
    "an earlier file again": [
        ((S2,), "delta", Counts(read=1, new=1), {("s2", 1, None)}),
        ((NITEROI,), "delta", Counts(read=1, changed=1), {("s2", 1, 2), ("s2", 2, None)}),
        (
            (S2,),
            "delta",
            Counts(read=1, changed=1),
            {("s2", 1, 2), ("s2", 2, 3), ("s2", 3, None)},
        ),
    ],
    "removed, and back again": [
        ((S1, S2), "snapshot", Counts(read=2, new=2), {("s1", 1, None), ("s2", 1, None)}),
        ((S1,), "delta", Counts(read=1), {("s1", 1, None), ("s2", 1, None)}),
        # the same file, but now it claims to be complete
        ((S1,), "snapshot", Counts(read=1, removed=1), {("s1", 1, None), ("s2", 1, 3)}),
        ((S1,), "snapshot", Counts(), {("s1", 1, None), ("s2", 1, 3)}),
        (
            (S1, S2),
            "snapshot",
            Counts(read=2, new=1),
            {("s1", 1, None), ("s2", 1, 3), ("s2", 5, None)},
        ),
    ],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_versions(name: str, tmp_path: Path, query: Query) -> None:
    for number, (rows, mode, counts, versions) in enumerate(HISTORIES[name]):
        assert land(write(tmp_path / str(number), *rows), mode) == counts
        found = query("select seller_id, _batch_id, _until_batch_id from raw.sellers")
        assert (len(found), set(found)) == (len(versions), versions)
    assert query("select status, loaded_at is null from raw._batches order by batch_id") == [
        ("landed", False) if counts.read else ("unchanged", True)
        for _, _, counts, _ in HISTORIES[name]
    ]


def test_a_table_without_key_is_compared_as_a_bag(tmp_path: Path, query: Query) -> None:
    point, other = "01037,-23.5,-46.6,sao paulo,SP", "01046,-23.5,,sao paulo,SP"
    write_csv(tmp_path / "a", "geolocation", point, point, other)
    write_csv(tmp_path / "b", "geolocation", other, other, "01050,,,,", point)
    versions = (
        "select geolocation_zip_code_prefix, _batch_id, _until_batch_id, count(*)"
        " from raw.geolocation group by 1, 2, 3 order by 1, 2, 3"
    )
    land(tmp_path / "a")
    assert land(tmp_path / "b") == Counts(read=4, new=2, removed=1)
    expected = [("01037", 1, 2, 1), ("01037", 1, None, 1), ("01046", 1, None, 1)]
    expected += [("01046", 2, None, 1), ("01050", 2, None, 1)]
    assert query(versions) == expected
    assert land(tmp_path / "a") == Counts(read=3, new=1, removed=2)
    # of equal copies the oldest is closed
    assert {("01046", 1, 3, 1), ("01046", 2, None, 1)} <= set(query(versions))


def test_a_zip_is_the_same_as_its_folder(tmp_path: Path, query: Query) -> None:
    file = write(tmp_path / "a", S1, S2)
    for level in (1, 9):  # other packed bytes, the same file
        with zipfile.ZipFile(tmp_path / f"{level}.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("export/" + file.name, file.read_bytes(), compresslevel=level)
            packed.writestr("__MACOSX/._" + file.name, b"\0")
    assert land(tmp_path / "1.zip").new == 2
    for name in ("a", "1.zip", "9.zip", "9.zip"):
        assert not land(tmp_path / name).read
    with zipfile.ZipFile(tmp_path / "9.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(file.name, file.read_text().replace("sao", "São"))
    assert land(tmp_path / "9.zip").changed == 1


def test_only_the_named_tables(tmp_path: Path, query: Query) -> None:
    write(tmp_path, S1, S2)
    write_csv(tmp_path, "products", "p1,artes,1,1,1,1,1,1,1")
    assert land(tmp_path, tables=("products",)).new == 1
    assert query("select count(*) from raw.sellers") == [(0,)]
    assert land(tmp_path).new == 2  # into a table that is there, and empty


@EARLIER
def test_keys_that_come_twice(tmp_path: Path, query: Query, earlier: tuple[str, ...]) -> None:
    """Equal rows are one; others stop the whole batch."""
    write(tmp_path, S1, '"s7","1","two\nlines",SP', "s1,9,other,SP", earlier=earlier)
    write_csv(tmp_path, "products", "p1,artes,1,1,1,1,1,1,1")
    with pytest.raises(LoaderError, match=r"dataset.csv, lines 2, 5: the key .* = \(s1\)"):
        land(tmp_path)
    assert query("select status from raw._batches order by batch_id desc limit 1") == [("failed",)]
    if earlier:
        assert query("select count(*) from raw.sellers") == [(1,)]
        assert query("select count(*) from raw.products") == [(0,)]
    else:  # a batch that failed leaves no table behind
        ours = "schemaname = 'raw' and tablename !~ '^_(batches|files|rejected|watermarks|offsets)'"
        assert query(f"select tablename from pg_tables where {ours}") == []
    assert land(write(tmp_path, S1, S2, S1)) == Counts(read=3, new=2)


def test_what_was_changed_by_hand_is_made_again(tmp_path: Path, query: Query) -> None:
    write(tmp_path, S1, S2)
    land(tmp_path)
    query("alter table raw.sellers rename to _initial_sellers")  # as a load that was killed
    assert land(tmp_path).new == 2
    assert query("select to_regclass('raw._initial_sellers')") == [(None,)]
    query("truncate raw.sellers")
    assert land(write(tmp_path / "b", S2)).new == 1
    query("drop schema raw cascade")
    assert land(tmp_path).new == 2
    assert query("select batch_id from raw._batches") == [(1,)]


def test_an_older_server_does_not_end_at_a_dot(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy, "_DOT_IS_DATA", 1_000_000)  # every server is an older one
    with pytest.raises(LoaderError, match="line 3: 1 field instead of 4"):
        land(write(tmp_path / "a", S1, "\\.", S2))
    assert land(write(tmp_path / "b", S1, 's2,1,"x\n\\.",SP')).new == 2


def test_a_file_of_many_blocks_is_looked_at_to_its_end(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy, "BLOCK", 16)
    monkeypatch.setattr(copy, "_TAIL", 64)
    rows = [f"s{number},01037,x,SP" for number in range(100)]
    said: list[str] = []
    land_path(write(tmp_path / "a", *rows, "s,01037,NULL,SP"), say=said.append)
    assert any("seller_city has 1 value like 'NULL'" in line for line in said)
    with pytest.raises(LoaderError, match="line 102: the header again"):
        land(write(tmp_path / "b", *rows, HEADER))
