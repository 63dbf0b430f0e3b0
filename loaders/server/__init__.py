"""The embedded PostgreSQL server: made, started and stopped by the project itself.

It listens on 127.0.0.1 only, asks for a generated password, keeps everything in ``.postgres/``
and stays up after the command that started it.
"""

import json
import random
import secrets
from collections.abc import Callable

from loaders import connection
from loaders.errors import LoaderError
from loaders.server import binaries, cluster, files
from loaders.server.binaries import find_psql
from loaders.server.cluster import HOST, NAME, PortTakenError
from loaders.server.runner import plan

__all__ = ["describe", "down", "environment", "find_psql", "is_running", "up"]

# Below the range from which Linux (32768) and macOS (49152) take ports for outgoing connections,
# so that the port is not lost to a passing connection.
PORTS = range(15432, 30000)
PORT_ATTEMPTS = 20
REMEMBERED = "server.json"


def up(say: Callable[[str], None] = print) -> dict[str, str]:
    """Start the server, make it where there is none, and return the environment to reach it by.

    A new one gets the roles (loaders/roles.py). Running it twice, also at the same time, changes
    nothing. ``say`` gets a line on what was done. Raises LoaderError.
    """
    with files.locked() as lock:
        running = cluster.settle()
        if running and environment() is None:
            # Its password is lost: it is set anew, and that needs the server down.
            cluster.stop(running)
            running = None
        if running:
            say(describe())
        else:
            _start(say, lock)
        variables = environment() or {}
        is_new = _ensure_database(variables)
    if is_new:
        from loaders import roles  # noqa: PLC0415 - it knows this package

        with connection.acting(variables):
            roles.make(lambda _: None)
    return variables


def down(say: Callable[[str], None] = print) -> None:
    """Stop the server and wait for it; no error when none is running. Raises LoaderError."""
    if files.home().is_dir():
        with files.locked():
            if running := cluster.settle():
                cluster.stop(running)
                say("The embedded server has stopped.")
                return
    say("The embedded server is not running.")


def is_running() -> bool:
    """Whether the server accepts connections now. Raises LoaderError for another user's server."""
    found = cluster.find()
    return found is not None and found[1] == "ready"


def environment() -> dict[str, str] | None:
    """Environment to reach the remembered server by, running or not; None when there is none.

    Raises LoaderError for another user's server.
    """
    remembered = files.read_json(REMEMBERED)  # damaged: `up` makes it anew
    if not {"port", "password"} <= remembered.keys():
        return None
    return {
        "PGHOST": HOST,
        "PGPORT": str(remembered["port"]),
        "PGUSER": NAME,
        "PGPASSWORD": str(remembered["password"]),
        "PGDATABASE": NAME,
    }


def describe() -> str:
    """One line: version, address, data folder, running or not. Raises LoaderError."""
    running, remembered = is_running(), files.read_json(REMEMBERED)
    if "port" not in remembered:
        return f"Embedded PostgreSQL: none yet in {files.home()}."
    return (
        f"Embedded PostgreSQL {remembered.get('version')} on {HOST}:{remembered['port']}, database"
        f" {NAME}, data in {files.data()}: {'running' if running else 'not running'}."
    )


def _start(say: Callable[[str], None], lock: int) -> None:
    data, before = files.data(), files.read_json(REMEMBERED)
    made = data / "PG_VERSION"
    major = int(made.read_text(encoding="ascii")) if made.is_file() else None
    installation = binaries.choose(major, data)
    runner = plan(installation.bin, data.stat() if major else None)
    if major is None:
        cluster.create(runner, installation, lock)
    cluster.give(data, runner)
    password = before.get("password") if major else None
    if password is None:
        password = secrets.token_urlsafe(24)
        cluster.set_password(runner, installation, password, lock)
    usual, others = before.get("port"), random.sample(PORTS, PORT_ATTEMPTS)  # a port is no secret
    for port in [usual, *others] if usual else others:
        remembered = {"port": port, "password": password, "version": installation.version}
        # Before the start: a server whose password nobody knows would be of no use.
        files.write(REMEMBERED, json.dumps(remembered, indent=2) + "\n")
        try:
            cluster.start(runner, installation, port)
        except PortTakenError:
            continue
        if usual not in (None, port):
            say(f"Port {usual} is taken by another program: {port} is used from now on.")
        say(f"{'Started' if major else 'Made and started'} from {installation.bin}: {describe()}")
        return
    raise LoaderError(f"The server found no free port on {HOST}: start it again.")


def _ensure_database(variables: dict[str, str]) -> bool:
    """Make the database where it is missing (True); it also proves that the password is right."""
    where = {**variables, "PGDATABASE": "postgres"}
    with connection.connect(autocommit=True, where=where) as link, link.cursor() as cursor:
        cursor.execute("select from pg_database where datname = %s", (NAME,))
        if cursor.rowcount:
            return False
        cursor.execute(f"create database {NAME}")
        return True
