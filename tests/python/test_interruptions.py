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
from loaders.errors import LoaderError
from loaders.land import land_delivery
from loaders.sources import Delivery, SourceFile, files

Captured = pytest.CaptureFixture[str]
LEFT = "select to_regclass('raw.sellers'), status, error from raw._batches"


class Stops(io.BytesIO):
    """A file that is read once for its header; read again, it raises, or sends Ctrl-C."""

    opened = 0

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__(f"{HEADER}\n{ROWS}".encode())
        Stops.opened += 1
        self._error, self._stops = error, Stops.opened > 1

    def read(self, size: int | None = -1) -> bytes:
        if self._stops and self._error is not None:
            raise self._error
        if self._stops:
            os.kill(os.getpid(), signal.SIGINT)
        return super().read(size)


def test_an_error_while_rows_are_copied_is_that_error(query: Query) -> None:
    for error, raised, note in (
        (KeyboardInterrupt(), KeyboardInterrupt, "interrupted"),
        (OSError(errno.EIO, os.strerror(errno.EIO)), LoaderError, "Input/output error; fix that"),
    ):
        Stops.opened = 0
        file = SourceFile(SELLERS, SELLERS.file, 100, lambda error=error: Stops(error))  # type: ignore[misc]
        with connection.connect() as link, pytest.raises(raised):
            land_delivery(link, Delivery("somewhere", [file]), say=lambda _: None)
        table, status, told = query(f"{LEFT} order by batch_id desc limit 1")[0]
        assert (table, status) == (None, "failed")
        assert told.startswith(note)


def test_a_signal_while_rows_are_copied(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def open_it(_: Path) -> IO[bytes]:
        return Stops()

    Stops.opened = 0
    path = write_csv(tmp_path, "sellers")
    monkeypatch.setattr(files, "_open", open_it)
    # What a shell starts in the background is born deaf to Ctrl-C, and so may this process be.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["land", str(path)]) == 130
    finally:
        signal.signal(signal.SIGINT, usual)
    assert capsys.readouterr().err == "olist: interrupted; unfinished work was rolled back\n"
    assert query(LEFT) == [(None, "failed", "interrupted")]


@pytest.mark.parametrize("what", ["open", "iterdir"])
def test_a_file_or_folder_that_may_not_be_read(
    what: str, tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    path, usual = write_csv(tmp_path, "sellers"), getattr(Path, what)

    def refuse(self: Path, *arguments: object, **named: object) -> object:
        if self in {tmp_path, path}:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        return usual(self, *arguments, **named)

    monkeypatch.setattr(Path, what, refuse)  # rights do not stop root, whom tests may run as
    assert main(["land", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"olist: {path if what == 'open' else tmp_path}: cannot be read (Permission denied); let"
        " this user read it, and land it again.\n"
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("53100", "the disk of PostgreSQL is full (stop); make room, and land it again; nothing"),
        ("42501", "user {user} may not do that (stop): start a new shell, or unset PGHOST"),
        ("25006", "this server only reads (stop); land on its primary; nothing of it was landed."),
        ("57014", "PostgreSQL stopped the load (stop); land it again; nothing of it was landed."),
        ("XX000", "PostgreSQL stopped the load: stop; nothing of it was landed."),
        ("", "the connection to PostgreSQL was lost ("),
    ],
)
def test_what_stops_postgresql(
    code: str, sentence: str, tmp_path: Path, query: Query, capsys: Captured
) -> None:
    assert main(["land", str(write_csv(tmp_path / "a", "sellers", "s1,1,x,SP"))]) == 0
    stop = f"raise exception 'stop' using errcode = '{code}'"
    query(
        "create function raw.stop() returns trigger language plpgsql as"
        f" $$begin {stop if code else 'perform pg_terminate_backend(pg_backend_pid())'}; end$$;"
        " create trigger stop before insert on raw.sellers execute function raw.stop()"
    )
    assert main(["land", str(write_csv(tmp_path / "b", "sellers", "s2,1,x,SP"))]) == 1
    said = capsys.readouterr().err
    assert said.startswith("olist: " + sentence.format(user=os.environ["PGUSER"]))
    assert said.count("\n") == 1
    assert query("select count(*) from raw.sellers") == [(1,)]
    statuses = [("landed",), ("failed",) if code else ("started",)]
    assert query("select status from raw._batches order by batch_id") == statuses


def test_a_user_without_rights(
    tmp_path: Path, query: Query, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    path = write_csv(tmp_path / "a", "sellers", "s1,1,x,SP")
    monkeypatch.setenv("PGOPTIONS", "-c role=pg_monitor")  # any role that may not create schemas
    assert main(["land", str(path)]) == 1
    said = capsys.readouterr().err
    user = os.environ["PGUSER"]
    assert said.startswith(f"olist: user {user} may not do that (permission denied for ")
    assert said.endswith("nothing of it was landed.\n")
    monkeypatch.delenv("PGOPTIONS")
    assert query("select to_regnamespace('raw')") == [(None,)]


def test_psycopg2_would_hide_what_a_stream_raises(query: Query) -> None:
    """Why the stream's error is kept: the day that this fails, it need not be."""
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute("create temporary table t (a text)")
        Stops.opened = 1
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.copy_expert("copy t from stdin", Stops(KeyboardInterrupt()))
