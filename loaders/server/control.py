"""Starts, stops and describes the embedded server: what the other packages call."""

import secrets
from collections.abc import Callable
from contextlib import closing

import psycopg2

from loaders.errors import LoaderError
from loaders.server import binaries, cluster, layout, ports, process, runner, state
from loaders.server.state import Server

PORT_ATTEMPTS = 5
PASSWORD_BYTES = 24


def up(say: Callable[[str], None] = print) -> dict[str, str]:
    """Start the server, make it where there is none, and return the environment to reach it by.

    Running it twice, also at the same time, changes nothing. ``say`` gets one line on what was
    done. Raises LoaderError.
    """
    layout.make_home()
    with layout.locked() as lock:
        data, server = layout.data_dir(), state.load()
        running = process.settle(data)
        if running and server is None:
            # Its password is lost: it is set anew, and that needs the server down.
            process.stop(running, data)
            running = None
        if running and server:
            say(f"{_name(server)} is running on {server.host}:{running.port}.")
        else:
            server = _start(server, say, lock)
        _ensure_database(server)
        return server.environment()


def down(say: Callable[[str], None] = print) -> None:
    """Stop the server and wait for it; no error when none is running. Raises LoaderError."""
    layout.check_owner()
    if not layout.home_dir().is_dir():
        say("The embedded server is not running.")
        return
    with layout.locked():
        running = process.settle(layout.data_dir())
        if running is None:
            say("The embedded server is not running.")
            return
        process.stop(running, layout.data_dir())
        say(f"The embedded server on {ports.HOST}:{running.port} has stopped.")


def is_running() -> bool:
    """Whether the server accepts connections now. Raises LoaderError for another user's server."""
    layout.check_owner()
    found = process.find(layout.data_dir())
    return found is not None and found.status == "ready"


def environment() -> dict[str, str] | None:
    """Environment to reach the remembered server by, running or not; None when there is none.

    Raises LoaderError for another user's server.
    """
    layout.check_owner()
    server = state.load()
    return server.environment() if server else None


def describe() -> str:
    """One line: version, address, data folder, running or not. Raises LoaderError."""
    running = is_running()
    server = state.load()
    if server is None:
        return f"Embedded PostgreSQL: none yet in {layout.home_dir()}."
    return (
        f"Embedded {_name(server)} on {server.host}:{server.port}, database {server.database}, "
        f"data in {layout.data_dir()}: {'running' if running else 'not running'}."
    )


def _start(server: Server | None, say: Callable[[str], None], lock: int) -> Server:
    data = layout.data_dir()
    made = data / "PG_VERSION"
    major = int(made.read_text(encoding="ascii").split(".")[0]) if made.is_file() else None
    installation = binaries.choose(major, data)
    run = runner.plan(installation, data.stat() if major else None)
    password = server.password if server and major else secrets.token_urlsafe(PASSWORD_BYTES)
    if major is None:
        cluster.create(run, installation, lock)
    cluster.adopt(run)
    if server is None or major is None:
        process.clear_crash(data)
        cluster.set_password(run, installation, password)
    port = server.port if server else None
    for _ in range(PORT_ATTEMPTS):
        port = ports.pick(port, say)
        server = Server(
            host=ports.HOST,
            port=port,
            user=cluster.ROLE,
            password=password,
            database=cluster.DATABASE,
            bin=str(installation.bin),
            version=installation.version,
        )
        # Before the start: a server whose password nobody knows would be of no use.
        state.save(server)
        try:
            cluster.start(run, installation, port)
        except cluster.PortTakenError:
            continue
        did = "made and started" if major is None else "started"
        say(
            f"{_name(server)} from {installation.source} {did} on {server.host}:{port}, data in "
            f"{data}."
        )
        return server
    raise LoaderError(f"The server found no free port on {ports.HOST}: start it again.")


def _ensure_database(server: Server) -> None:
    """Make the database where it is missing; it also proves that the password is right."""
    try:
        with closing(_connect(server)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("select from pg_database where datname = %s", (server.database,))
            if cursor.fetchone() is None:
                cursor.execute(f"create database {server.database}")
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[-1].rstrip(".")
        raise LoaderError(
            f"The embedded server on {server.host}:{server.port} runs and refuses work: {reason} "
            f"(see {layout.log_file()})."
        ) from error


def _connect(server: Server) -> "psycopg2.extensions.connection":
    # Everything is said here, so that the caller's own PG* variables do not redirect it.
    return psycopg2.connect(
        host=server.host,
        hostaddr=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        dbname="postgres",
        sslmode="disable",
        options="",
        connect_timeout=10,
    )


def _name(server: Server) -> str:
    return f"PostgreSQL {server.version}"
