"""Rows that are rejected: kept, listed, mended and landed after all."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loaders.sources.records import records

from bad_files import HEADER, SELLERS
from conftest import Query, write_csv
from draws import LANDINGS
from loaders.cli import main
from loaders.connection import connect

GOOD = "s1,01037,sao paulo,SP"
OPEN = (
    "select line_number, reason, raw_text from raw._rejected_rows"
    " where landed_by is null and superseded_by is null order by reject_id"
)


def write(folder: Path, *rows: bytes | str) -> Path:
    folder.mkdir(exist_ok=True)
    coded = [row if isinstance(row, bytes) else row.encode() for row in (HEADER, *rows)]
    (folder / SELLERS.file).write_bytes(b"\n".join(coded) + b"\n")
    return folder


def olist(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> str:
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == status
    said = capsys.readouterr()
    return said.err if status else said.out


BAD = (
    's2,"01,a,SP',  # line 3
    "s3,1,b",
    's4,"multi\nline",b,SP',  # good
    "s5,1,c,SP",
    "s5,1,d,SP",
    ",1,d,SP",
    b"s6,1,S\xe3o,SP",
    "s7,1,a\0b,SP",
    "",  # blank: no row
    "s8,1,q,SP",  # good
)


@pytest.mark.parametrize("earlier", [False, True], ids=["first", "later"])
def test_good_rows_land_and_bad_ones_are_kept(
    earlier: bool, tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    if earlier:
        olist(capsys, "land", write(tmp_path / "0", "s9,01037,x,SP"))
    said = olist(capsys, "land", write(tmp_path / "a", GOOD, *BAD), "--max-rejects", "70%")
    assert "10 rows read: 3 new, 0 changed, 0 removed, 7 rejected" in said
    assert query(
        "select seller_id, seller_zip_code_prefix from raw.sellers where seller_id < 's9'"
        " order by 1"
    ) == [("s1", "01037"), ("s4", "multi\nline"), ("s8", "1")]
    doubled = "the key (seller_id) = (s5) comes more than once with different values (lines 7, 8)"
    assert query(OPEN) == [
        (3, "a quote opens and is not closed", 's2,"01,a,SP'),
        (4, "3 fields instead of 4", "s3,1,b"),
        (7, doubled, "s5,1,c,SP"),
        (8, doubled, "s5,1,d,SP"),
        (9, "empty key (seller_id)", ",1,d,SP"),
        (10, "not UTF-8 (byte 0xE3)", "s6,1,S\\xe3o,SP"),
        (11, "a NUL byte", "s7,1,a\\x00b,SP"),
    ]
    counted = "select rows_read, rows_new, rows_rejected from raw.{} order by batch_id desc limit 1"
    assert query(counted.format("_batches")) == query(counted.format("_files")) == [(10, 3, 7)]
    # the index that a first landing makes is there
    assert query("select count(*) from pg_constraint where conname = 'sellers_pkey'") == [(1,)]


@pytest.mark.parametrize("allowed", ["0", "6", "69.9%"])
def test_more_than_allowed_stops_the_batch(
    allowed: str, tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "a", GOOD, *BAD)
    write_csv(folder, "products", "p1,artes,1,1,1,1,1,1,1")
    said = olist(capsys, "land", folder, "--max-rejects", allowed, status=1)
    assert "line 3: a quote opens and is not closed" in said
    if allowed != "0":
        assert f"--max-rejects allows {allowed}: " in said
        assert "line 4: 3 fields instead of 4" in said
    assert query("select count(*) from raw.products") == [(0,)]
    assert query("select count(*) from raw._rejected_rows") == [(0,)]


@pytest.mark.parametrize("allowed", ["many", "-1", "101%", "1e3", ""])
def test_what_is_allowed_is_a_number_or_a_percentage(
    allowed: str, tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "a", GOOD)
    said = olist(capsys, "land", folder, f"--max-rejects={allowed}", status=1)
    assert "is a number of rows or a percentage" in said


def test_rejected_rows_are_mended_and_landed(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    olist(capsys, "land", write(tmp_path / "a", GOOD, *BAD), "--max-rejects", "7")
    assert "7 rejected rows are open" in olist(capsys, "rejects")
    assert "line 4: 3 fields instead of 4\n    s3,1,b\n" in olist(capsys, "rejects", "--batch", 1)
    assert "0 rejected rows are open" in olist(capsys, "rejects", "--table", "orders")
    # as they are, none can be landed
    assert "0 rejected rows to land, 0 superseded, 7 still bad" in olist(
        capsys, "rejects", "--retry"
    )
    # the encoding is one remedy
    olist(capsys, "rejects", "--retry", "--encoding", "latin-1")
    assert query("select seller_city from raw.sellers where seller_id = 's6'") == [("São",)]
    # a file to mend is another
    olist(capsys, "rejects", "--out", tmp_path / "m")
    mended = tmp_path / "m" / SELLERS.file
    assert mended.read_text().startswith(f'_reject_id,{HEADER}\n1,s2,"01,a,SP\n2,s3,1,b\n')
    assert "is there already" in olist(capsys, "rejects", "--out", tmp_path / "m", status=1)
    text = mended.read_text().replace('"01,a,SP', "01,a,SP").replace("s3,1,b", 's3,1,"b, c",SP')
    mended.write_text(text.replace("3,s5,1,c,SP\n", ""))
    said = olist(capsys, "rejects", "--retry", tmp_path / "m")
    assert "row 7 is left: a NUL byte" in said
    assert query("select seller_id, seller_city, _batch_id from raw.sellers order by 1") == [
        ("s1", "sao paulo", 1),
        ("s2", "a", 3),
        ("s3", "b, c", 3),
        ("s4", "b", 1),
        ("s5", "d", 3),
        ("s6", "São", 2),
        ("s8", "q", 1),
    ]
    assert [line for line, _, _ in query(OPEN)] == [7, 9, 11]
    # what stands in the ledger can be mended, too; the other s5 is old by now
    query("update raw._rejected_rows set raw_text = 's7,1,a,SP' where reject_id = 7")
    said = olist(capsys, "rejects", "--retry")
    assert "row 3 is left: batch 3 has landed a newer row" in said
    assert "1 rejected rows to land, 1 superseded, 1 still bad" in said
    assert query("select seller_city from raw.sellers where seller_id in ('s5', 's7')") == [
        ("d",),
        ("a",),
    ]
    everything = olist(capsys, "rejects", "--all")
    assert "line 7: the key" in everything
    assert "(superseded by batch 3)" in everything
    assert "(landed by batch 4)" in everything
    assert "1 rejected rows are open, 6 are not" in everything
    assert query("select distinct source, mode from raw._batches where batch_id > 1") == [
        ("rejected rows", "delta")
    ]


def test_a_newer_row_is_not_overwritten(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    olist(
        capsys,
        "land",
        write(tmp_path / "a", "s1,1,old,SP,", "s2,1,old,SP,", "s3,1,old,SP,"),
        "--max-rejects",
        "3",
    )
    olist(capsys, "rejects", "--out", tmp_path / "m")
    olist(capsys, "land", write(tmp_path / "b", "s1,1,new,SP"))
    file = tmp_path / "m" / SELLERS.file
    file.write_text(file.read_text().replace(",SP,", ",SP"))
    said = olist(capsys, "rejects", "--retry", tmp_path / "m")
    assert "2 rejected rows to land, 1 superseded" in said
    assert query("select seller_id, seller_city from raw.sellers order by 1") == [
        ("s1", "new"),
        ("s2", "old"),
        ("s3", "old"),
    ]
    assert query(OPEN) == []


def test_a_row_that_a_later_snapshot_lacks_is_not_brought_back(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    olist(capsys, "land", write(tmp_path / "a", GOOD, b"s2,1,S\xe3o,SP"), "--max-rejects", "1")
    olist(capsys, "land", write(tmp_path / "b", GOOD, "s3,1,x,SP"), "--mode", "snapshot")
    assert "1 superseded" in olist(capsys, "rejects", "--retry", "--encoding", "latin-1")
    assert query("select seller_id from raw.sellers order by 1") == [("s1",), ("s3",)]


def test_rejected_rows_are_not_removed_rows(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    olist(capsys, "land", write(tmp_path / "a", GOOD, "s2,1,x,SP"))
    arguments = ("land", write(tmp_path / "b", GOOD, "s2,1"), "--mode", "snapshot")
    said = olist(capsys, *arguments, "--max-rejects", "1")
    assert "rows were rejected, so none is marked as removed" in said
    assert query("select count(*) from raw.sellers where _deleted_at is null") == [(2,)]
    # the same row again is not listed twice
    olist(capsys, *arguments, "--max-rejects", "1")
    assert query(OPEN) == [(3, "2 fields instead of 4", "s2,1")]


def test_rows_of_a_table_without_key_are_added(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    point = "01037,-23.5,-46.6,sao paulo,SP"
    file = write_csv(tmp_path / "a", "geolocation", point, point, '"01037,-23.5,-46.6,santos,SP')
    olist(capsys, "land", file, "--max-rejects", "34%")
    query("update raw._rejected_rows set raw_text = substr(raw_text, 2)")
    olist(capsys, "rejects", "--retry")
    cities = "select geolocation_city, count(*) from raw.geolocation group by 1 order by 1"
    assert query(cities) == [("santos", 1), ("sao paulo", 2)]
    # the file is still the last that was landed
    assert "same as last time" in olist(capsys, "land", file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: does not begin with _reject_id and a comma"),
        (f"_reject_id;{HEADER.replace(',', ';')}\n", "keep that column, and save the file as CSV"),
        (f"_reject_id,{HEADER}\n,s2,1,x,SP\n", "line 2: no number in _reject_id"),
        (f"_reject_id,{HEADER}\n99,s2,1,x,SP\n", "_reject_id 99 is no row that was rejected here"),
        (f"_reject_id,{HEADER}\n1,s2,1,x,SP\n1,s3,1,x,SP\n", "_reject_id 1 comes more than once"),
        (f"_reject_id,{HEADER.replace('seller_city', 'town')}\n1,s2,1,x,SP\n", "lacks column"),
    ],
)
def test_files_that_were_not_mended_well_are_told(
    text: str, message: str, tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    olist(capsys, "land", write(tmp_path / "a", GOOD, "s2,1"), "--max-rejects", "1")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / SELLERS.file).write_text(text)
    said = olist(capsys, "rejects", "--retry", tmp_path / "m", status=1)
    assert said.startswith("olist: ")
    assert said.count("\n") == 1
    assert message in said
    assert len(query(OPEN)) == 1
    assert query("select count(*) from raw.sellers") == [(1,)]


def test_without_rejected_rows_it_says_so(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "nothing was landed here yet" in olist(capsys, "rejects", status=1)
    olist(capsys, "land", write(tmp_path / "a", GOOD))
    assert olist(capsys, "rejects") == "0 rejected rows are open\n"
    assert "no rejected row is open" in olist(capsys, "rejects", "--out", tmp_path, status=1)
    assert "no folder with CSV files" in olist(
        capsys, "rejects", "--retry", tmp_path / "nowhere", status=1
    )


# Random files with damaged rows. What damages a row makes it bad for any reader of CSV, and good
# rows are written by Python's own.
_text = st.text(st.sampled_from("ab ,\n\"ã;'"), max_size=6).filter(
    # after an open quote, a field that begins so could be taken for its end
    lambda text: not text.startswith((",", "\n", '"'))
)
_rows = st.lists(
    st.tuples(
        st.tuples(_text, _text, _text),
        st.sampled_from(["good", "good", "few", "many", "nul", "latin", "open", "stray", "empty"]),
    ),
    max_size=12,
)


def _line(fields: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_MINIMAL).writerow(fields)
    return out.getvalue().encode()


def _damaged(number: int, fields: tuple[str, ...], damage: str) -> bytes:
    row = [f"k{number}", *fields]
    return {
        "good": _line(row),
        "few": _line(row[:-1]),
        "many": _line([*row, "x"]),
        "nul": _line([*row[:-1], "\0"]),
        "latin": _line([*row[:-1], "LATIN"]).replace(b"LATIN", b"\xe3"),
        "open": b'k%d,"open,x,y\n' % number,
        "stray": b'k%d,12" pipe,x,y\n' % number,
        "empty": _line(["", f"k{number}", *fields[1:]]),
    }[damage]


@LANDINGS
@given(rows=_rows)
def test_exactly_the_good_rows_are_landed(
    rows: list[tuple[tuple[str, str, str], str]],
    query: Query,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = HEADER.encode() + b"\n"
    data += b"".join(_damaged(number, *row) for number, row in enumerate(rows))
    data += b"the last,is bad\n"  # so that COPY, which reads quotes as it can, always refuses
    path = tmp_path / SELLERS.file
    path.write_bytes(data)
    if query("select to_regclass('raw._batches') is not null") == [(True,)]:
        query("truncate raw.sellers, raw._batches cascade")
    olist(capsys, "land", path, "--max-rejects", "100%")
    with connect() as link, link.cursor() as cursor:
        cursor.execute(f"select {HEADER} from raw.sellers order by length(seller_id), seller_id")
        landed = cursor.fetchall()
        cursor.execute("select count(*) from raw._rejected_rows")
        rejected = (cursor.fetchone() or (0,))[0]
        cursor.execute("select rows_read, rows_rejected from raw._batches")
        counted = cursor.fetchone()
    good = [(number, fields) for number, (fields, damage) in enumerate(rows) if damage == "good"]
    assert landed == [
        (f"k{number}", *(field or None for field in fields)) for number, fields in good
    ]
    assert rejected == len(rows) - len(good) + 1
    assert counted == (len(rows) + 1, rejected)


_meaning = st.sampled_from([b'"', b'"', b"\n", b"\n", b"\r", b",", b"a", b"\xe3", b"\0"])


@given(st.lists(_meaning, max_size=40).map(b"".join), st.booleans())
def test_every_byte_is_in_one_record(data: bytes, carriage_returns: bool) -> None:
    """Bodies and line ends are the whole file, in order: no line is lost, none read twice."""
    found = list(records(io.BytesIO(data), 3, carriage_returns))
    lines = data.removeprefix(b"\xef\xbb\xbf")
    at = 0
    for record in found:
        position = lines.index(record.body, at)
        assert not lines[at:position].strip(b"\r\n")
        at = position + len(record.body)
    assert not lines[at:].strip(b"\r\n")
    assert [record.line for record in found] == sorted({record.line for record in found})
