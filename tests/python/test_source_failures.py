"""A source database that fails: one sentence, nothing landed, no file left, no password shown."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import pytest

import shop
from conftest import Query
from crash import peak
from loaders.cli import main
from loaders.errors import LoaderError, sentence_of
from loaders.land import land as land_location
from loaders.paths import project_root
from loaders.sources import database, deliver
from loaders.sources.database import parse
from loaders.tables import BY_NAME
from source_servers import (
    PASSWORD,
    MariaDB,
    PostgreSQL,
    Source,
    mariadb,
    mariadb_port,
    postgresql,
    source,
)
from test_source_databases import SELLERS, STAMP, land, sell

__all__ = ["mariadb", "mariadb_port", "postgresql", "source"]  # fixtures


def reviews(source: Source, rows: int) -> None:
    """Fill order_reviews with this many rows of some 300 bytes, in the server."""
    shop.create(source, BY_NAME["order_reviews"])
    numbers = {
        "mysql": f"(select seq as n from seq_1_to_{rows}) as numbers",
        "postgresql": f"generate_series(1, {rows}) as numbers (n)",
    }[source.make]
    source.run(
        "insert into order_reviews select concat('review', n), concat('order', n), 5, null,"
        f" repeat('bom ', 60), '2017-10-02 10:56:33', '2017-10-03 10:56:33' from {numbers}"
    )


def failure(source: Source, url: str, capsys: pytest.CaptureFixture[str], query: Query) -> str:
    """Land what cannot be; return the one sentence, after a look at what it left behind."""
    assert main(["land", url]) == 1
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1, said.err
    line = said.err.strip()
    assert PASSWORD not in said.out + said.err
    assert query("select status, error from raw._batches order by batch_id desc limit 1") == [
        ("failed", line.removeprefix("olist: "))
    ]
    assert query("select source from raw._batches where source like '%reader%'") == []
    return line


def test_a_source_that_cannot_be_used(
    source: Source, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.create(source, SELLERS)
    where = source.url().split("@", maxsplit=1)[1].removesuffix("?")
    port = source.url().rsplit(":", maxsplit=1)[1].split("/")[0]
    for url, messages in (
        (source.url(password="wr0ng:word"), ("denied", "password authentication failed")),
        (source.url().replace(where, where + "_not"), ("Unknown database", "does not exist")),
        (source.url().replace(f":{port}/", ":1/"), ("refused",)),
    ):
        line = failure(source, url, capsys, query)
        assert line.startswith(f"olist: {source.make}://")
        assert "cannot be used: " in line
        assert any(message in line for message in messages)
        assert "wr0ng" not in line


def test_what_may_not_be_read_is_told(
    source: Source, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table without rights, and a view whose definer is gone."""
    if isinstance(source, PostgreSQL):
        shop.create(source, SELLERS)
        source.run(f"revoke pg_read_all_data from {source.reader}")
        expected = "sellers cannot be read: permission denied"
    else:
        source.run(
            "create table vendors as select 's1' as seller_id, 1 as seller_zip_code_prefix,"
            " 'x' as seller_city, 'SP' as seller_state",
            "create definer = gone@localhost view sellers as select * from vendors",
        )
        expected = "sellers cannot be read: Access denied for user 'reader'"
    told = failure(source, source.url(), capsys, query)
    assert expected in told
    assert query("select to_regclass('raw.sellers')") == [(None,)]


def _end(source: Source, how: str) -> None:
    """Kill the connection of the reader, as a failing network does, or cancel its query."""
    if isinstance(source, PostgreSQL):
        source.run(
            f"select pg_{how}_backend(pid) from pg_stat_activity where usename = '{source.reader}'"
        )
        return
    found = source.run(
        "select id from information_schema.processlist where user = 'reader'"
        f" and db = '{source.database}'"
    )
    kill = {"terminate": "kill", "cancel": "kill query"}[how]
    source.run(*(f"{kill} {number}" for (number,) in found))


@pytest.mark.parametrize("how", ["terminate", "cancel"])
def test_a_read_that_is_cut_short_lands_nothing(
    source: Source,
    query: Query,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """Also not what was read before, and the watermark stays."""
    shop.create(source, SELLERS, STAMP[source.make])
    sell(source, "s1", "a", "'2020-01-01'")
    land(source.url())
    sell(source, "s2", "b", "'2020-01-02'")
    reviews(source, 100_000)  # more than the buffers between the servers hold
    written = 0

    @contextmanager
    def cut(file: IO[bytes], *_: str, **__: object) -> Iterator[SimpleNamespace]:
        def write(block: bytes) -> int:
            nonlocal written
            written += 1
            if written == 1_000:
                _end(source, how)
            return file.write(block)

        yield SimpleNamespace(write=write)

    before = query("select * from raw._watermarks")
    with monkeypatch.context() as patch:
        patch.setattr(database, "tqdm", SimpleNamespace(wrapattr=cut))
        told = failure(source, source.url(), capsys, query)
    assert written >= 1_000
    assert "order_reviews cannot be read: " in told
    assert query("select count(*) from raw.sellers") == [(1,)]
    assert query("select count(*) from raw.order_reviews") == [(0,)]
    assert query("select * from raw._watermarks") == before
    assert land(source.url()).new == 100_001


def test_a_batch_that_fails_does_not_move_the_watermark(source: Source, query: Query) -> None:
    shop.create(source, SELLERS, STAMP[source.make])
    sell(source, "s1", "a", "'2020-01-01'")
    land(source.url("overlap=0"))
    sell(source, "s2", "b", "'2020-01-02'")
    columns = ", ".join(f"{name} varchar(9)" for name in BY_NAME["products"].columns)
    source.run(f"create table products ({columns})")
    values = ", ".join(["'1'"] * 8)
    source.run(f"insert into products values ('p', {values}), ('p', {values.replace('1', '2')})")
    with pytest.raises(LoaderError, match=r"products, lines 2, 3: the key"):
        land(source.url("overlap=0"))
    assert query("select batch_id, watermark like '2020-01-01%' from raw._watermarks") == [
        (1, True)
    ]
    source.run("delete from products")
    source.run(f"insert into products values ('p', {values})")
    assert land(source.url("overlap=0")).new == 2


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_small_whatever_the_table_s_size(
    source: Source, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 350_000  # 100 MB
    reviews(source, rows)
    monkeypatch.setenv("SHOP", source.url())
    assert peak("land", "env://SHOP") < 200 * 1024
    assert query("select rows_new, bytes > 100000000 from raw._files") == [(rows, True)]


def test_nothing_is_left_on_disk(
    source: Source, query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name of a temporary file: there is none to leave, whatever ends the process."""
    shop.create(source, SELLERS)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "home").mkdir(exist_ok=True)
    before = set(tmp_path.iterdir())
    with deliver(source.url()) as delivery:
        assert set(tmp_path.iterdir()) == before
        (file,) = delivery.files
        with file.open() as one, file.open() as other:  # each from its beginning
            assert one.readline() == other.readline() == ",".join(SELLERS.columns).encode() + b"\n"
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(
        LoaderError, match=r"sellers cannot be kept in .*/missing .*: make room, or set TMPDIR"
    ):
        land(source.url())


def test_a_full_disk_is_told(
    source: Source, database: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    reviews(source, 20_000)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
    script = f"{limit} import sys; from loaders.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "land", "env://SHOP"]
    environment = {**os.environ, "SHOP": source.url()}
    assert subprocess.run(command, cwd=project_root(), env=environment, check=False).returncode == 1
    said = capfd.readouterr().err
    assert len(said.splitlines()) == 1
    assert "order_reviews cannot be kept in " in said
    assert "set TMPDIR" in said


def test_the_warehouse_s_password_is_not_sent_to_a_source(
    postgresql: PostgreSQL, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.create(postgresql, SELLERS)
    monkeypatch.setenv("PGPASSFILE", "/nonexistent")
    variables = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    owner = postgresql.variables["PGUSER"]
    url = postgresql.url(password="").replace(postgresql.reader, owner)
    assert ":@" in url
    with pytest.raises(LoaderError, match=r"cannot be used: .*no password supplied"):
        land(url)
    assert variables == {name: os.environ[name] for name in os.environ if name.startswith("PG")}
    monkeypatch.setenv("OLIST_SOURCE_PASSWORD", PASSWORD)
    assert land(postgresql.url(password="")) == land(postgresql.url())


def test_without_the_client_library_it_says_how_to_get_it(
    mariadb: MariaDB, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("database", "dialects"):
        monkeypatch.delitem(sys.modules, f"loaders.sources.{name}")
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(ModuleNotFoundError) as missing:
        land(mariadb.url())
    assert (
        sentence_of(missing.value)
        == "this needs pymysql, which is not installed: .venv/bin/pip install -e '.[databases]'."
    )


@pytest.mark.parametrize(
    ("mode", "message"),
    [("verify_identity", "certificate|SSL is required"), ("never", "ssl_mode must be one of")],
)
def test_tls_that_is_asked_for_is_had_or_it_fails(
    mariadb: MariaDB, query: Query, mode: str, message: str
) -> None:
    shop.create(mariadb, SELLERS)
    with pytest.raises(LoaderError, match=message):
        land(mariadb.url(f"ssl_mode={mode}"))
    assert not land(mariadb.url("ssl_mode=disabled&connect_timeout=5")).anything


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:sec@ret@host/shop", "the source's URL cannot be read"),
        ("mysql://u:secret@host:sec/shop", "the source's URL"),
        ("mysql://u:secret@host", "names no database"),
        ("mysql://u:secret@host/shop?sslmode=require", "has the parameter 'sslmode'; known ones"),
        ("mysql://u:secret@host/shop?schema=x", "has the parameter 'schema'"),
        ("mysql://u:secret@host/shop?overlap=soon", "overlap must be a whole number, not 'soon'"),
        ("mysql://u:secret@host/shop?connect_timeout=1s", "connect_timeout must be a whole number"),
        (
            "mysql://u:secret@host/shop?table.sale=x",
            "has the parameter 'table.sale'; .* table.<raw table>",
        ),
        ("oracle://u:secret@host/shop", "is no known source"),
        ("env://NOWHERE", "the variable NOWHERE is not set"),
    ],
)
def test_a_url_that_cannot_be_read(url: str, message: str, database: object) -> None:
    with pytest.raises(LoaderError, match=message) as raised:
        land_location(url)
    assert "sec" not in str(raised.value).replace("seconds", "")


def test_a_url_says_where_and_who() -> None:
    address = parse("mariadb://me%40x:p%2Fw@[::1]/shop", {})
    assert (address.url.username, address.url.password, address.url.port) == ("me@x", "p/w", 3306)
    assert address.source == "mysql://[::1]:3306/shop"
    assert "p/w" not in repr(address)
    assert parse("mysql:///shop?socket=/run/s", {}).source == "mysql:///run/s/shop"
    variables = {"MYSQL_PWD": "a", "PGPASSWORD": "b"}
    assert parse("mysql://me@db/shop", variables).url.password == "a"
    assert parse("postgres://me@db/shop", variables).url.password is None
    variables["OLIST_SOURCE_PASSWORD"] = "c"
    assert parse("mysql://me@db/x", variables).url.password == "c"
