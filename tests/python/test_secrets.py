"""No password is in what a command prints, logs, writes, keeps in the ledger or shows in ps."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import quiet, write_csv
from loaders import connection, server
from loaders.land.ledger import begin, record_failure
from loaders.paths import project_root
from loaders.roles import KINDS, make, variable

MARK = "s3cret-Pa55"  # begins every password of these tests
URL = f"postgresql://u:{MARK}-url@127.0.0.1"


class Watched:
    """Runs commands with marked passwords, and keeps what can be seen of them from outside."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.seen: list[str] = []
        folders = {"DBT_TARGET_PATH": str(home / "target"), "DBT_LOG_PATH": str(home)}
        self.environment = {**os.environ, **folders}

    def run(self, module: str, *arguments: str, status: int = 0, **variables: str) -> str:
        """Run a module of the project; return what it printed."""
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=project_root(),
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(ended,))
        watcher.start()
        printed, _ = process.communicate()
        ended.set()
        watcher.join()
        assert process.returncode == status, printed
        self.seen.append(printed)
        return printed

    def _watch(self, ended: threading.Event) -> None:
        """Look at the command lines of all processes but pytest's own, as ps does."""
        while not ended.wait(0.05):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    self.seen.append(file.read_text("utf-8", "replace"))

    def everything(self) -> str:
        """What was seen, and each file that was written, but where passwords are kept."""
        texts = [*self.seen]
        for path in self.home.rglob("*"):
            kept = path.name in {"server.json", "roles.json"} or "data" in path.parts
            if path.is_file() and not kept:
                texts.append(path.read_bytes().decode("utf-8", "replace"))
        return "\n".join(texts)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server of its own: its owner's password and the roles' are marked."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGPORT", "DATABASE_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("OLIST_HOME", str(home))
        patch.setattr("loaders.server.secrets.token_urlsafe", lambda _: f"{MARK}-owner")
        server.up(quiet)
        with connection.connect(autocommit=True) as link, link.cursor() as cursor:
            cursor.execute("alter system set log_statement = 'all'")
            cursor.execute("select pg_reload_conf()")
        for kind in KINDS:
            patch.setenv(variable(kind, "PASSWORD"), f"{MARK}-{kind}")
        yield Watched(home)
        server.down(quiet)


def test_no_command_shows_a_password(watched: Watched, tmp_path: Path) -> None:
    write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP")
    wrong = {"PGHOST": "127.0.0.1", "PGPORT": connection.environment()["PGPORT"]}
    wrong |= {"PGUSER": "olist", "PGPASSWORD": f"{MARK}-wrong", "PGDATABASE": "olist"}
    run = watched.run
    run("loaders", "up")
    run("loaders", "roles")
    run("loaders", "roles", "--new-passwords")
    run("loaders", "land", str(tmp_path))
    run("loaders", "land", str(tmp_path / "nowhere"), status=1)
    run("loaders", "status")
    run("loaders", "psql", "--role", "reader", "-c", "select 1")
    run("loaders.dbt", "debug")
    run("loaders.dbt", "--debug", "run", "--select", "+base_olist__sellers")
    run("loaders.dbt", "parse", "--no-partial-parse")
    for command in (("loaders", "land", str(tmp_path)), ("loaders", "roles")):
        assert "password authentication failed" in run(*command, status=1, **wrong)
    run("loaders.dbt", "debug", status=1, **wrong)
    run("loaders.dbt", "run", "--select", "+base_olist__sellers", status=1, **wrong)
    for url in (f"{URL}:1/olist", f"{URL}:{MARK}/olist", "postgresql://u:1/a-Pa55@h/olist"):
        run("loaders", "status", status=1, DATABASE_URL=url)
        run("loaders", "roles", status=1, DATABASE_URL=url)
    run("loaders.dbt", "debug", status=1, DATABASE_URL=f"{URL}:{MARK}/olist")
    seen = watched.everything()
    # The watch works: these would be seen, and dbt and the server did write their logs.
    assert "base_olist__sellers" in seen
    assert 'alter role "olist_reader" password \'SCRAM-SHA-256$' in seen
    assert "a-Pa55" not in seen
    assert MARK not in seen


def test_nor_does_the_ledger(watched: Watched, tmp_path: Path) -> None:
    make(quiet)
    with connection.connect() as link:
        batch_id = begin(link, f"{URL}/shop", "delta")
        record_failure(link, batch_id, f"{URL}/shop cannot be read")
        with link.cursor() as cursor:
            cursor.execute(
                "select t::text from raw._batches t union all select f::text from raw._files f"
            )
            rows = cursor.fetchall()
    assert "postgresql://u:***@127.0.0.1/shop" in str(rows)
    assert MARK not in str(rows)


@pytest.mark.parametrize(
    "arguments", [("land", f"nosuch:{URL[12:]}"), ("land", ".", f"{URL}/shop")]
)
def test_nor_what_is_told_of_a_wrong_argument(watched: Watched, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "loaders", *arguments],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {1, 2}
    assert "u:***@127.0.0.1" in done.stderr
    assert MARK not in done.stdout + done.stderr


def test_the_server_keeps_no_password_that_can_be_read(watched: Watched) -> None:
    make(quiet)
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute("select rolpassword from pg_authid where rolcanlogin")
        kept = [row[0] for row in cursor.fetchall()]
    assert all(password.startswith("SCRAM-SHA-256$") for password in kept)
