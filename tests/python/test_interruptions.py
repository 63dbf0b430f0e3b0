"""A load that something else stops: Ctrl-C, a full disk, missing rights, a lost connection."""

import errno
import io
import os
import signal
from pathlib import Path
from typing import IO

import psycopg2
import pytest

from bad_files import HEADER, ROWS, SELLERS
from conftest import Query, write_csv
from loaders import connection
from loaders.cli import main
from loaders.land import land_delivery
from loaders.sources import Delivery, SourceFile, files
from loaders.tables import BY_NAME


class _Stops(io.BytesIO):
    """A stream that is fine for the header, and then does something."""

    opened = 0

    def __init__(self, error: BaseException | None) -> None:
        super().__init__(f"{HEADER}\n{ROWS}".encode())
        _Stops.opened += 1
        self._error = error if _Stops.opened > 1 else None

    def read(self, size: int | None = -1) -> bytes:
        if self._error is not None:
            raise self._error
        return super().read(size)


def _land(error: BaseException) -> None:
    def open_it() -> IO[bytes]:
        return _Stops(error)

    _Stops.opened = 0
    file = SourceFile(BY_NAME["sellers"], SELLERS.file, 100, open_it)
    with connection.connect() as link:
        land_delivery(link, Delivery("somewhere", [file]), say=lambda _: None)


LEFT = "select to_regclass('raw.sellers'), status, error from raw._batches"


def test_ctrl_c_while_rows_are_copied_is_ctrl_c(query: Query) -> None:
    with pytest.raises(KeyboardInterrupt):
        _land(KeyboardInterrupt())
    assert query(LEFT) == [(None, "failed", "interrupted")]


def test_a_signal_while_rows_are_copied(
    tmp_path: Path,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Interrupted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            os.kill(os.getpid(), signal.SIGINT)
            return super().read(size)

    path = write_csv(tmp_path, "sellers", *ROWS.splitlines())
    opened = files._open

    def open_it(file: Path) -> IO[bytes]:
        stream = opened(file)
        made.append(stream)
        return stream if len(made) < 2 else Interrupted(stream.read())

    made: list[IO[bytes]] = []
    monkeypatch.setattr(files, "_open", open_it)
    # What a shell starts in the background is born deaf to Ctrl-C, and so may this process be.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["land", str(path)]) == 130
    finally:
        signal.signal(signal.SIGINT, usual)
    assert capsys.readouterr().err == "olist: interrupted; what was under way is rolled back\n"
    assert query(LEFT) == [(None, "failed", "interrupted")]


def test_a_file_that_cannot_be_read_to_its_end(
    query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exception, match=r"^Input/output error; fix that, and land it again: not"):
        _land(OSError(errno.EIO, os.strerror(errno.EIO)))
    assert query("select status from raw._batches") == [("failed",)]


@pytest.mark.parametrize("what", ["open", "iterdir"])
def test_a_file_or_folder_that_may_not_be_read(
    what: str,
    tmp_path: Path,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write_csv(tmp_path, "sellers", *ROWS.splitlines())

    usual = getattr(Path, what)

    def refuse(self: Path, *arguments: object, **named: object) -> object:
        if self in {tmp_path, path}:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        return usual(self, *arguments, **named)

    monkeypatch.setattr(Path, what, refuse)  # rights do not stop root, whom tests may run as
    assert main(["land", str(tmp_path)]) == 1
    where = path if what == "open" else tmp_path
    assert capsys.readouterr().err == (
        f"olist: {where}: cannot be read (Permission denied); let this user read it, and land it"
        " again.\n"
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("53100", "the disk of PostgreSQL is full (stop); make room, and land it again"),
        ("42501", "this database user may not do that (stop); use one that may write schema raw"),
        ("25006", "this server only reads (stop); land on its primary"),
        ("57014", "PostgreSQL stopped the load (stop); land it again"),
        ("XX000", "PostgreSQL stopped the load: stop"),
    ],
)
def test_what_stops_postgresql(
    code: str, sentence: str, tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = write_csv(tmp_path / "a", "sellers", "s1,1,x,SP")
    assert main(["land", str(earlier)]) == 0
    query(
        "create function raw.stop() returns trigger language plpgsql as"
        f" $$begin raise exception 'stop' using errcode = '{code}'; end$$;"
        " create trigger stop before insert on raw.sellers execute function raw.stop()"
    )
    later = write_csv(tmp_path / "b", "sellers", "s2,1,x,SP")
    assert main(["land", str(later)]) == 1
    said = capsys.readouterr().err
    assert said == f"olist: {sentence}; nothing of it was landed.\n"
    assert query("select count(*) from raw.sellers") == [(1,)]
    assert query("select status from raw._batches order by batch_id") == [("landed",), ("failed",)]


def test_a_connection_that_is_lost(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = write_csv(tmp_path / "a", "sellers", "s1,1,x,SP")
    assert main(["land", str(earlier)]) == 0
    query(
        "create function raw.stop() returns trigger language plpgsql as"
        " $$begin perform pg_terminate_backend(pg_backend_pid()); return new; end$$;"
        " create trigger stop before insert on raw.sellers execute function raw.stop()"
    )
    later = write_csv(tmp_path / "b", "sellers", "s2,1,x,SP")
    assert main(["land", str(later)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("olist: the connection to PostgreSQL was lost (")
    assert said.endswith(
        "; land it again when the server answers: what has landed is not landed twice.\n"
    )
    assert said.count("\n") == 1
    assert query("select count(*) from raw.sellers") == [(1,)]


def test_a_user_without_rights(
    database: dict[str, str],
    tmp_path: Path,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write_csv(tmp_path / "a", "sellers", "s1,1,x,SP")
    monkeypatch.setenv("PGOPTIONS", "-c role=pg_monitor")  # any role that may not create schemas
    assert main(["land", str(path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("olist: this database user may not do that (permission denied for ")
    monkeypatch.delenv("PGOPTIONS")
    assert query("select to_regnamespace('raw')") == [(None,)]


def test_psycopg2_would_hide_what_a_stream_raises(query: Query) -> None:
    """Why the stream's error is kept: the day that this fails, it need not be."""
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute("create temporary table t (a text)")
        _Stops.opened = 1
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.copy_expert("copy t from stdin", _Stops(KeyboardInterrupt()))
