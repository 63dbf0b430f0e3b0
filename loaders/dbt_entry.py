"""The ``dbt`` of this project's environment: dbt itself, told where the embedded server is.

``profiles.yml`` reads the PG* variables. With none set, dbt would have no way to learn the port and
password of the embedded server, so this entry point sets them first (docs/decisions/0003).
"""

import os
import sys

from loaders import connection, server

_WITHOUT_DATABASE = {"clean", "deps", "init", "ls", "list", "parse", "--help", "-h", "--version"}


def main() -> None:
    """Set the variables of the server in use, where there is one, and hand over to dbt."""
    variables = connection.external() or server.environment()
    if variables is not None:
        os.environ.update(variables)
    elif len(sys.argv) > 1 and _WITHOUT_DATABASE.isdisjoint(sys.argv):
        print("No server is named or made yet: run 'olist up', or set PGHOST.", file=sys.stderr)
    try:
        # after the variables: dbt copies the environment when it starts
        from dbt.cli.main import cli

        cli(prog_name="dbt")
    except KeyboardInterrupt:  # while dbt is still importing itself, it does not catch it
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
