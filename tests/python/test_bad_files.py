"""Bad input: one sentence, exit status 1, and a database that is as it was."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bad_files import CASES, HEADER, LANDINGS, ROWS, SELLERS
from conftest import temporary_database
from loaders.cli import main
from loaders.connection import connect
from loaders.sources import files
from loaders.tables import TABLES


@pytest.fixture(scope="module", params=["first", "later"])
def place(
    postgres: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[list[str]]:
    """A database in which nothing was landed yet, or some rows were; shared, as none may change.

    And how to land there: a snapshot is no way around what is wrong.
    """
    with temporary_database(postgres) as variables, pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setenv("OLIST_HOME", str(tmp_path_factory.mktemp("home")))
        for name, value in variables.items():
            patch.setenv(name, value)
        later = ["--mode", "snapshot", "--allow-removals"]
        if request.param == "later":
            earlier = tmp_path_factory.mktemp("earlier")
            (earlier / SELLERS.file).write_text(f"{HEADER},note\ns9,01037,x,SP,kept\n")
            assert main(["land", str(earlier)]) == 0
        yield later if request.param == "later" else []


def raw() -> list[object]:
    """All that the raw tables hold, and what columns they have; nothing where there are none."""
    with connect() as link, link.cursor() as cursor:
        cursor.execute(
            "select table_name, string_agg(column_name, ',' order by ordinal_position)"
            " from information_schema.columns where table_schema = 'raw'"
            " and table_name not like '\\_%' group by 1 order by 1"
        )
        found: list[object] = list(cursor.fetchall())
        for table in TABLES if found else ():
            cursor.execute(
                f"select md5(coalesce(string_agg(t::text, '|' order by t::text), ''))"
                f" from raw.{table.name} as t"
            )
            found.append(cursor.fetchone())
    return found


def failures() -> list[tuple[str | None]]:
    with connect() as link, link.cursor() as cursor:
        cursor.execute("select error from raw._batches where status = 'failed' order by batch_id")
        return cursor.fetchall()


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_told_and_changes_nothing(
    name: str,
    place: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "_HARMLESS", 1 << 20)  # so that a small bomb will do
    make, sentence = CASES[name]
    location = str(make(tmp_path))
    main(["land", str(tmp_path / "nowhere")])  # makes the ledger, where there was none
    capsys.readouterr()
    before = raw()
    assert main(["land", location, *place]) == 1
    said = capsys.readouterr().err
    assert re.fullmatch(r"olist: [^\n]+\.\n", said), said
    assert re.search(sentence, said), said
    assert raw() == before
    assert f"olist: {failures()[-1][0]}\n" == said


_any_bytes = st.one_of(
    st.binary(max_size=200),
    # what looks like a file of the table, with bytes that mean something
    st.lists(
        st.sampled_from(
            [
                *(b"s1", b"s2", b",", b",", b",", b'"', b"\n", b"\n", b"\r", b"\r\n", b"\0"),
                *("ã".encode(), b"\xe3", b"\\.", b" ", b"x", b"\xef\xbb\xbf", b"\x1a", b";"),
            ]
        ),
        max_size=60,
    ).map(lambda parts: HEADER.encode() + b"\n" + b"".join(parts)),
)


@LANDINGS
@example(b"\\.\n", "utf-8")
@example(HEADER.encode() + b"\n" + b"\\.\n" + ROWS.encode(), "utf-8")
@given(_any_bytes, st.sampled_from(["utf-8", "utf-8", "latin-1", "windows-1252", "utf-16"]))
def test_any_bytes_land_or_are_told(
    place: list[str],
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    data: bytes,
    encoding: str,
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / SELLERS.file).write_bytes(data)
    before = raw()
    status = main(["land", str(folder), "--encoding", encoding])
    said = capsys.readouterr().err
    if status == 0:
        assert said == ""
        with connect() as link, link.cursor() as cursor:  # the next one finds what this one found
            cursor.execute("delete from raw.sellers where seller_id <> 's9'")
    else:
        assert status == 1
        assert re.fullmatch(r"olist: [^\n]+\.\n", said), said
        assert raw() == before or not before


def test_any_bytes_of_an_archive_are_told(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    CASES["half a zip"][0](tmp_path)
    packed = (tmp_path / "export.zip").read_bytes()
    for at in range(0, len(packed), 3):
        (tmp_path / "export.zip").write_bytes(packed[:at] + b"\xff" + packed[at + 1 :])
        assert main(["land", str(tmp_path / "export.zip")]) == 1  # it has no header: never lands
        assert re.fullmatch(r"olist: [^\n]+\.\n", capsys.readouterr().err), at
