"""``olist up | down | env | psql``: the server in use."""

import argparse
import os
import shlex
import shutil

from loaders.commands import Add
from loaders.errors import LoaderError


def add(command: Add) -> None:
    """Add the commands."""
    command(
        "up",
        "Start the embedded PostgreSQL (made at first use), unless PGHOST names a server.",
        _up,
    )
    command("down", "Stop the embedded PostgreSQL; its data stays.", _down)
    command("env", "Print the server's address and credentials as exports for eval.", _env)
    psql = command("psql", "Open psql on the warehouse; further arguments are psql's own.", _psql)
    psql.set_defaults(takes_more=True)


def _up(_: argparse.Namespace) -> None:
    from loaders import connection, server

    named = connection.external()
    if named is None:
        server.up()
        return
    with connection.connect():
        print(f"Using the server that the environment names: {named['PGHOST']}:{named['PGPORT']}.")


def _down(_: argparse.Namespace) -> None:
    from loaders import connection, server

    if connection.external() is not None:
        raise LoaderError(
            "PGHOST or DATABASE_URL names a server of your own: olist leaves it alone."
        )
    server.down()


def _env(_: argparse.Namespace) -> None:
    from loaders.connection import environment

    for name, value in environment().items():
        print(f"export {name}={shlex.quote(value)}")


def _psql(options: argparse.Namespace) -> None:
    from loaders import connection, server

    # For a server of the user's own, the machine's psql: the embedded one is built without TLS.
    found = shutil.which("psql") if connection.external() else None
    program = found or server.find_psql()
    if program is None:
        raise LoaderError("psql was not found: install a PostgreSQL client, or set PGBIN.")
    os.environ.update(connection.environment())
    os.execv(program, [str(program), *options.rest])  # noqa: S606 - psql takes over
