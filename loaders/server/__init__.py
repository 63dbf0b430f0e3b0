"""The embedded PostgreSQL server: made, started and stopped by the project itself.

It listens on 127.0.0.1 only, asks for a generated password, keeps everything in ``.postgres/``
and stays up after the command that started it.
"""

import json
import random
import secrets
from collections.abc import Callable
from contextlib import suppress

from psycopg2 import errors

from loaders import connection
from loaders.errors import LoaderError
from loaders.paths import server_folder
from loaders.server import cluster, files, programs
from loaders.server.cluster import HOST, NAME
from loaders.server.programs import find_psql

__all__ = ["describe", "down", "environment", "find_psql", "is_running", "up"]

# Below the range from which Linux (32768) and macOS (49152) take ports for outgoing connections,
# so that the port is not lost to a passing connection.
PORTS = range(15432, 30000)
PORT_ATTEMPTS = 20
REMEMBERED = "server.json"


def up(say: Callable[[str], None] = print) -> dict[str, str]:
    """Start the server, make what is missing of it, and return the environment to reach it by.

    It has the database and the roles (loaders/roles.py). Running it twice, also at the same time,
    or after one that was killed, is safe. ``say`` gets a line on what was done. Raises LoaderError.
    """
    from loaders import roles  # noqa: PLC0415 - it knows this package

    with files.locked():
        running = cluster.find_ready()
        if running and environment() is None:
            # Its password is lost: it is set anew, and that needs the server down.
            cluster.stop(running)
            running = None
        if running:
            say(describe())
        else:
            _start(say)
        variables = environment() or {}
        _ensure_database(variables)
    with connection.as_role(variables):
        if not roles.are_made():
            roles.make(lambda _: None)
    return variables


def down(say: Callable[[str], None] = print) -> None:
    """Stop the server and wait for it; no error when none is running. Raises LoaderError."""
    if server_folder().is_dir():
        with files.locked():
            if running := cluster.find_ready():
                cluster.stop(running)
                say("The embedded server has stopped.")
                return
    say("The embedded server is not running.")


def is_running() -> bool:
    """Whether the server accepts connections now. Raises LoaderError for another user's server."""
    found = cluster.find()
    return found is not None and found[1]


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
    """One line: address, data folder, running or not. Raises LoaderError."""
    running, remembered = is_running(), files.read_json(REMEMBERED)
    if "port" not in remembered:
        return f"Embedded PostgreSQL: none yet in {server_folder()}."
    return (
        f"Embedded PostgreSQL on {HOST}:{remembered['port']}, database {NAME}, data in"
        f" {files.data()}: {'running' if running else 'not running'}."
    )


def _start(say: Callable[[str], None]) -> None:
    data, before = files.data(), files.read_json(REMEMBERED)
    is_new = not (data / "PG_VERSION").is_file()
    chosen = programs.choose(data)
    if is_new:
        cluster.create(chosen)
    cluster.give(data, chosen)
    cluster.clear_crash()
    password = None if is_new else before.get("password")
    if password is None:
        password = secrets.token_urlsafe(24)
        cluster.set_password(chosen, password)
    usual, others = before.get("port"), random.sample(PORTS, PORT_ATTEMPTS)  # a port is no secret
    for port in [usual, *others] if usual else others:
        # Before the start: a server whose password nobody knows would be of no use.
        files.write(REMEMBERED, json.dumps({"port": port, "password": password}) + "\n")
        try:
            cluster.start(chosen, port)
        except cluster.PortTakenError:
            continue
        if usual not in (None, port):
            say(f"Port {usual} is used by another program: using {port} from now on.")
        done = "Created and started" if is_new else "Started"
        say(f"{done} PostgreSQL {chosen.version} from {chosen.bin}: {describe()}")
        return
    raise LoaderError(f"No free port was found on {HOST}: try again.")


def _ensure_database(variables: dict[str, str]) -> None:
    """Make the database where it is missing; it also proves that the password is right."""
    where = {**variables, "PGDATABASE": "postgres"}
    with connection.connect(autocommit=True, where=where) as link, link.cursor() as cursor:
        cursor.execute("select from pg_database where datname = %s", (NAME,))
        if not cursor.rowcount:
            # One that was killed may have begun to make it: its session ends after it has.
            with suppress(errors.DuplicateDatabase, errors.UniqueViolation):
                cursor.execute(f"create database {NAME}")
