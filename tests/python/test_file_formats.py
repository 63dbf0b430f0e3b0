"""Formats of good files: other columns, line ends, encodings, names and places."""

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bad_files import HEADER, ROWS, SELLERS
from conftest import Query, write_csv
from loaders.cli import main
from loaders.errors import LoaderError
from loaders.land import Rules, land
from loaders.tables import BY_NAME

LANDED = [("s1", "01037", "sao paulo", "SP"), ("s2", "20031", "rio de janeiro", "RJ")]
VALUES = f"select {HEADER} from raw.sellers where _until_batch_id is null order by 1"
TEXT = f"{HEADER}\n{ROWS}"
EARLIER = pytest.mark.parametrize("earlier", [False, True], ids=["first", "later"])


def output_of(path: Path, mode: str = "delta", **rules: Any) -> str:
    said: list[str] = []
    land(path, mode, say=said.append, rules=Rules(**{"allow_removals": True, **rules}))
    return "\n".join(said)


FORMATS = {
    "LF": TEXT.encode(),
    "BOM": TEXT.encode("utf-8-sig"),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "CR": TEXT.replace("\n", "\r").encode(),
    "mixed": TEXT.replace("\n", "\r\n", 1).encode(),
    "blank": TEXT.replace("\n", "\n\r\n").encode() + b"\n\n",
    "no end": TEXT.rstrip("\n").encode(),
    "quotes": TEXT.replace("sao paulo", '"sao paulo"').encode(),
    "all quoted": b'\xef\xbb\xbf"' + TEXT.replace(",", '","').replace("\n", '"\n"')[:-1].encode(),
    "separator": f"sep=,\r\n{TEXT}".encode(),
    "BOM and separator": f"SEP=,\n{TEXT}".encode("utf-8-sig"),
    "separator, by the strict reader": f"sep=,\n{TEXT},,,\n\n".encode(),
}


@EARLIER
@pytest.mark.parametrize("form", FORMATS)
def test_line_ends_and_quotes(form: str, earlier: bool, tmp_path: Path, query: Query) -> None:
    if earlier:
        land(write_csv(tmp_path / "0", "sellers", "s1,1,x,SP"), say=lambda _: None)
    path = tmp_path / SELLERS.file
    path.write_bytes(FORMATS[form])
    land(path, say=lambda _: None)
    assert query(VALUES) == LANDED


def test_a_line_that_names_the_separator_counts(tmp_path: Path, query: Query) -> None:
    path = tmp_path / SELLERS.file
    path.write_text(f"sep=,\n{TEXT}s3,1\n")
    with pytest.raises(LoaderError, match="line 5: 2 fields"):
        output_of(path)
    path.write_text(f"sep=;\n{TEXT.replace(',', ';')}")
    with pytest.raises(LoaderError, match="separated by semicolons"):
        output_of(path)


@pytest.mark.parametrize("name", ["latin-1", "windows-1252", "utf-16", "ISO-8859-15", "utf-16-le"])
def test_other_encodings(name: str, tmp_path: Path, query: Query) -> None:
    """Of the files that are not UTF-8: another file of the same load keeps its letters."""
    (tmp_path / SELLERS.file).write_bytes(TEXT.replace("sao", "são").encode(name))
    other = write_csv(tmp_path, "product_category_name_translation", "bebês,babies").name
    said = output_of(tmp_path, encoding=name)
    assert f"{other}: UTF-8, and read as such" in said
    assert f"{SELLERS.file}: read as " in said
    assert query(
        "select seller_city, product_category_name from raw.sellers,"
        " raw.product_category_name_translation where seller_id = 's1'"
    ) == [("são paulo", "bebês")]
    assert output_of(tmp_path, encoding=name).count("same as last time") == 2


def test_the_same_bytes_in_another_encoding_land_again(tmp_path: Path, query: Query) -> None:
    path = tmp_path / SELLERS.file
    path.write_bytes(TEXT.replace("sao", "s\x80o").encode("latin-1"))
    output_of(path, encoding="latin-1")
    output_of(path, encoding="windows-1252")
    assert query(VALUES)[0][2] == "s€o paulo"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("klingon", "'klingon' is no known encoding"),
        ("undefined", "is no known encoding"),
        ("windows-1252", "line 4: not CP1252 (byte 0x81); name the encoding"),
        ("utf-8", "files that are UTF-8 are still read as UTF-8"),
    ],
)
def test_an_encoding_that_is_wrong(
    name: str, message: str, tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / SELLERS.file
    path.write_bytes(f"{TEXT}s3,1,\x81,SP\n".encode("latin-1"))
    assert main(["land", str(path), "--encoding", name]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "form", ["file", "capitals", "gzip", "zip", "link", "link that is named", "link to a folder"]
)
def test_names_and_places(form: str, tmp_path: Path, query: Query) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path, landed = folder / SELLERS.file, folder
    match form:
        case "file":
            path.write_text(TEXT)
            landed = path
        case "capitals":
            (folder / SELLERS.file.upper()).write_text(TEXT)
        case "gzip":
            (folder / f"{SELLERS.file}.gz").write_bytes(gzip.compress(TEXT.encode()))
        case "zip":
            landed = tmp_path / "a.ZIP"
            with zipfile.ZipFile(landed, "w", zipfile.ZIP_BZIP2) as packed:
                packed.writestr(f"a b/{SELLERS.file.title()}", TEXT)
        case "link" | "link that is named":
            (tmp_path / "elsewhere").write_text(TEXT)
            path.symlink_to(tmp_path / "elsewhere")
            landed = folder if form == "link" else path
        case _:
            path.write_text(TEXT)
            landed = tmp_path / "link"
            landed.symlink_to(folder)
    land(landed, say=lambda _: None)
    assert query(VALUES) == LANDED
    assert query("select bytes from raw._files") == [(len(TEXT),)]


def test_other_files_are_left_out_and_told(tmp_path: Path, query: Query) -> None:
    write_csv(tmp_path, "sellers", *ROWS.splitlines())
    for name in ("notes.csv", "readme.md", "b\n.csv"):
        (tmp_path / name).write_text("x")
    said = output_of(tmp_path)
    assert "notes.csv: left out, no raw table takes it" in said
    assert "b\\n.csv: left out" in said
    assert "readme" not in said


def test_columns_in_another_order_are_told(tmp_path: Path, query: Query) -> None:
    (tmp_path / SELLERS.file).write_text(
        "seller_state,seller_city,seller_zip_code_prefix,seller_id\nSP,sao paulo,01037,s1\n"
    )
    assert "its columns come in another order, and are landed by their names" in output_of(tmp_path)
    assert query(VALUES) == LANDED[:1]


def test_columns_that_no_table_has_are_kept(tmp_path: Path, query: Query) -> None:
    def land_rows(name: str, header: str, *rows: str, mode: str = "delta") -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / SELLERS.file).write_text("\n".join((header, *rows, "")))
        return output_of(tmp_path / name, mode)

    notes = (
        'select seller_id, "Note %s {}" from raw.sellers where _until_batch_id is null order by 1'
    )
    land_rows("0", HEADER, "s0,1,a,SP")
    noted = f"{HEADER},Note %s {{}}"
    said = land_rows("1", noted, "s1,1,a,SP,x", "s2,1,a,SP,y", "s2,1,a,SP,y")
    assert "kept as extra text columns: Note %s {}" in said
    assert query(notes) == [("s0", None), ("s1", "x"), ("s2", "y")]
    # without the column its values stay, and a row that is equal but for it is not written
    said = land_rows("2", HEADER, "s1,1,a,SP", "s2,1,b,SP")
    assert "0 new, 1 changed" in said
    assert query(notes) == [("s0", None), ("s1", "x"), ("s2", "y")]
    # a change of the column alone is a change, also in a snapshot
    said = land_rows("3", f"Note %s {{}},{HEADER}", "z,s1,1,a,SP", ",s2,1,b,SP", mode="snapshot")
    assert "0 new, 2 changed, 1 removed" in said
    assert query(notes) == [("s1", "z"), ("s2", None)]
    with pytest.raises(LoaderError, match="lines 2, 3: the key"):
        land_rows("4", noted, "s1,1,a,SP,x", "s1,1,a,SP,y")


def test_columns_of_a_table_without_a_key(tmp_path: Path, query: Query) -> None:
    path = write_csv(tmp_path, "geolocation", "1,-23.5,-46.6,a,SP")
    plain = path.read_text()
    current = "select source, _batch_id from raw.geolocation where _until_batch_id is null"
    output_of(tmp_path)
    path.write_text(plain.replace("\n", ",source\n"))
    output_of(tmp_path)
    assert query(current) == [("source", 2)]
    # a file without the column says nothing of it
    path.write_text(plain)
    assert "nothing new" in output_of(tmp_path)
    assert query(current) == [("source", 2)]


@EARLIER
def test_null_markers(earlier: bool, tmp_path: Path, query: Query) -> None:
    if earlier:
        output_of(write_csv(tmp_path / "0", "sellers", "s1,1,x,SP", "s9,1,x,SP"))
    rows = ("s1,\\N,NULL,SP", "s2,nan,None,NULL", "s3,Nonesuch,banana,SP")
    write_csv(tmp_path, "sellers", *rows)
    said = output_of(tmp_path)
    assert r"sellers: seller_zip_code_prefix has 2 values like '\N', kept as text" in said
    assert "seller_city has 2 values like 'NULL', kept as text; if they stand for empty" in said
    assert "seller_state has 1 value like 'NULL'" in said
    # Named, it is null: the same file is read again.
    said = output_of(tmp_path, null_marker="NULL")
    assert "seller_city has 1 value like 'None'" in said
    assert query(VALUES)[:3] == [
        ("s1", "\\N", None, "SP"),
        ("s2", "nan", "None", None),
        ("s3", "Nonesuch", "banana", "SP"),
    ]
    assert "same as last time" in output_of(tmp_path, null_marker="NULL")


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_null_marker_is_no_key(quote: str, tmp_path: Path, query: Query) -> None:
    path = write_csv(tmp_path, "sellers", "s1,1,x,SP", f"{quote}\\N{quote},1,x,SP")
    with pytest.raises(LoaderError, match=r"line 3: empty key \(seller_id\)"):
        output_of(path, null_marker=r"\N")


@pytest.mark.parametrize("key", [" s2", "s2 ", "s2\u00a0", "\ts2", "1.23E+31"])
def test_keys_that_are_perhaps_damaged(key: str, tmp_path: Path, query: Query) -> None:
    said = output_of(write_csv(tmp_path, "sellers", "s1,1,x,SP", f"{key},1,x,SP"))
    assert "seller_id has 1 value like '" in said
    assert query("select seller_id from raw.sellers where seller_id <> 's1'") == [(key,)]
    # It is said of what a load writes, and not again.
    path = write_csv(tmp_path / "b", "sellers", "s1,1,x,SP", f"{key},1,x,SP", "s3,1,x,SP")
    assert "values like" not in output_of(path)


@pytest.mark.parametrize("table", ["geolocation", "order_items", "orders"])
@EARLIER
def test_what_spreadsheets_and_cat_leave(
    table: str, earlier: bool, tmp_path: Path, query: Query
) -> None:
    """The header again, quoted or not, and rows of nothing but commas."""
    columns = BY_NAME[table].columns
    row = ",".join("v" * len(columns))
    if earlier:
        output_of(write_csv(tmp_path / "0", table, row.replace("v", "w")))
    for header in (",".join(columns), ",".join(f'"{name}"' for name in columns)):
        path = write_csv(tmp_path, table, row, header, row.replace("v", "u"))
        with pytest.raises(LoaderError, match="line 3: the header again; drop the line"):
            output_of(path)
    assert "2 new, 0 changed, 0 removed, 1 rejected" in output_of(path, max_rejects="1")
    blank = "," * (len(columns) - 1)
    path = write_csv(tmp_path, table, row.replace("v", "x"), blank, row.replace("v", "u"), blank)
    assert "2 rows read: 1 new" in output_of(path)
