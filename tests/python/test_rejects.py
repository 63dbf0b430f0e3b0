"""Rows that are rejected: kept in the ledger and listed, while the good ones are landed."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bad_files import HEADER, LANDINGS, SELLERS, content
from conftest import Query, write_csv
from loaders.cli import main
from loaders.errors import LoaderError
from loaders.land import Rules, land, rejects
from loaders.sources.text import Header

Captured = pytest.CaptureFixture[str]
GOOD = "s1,01037,sao paulo,SP"
BAD = (
    's2,"01,a,SP',  # line 3
    "s3,1,b",
    's4,"multi\nline",b,SP',  # good
    "s5,1,c,SP",
    's5,1,"d, ""e""",SP',
    ",1,d,SP",
    b"s6,1,S\xe3o,SP",
    "s7,1,a\0b,SP",
    "",  # blank: no row
    HEADER,
    ",,,",  # blank, as of Excel
    "s8,1,q,SP",  # good
)


def write(folder: Path, *rows: bytes | str) -> Path:
    folder.mkdir(exist_ok=True)
    coded = [row if isinstance(row, bytes) else row.encode() for row in (HEADER, *rows)]
    return content(b"\n".join(coded) + b"\n")(folder)


def output_of(path: Path, mode: str = "delta", max_rejects: str = "0") -> str:
    said: list[str] = []
    land(path, mode, say=said.append, rules=Rules(max_rejects=max_rejects))
    return "\n".join(said)


@pytest.mark.parametrize("earlier", [False, True], ids=["first", "later"])
def test_good_rows_land_and_bad_ones_are_listed(
    earlier: bool, tmp_path: Path, query: Query, capsys: Captured
) -> None:
    with pytest.raises(LoaderError, match="nothing was landed here yet"):
        rejects.show()
    if earlier:
        output_of(write(tmp_path / "0", "s9,01037,x,SP"))
    said = output_of(write(tmp_path / "a", GOOD, *BAD), max_rejects="73%")
    assert "11 rows read: 3 new, 0 changed, 0 removed, 8 rejected" in said
    assert query(
        "select seller_id, seller_zip_code_prefix from raw.sellers where seller_id < 's9'"
        " order by 1"
    ) == [("s1", "01037"), ("s4", "multi\nline"), ("s8", "1")]
    doubled = "the key (seller_id) = (s5) comes more than once with different values (lines 7, 8)"
    listed = "select line_number, reason, raw_text from raw._rejected_rows order by 1"
    assert query(listed) == [
        (3, "a quote opens and is not closed", 's2,"01,a,SP'),
        (4, "3 fields instead of 4", "s3,1,b"),
        (7, doubled, "s5,1,c,SP"),
        (8, doubled, 's5,1,"d, ""e""",SP'),
        (9, "empty key (seller_id)", ",1,d,SP"),
        (10, "not UTF-8 (byte 0xE3)", "s6,1,S\\xe3o,SP"),
        (11, "a NUL byte", "s7,1,a\\x00b,SP"),
        (13, "the header again", HEADER),
    ]
    counted = "select rows_read, rows_new, rows_rejected from raw.{} order by batch_id desc limit 1"
    assert query(counted.format("_batches")) == query(counted.format("_files")) == [(11, 3, 8)]
    capsys.readouterr()
    batch = 2 if earlier else 1
    rejects.show(batch, "sellers")
    shown = capsys.readouterr().out
    assert f"batch {batch}: {SELLERS.file}, line 4: 3 fields instead of 4\n    s3,1,b\n" in shown
    assert "8 rejected rows\n" in shown
    rejects.show(table="orders")
    assert capsys.readouterr().out == "0 rejected rows\n"


@pytest.mark.parametrize("allowed", ["0", "7", "72.7%"])
def test_more_than_allowed_stops_the_batch(
    allowed: str, tmp_path: Path, query: Query, capsys: Captured
) -> None:
    folder = write(tmp_path / "a", GOOD, *BAD)
    write_csv(folder, "products", "p1,artes,1,1,1,1,1,1,1")
    assert main(["land", str(folder), "--max-rejects", allowed]) == 1
    said = capsys.readouterr().err
    assert "line 3: a quote opens and is not closed" in said
    if allowed != "0":
        assert f"--max-rejects {allowed} allows: " in said
        assert "line 4: 3 fields instead of 4" in said
    assert query("select to_regclass('raw.products')") == [(None,)]
    assert query("select count(*) from raw._rejected_rows") == [(0,)]


@pytest.mark.parametrize("allowed", ["many", "-1", "101%", "1e3", ""])
def test_what_is_allowed_is_a_number_or_a_percentage(allowed: str, tmp_path: Path) -> None:
    with pytest.raises(LoaderError, match="is a number of rows or a percentage"):
        output_of(write(tmp_path, GOOD), max_rejects=allowed)


def test_rejected_rows_are_not_removed_rows(tmp_path: Path, query: Query) -> None:
    output_of(write(tmp_path / "a", GOOD, "s2,1,x,SP"))
    bad = write(tmp_path / "b", GOOD, "s2,1")
    said = output_of(bad, "snapshot", max_rejects="1")
    assert "rows were rejected, so none is removed" in said
    assert query("select count(*) from raw.sellers where _until_batch_id is null") == [(2,)]
    # The ledger has it as the delta that it was, and the same file as a snapshot is read again.
    assert query("select mode from raw._files where batch_id = 2") == [("delta",)]
    assert "1 rejected" in output_of(bad, "snapshot", max_rejects="1")


def test_rejected_rows_of_a_table_without_key(tmp_path: Path, query: Query) -> None:
    point = "01037,-23.5,-46.6,sao paulo,SP"
    file = write_csv(tmp_path / "a", "geolocation", point, point, '"01037,-23.5,-46.6,santos,SP')
    output_of(file, max_rejects="34%")
    assert query("select geolocation_city, count(*) from raw.geolocation group by 1") == [
        ("sao paulo", 2)
    ]
    assert "same as last time" in output_of(file)


# Random files with damaged rows. What damages a row makes it bad for any reader of CSV, and good
# rows are written by Python's own.
_text = st.text(st.sampled_from("ab ,\n\"ã;'"), max_size=6).filter(
    # after an open quote, a field that begins so could be taken for its end
    lambda text: not text.startswith((",", "\n", '"'))
)
_kinds = st.sampled_from(["good", "good", "few", "many", "nul", "latin", "open", "stray", "empty"])
_rows = st.lists(st.tuples(st.tuples(_text, _text, _text), _kinds), max_size=12)


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
    rows: list[tuple[tuple[str, str, str], str]], query: Query, tmp_path: Path
) -> None:
    data = b"".join(_damaged(number, *row) for number, row in enumerate(rows))
    # the last is bad, so that COPY, which reads quotes as it can, always refuses
    path = write(tmp_path, data + b"the last,is bad")
    if query("select to_regclass('raw._batches') is not null") == [(True,)]:
        query("truncate raw.sellers, raw._batches cascade")
    output_of(path, max_rejects="100%")
    good = [(number, fields) for number, (fields, damage) in enumerate(rows) if damage == "good"]
    assert query(f"select {HEADER} from raw.sellers order by length(seller_id), seller_id") == [
        (f"k{number}", *(field or None for field in fields)) for number, fields in good
    ]
    rejected = len(rows) - len(good) + 1
    assert query(
        "select (select count(*) from raw._rejected_rows), rows_read, rows_rejected"
        " from raw._batches"
    ) == [(rejected, len(rows) + 1, rejected)]


def _records(data: bytes, block: int, *, carriage_returns: bool = False) -> list[rejects.Record]:
    text = b"x,y,z\n" + data
    blocks = (text[at : at + block] for at in range(0, len(text), block))
    return list(rejects.records(blocks, Header(("x", "y", "z"), "x,y,z", carriage_returns)))


_meaning = st.sampled_from([b'"', b'"', b"\n", b"\n", b"\r", b",", b"a", b"\xe3", b"\0"])


@given(st.lists(_meaning, max_size=40).map(b"".join), st.booleans(), st.sampled_from([1, 3, 99]))
def test_every_byte_is_in_one_record(data: bytes, carriage_returns: bool, block: int) -> None:
    """Bodies and line ends are the whole file, in order: no line is lost, none read twice."""
    found = _records(data, block, carriage_returns=carriage_returns)
    at = 0
    for record in found:
        position = data.index(record.body, at)
        assert not data[at:position].strip(b"\r\n,")
        at = position + len(record.body)
    assert not data[at:].strip(b"\r\n,")
    assert [record.line for record in found] == sorted({record.line for record in found})


def test_a_line_that_is_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "LIMIT", 64)
    data = b"1,%b,2\n" % (b"a" * 500) + b'1,"%b\n",2\n' % (b"b" * 500) + b"1,2,3\n"
    found = {record.line: str(record.reason) for record in _records(data, 99)}
    assert found[2].startswith("a line of more than")
    assert found[3] == "a quote opens and is not closed"
    assert found[5] == "None"
