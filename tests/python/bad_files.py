"""Bad input, by name: what makes it below a folder, and the sentence that it is told by.

A maker gets an empty folder and returns what to land. Sentences are regular expressions.
"""

import gzip
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings

from loaders.tables import BY_NAME

Make = Callable[[Path], Path]

SELLERS = BY_NAME["sellers"]
HEADER = ",".join(SELLERS.columns)
ROWS = "s1,01037,sao paulo,SP\ns2,20031,rio de janeiro,RJ\n"
TEXT = f"{HEADER}\n{ROWS}".encode()


# How many files Hypothesis draws: few, and the same; nightly more.
_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
LANDINGS = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    max_examples=500 if _NIGHTLY else 25,
    derandomize=not _NIGHTLY,
)


def content(data: bytes | str, name: str = SELLERS.file) -> Make:
    """A folder with one file of this content."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
        return folder

    return make


def rows(*lines: str | bytes) -> Make:
    """A folder with the header and a good row, then these from line 3."""
    coded = [line if isinstance(line, bytes) else line.encode() for line in lines]
    return content(b"\n".join([HEADER.encode(), b"s1,01037,sao paulo,SP", *coded, b""]))


def archive(*members: tuple[str | zipfile.ZipInfo, bytes], cut: int = 0) -> Make:
    """A zip of these names and contents, without its last ``cut`` bytes."""

    def make(folder: Path) -> Path:
        path = folder / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in members:
                packed.writestr(name, data)
        path.write_bytes(path.read_bytes()[: -cut or None])
        return path

    return make


def _damaged(folder: Path) -> Path:
    path = archive((SELLERS.file, os.urandom(500)))(folder)
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    return path


def _protected(folder: Path) -> Path:
    path = archive((SELLERS.file, b"x"))(folder)
    data = path.read_bytes()
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + offset
        data = data[:at] + bytes([data[at] | 1]) + data[at + 1 :]
    path.write_bytes(data)
    return path


def _with(make: Callable[[Path], object], *, whole: bool = True) -> Make:
    """A folder in which something lies in the place of the file; else that itself."""

    def made(folder: Path) -> Path:
        make(folder / SELLERS.file)
        return folder if whole else folder / SELLERS.file

    return made


def _link(mode: int = stat.S_IFLNK | 0o777) -> zipfile.ZipInfo:
    link = zipfile.ZipInfo(SELLERS.file)
    link.external_attr = mode << 16
    return link


_LACKS = "line 1: the header lacks column"

CASES: dict[str, tuple[Make, str]] = {
    # columns
    "missing column": (content("seller_id,seller_city,seller_state\n"), f"{_LACKS} seller_zip_"),
    "renamed column": (
        content(HEADER.replace("_state", "_stat") + "\n" + ROWS),
        rf"{_LACKS} seller_state \(did you mean it by 'seller_stat'\? rename it\); expected",
    ),
    "column of another name": (
        content(HEADER.replace("seller_state", "uf") + "\n" + ROWS),
        rf"{_LACKS} seller_state \(is it what 'uf' is\? rename it, or add the column\); expected",
    ),
    "column in capitals": (
        content(HEADER.replace("seller_city", " Seller City") + "\n" + ROWS),
        r"did you mean it by ' Seller City'\?",
    ),
    "repeated column": (content(f"{HEADER},seller_id\n"), "the header repeats column seller_id"),
    "column without a name": (content(f"{HEADER},\n"), "column 5 has no name; name it, or drop"),
    "column over 63 bytes": (content(f"{HEADER},{'ç' * 32}\n"), "column 5 is over 63 bytes"),
    "column of the batch": (content(f"{HEADER},_batch_id\n"), "_batch_id has a name that the ware"),
    "column of PostgreSQL": (content(f"{HEADER},ctid\n"), "column ctid has a name"),
    "column spelled alike": (content(f"{HEADER},Seller_ID\n"), "seller_id and Seller_ID are spell"),
    "column with a line end": (content(f'{HEADER},"a\nb"\n'), "column 5 has a control character"),
    "too many columns": (content(f"{HEADER},{','.join(map(str, range(1500)))}\n"), "1,504 columns"),
    "no header": (content(ROWS), rf"{_LACKS} seller_id, .*seller_state: export the file with them"),
    "semicolons": (content(HEADER.replace(",", ";") + "\n"), "separated by semicolons; export it"),
    "quoted, with semicolons": (
        content('"' + HEADER.replace(",", '";"') + '"\n'),
        "separated by semicolons; export it",
    ),
    "tabs": (content(HEADER.replace(",", "\t") + "\n"), "separated by tabs"),
    "vertical bars": (content(HEADER.replace(",", "|") + "\n"), "separated by vertical bars"),
    "header with an open quote": (content('"seller_id,a\n'), "line 1: a quote opens and is not cl"),
    # what is no CSV
    "empty file": (content(b""), "the file is empty; expected the header seller_id"),
    "only a mark": (content(b"\xef\xbb\xbf"), "the file is empty"),
    "blank lines": (content(b"\n\n\n"), "the file is empty"),
    "blank line first": (content(f"\n{HEADER}\n{ROWS}"), "line 1: no header; expected seller_id"),
    "a workbook": (content(b"PK\x03\x04 and so on"), "a zip archive or an Excel workbook"),
    "gzip without its name": (content(gzip.compress(b"a")), "compressed by gzip; name it .csv.gz"),
    "UTF-16": (content(f"{HEADER}\n{ROWS}".encode("utf-16")), "line 1: UTF-16.*--encoding utf-16"),
    "NUL in the header": (content(b"\0" * 100), "line 1: a NUL byte; this is no text file"),
    "Latin-1 in the header": (content(b"seller_id,\xe3\n"), "line 1: not UTF-8; .* latin-1"),
    # rows
    "Latin-1": (
        rows("s2,2,São,SP".encode("latin-1")),
        "line 3: not UTF-8 .byte 0xE3.*latin-1",
    ),
    "NUL": (rows("s2,2,a\0b,SP"), "line 3: a NUL byte"),
    "too few fields": (rows("s2,2,a"), "line 3: 3 fields instead of 4; fix the file and land it"),
    "one field": (rows("total"), "line 3: 1 field instead of 4"),
    "too many fields": (rows("s2,2,a,SP,x"), "line 3: 5 fields instead of 4"),
    "open quote": (rows('s2,2,"a,SP', "s3,2,a,SP"), "line 3: a quote opens and is not closed"),
    "open quote before others": (
        rows('s2,2,"a,SP', 's3,2,"a, b",SP'),
        "line 3: a quote opens and is not closed",
    ),
    "open quote after lines": (
        rows('s2,"a\nb\nc","d,SP', 's3,2,"a, b",SP'),
        r"line 3: a quote opens and is not closed \(line 5\)",
    ),
    "stray quote": (rows('s2,2,12" pipe,SP', "s3,2,a,SP"), "line 3: a quote within a field"),
    "text after a quote": (rows('s2,2,"a"b,SP', 's3,2,"c,SP'), "line 3: text after a closing q"),
    "carriage return": (rows("s2,2,a\rb,SP"), "line 3: a carriage return outside of quotes"),
    "empty key": (rows(",2,a,SP"), r"line 3: empty key \(seller_id\); fill it in, or drop the row"),
    "doubled key": (
        rows('"s7","1","two\nlines",SP', "s1,2,a,SP"),
        r"lines 2, 5: the key \(seller_id\) = \(s1\) comes more than once with different values;",
    ),
    "endless key": (
        rows(f"{os.urandom(3000).hex()},2,a,SP"),
        "line 3: a key .* of more than",
    ),
    # archives
    "no zip": (content(b"Rar!", "a.zip"), "does not have olist_customers_dataset.csv or another"),
    "half a zip": (archive((SELLERS.file, ROWS.encode()), cut=30), "cannot be read as a zip"),
    "damaged zip": (_damaged, "is damaged .*; fetch or pack it again"),
    "protected zip": (_protected, "protected by a password; unpack it"),
    "zip in a zip": (archive(("inner.zip", b"PK")), "inner.zip is another zip: unpack it"),
    "zip with a link": (
        archive((_link(), b"/etc/passwd")),
        "is a link, or packed twice; put the f",
    ),
    "zip that climbs": (archive((f"../{SELLERS.file}", b"")), r"\.\./olist.* leads out of the zip"),
    "zip with a root": (archive((f"/etc/{SELLERS.file}", b"")), "leads out of the zip"),
    "zip of Windows that climbs": (archive((f"..\\{SELLERS.file}", b"")), "leads out of the zip"),
    "zip with two of one": (
        archive((f"a/{SELLERS.file}", b""), (f"b/{SELLERS.file.upper()}", b"")),
        "two files for table sellers, olist_.* and b/OLIST_.*; keep one of them",
    ),
    "zip bomb": (
        archive((SELLERS.file, TEXT + ROWS.encode() * 40_000)),
        "unpacks to more than 100 times its size.*unpack it yourself",
    ),
    "gzip bomb": (
        content(gzip.compress(TEXT + bytes(2 << 20)), f"{SELLERS.file}.gz"),
        "unpacks to more than 100 times its size",
    ),
    "half a gzip": (
        content(gzip.compress(TEXT)[:-12], f"{SELLERS.file}.gz"),
        "is damaged .*; fetch or pack it again",
    ),
    # places
    "nowhere": (lambda folder: folder / "nowhere", "nowhere: no such file or folder"),
    "empty folder": (lambda folder: folder, "does not have olist_customers_dataset.csv or another"),
    "another name": (
        content(TEXT, "sellers.csv"),
        "is sellers.csv it. Rename it to olist_sellers_dataset.csv",
    ),
    "a misspelled name": (
        content(TEXT, "olist_seller_dataset.csv"),
        "olist_seller_dataset.csv is for no known table; rename it to olist_sellers_dataset.csv",
    ),
    "two files of one table": (
        lambda folder: content(TEXT, SELLERS.file.upper())(content(TEXT)(folder)),
        "two files for table sellers.*; keep one of them",
    ),
    "a folder named .csv": (_with(Path.mkdir), "is a folder, not a CSV file"),
    "a pipe": (_with(os.mkfifo), "is a pipe or a device, not a CSV file"),
    "a pipe by itself": (
        _with(os.mkfifo, whole=False),
        "is a pipe or a device; write it to a file",
    ),
    "a dangling link": (
        _with(lambda path: path.symlink_to("gone.csv")),
        "is a link to what is gone",
    ),
    "a dangling link by itself": (
        _with(lambda path: path.symlink_to("gone.csv"), whole=False),
        "no such file or folder; it is a link to what is gone",
    ),
    "a link to itself": (
        _with(lambda path: path.symlink_to(path), whole=False),
        r"cannot be read \(Too many levels of symbolic links\)",
    ),
}
