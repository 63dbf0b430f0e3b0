"""The ``dbt`` of this project's environment: dbt itself, told where the embedded server is.

``profiles.yml`` reads the PG* variables. With none set, dbt would have no way to learn the port and
password of the embedded server, so this entry point sets them first (docs/decisions/0003).
"""

import os
import sys

from loaders import connection, server


def main() -> None:
    """Set the variables of the server in use, where there is one, and hand over to dbt."""
    variables = connection.external() or server.environment()
    if variables is None:
        print(
            "No server is named or made yet: run 'olist up', or set PGHOST. Commands that need no"
            " database work without.",
            file=sys.stderr,
        )
    else:
        os.environ.update(variables)
    from dbt.cli.main import cli  # after the variables: dbt copies the environment when it starts

    cli(prog_name="dbt")


if __name__ == "__main__":
    main()
