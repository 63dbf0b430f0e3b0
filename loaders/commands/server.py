"""``olist up | down | env | psql``: the server in use."""

import argparse
import os
import shlex
import shutil

from loaders.commands import Add
from loaders.errors import LoaderError
from loaders.roles import KINDS


def add(command: Add) -> None:
    """Add the commands."""
    command(
        "up",
        "Start the embedded PostgreSQL (made at first use), unless PGHOST names a server.",
        _up,
    )
    command("down", "Stop the embedded PostgreSQL; its data stays.", _down)
    env = command("env", "Print the server's address and credentials as exports for eval.", _env)
    psql = command("psql", "Open psql on the warehouse; further arguments are psql's own.", _psql)
    psql.set_defaults(takes_more=True)
    for one in (env, psql):
        one.add_argument(
            "--role", choices=KINDS, help="be one of the roles of 'olist roles' (default: the user)"
        )


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


def _env(options: argparse.Namespace) -> None:
    for name, value in _variables(options.role).items():
        print(f"export {name}={shlex.quote(value)}")


def _psql(options: argparse.Namespace) -> None:
    from loaders import connection, server

    # For a server of the user's own, the machine's psql: the embedded one is built without TLS.
    found = shutil.which("psql") if connection.external() else None
    program = found or server.find_psql()
    if program is None:
        raise LoaderError("psql was not found: install a PostgreSQL client, or set PGBIN.")
    os.environ.update(_variables(options.role))
    os.execv(program, [str(program), *options.rest])  # noqa: S606 - psql takes over


def _variables(role: str | None) -> dict[str, str]:
    """Variables of a role, or of the user of the server in use."""
    from loaders import connection
    from loaders.roles import credentials

    return credentials(role) if role else connection.environment()
